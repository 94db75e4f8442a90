"""The figure of a comparison: samples, losses and latent space of every model."""

import numpy as np
from matplotlib import gridspec
from matplotlib.figure import Figure

from kerasgen import callbacks
from kerasgen import files
from kerasgen.callbacks.loss_curves import COLORS
from kerasgen.study.settings import MODELS

ROW_INCHES = 3.6


def comparison(runs, title=""):
    """Draws one row for each run: a grid of samples, the losses, the latent codes.

    These are figures 5 to 14 of the comparison paper in one: samples (5-9), training
    losses (10-12) and clusters of the encoders' codes (13, 14).

    Args:
        runs: Dict from title to the `Run`, which has left samples and losses.
        title: Title of the figure.

    Returns:
        `matplotlib.figure.Figure`; save it with `savefig`.
    """
    figure = Figure(figsize=(13, ROW_INCHES * len(runs) + 0.5), layout="constrained")
    figure.suptitle(title, fontsize=14)
    grid = gridspec.GridSpec(len(runs), 3, figure, width_ratios=(1, 1.3, 1.1))
    for row, (name, run) in enumerate(runs.items()):
        _draw_samples(figure.add_subplot(grid[row, 0]), run, name)
        _draw_losses(figure.add_subplot(grid[row, 1]), run.history)
        _draw_codes(figure.add_subplot(grid[row, 2]), run)
    return figure


def save(figure, path):
    """Writes a figure as PNG, whole or not at all."""
    with files.replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=100)


def _draw_samples(axes, run, name):
    images = run.arrays("samples.npz")["images"][:64]
    tiles = callbacks.tile_images(images, rows=8, columns=8, scale=2)
    gray = {"cmap": "gray", "vmin": 0, "vmax": 255} if tiles.shape[-1] == 1 else {}
    axes.imshow(tiles.squeeze(), interpolation="nearest", **gray)
    axes.set_title(name, loc="left", fontsize=13, fontweight="bold")
    axes.set_axis_off()


def _draw_losses(axes, history):
    keys = [key for key in history if key not in ("epoch", "seconds")]
    nats = [key for key in keys if key in ("loss", "reconstruction_loss")]
    others = [key for key in keys if key not in nats]
    for side, side_keys in ((axes, nats), (axes.twinx() if nats else axes, others)):
        for key in side_keys:
            marker = "o" if len(history["epoch"]) < 15 else None
            label = key.replace("_", " ") + (" (right)" if side is not axes else "")
            style = {"color": COLORS.get(key), "marker": marker, "markersize": 3}
            side.plot(history["epoch"], history[key], label=label, **style)
    if nats:
        axes.set_ylabel("nats per image")
        side.set_ylabel("right scale")
    else:
        axes.set_ylabel("mean loss")
    handles = [
        line for ax in {id(a): a for a in (axes, side)}.values() for line in ax.lines
    ]
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16), "ncols": 2}
    names = [line.get_label() for line in handles]
    axes.legend(handles, names, fontsize=8, frameon=False, **below)
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    axes.set_title("training losses", loc="left", fontsize=11)


def _draw_codes(axes, run):
    has_encoder = hasattr(MODELS[run.settings.model], "encode")
    arrays = run.arrays("codes.npz") if has_encoder else None
    if arrays is None or not np.isfinite(arrays["codes"]).all():
        said = "codes are missing or not finite" if has_encoder else "no encoder"
        axes.text(0.5, 0.5, said, ha="center", va="center", color="dimgrey")
        axes.set_axis_off()
        return
    points, names = callbacks.project(arrays["codes"], labels=arrays["labels"])
    scatter = axes.scatter(
        *points.T, c=arrays["labels"], cmap="tab10", vmin=-0.5, vmax=9.5, s=4
    )
    axes.set_xlabel(names[0], fontsize=8)
    axes.set_ylabel(names[1], fontsize=8)
    axes.legend(
        *scatter.legend_elements(num=None),
        fontsize=8,
        loc="center left",
        bbox_to_anchor=(1, 0.5),
        frameon=False,
    )
    axes.set_title("codes of test images", loc="left", fontsize=11)
