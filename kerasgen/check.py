"""Whether what is on disk is whole: its files there, checksums right, loadable.

`kerasgen check PATH...` prints the findings. Nothing is written or repaired.
"""

import dataclasses
import importlib
import json
import pathlib
import warnings
import zipfile
from collections.abc import Callable
from collections.abc import Iterator

import keras
import numpy as np

from kerasgen import export
from kerasgen import files
from kerasgen import study
from kerasgen.callbacks.weights_file import read_owner
from kerasgen.core import preset_files
from kerasgen.core.base import GenerativeModel
from kerasgen.core.registry import model_class
from kerasgen.study import lock
from kerasgen.study import records

AGAIN = "Give the same command again: it goes on there."
ANEW = (
    "Remove metrics.jsonl and evaluation.json, if they are there, and give the same "
    "command again: it is made anew from the weights."
)
COPY = "Copy the whole folder again, or make it anew."
EARLIER = "Remove it: a run goes on from the checkpoint before it."
START_OVER = (
    "Restore it from a copy, or remove the run's directory and give the same command "
    "again: the run starts over."
)
# Any of these makes a folder one of the kind: that others are missing is a problem.
OF_A_RUN = ("settings.json", "history.csv", "checkpoint", "failure.json")
OF_AN_EXPORT = ("saved_model.pb", "variables", export.RECORD)


@dataclasses.dataclass(frozen=True)
class Finding:
    """State of a path and, of a problem, what to do."""

    path: pathlib.Path
    text: str
    is_problem: bool = True

    def __str__(self):
        return f"{'PROBLEM' if self.is_problem else 'ok'}  {self.path}: {self.text}"


def findings(path: files.PathLike) -> Iterator[Finding]:
    """Check that what is at a path is complete, whole, and loads.

    Args:
        path: A run directory, a study, the folder of a SavedModel or of a preset, a
            `.keras`, `.onnx` or `.tflite` file, a checkpoint, or a folder of those.

    Yields:
        `Finding`s, as they are made.

    Example:

    >>> import kerasgen.check
    >>> for finding in kerasgen.check.findings("runs/mnist"):
    ...     print(finding)
    """
    path, nothing = files.user_path(path), True
    for found in _findings(path):
        nothing = False
        yield found
    if nothing:
        what = "nothing to check" if path.exists() else "nothing there"
        yield Finding(
            path,
            f"Got {what}; expected a run, a study, an exported model, a preset, a "
            ".keras file, a checkpoint, or a folder of those.",
        )


def problems(path: files.PathLike) -> list[str]:
    """Problems of what is at a path, each with the file and what to do."""
    return [f"{one.path}: {one.text}" for one in findings(path) if one.is_problem]


def _findings(path):
    if path.is_file():
        for ending, (look, advice) in LOOKS.items():
            if path.name.endswith(ending):
                yield _finding(path, look, advice)
    elif any((path / name).exists() for name in OF_A_RUN):
        yield from _check_run(path)
    elif any((path / name).exists() for name in OF_AN_EXPORT):
        yield _finding(path, _look_at_export, COPY)
    elif sum((path / name).exists() for name in preset_files.FILES) > 1:
        yield _finding(path, _look_at_preset, COPY)
    elif (path / records.PLAN).exists():
        yield from _check_study(path)
    elif path.is_dir():
        for child in sorted(path.iterdir()):
            yield from _findings(child)


def _finding(path: pathlib.Path, look: Callable, advice: str) -> Finding:
    """Look at a path by a function; an error of it is a problem."""
    try:
        return Finding(path, look(path), is_problem=False)
    except Exception as error:  # whatever a reader stumbles over in a damaged file
        # `load_model` says in its own words what it stumbled over; some put a trace in.
        said, *_ = str(error.__cause__ or error).strip().splitlines() or [repr(error)]
        return Finding(path, f"it is damaged ({said}). {advice}")


def _check_study(directory):
    try:
        found = records.load_study(directory)
    except ValueError as error:
        yield Finding(directory, str(error))
        return
    for run in sorted(found.runs + found.others, key=lambda run: run.directory):
        yield from _check_run(run.directory)
        keras.backend.clear_session()
    for said in found.problems:
        yield Finding(directory, said)
    for missing in found.missing:
        path = directory / missing.settings.name / f"seed{missing.settings.seed}"
        yield Finding(path, f"it was asked for and is not there. {AGAIN}")
    for name in ("real.json", "report.html"):
        if not (directory / name).exists():
            yield Finding(directory / name, f"it is missing. {AGAIN}")


