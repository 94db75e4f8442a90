"""Run directories and whole studies: what should be there by `study.run`, is whole."""

import math

import keras
import numpy as np
from PIL import Image

from kerasgen.callbacks.epoch_files import EpochFiles
from kerasgen.callbacks.weights_file import DamagedFileError
from kerasgen.callbacks.weights_file import ForeignFileError
from kerasgen.callbacks.weights_file import load_sealed
from kerasgen.check.finding import fine
from kerasgen.check.finding import problem
from kerasgen.check.models import DamagedModelError
from kerasgen.check.models import check_checkpoint
from kerasgen.check.models import check_samples
from kerasgen.check.models import check_weights
from kerasgen.check.models import load_keras_file
from kerasgen.study import lock
from kerasgen.study import records
from kerasgen.study.settings import MODELS

GO_ON = "Give the same command again: it goes on there."
MAKE_AGAIN = (
    "Remove metrics.jsonl and give the same command again: it is made anew from the "
    "checkpoint."
)
JUDGE_AGAIN = (
    "Remove evaluation.json, if there is one, and give the same command again: the run "
    "is judged anew."
)
ELSEWHERE = "The other numbers do not depend on it; restore it from a copy."
START_OVER = (
    "Restore the file from a copy, or remove the run's directory and give the same "
    "command again: the run starts over."
)


def check_study(directory):
    """Yields the findings on a study's folder and on all its runs."""
    try:
        study = records.load_study(directory)
    except ValueError as error:
        yield problem(directory, str(error))
        return
    for run in sorted(study.runs + study.others, key=lambda run: run.directory):
        yield from check_run(run.directory)
        keras.backend.clear_session()
    for said in study.problems:
        yield problem(directory, said)
    for missing in study.missing:
        path = directory / missing.settings.name / f"seed{missing.settings.seed}"
        yield problem(path, f"it was asked for and is not there. {GO_ON}")
    for name in ("real.json", "report.html"):
        if not (directory / name).exists():
            yield problem(
                directory / name,
                "it is missing. Give the same command again: it is made at the end.",
            )


def check_run(directory):
    """Yields the findings on a run directory."""
    try:
        lock.check_free(directory)
    except lock.HeldError as error:
        yield problem(directory, f"it is not looked at: {error}")
        return
    try:
        run = records.load_run(directory)
    except ValueError as error:
        yield problem(directory, f"{error} {START_OVER}")
        return
    found = [*_progress(run), *_history(run), *_records(run)]
    if run.is_published:
        found += _results(run) if _is_trained(run) else []
    else:
        found += [*_pictures(run), *_checkpoints(run)]
        found += _end(run) if _is_trained(run) else _restart(run)
    yield from found
    if not any(finding.is_problem for finding in found):
        kind = "the records of a run" if run.is_published else "a whole run"
        yield fine(directory, f"{kind} of {run.epochs_done} epochs")


def _is_trained(run):
    return run.epochs_done >= run.settings.epochs


def _epochs_saved(run):
    """Epochs of which everything is on disk: the checkpoint is written last."""
    return max(_checkpoint_files(run), default=0)


def _checkpoint_files(run):
    return EpochFiles(run.directory / "checkpoint", "epoch", ".weights.h5").found()


def _progress(run):
    done, asked = run.epochs_done, run.settings.epochs
    for said in run.problems:
        yield problem(run.directory, said)
    if run.status in ("failed", "diverged"):
        said = f"it {run.status} after epoch {done} of {asked}"
        yield problem(
            run.directory,
            f"{said}: {run.failure['message']} The same command tries again.",
        )
    elif done < asked and not run.problems:
        yield problem(run.directory, f"interrupted at epoch {done} of {asked}. {GO_ON}")


def _history(run):
    path = run.directory / "history.csv"
    saved = _epochs_saved(run)
    if not run.history:
        if saved and not path.exists():
            yield problem(path, f"it is missing. {START_OVER}")
        return
    epochs = run.history["epoch"]
    if epochs != list(range(1, len(epochs) + 1)):
        yield problem(
            path,
            f"it has the epochs {epochs}; expected each from 1 to {max(epochs)} once, "
            f"in order. Repair it by history.json beside it. Else: {START_OVER}",
        )
    elif not (run.is_published or saved <= len(epochs) <= max(saved + 1, 1)):
        yield problem(
            path,
            f"it has {len(epochs)} epochs, but the newest checkpoint is of epoch "
            f"{saved}. Restore what was lost from a copy. Else: {START_OVER}",
        )
    for name, values in run.history.items():
        bad = [e for e, v in zip(epochs, values, strict=True) if not _is_finite(v)]
        if bad:
            yield problem(
                path,
                f"{name} of epoch {bad[0]} is no finite number. The training has "
                f"diverged there. {START_OVER}",
            )


def _is_finite(value):
    return value is not None and math.isfinite(value)


def _records(run):
    """The files of one record a line: readers leave damaged lines out."""
    readers = {
        "events.jsonl": run.events,
        "evaluations.jsonl": run.evaluations,
    }
    for name, read in readers.items():
        path = run.directory / name
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        if len(read) < len(lines):
            yield problem(
                path,
                f"{len(lines) - len(read)} of its lines are damaged and left out "
                "of reports. Restore the file from a copy, or remove those lines.",
            )
    events = run.directory / "events.jsonl"
    if run.epochs_done and not events.exists():
        yield problem(
            events,
            f"it is missing, so reports lack what went wrong in training. {ELSEWHERE}",
        )
    if _is_in_study(run) and run.epochs_done and not run.evaluations:
        yield problem(
            run.directory / "evaluations.jsonl",
            f"it is missing or empty, so reports lack quality in training. {ELSEWHERE}",
        )


