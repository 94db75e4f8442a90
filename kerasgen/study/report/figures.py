"""Figures of a study as SVG and PNG: curves with bands over seeds, maps of codes.

Losses and codes are drawn by the callbacks that draw them in training. Lines and text
that are neither of a model nor of a class are drawn in `INK`, which the SVG says as
`currentColor`: in a page it takes the colour of the text around it, so that one drawing
serves light, dark and paper.
"""

import io
import re

import matplotlib
import numpy as np
from matplotlib import gridspec
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from kerasgen import callbacks
from kerasgen import files
from kerasgen.core.registry import list_models
from kerasgen.study.endpoints import NoNumber
from kerasgen.study.endpoints import metric
from kerasgen.study.records import flat

INK = "#0b0c0d"
# Okabe & Ito 2008: told apart by colour-blind readers too.
PALETTE = ("#e69f00", "#0072b2", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#8c7a00")
STYLES = ("-", (0, (6, 1.5)), (0, (3, 1)), "-.", (0, (6, 1.5, 1, 1.5, 1, 1.5)))
WIDTH, HEIGHT = 4.8, 3.0
STYLE = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.15,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "svg.fonttype": "none",
    "path.simplify_threshold": 0.5,
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "grid.color"), INK
    ),
    **dict.fromkeys(("xtick.color", "ytick.color"), INK),
}


def looks(runs_by_title) -> dict:
    """Colour and line style of each model, fixed by its place in the registry.

    Args:
        runs_by_title: Dict from title to the list of `Run`s, as `Study.models`.
    """
    settings = {title: runs[0].settings for title, runs in runs_by_title.items()}
    varied = any(one.variant for one in settings.values())
    found = {}
    for index, (title, one) in enumerate(settings.items()):
        place = index if varied else list_models().index(one.model)
        found[title] = {
            "color": PALETTE[place % len(PALETTE)],
            # Seven colours and five styles repeat together only after 35 models.
            "linestyle": STYLES[place % len(STYLES)],
        }
    return found


@matplotlib.rc_context(STYLE)
def losses(title, runs) -> Figure | None:
    """Losses of one model over epochs: mean over seeds, band from least to largest."""
    histories = [run.history for run in runs if run.epochs_done]
    if not callbacks.choose_panels([key for one in histories for key in one]):
        return None
    return callbacks.draw_losses(histories, title)


@matplotlib.rc_context(STYLE)
def codes(title, arrays) -> Figure | None:
    """Codes of test images on a plane by class; None with fewer than three finite."""
    finite = np.isfinite(arrays["codes"]).all(axis=1)
    if finite.sum() < 3:
        return None
    labels = arrays["labels"][finite]
    points, names = callbacks.project(arrays["codes"][finite], labels)
    figure = callbacks.draw_classes(points, labels, names, title)
    for collection in figure.axes[0].collections:
        collection.set_rasterized(True)
    return figure


@matplotlib.rc_context(STYLE)
def quality(runs_by_title, *, over, real=None) -> Figure | None:
    """Fréchet distance in training over epochs or seconds, all models in one.

    Args:
        runs_by_title: Dict from title to the list of `Run`s.
        over: "epochs", or "seconds" of training.
        real: The same number of real images, or None.
    """
    lines = {}
    for title, runs in runs_by_title.items():
        tracks = [track for run in runs if (track := _track(run))]
        if not tracks:
            continue
        epochs = sorted({epoch for track in tracks for epoch in track})
        columns = [[track.get(epoch, np.nan) for epoch in epochs] for track in tracks]
        places = epochs
        if over == "seconds":
            spent = [np.cumsum([0.0, *run.history.get("seconds", [])]) for run in runs]
            places = [
                np.mean([s[e] for s in spent if e < len(s)] or [np.nan]) for e in epochs
            ]
        lines[title] = places, columns
    if not lines:
        return None
    label = "epoch" if over == "epochs" else "seconds of training"
    figure = curves(
        lines,
        title=f"Fréchet distance over {over} of training",
        x_label=label,
        y_label="Fréchet distance",
        styles=looks(runs_by_title),
    )
    (axes,) = figure.axes
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=over == "epochs"))
    if real is not None and real > 0:
        axes.axhline(real, color=INK, linestyle=":", linewidth=1.2)
        axes.annotate("real images", (1, real), xycoords=("axes fraction", "data"))
    return figure