def _check_run(directory):
    try:
        lock.check_free(directory)
        run = records.load_run(directory)
    except (lock.HeldError, ValueError) as error:
        advice = "" if isinstance(error, lock.HeldError) else f" {START_OVER}"
        yield Finding(directory, f"it is not looked at: {error}{advice}")
        return
    done, asked = run.epochs_done, run.settings.epochs
    found = [Finding(directory, said) for said in run.problems]
    if run.failure is not None:
        said = f"it {run.status} after epoch {done} of {asked}: "
        said += f"{run.failure['message']} The same command tries again."
        found.append(Finding(directory, said))
    elif done < asked and not found:
        said = f"interrupted at epoch {done} of {asked}. {AGAIN}"
        found.append(Finding(directory, said))
    for name, advice in _expected_files(run).items():
        if not (directory / name).exists():
            found.append(Finding(directory / name, f"it is missing. {advice}"))
        elif (directory / name).suffix in LOOKS:
            look, _ = LOOKS[(directory / name).suffix]
            found.append(_finding(directory / name, look, advice))
    for path in sorted(directory.glob("checkpoint/*.weights.h5")):
        found.append(_finding(path, *LOOKS[".weights.h5"]))
    yield from found
    if not any(finding.is_problem for finding in found):
        kind = "the records of a run" if run.is_published else "a whole run"
        yield Finding(directory, f"{kind} of {done} epochs", is_problem=False)


def _expected_files(run):
    """Dict from the names of the files that a run must have to what to do without."""
    # A run that was trained alone is not evaluated.
    in_study = (run.directory.resolve().parent.parent / records.PLAN).exists()
    names = {"history.csv": START_OVER}
    if run.epochs_done and in_study:
        names |= dict.fromkeys(("events.jsonl", "evaluations.jsonl"), START_OVER)
    is_complete = run.epochs_done >= run.settings.epochs
    if not run.is_published:
        names |= _weights(run.directory, run.epochs_done, is_complete)
    if is_complete:
        made = ["metrics.jsonl", "samples.npz"]
        has_codes = model_class(run.settings.model).has_codes()
        made += ["codes.npz"] if has_codes else []
        if in_study:
            made += ["evaluation.json", "interpolations.npz", "neighbours.npz"]
        names |= dict.fromkeys(made, ANEW)
    return names


def _weights(directory, epochs_done, is_complete):
    """Dict from the file that a run can go on from to what to do without it."""
    has_checkpoint = any(directory.glob("checkpoint/*.weights.h5"))
    if is_complete:
        return {"model.keras": ANEW if has_checkpoint else START_OVER}
    has_any = has_checkpoint or (directory / "model.keras").exists()
    return {} if has_any or epochs_done <= 1 else {"checkpoint": START_OVER}


def _look_at_export(folder, names=None):
    recorded = dict(export.read_record(folder).get("sha256", {}))
    found = export.checksums(folder)
    names = sorted(names or found.keys() | recorded)
    # Before anything is loaded: a SavedModel is a program.
    wrong = [
        n for n in names if n not in found or recorded.get(n, found[n]) != found[n]
    ]
    if wrong:
        raise ValueError(f"missing, or with a wrong checksum: {', '.join(wrong)}")
    said = "whole" if recorded else f"no {export.RECORD} has its checksums"
    networks = [name for name in names if pathlib.Path(name).suffix in RUNTIMES]
    for name in networks:
        runtime, load = RUNTIMES[pathlib.Path(name).suffix]
        try:
            module = importlib.import_module(runtime)
        except ImportError:
            return f"{said}; not loaded, as {runtime} is not installed"
        load(module, str(folder / name))
    if not networks:
        export.load(folder)
    return f"{said}, and loads"


def _look_at_network(path):
    return _look_at_export(path.parent, [path.name])


def _look_at_preset(folder):
    return f"whole, and loads as {type(GenerativeModel.from_preset(folder)).__name__}"


def _look_at_keras_file(path):
    with zipfile.ZipFile(path) as archive:
        if (damaged := archive.testzip()) is not None:
            raise ValueError(f"the checksum of {damaged} in it is wrong")
    with warnings.catch_warnings():
        # Keras only warns when it leaves an optimizer without its state.
        warnings.filterwarnings("error", message="Skipping variable loading")
        return f"loads as {type(study.load_model(path)).__name__}"


def _look_at_checkpoint(path):
    owner = read_owner(path)
    if owner is None:
        return "readable, but without a checksum (Keras alone wrote it)"
    return f"whole, written by {owner['class']}"


def _look_at_arrays(path):
    with np.load(path, allow_pickle=False) as arrays:
        return f"whole, with {', '.join(dict(arrays))}"


def _look_at_lines(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return f"whole, with {len(lines)} lines"


# From the ending of a network's file to the module that runs it, and how it loads one.
RUNTIMES = {
    ".onnx": ("onnxruntime", lambda module, path: module.InferenceSession(path)),
    ".tflite": (
        "ai_edge_litert.interpreter",
        lambda module, path: module.Interpreter(path).allocate_tensors(),
    ),
}
# From the ending of a file to how it is looked at, and what to do about damage.
LOOKS = {
    ".keras": (_look_at_keras_file, COPY),
    ".weights.h5": (_look_at_checkpoint, EARLIER),
    ".npz": (_look_at_arrays, COPY),
    ".jsonl": (_look_at_lines, COPY),
    **{ending: (_look_at_network, COPY) for ending in RUNTIMES},
}

if __name__ == "__main__":  # as it was called once, and as old scripts may still do
    raise SystemExit("Got python -m kerasgen.check; expected kerasgen check PATH...")
