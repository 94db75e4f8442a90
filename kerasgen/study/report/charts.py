"""Curves and maps of a study, with bands over seeds, as SVG and PNG.

Lines and text that are neither of a model nor of a class are drawn in `INK`, which the
SVG says as `currentColor`: in a page it takes the colour of the text around it, so that
one drawing serves light, dark and paper.
"""

import io
import math
import re

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from kerasgen import callbacks
from kerasgen import evaluation
from kerasgen import files
from kerasgen.study.report import formatting
from kerasgen.study.settings import MODELS

INK = "#0b0c0d"
# Okabe & Ito 2008: told apart by colour-blind readers too.
PALETTE = ("#e69f00", "#0072b2", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#8c7a00")
STYLES = ("-", (0, (6, 1.5)), (0, (3, 1)), "-.", (0, (6, 1.5, 1, 1.5, 1, 1.5)))
NATS = ("loss", "reconstruction_loss", "kl_divergence")
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


def looks(runs_by_title):
    """Dict from title to the colour and line style of a model, fixed for the defaults.

    Args:
        runs_by_title: Dict from title to the list of `Run`s, as `Study.models`.
    """
    settings = {title: runs[0].settings for title, runs in runs_by_title.items()}
    varied = any(one.variant for one in settings.values())
    found = {}
    for index, (title, one) in enumerate(settings.items()):
        place = index if varied else list(MODELS).index(one.model)
        found[title] = {
            "color": PALETTE[place % len(PALETTE)],
            "linestyle": STYLES[place % len(STYLES)],
        }
    return found


@matplotlib.rc_context(STYLE)
def losses(title, runs, keys):
    """The losses of one model over epochs: mean over seeds, least to largest as band.

    Args:
        title: Title of the drawing.
        runs: List of `Run`s of the model.
        keys: Log keys to draw, with one scale.

    Returns:
        `matplotlib.figure.Figure`.
    """
    figure, axes = _canvas()
    for index, key in enumerate(keys):
        columns = [run.history[key] for run in runs if key in run.history]
        epochs = np.arange(1, max(map(len, columns)) + 1)
        palette = (INK, *PALETTE) if keys[0] == "loss" else PALETTE[1:]
        style = {
            "color": palette[index % len(palette)],
            "linestyle": STYLES[index % len(STYLES)],
        }
        _band(axes, epochs, columns, formatting.spoken(key), style)
    note = _focus(axes)
    axes.set_title(title)
    axes.set_ylabel("nats per image" if set(keys) <= set(NATS) else "mean loss")
    _finish(axes, f"epoch{note}")
    return figure


def families(runs):
    """The log keys of a model in lists that share a scale: nats per image, others."""
    keys = dict.fromkeys(key for run in runs for key in run.history)
    keys = [key for key in keys if key not in ("epoch", "seconds")]
    if "reconstruction_loss" not in keys:
        return [keys] if keys else []
    nats = [key for key in keys if key in NATS]
    others = [key for key in keys if key not in NATS]
    return [nats, others] if others else [nats]


@matplotlib.rc_context(STYLE)
def quality(runs_by_title, base, *, over, real=None):
    """A number of the evaluations in training over epochs or seconds, for all models.

    Args:
        runs_by_title: Dict from title to the list of `Run`s.
        base: What was computed, such as "fid".
        over: "epochs", or "seconds" of training.
        real: The same number of real images, or None.

    Returns:
        `matplotlib.figure.Figure`, or None if no run has the number.
    """
    figure, axes = _canvas()
    styles = looks(runs_by_title)
    for title, runs in runs_by_title.items():
        tracks = [track for run in runs if (track := _track(run, base))]
        if not tracks:
            continue
        epochs = sorted({epoch for track in tracks for epoch in track})
        columns = [[track.get(epoch, math.nan) for epoch in epochs] for track in tracks]
        places = epochs
        if over == "seconds":
            spent = [np.cumsum([0.0, *run.history.get("seconds", [])]) for run in runs]
            places = [
                np.mean([s[e] for s in spent if e < len(s)] or [np.nan]) for e in epochs
            ]
        _band(axes, np.array(places, float), columns, title, styles[title])
    if not axes.lines:
        return None
    if real is not None and real > 0:
        axes.axhline(real, color=INK, linestyle=":", linewidth=1.2, label="real images")
    axes.set_yscale("log")
    axes.set_ylabel("Fréchet distance")
    axes.set_title(f"Fréchet distance over {over} of training")
    _finish(axes, "epoch" if over == "epochs" else "seconds of training")
    if over == "seconds":
        axes.xaxis.set_major_locator(MaxNLocator(6))
    return figure


@matplotlib.rc_context(STYLE)
def codes(title, arrays):
    """Where the encoder puts test images, coloured by class.

    Args:
        title: Title of the drawing.
        arrays: Dict with `codes` `(n, latent_dim)` and `labels` `(n,)`.

    Returns:
        `matplotlib.figure.Figure`, or None if fewer than three codes are finite.
    """
    finite = np.isfinite(arrays["codes"]).all(axis=1)
    if finite.sum() < 3:
        return None
    labels = arrays["labels"][finite]
    points, names = callbacks.project(arrays["codes"][finite], labels)
    figure, axes = _canvas(height=4.2)
    classes = np.unique(labels)
    colors = matplotlib.colormaps["tab10" if len(classes) <= 10 else "turbo"]
    shades = colors(np.arange(10) if len(classes) <= 10 else np.linspace(0, 1, 256))
    step = 1 if len(classes) <= 10 else 255 // labels.max()
    order = np.random.default_rng(0).permutation(len(points))
    shown = shades[labels[order] * step]
    axes.scatter(*points[order].T, s=5, c=shown, linewidths=0, rasterized=True)
    _name_classes(axes, {c: np.median(points[labels == c], axis=0) for c in classes})
    axes.set_title(title)
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    return figure


@matplotlib.rc_context(STYLE)
def curves(lines, *, title, x_label, y_label, ticks=None):
    """Any numbers over any others: mean over seeds, least to largest as band.

    Args:
        lines: Dict from label to `(places, columns)`: numbers `(n,)`, and a list of
            columns `(n,)`, one for each seed.
        title: Title of the drawing.
        x_label, y_label: Labels of the axes, with their units.
        ticks: Numbers to write on a logarithmic horizontal axis; None for a linear one.

    Returns:
        `matplotlib.figure.Figure`.
    """
    figure, axes = _canvas()
    for index, (label, (places, columns)) in enumerate(lines.items()):
        style = {
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
    _explain(axes)
    return figure


def save(figure, folder, name):
    """Writes `<name>.svg` and `<name>.png`.

    Returns:
        The SVG as it stands in a page: without what only a file of its own needs.
    """
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
        figure.set_layout_engine("none")  # The PNG is laid out like the SVG.
        with files.replacing(folder / f"{name}.png") as temporary:
            figure.savefig(temporary, format="png", dpi=160, facecolor="white")
    drawing = buffer.getvalue().replace(INK, "currentColor")
    with files.replacing(folder / f"{name}.svg") as temporary:
        temporary.write_text(drawing, encoding="utf-8")
    return _embeddable(drawing)


def _embeddable(drawing):
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    # Names such as axes_1 are the same in every drawing; a page has each name once.
    drawing = re.sub(r' id="[a-zA-Z0-9]+(\.\w+)?_\d+"', "", drawing)
    return re.sub(r">\s+<", "><", drawing)


def _canvas(height=HEIGHT):
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.add_subplot()


def _track(run, base):
    """Dict from epoch to the number of that name in the evaluations in training."""
    found = {}
    for record in run.evaluations:
        name = evaluation.find_name(record, base) if "features" in record else None
        if name is not None and record[name] is not None:
            found[record["epoch"]] = float(record[name])
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


def _focus(axes):
    """Limits the axis to where the curves run; says how many values lie outside."""
    drawn = np.concatenate([line.get_ydata() for line in axes.lines])
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) == 0:
        return " (no value is finite)"
    if len(drawn) < 20:
        return ""
    low, high = np.percentile(drawn, (2, 98))
    reach = 2.0 * max(high - low, 1e-6)
    inside = drawn[(drawn >= low - reach) & (drawn <= high + reach)]
    if len(inside) == len(drawn):
        return ""
    border = 0.06 * np.ptp(inside)
    axes.set_ylim(inside.min() - border, inside.max() + border)
    return f" ({len(drawn) - len(inside)} values off scale)"


def _name_classes(axes, places):
    """Writes the classes where they lie, a little higher where another stands."""
    box = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.85}
    width, height = np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())
    taken = []
    for label, (x, y) in sorted(places.items(), key=lambda item: item[1][1]):
        while any(
            abs(x - other) < 0.045 * width and abs(y - level) < 0.055 * height
            for other, level in taken
        ):
            y += 0.01 * height
        taken.append((x, y))
        axes.text(
            x, y, str(label), color="#111111", weight="bold", bbox=box, ha="center"
        )


def _finish(axes, label):
    axes.set_xlabel(label)
    axes.xaxis.set_major_locator(
        MaxNLocator(6, integer=True, steps=(1, 2, 5, 10), min_n_ticks=1)
    )
    _explain(axes)


def _explain(axes):
    """A legend beneath, in as many columns as fit, for which the figure grows."""
    handles, labels = axes.get_legend_handles_labels()
    columns = max(1, min(3, 78 // (max(map(len, labels)) + 6)))
    rows = -(-len(labels) // columns)
    figure = axes.figure
    figure.set_figheight(figure.get_figheight() + 0.17 * (rows - 1))
    figure.legend(handles, labels, loc="outside lower center", ncols=columns)
