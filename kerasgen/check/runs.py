"""Run directories and studies: whether all that `study.run` writes is there, whole."""

import keras

from kerasgen.callbacks.epoch_files import EpochFiles
from kerasgen.check.finding import fine
from kerasgen.check.finding import problem
from kerasgen.check.models import check_checkpoint
from kerasgen.check.models import check_keras_file
from kerasgen.core.registry import model_class
from kerasgen.study import lock
from kerasgen.study import records

GO_ON = "Give the same command again: it goes on there."
ANEW = "Remove metrics.jsonl and give the same command again: it is made anew."
EVALUATE_AGAIN = (
    "Remove evaluation.json, if there is one, and give the same command again: the run "
    "is evaluated anew."
)
START_OVER = (
    "Restore the file from a copy, or remove the run's directory and give the same "
    "command again: the run starts over."
)


def check_study(directory):
    """Yield the findings on a study's folder and on all its runs."""
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
            said = "it is missing. Give the same command again: it is made at the end."
            yield problem(directory / name, said)


def check_run(directory):
    """Yield the findings on a run directory."""
    try:
        lock.check_free(directory)
        run = records.load_run(directory)
    except lock.HeldError as error:
        yield problem(directory, f"it is not looked at: {error}")
        return
    except ValueError as error:
        yield problem(directory, f"{error} {START_OVER}")
        return
    found = [*_progress(run), *_history(run), *_lines(run)]
    if not run.is_published:
        found += _checkpoints(run)
    if run.epochs_done >= run.settings.epochs:
        if not run.is_published:
            found += check_keras_file(directory / "model.keras")
        found += _results(run)
    yield from found
    if not any(finding.is_problem for finding in found):
        kind = "the records of a run" if run.is_published else "a whole run"
        yield fine(directory, f"{kind} of {run.epochs_done} epochs")


def _progress(run):
    done, asked = run.epochs_done, run.settings.epochs
    for said in run.problems:
        yield problem(run.directory, said)
    if run.status in ("failed", "diverged"):
        said = f"it {run.status} after epoch {done} of {asked}"
        said = f"{said}: {run.failure['message']} The same command tries again."
        yield problem(run.directory, said)
    elif done < asked and not run.problems:
        yield problem(run.directory, f"interrupted at epoch {done} of {asked}. {GO_ON}")


def _checkpoint_files(run):
    return EpochFiles(run.directory / "checkpoint", "epoch", ".weights.h5").found()


def _history(run):
    path = run.directory / "history.csv"
    # Epochs of which everything is on disk: the checkpoint is written last.
    saved = max(_checkpoint_files(run), default=0)
    epochs = run.history.get("epoch", [])
    if not epochs:
        if saved and not path.exists():
            yield problem(path, f"it is missing. {START_OVER}")
    elif epochs != list(range(1, len(epochs) + 1)):
        said = f"it has the epochs {epochs}; expected each from 1 once, in order"
        yield problem(path, f"{said}. {START_OVER}")
    elif not (run.is_published or saved <= len(epochs) <= max(saved + 1, 1)):
        said = f"it has {len(epochs)} epochs, the newest checkpoint is of epoch {saved}"
        yield problem(path, f"{said}. {START_OVER}")


def _lines(run):
    """Files of one record a line, of which readers leave damaged lines out."""
    for name, read in (("events", run.events), ("evaluations", run.evaluations)):
        path = run.directory / f"{name}.jsonl"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        if len(read) < len(lines):
            said = f"{len(lines) - len(read)} of its lines are damaged"
            yield problem(path, f"{said}. Restore it from a copy, or remove them.")
        elif run.epochs_done and not path.exists() and _is_in_study(run):
            yield problem(path, "it is missing. Restore it from a copy.")


def _is_in_study(run):
    """Whether a study asked for the run; one that trains alone is not evaluated."""
    return (run.directory.resolve().parent.parent / records.PLAN).exists()


def _checkpoints(run):
    paths = _checkpoint_files(run)
    if not paths and run.epochs_done > 1:
        said = f"there is no checkpoint after {run.epochs_done} epochs"
        yield problem(run.directory / "checkpoint", f"{said}. {START_OVER}")
    for path in paths.values():
        yield from check_checkpoint(path)


def _results(run):
    """Records and arrays of a trained run."""
    if not run.test_losses:
        said = f"it has no test losses after epoch {run.settings.epochs}"
        yield problem(run.directory / "metrics.jsonl", f"{said}. {ANEW}")
    arrays = {"samples.npz": ANEW}
    if hasattr(model_class(run.settings.model), "encode"):
        arrays["codes.npz"] = ANEW
    if run.evaluation is not None:
        arrays |= dict.fromkeys(
            ("interpolations.npz", "neighbours.npz"), EVALUATE_AGAIN
        )
    elif _is_in_study(run):
        said = f"the run is not evaluated after epoch {run.settings.epochs}"
        path = run.directory / "evaluation.json"
        yield problem(path, f"{said}. Give the same command again.")
    for name, remedy in arrays.items():
        if run.arrays(name) is None:
            said = f"it is missing or damaged. {remedy}"
            yield problem(run.directory / name, said)
