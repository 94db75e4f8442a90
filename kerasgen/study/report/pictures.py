"""Pictures of a report: drawn, written into `figures/`, ready for a page.

Every pixel that a run left is kept as it is. What cannot be drawn becomes a picture
that says what is missing.
"""

import base64
import dataclasses

import numpy as np

from kerasgen import callbacks
from kerasgen.callbacks.image_grid import fitting_scale
from kerasgen.study.report import figures
from kerasgen.study.report import formatting
from kerasgen.study.report.overview import distances

FOLDER = "figures"
COLUMNS = 10
STRIP_COLUMNS = 16
# Longest side of a grid, and height of what parts samples and neighbours, in pixels.
SIDE = 640
GAP = 10


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture of the report.

    Args:
        caption: Text beneath it.
        file: Path in the folder of the study, or "" if it is missing.
        svg: The drawing, of a chart.
        data: The PNG as base64, of a picture of pixels.
        missing: Why there is none, or "".
    """

    caption: str
    file: str = ""
    svg: str = ""
    data: str = ""
    missing: str = ""


def all_pictures(study, comparison, progress) -> dict[str, list[Picture]]:
    """Draw the pictures of a study into its folder, by the section that shows them."""
    return {
        **_strips(study),
        # Publication keeps of draws but their samples.
        **{
            kind: _grids(study, kind, comparison)
            if kind == "samples" or study.each == "seed"
            else []
            for kind in _DRAWN
        },
        "losses": _losses(study, comparison),
        "codes": _codes(study, comparison),
        "quality": _quality(study, progress),
        "spread": _draws(study),
    }


def grid(arrays):
    """A grid of images: rows of ten, or the rows that they come in."""
    images = arrays["images"]
    columns = images.shape[1] if images.ndim == 5 else COLUMNS
    images = images.reshape(-1, *images.shape[-3:])
    rows = -(-len(images) // columns)
    scale = fitting_scale(images.shape[1:], rows, columns, SIDE)
    return callbacks.tile_images(images, rows, columns, scale=scale)


def neighbours(arrays):
    """Samples in the upper row; beneath each the training images nearest to it."""
    above, below = arrays["samples"], arrays["neighbours"]
    num, depth = below.shape[:2]
    scale = fitting_scale(above.shape[1:], depth + 1, num, SIDE)
    below = below.swapaxes(0, 1).reshape(-1, *below.shape[2:])
    first = callbacks.tile_images(above, 1, num, scale=scale)
    others = callbacks.tile_images(below, depth, num, scale=scale)
    gap = np.full((GAP, *first.shape[1:]), 255, np.uint8)
    return np.concatenate([first, gap, others])


def strips(arrays):
    """The first images of several runs, a row for each."""
    columns = min(STRIP_COLUMNS, *map(len, arrays))
    images = np.concatenate([images[:columns] for images in arrays])
    return callbacks.tile_images(images, len(arrays), columns)


# Kind of picture: how it is drawn, and what is said of it.
_DRAWN = {
    "samples": (grid, "samples"),
    "samples_fitted": (grid, "samples from a fitted prior"),
    "interpolations": (grid, "each row between two random latents"),
    "neighbours": (neighbours, "samples, and beneath each its nearest training images"),
}


def _grids(study, kind, comparison):
    draw, told = _DRAWN[kind]
    found = []
    for title, runs in study.models.items():
        title = f"{_number(comparison, kind, runs)}{title}"
        run, arrays = _first(runs, f"{kind}.npz")
        if run is not None:
            epochs = formatting.named(run.settings.epochs, "epoch")
            caption = f"{title}: {told}, {epochs}, {run.which}"
            name = f"{kind}-{run.settings.name}"
            found.append(_pixels(study, name, draw(arrays), caption))
        elif kind != "samples_fitted":  # which only models with an encoder have
            found.append(_missing(f"{title}: {kind}", kind))
    return found


def _strips(study):
    """The first samples of each model in a row, and real images; of other seeds."""
    first, others, real = [], [], []
    found = {
        title: {run.which: run for run in runs if run.has_arrays("samples.npz")}
        for title, runs in study.models.items()
    }
    # Draws of settings are set side by side in the first that all models went through.
    shared = set.intersection(*map(set, found.values()))
    for title, runs in study.models.items():
        is_draws = study.each == "draw"
        name = runs[0].settings.model if is_draws else runs[0].settings.name
        there = {
            which: run.arrays("samples.npz") for which, run in found[title].items()
        }
        there = {which: each["images"] for which, each in there.items() if each}
        chosen = sorted(shared if is_draws else there, key=list(there).index)[:1]
        for which in chosen:
            drawn = strips([there.pop(which)])
            shown = f"{title}, {which}" if is_draws else title
            first.append(_pixels(study, f"strip-{name}", drawn, shown))
        if there:
            which = [each.removeprefix(study.each).strip() for each in there]
            caption = f"{title}: {study.each}s {formatting.listed(which)}"
            drawn = strips(list(there.values()))
            others.append(_pixels(study, f"seeds-{name}", drawn, caption))
        # A run keeps training images: of each sample the nearest, here the last of it.
        if nearest := _first(runs, "neighbours.npz")[1]:
            real += list(nearest["neighbours"][:, -1])
    if real:
        chosen = np.array(real)[np.random.default_rng(0).permutation(len(real))]
        first.append(_pixels(study, "strip-real", strips([chosen]), "Real images"))
    return {"strips": first, "seeds": others}


def _losses(study, comparison):
    if study.each == "draw":  # their mean says nothing
        return []
    found = []
    for title, runs in study.models.items():
        name = f"losses-{runs[0].settings.name}"
        caption = f"{_number(comparison, 'losses', runs)}{title}: losses in training"
        runs = [run for run in runs if run.epochs_done]
        if figure := figures.losses(title, runs):
            caption = f"{caption}, {_told(study, len(runs))}"
            found.append(_chart(study, name, figure, caption))
        else:
            found.append(_missing(caption, "history"))
    return found


def _codes(study, comparison):
    found = []
    for title, runs in study.models.items():
        number = _number(comparison, "codes", runs)
        run, arrays = _first(runs, "codes.npz")
        if run and (figure := figures.codes(title, arrays)):
            caption = (
                f"{number}{title}: codes of {len(arrays['codes']):,} test images by "
                f"class, {run.which}"
            )
            name = f"codes-{run.settings.name}"
            found.append(_chart(study, name, figure, caption))
        elif number:
            found.append(_missing(f"{number}{title}: latent space", "codes"))
    return found


def _quality(study, progress):
    """Charts of all models; in an ablation, of the variants of each."""
    styles = figures.looks(study.models)
    parts = {"": progress}
    if study.each == "seed" and any(run.settings.variant for run in study.runs):
        parts = {f"-{model}": mine for model, mine in progress.groupby("model")}
    found = []
    for part, mine in parts.items():
        for over in ("epochs", "seconds") if len(mine) else ():
            name = mine.metric.iloc[0]
            real = (study.real.get("during") or {}).get(name)
            figure = figures.quality(mine, over=over, styles=styles, real=real)
            told = _told(study, mine.groupby(["title", "epoch"]).size().max())
            caption = f"Fréchet distance over {over} of training ({name}): {told}"
            found.append(_chart(study, f"frechet-{over}{part}", figure, caption))
    return found


def _draws(study):
    """A chart of the distance of every draw of settings, of a study of draws."""
    name, found = distances(study)
    if study.each != "draw" or not name:
        return []
    real = study.real.get("final") or {}
    figure = figures.draws(found, figures.looks(study.models), real.get(name))
    caption = (
        f"Fréchet distance of each draw of settings, those that failed at the edge, "
        f"and the median of all ({name})"
    )
    return [_chart(study, "draws", figure, caption)]


def _told(study, count):
    if count == 1:
        return f"one {study.each}"
    return f"mean of {count} {study.each}s, and band from the least to the largest"


def _number(comparison, kind, runs):
    """The publication's number of a figure; it shows models at their defaults."""
    settings = runs[0].settings
    numbers = comparison.figures.get(kind, {}) if comparison else {}
    if settings.ablation or settings.variant or settings.model not in numbers:
        return ""
    return f"Figure {numbers[settings.model]}. "


def _first(runs, file):
    """The first run that left a file, and its arrays; or None twice."""
    for run in runs:
        arrays = run.arrays(file)
        if arrays is not None:
            return run, arrays
    return None, None


def _missing(caption, what):
    return Picture(caption, missing=f"No run has left its {what}.")


def _chart(study, name, figure, caption):
    svg = figures.save(figure, study.directory / FOLDER, name)
    return Picture(caption, f"{FOLDER}/{name}.svg", svg=svg)


def _pixels(study, name, pixels, caption):
    path = study.directory / FOLDER / f"{name}.png"
    callbacks.write_png(path, pixels)
    data = base64.b64encode(path.read_bytes()).decode()
    return Picture(caption, f"{FOLDER}/{name}.png", data=data)
