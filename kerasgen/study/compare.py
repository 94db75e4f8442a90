"""Several runs in a row, with progress, exports, a table and a figure at the end."""

import json
import pathlib
import statistics

import keras
from absl import logging

from kerasgen import callbacks
from kerasgen import data
from kerasgen import export
from kerasgen import files
from kerasgen.study import figures
from kerasgen.study import run
from kerasgen.study.progress import Progress
from kerasgen.study.progress import clock
from kerasgen.study.settings import MODELS


def compare(
    settings,
    *,
    runs_dir="runs",
    saved_models_dir="saved_models",
    data_dir=None,
    resume=True,
):
    """Trains every model, exports it, and prints and draws how they compare.

    Runs that are complete are not trained again; one that was interrupted goes on where
    it was.

    Args:
        settings: List of `RunSettings` of one study.
        runs_dir: Folder of the run directories, `<study>/<model>/seed<k>/`.
        saved_models_dir: Folder of the exported SavedModels.
        data_dir: Folder of the dataset, as `kerasgen.data.fetch` takes it.
        resume: Whether to go on with runs that are there; False starts them over.

    Returns:
        `pathlib.Path` of the comparison figure.

    Raises:
        ValueError: If a directory belongs to a run with other settings, or images or
            folders do not fit; before anything is trained where that can be known.
    """
    if not settings:
        raise ValueError("There are no models to compare; name at least one.")
    study_dir = pathlib.Path(runs_dir) / settings[0].study
    directories = [study_dir / s.model / f"seed{s.seed}" for s in settings]
    for one, directory in zip(settings, directories, strict=True):
        if resume:
            run.check_owner(directory, one)
        else:
            run.check_removable(directory)
    images, test = (
        data.fetch(settings[0].dataset, split, data_dir=data_dir)
        for split in ("train", "test")
    )
    files.prepare_directory(study_dir)
    files.prepare_directory(saved_models_dir)
    if not resume:
        for directory in directories:
            run.remove(directory)
    progress = _measure(settings, directories, images)
    exports = []
    for index, (one, directory) in enumerate(zip(settings, directories, strict=True)):
        keras.backend.clear_session()
        try:
            shown = [progress.callback(index)]
            model = run.train(one, directory, images, test, extra_callbacks=shown)
        except KeyboardInterrupt:
            progress.say("\nInterrupted. The same command goes on where it was.")
            raise SystemExit(130) from None
        exports.append(_export(model, one, pathlib.Path(saved_models_dir), progress))
    table = _table(settings, directories, exports)
    progress.say("\n" + table)
    # One model alone does not replace the comparison of all.
    folder = study_dir if len(settings) > 1 else directories[0]
    with files.replacing(folder / "comparison.md") as temporary:
        temporary.write_text(table + "\n")
    titles = [
        f"{t}, {s.epochs} epochs"
        for t, s in zip(_titles(settings), settings, strict=True)
    ]
    figure = figures.comparison(dict(zip(titles, directories, strict=True)))
    figures.save(figure, folder / "comparison.png")
    progress.say(f"\nRun directories are in {study_dir}; comparison.png in {folder}.")
    return folder / "comparison.png"


def _titles(settings):
    return [MODELS[one.model].__name__ for one in settings]


def _measure(settings, directories, images):
    """Times a few steps of every model and says how long all will take."""
    num = len(images.images[: settings[0].limit])
    print(f"Training on {num:,} images of {settings[0].dataset} from {images.source}.")
    left, seconds = [], []
    for one, directory in zip(settings, directories, strict=True):
        left.append(max(one.epochs - run.epochs_done(directory), 0))
        needed = left[-1] > 0
        seconds.append(run.seconds_per_epoch(one, images) if needed else 0.0)
    progress = Progress(_titles(settings), left, seconds, [num] * len(settings))
    for title, epochs, second in zip(progress.titles, left, seconds, strict=True):
        progress.say(
            f"{title}: {epochs} epochs to go, about {second:.0f} s each"
            if epochs
            else f"{title}: complete"
        )
    progress.say(f"Expected time in all: {clock(progress.remaining())}\n")
    return progress


def _export(model, settings, saved_models_dir, progress):
    """Exports beside, never over, a model that was made with other settings."""
    record = settings.to_dict()
    path = saved_models_dir / settings.export_name
    if not export.replaceable(path, record):
        other = saved_models_dir / f"{settings.model}-{settings.digest()}"
        progress.say(f"{path} was made with other settings and stays; see {other}.")
        path = other
    export.save(model, path, record)
    logging.info("Exported %s", path)
    return path


def _table(settings, directories, exports):
    """Markdown table: time, losses of the last epoch and on the test images."""
    lines = [
        "| model | epochs | s/epoch | images/s | last training losses | test losses "
        "| SavedModel |",
        "|---|---|---|---|---|---|---|",
    ]
    for title, one, directory, path in zip(
        _titles(settings), settings, directories, exports, strict=True
    ):
        history = callbacks.read_history(directory / "history.csv")
        record = json.loads((directory / "settings.json").read_text())
        metrics = json.loads((directory / "metrics.jsonl").read_text().splitlines()[-1])
        seconds = statistics.median(history["seconds"])
        last = {k: v[-1] for k, v in history.items() if k not in ("epoch", "seconds")}
        test = {k: v for k, v in metrics.items() if k not in ("epoch", "split")}
        rate = record["data"]["num_images"] / seconds
        lines.append(
            f"| {title} | {one.epochs} | {seconds:.1f} | {rate:,.0f} | {_named(last)} "
            f"| {_named(test)} | {path} |"
        )
    return "\n".join(lines)


def _named(losses):
    return ", ".join(f"{key} {value:.4g}" for key, value in losses.items())