def _is_in_study(run):
    """Whether a study asked for the run; one that trains alone is not judged."""
    return (run.directory.resolve().parent.parent / records.PLAN).exists()


def _pictures(run):
    folder = run.directory / "samples"
    pictures = EpochFiles(folder, "epoch", ".png").found()
    missing = sorted(set(range(_epochs_saved(run) + 1)) - set(pictures))
    if missing and run.epochs_done:
        yield problem(
            folder,
            f"the pictures of the epochs {missing} are missing. The numbers do not "
            "depend on them; restore them from a copy if you need them.",
        )
    for path in pictures.values():
        try:
            with Image.open(path) as picture:
                picture.load()
        except (OSError, SyntaxError) as error:
            yield problem(path, f"it is no whole picture ({error}). Remove it.")


def _checkpoints(run):
    paths = _checkpoint_files(run)
    if not paths and run.epochs_done > 1:
        yield problem(
            run.directory / "checkpoint",
            f"there is no checkpoint after {run.epochs_done} epochs: the run cannot go "
            f"on. {START_OVER}",
        )
    for path in paths.values():
        yield from check_checkpoint(path)


def _restart(run):
    """What a run that is not at its end would go on from."""
    paths = _checkpoint_files(run)
    if not paths:
        return
    path = paths[max(paths)]
    try:
        model = MODELS[run.settings.model].from_config(run.record["arguments"])
    except Exception as error:  # arguments of another version fail in many ways
        said = f"its arguments make no {run.settings.title} ({error})"
        yield problem(run.directory / "settings.json", f"{said}. {START_OVER}")
        return
    try:
        load_sealed(model, path)
    except DamagedFileError:
        return  # `_checkpoints` has said so
    except ForeignFileError as error:
        yield problem(path, f"it is of another model: {error}. {START_OVER}")
        return
    yield from check_samples(path, model)


def _end(run):
    """What a run leaves when it is trained."""
    path = run.directory / "model.keras"
    try:
        model = load_keras_file(path)
    except DamagedModelError as error:
        said = "it cannot be loaded" if path.exists() else "it is missing"
        yield problem(path, f"{said} ({error}). {MAKE_AGAIN}")
    else:
        yield from check_weights(path, model)
        yield from check_samples(path, model)
        yield from _same_as_checkpoint(run, path, model)
    yield from _results(run)


def _results(run):
    """What can be read of a trained run without its model."""
    if not run.test_losses:
        yield problem(
            run.directory / "metrics.jsonl",
            f"it has no test losses after epoch {run.settings.epochs}. Give the same "
            "command again: they are computed anew.",
        )
    elif not all(map(_is_finite, run.test_losses.values())):
        yield problem(
            run.directory / "metrics.jsonl",
            f"a test loss is no finite number: {run.test_losses}. {START_OVER}",
        )
    yield from _arrays(run)
    yield from _judgement(run)


def _same_as_checkpoint(run, path, model):
    """Whether the model and the last checkpoint are of the same training."""
    newest = _checkpoint_files(run).get(run.settings.epochs)
    if newest is None:
        return
    weights = [weight.numpy() for weight in model.weights]
    try:
        load_sealed(model, newest)
    except DamagedFileError:
        return  # `_checkpoints` has said so
    except ForeignFileError as error:
        yield problem(newest, f"it is of another model: {error}. {START_OVER}")
        return
    pairs = zip(weights, model.weights, strict=True)
    if not all(np.array_equal(mine, saved.numpy()) for mine, saved in pairs):
        yield problem(path, f"its weights are not those of {newest}. {MAKE_AGAIN}")


def _arrays(run):
    shape = tuple(run.record["arguments"]["image_shape"])
    yield from _images(run, "samples.npz", (100, *shape), MAKE_AGAIN)
    if hasattr(MODELS[run.settings.model], "encode"):
        arrays = run.arrays("codes.npz")
        if arrays is None or not np.isfinite(arrays["codes"]).all():
            yield problem(
                run.directory / "codes.npz",
                f"it is missing, damaged or not finite. {MAKE_AGAIN}",
            )


def _images(run, name, shape, remedy):
    arrays = run.arrays(name)
    if arrays is None or "images" not in arrays:
        yield problem(run.directory / name, f"it is missing or damaged. {remedy}")
        return
    images = arrays["images"]
    if images.dtype != np.uint8 or images.shape != shape:
        yield problem(
            run.directory / name,
            f"its images are {images.dtype} of shape {images.shape}; expected uint8 "
            f"of {shape}. {remedy}",
        )


def _judgement(run):
    path = run.directory / "evaluation.json"
    if run.evaluation is None:
        if _is_in_study(run):
            yield problem(
                path,
                f"the run is not judged after epoch {run.settings.epochs}. "
                "Give the same command again.",
            )
        return
    numbers = (v for v in run.evaluation.values() if isinstance(v, float))
    if not all(map(math.isfinite, numbers)):
        yield problem(path, f"it holds NaN or infinity. {JUDGE_AGAIN}")
    shape = tuple(run.record["arguments"]["image_shape"])
    yield from _images(run, "interpolations.npz", (5, 10, *shape), JUDGE_AGAIN)
    if run.arrays("neighbours.npz") is None:
        yield problem(
            run.directory / "neighbours.npz", f"it is missing or damaged. {JUDGE_AGAIN}"
        )
