"""Figures of a study as SVG: curves with bands over seeds, maps of codes.

Losses and codes are drawn by the callbacks that draw them in training. Lines and text
that are neither of a model, a loss nor a class are drawn in `INK`, which the SVG says
as `currentColor`: in a page it takes the colour of the text around it, so that one
drawing serves light, dark and paper.
"""

import io
import pathlib
import re

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from kerasgen import callbacks
from kerasgen import files
from kerasgen.core.registry import list_models

INK = "#0b0c0d"
# Okabe & Ito 2008: told apart by colour-blind readers too.
PALETTE = ("#e69f00", "#0072b2", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#8c7a00")
STYLES = ("-", (0, (6, 1.5)), (0, (3, 1)), "-.", (0, (6, 1.5, 1, 1.5, 1, 1.5)))
WIDTH, HEIGHT = 4.8, 3.0
STYLE = matplotlib.rc_params_from_file(
    pathlib.Path(__file__).parent / "templates/report.mplstyle",
    use_default_template=False,
)


def looks(models) -> dict:
    """Colour and line style of each model, fixed by its place in the registry.

    Variants of an ablation have theirs by their place among each other.
    """
    settings = {title: runs[0].settings for title, runs in models.items()}
    varied = any(one.variant and not one.is_draw for one in settings.values())
    return {
        title: _look(index if varied else list_models().index(one.model))
        for index, (title, one) in enumerate(settings.items())
    }


def _look(place):
    # Seven colours and five styles repeat together only after 35 models.
    return {
        "color": PALETTE[place % len(PALETTE)],
        "linestyle": STYLES[place % len(STYLES)],
    }


@matplotlib.rc_context(STYLE)
def losses(title, runs) -> Figure | None:
    """Losses of one model over epochs: mean over seeds, band from least to largest."""
    histories = [run.history for run in runs if run.epochs_done]
    drawn = callbacks.choose_panels([key for one in histories for key in one])
    return callbacks.draw_losses(histories, title) if drawn else None


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
def quality(progress, *, over, styles, real=None) -> Figure:
    """Fréchet distance over "epochs" or "seconds" of training, all models in one."""
    lines = {}
    for title, mine in progress.groupby("title", sort=False):
        columns = mine.pivot(index="epoch", columns=["variant", "seed"], values="value")
        places = columns.index
        if over == "seconds":
            places = mine.groupby("epoch").elapsed.mean()
        lines[title] = places, columns.T.to_numpy()
    figure = curves(
        lines,
        title=f"Fréchet distance over {over} of training",
        x_label="epoch" if over == "epochs" else "seconds of training",
        y_label="Fréchet distance",
        styles=styles,
    )
    (axes,) = figure.axes
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=over == "epochs"))
    if real:
        axes.axhline(real, color=INK, linestyle=":", linewidth=1.2)
        axes.annotate(
            "real images",
            (0.99, real),
            xycoords=("axes fraction", "data"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="right",
        )
    return figure


@matplotlib.rc_context(STYLE)
def draws(distances, styles, real=None) -> Figure:
    """Fréchet distances of the runs of each model as points, and their median.

    Args:
        distances: Dict from title to a list of numbers, infinite for a failed run.
        styles: Dict from title to colour and line style, as of `looks`.
        real: The distance of real images, a line; or None.
    """
    height = 0.8 + 0.4 * len(distances)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.add_subplot()
    for place, (title, values) in enumerate(distances.items()):
        color = styles[title]["color"]
        axes.plot(values, len(values) * [place], "o", color=color, alpha=0.7)
        axes.plot(np.median(values), place, "|", color=INK, markersize=16)
        if failed := int(np.isinf(values).sum()):
            edge = axes.get_yaxis_transform()
            axes.plot(1.04, place, "x", color=color, transform=edge, clip_on=False)
            axes.text(1.07, place, str(failed), transform=edge, va="center")
    if real:
        axes.axvline(real, color=INK, linestyle=":", linewidth=1.2)
    axes.set_xscale("log")
    axes.set_yticks(range(len(distances)), list(distances))
    axes.invert_yaxis()
    axes.set_title("Fréchet distance of each draw of settings")
    axes.set_xlabel("Fréchet distance; dotted: real images" if real else "")
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
        style = (styles or {}).get(label) or _look(index)
        table = np.ma.masked_invalid(np.array(columns, dtype=float))
        mean, low, high = (
            found.filled(np.nan)
            for found in (table.mean(0), table.min(0), table.max(0))
        )
        few = {"marker": "o", "markersize": 3.5} if len(places) < 15 else {}
        axes.plot(places, mean, label=label, **style, **few)
        if len(columns) > 1:
            color = style["color"]
            axes.fill_between(places, low, high, color=color, alpha=0.2, linewidth=0)
    if ticks is not None:
        axes.set_xscale("log")
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.minorticks_off()
    axes.set_title(title)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    # A legend beneath, in as many columns as fit, for which the figure grows.
    columns = max(1, min(3, 78 // (max(map(len, lines)) + 6)))
    figure.set_figheight(HEIGHT + 0.17 * ((len(lines) - 1) // columns))
    figure.legend(loc="outside lower center", ncols=columns)
    return figure


def save(figure, folder, name) -> str:
    """Write `<name>.svg`, with a background of its own.

    Returns:
        The SVG as it stands in a page: without what only a file of its own needs.
    """
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    drawing = buffer.getvalue().replace(INK, "currentColor")
    with files.replacing(folder / f"{name}.svg") as temporary:
        on_white = drawing.replace("<svg ", '<svg style="background: white" ', 1)
        temporary.write_text(on_white, encoding="utf-8")
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    # Names such as axes_1 are the same in every drawing; a page has each name once.
    drawing = re.sub(r' id="[a-zA-Z0-9]+(\.\w+)?_\d+"', "", drawing)
    return re.sub(r">\s+<", "><", drawing)