@matplotlib.rc_context(STYLE)
def curves(lines, *, title, x_label, y_label, ticks=None, styles=None) -> Figure:
    """Any numbers over any others: mean over seeds, least to largest as band.

    Args:
        lines: Dict from label to `(places, columns)`: numbers `(n,)`, and a list of
            columns `(n,)`, one for each seed.
        title: Title of the drawing.
        x_label, y_label: Labels of the axes, with their units.
        ticks: Numbers to write on a logarithmic horizontal axis; None for a linear one.
        styles: Dict from label to colour and line style, as of `looks`.
    """
    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.add_subplot()
    for index, (label, (places, columns)) in enumerate(lines.items()):
        style = (styles or {}).get(label) or {
            "color": PALETTE[index % len(PALETTE)],
            "linestyle": STYLES[index % len(STYLES)],
        }
        _band(axes, np.array(places, float), columns, label, style)
    if ticks is not None:
        axes.set_xscale("log")
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.minorticks_off()
    axes.set_title(title)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    _add_legend(axes)
    return figure


def comparison(runs) -> Figure:
    """Samples, losses and codes, a row for each model.

    Args:
        runs: Dict from title to a `Run` that has left samples and losses.
    """
    figure = Figure(figsize=(13, 3.6 * len(runs) + 0.5), layout="constrained")
    grid = gridspec.GridSpec(len(runs), 3, figure, width_ratios=(1, 1.3, 1.1))
    for row, (title, run) in enumerate(runs.items()):
        left, middle, right = (figure.add_subplot(grid[row, k]) for k in range(3))
        images = run.arrays("samples.npz")["images"][:64]
        tiles = callbacks.tile_images(images, rows=8, columns=8, scale=2).squeeze()
        gray = {"cmap": "gray", "vmin": 0, "vmax": 255} if tiles.ndim == 2 else {}
        left.imshow(tiles, interpolation="nearest", **gray)
        left.set_title(title, loc="left", fontsize=13, fontweight="bold")
        left.set_axis_off()
        name, keys = next(iter(callbacks.choose_panels(run.history).items()))
        callbacks.plot_losses(middle, [run.history], keys, name)
        _plot_codes(right, run)
    return figure


def _plot_codes(axes, run):
    arrays = run.arrays("codes.npz")
    if arrays is None or not np.isfinite(arrays["codes"]).all():
        axes.text(0.5, 0.5, "no codes", ha="center", va="center", color="dimgrey")
        axes.set_axis_off()
        return
    points, names = callbacks.project(arrays["codes"], labels=arrays["labels"])
    callbacks.plot_classes(axes, points, arrays["labels"])
    axes.set_xlabel(names[0], fontsize=8)
    axes.set_ylabel(names[1], fontsize=8)
    axes.set_title("codes of test images", loc="left", fontsize=11)


def save(figure, folder, name) -> str:
    """Write `<name>.svg` and `<name>.png`.

    Returns:
        The SVG as it stands in a page: without what only a file of its own needs.
    """
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
        figure.set_layout_engine("none")  # The PNG is laid out like the SVG.
        save_png(figure, folder / f"{name}.png", dpi=160)
    drawing = buffer.getvalue().replace(INK, "currentColor")
    with files.replacing(folder / f"{name}.svg") as temporary:
        temporary.write_text(drawing, encoding="utf-8")
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    # Names such as axes_1 are the same in every drawing; a page has each name once.
    drawing = re.sub(r' id="[a-zA-Z0-9]+(\.\w+)?_\d+"', "", drawing)
    return re.sub(r">\s+<", "><", drawing)


def save_png(figure, path, dpi=100) -> None:
    """Write a figure as PNG, whole or not at all."""
    with files.replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=dpi, facecolor="white")


def _track(run):
    """Dict from epoch to the Fréchet distance of the evaluations in training."""
    found = {}
    for record in run.evaluations:
        try:
            found[record["epoch"]] = metric(flat(record), "fid", "features")[1]
        except NoNumber:
            continue
    return found


def _band(axes, places, columns, label, style):
    """A line of means with a band from the least to the largest of several columns."""
    table = np.full((len(columns), len(places)), np.nan)
    for row, column in zip(table, columns, strict=True):
        row[: len(column)] = np.array(column, dtype=float)
    table = np.ma.masked_invalid(table)
    mean = table.mean(axis=0).filled(np.nan)
    few = {"marker": "o", "markersize": 3.5} if len(places) < 15 else {}
    axes.plot(places, mean, label=label, **style, **few)
    if len(columns) > 1:
        low, high = (f(axis=0).filled(np.nan) for f in (table.min, table.max))
        axes.fill_between(
            places, low, high, color=style["color"], alpha=0.2, linewidth=0
        )


def _add_legend(axes):
    """A legend beneath, in as many columns as fit, for which the figure grows."""
    handles, labels = axes.get_legend_handles_labels()
    columns = max(1, min(3, 78 // (max(map(len, labels)) + 6)))
    rows = -(-len(labels) // columns)
    figure = axes.figure
    figure.set_figheight(figure.get_figheight() + 0.17 * (rows - 1))
    figure.legend(handles, labels, loc="outside lower center", ncols=columns)
