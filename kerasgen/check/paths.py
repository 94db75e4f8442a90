"""Which check fits what is at a path."""

import pathlib

from kerasgen import export
from kerasgen.check.exports import SUFFIXES
from kerasgen.check.exports import check_network
from kerasgen.check.exports import check_networks
from kerasgen.check.exports import check_saved_model
from kerasgen.check.finding import problem
from kerasgen.check.models import check_checkpoint
from kerasgen.check.models import check_keras_file
from kerasgen.check.models import check_preset
from kerasgen.check.runs import check_run
from kerasgen.check.runs import check_study
from kerasgen.core import preset_files
from kerasgen.study import records

# Any of these makes a folder one of the kind: that others are missing is a problem.
_OF_A_RUN = ("settings.json", "history.csv", "checkpoint", "failure.json")
_OF_A_SAVED_MODEL = ("saved_model.pb", "variables", export.RECORD)
_EXPECTED = (
    "expected a run directory, a study's folder, the folder of a SavedModel or of a "
    "preset, a .keras, .onnx or .tflite file, a .weights.h5 checkpoint, or a folder of "
    "those"
)


def findings(path):
    """Check what is at a path: that it is complete, whole, and loads.

    Nothing is written or repaired.

    Args:
        path: str or path of a run directory, a study, the folder of a SavedModel or of
            a preset, a `.keras`, `.onnx` or `.tflite` file, a checkpoint, or a folder
            of those.

    Yields:
        `Finding`s, as they are made.

    Example:

    >>> import kerasgen.check
    >>> for finding in kerasgen.check.findings("runs/mnist"):
    ...     print(finding)
    """
    path = pathlib.Path(path)
    check = _checker(path)
    if check is not None:
        yield from check(path)
        return
    if not path.is_dir():
        said = "it is nothing to check" if path.exists() else "there is nothing"
        yield problem(path, f"{said}; {_EXPECTED}.")
        return
    inside = [child for child in sorted(path.iterdir()) if _holds_something(child)]
    if not inside:
        yield problem(path, f"it holds nothing to check; {_EXPECTED}.")
    for child in inside:
        yield from findings(child)


def problems(path):
    """Problems of what is at a path.

    Args:
        path: As for `findings`.

    Returns:
        List of sentences, each with the file and what to do; empty if all is fine.

    Example:

    >>> import kerasgen.check
    >>> kerasgen.check.problems("saved_models/dcgan")
    []
    """
    return [
        f"{finding.path}: {finding.text}"
        for finding in findings(path)
        if finding.is_problem
    ]


def _checker(path):
    """The function that checks what is at a path, or None."""
    if path.is_file():
        if path.suffix == ".keras":
            return check_keras_file
        if path.suffix in SUFFIXES:
            return check_network
        return check_checkpoint if path.name.endswith(".weights.h5") else None
    if any((path / name).exists() for name in _OF_A_RUN):
        return check_run
    if path.is_dir() and any(child.suffix in SUFFIXES for child in path.iterdir()):
        return check_networks
    if any((path / name).exists() for name in _OF_A_SAVED_MODEL):
        return check_saved_model
    if sum((path / name).exists() for name in preset_files.FILES) > 1:
        return check_preset
    is_study = (path / records.PLAN).exists() or any(path.glob("*/seed*/settings.json"))
    return check_study if is_study else None


def _holds_something(path):
    if _checker(path) is not None:
        return True
    return path.is_dir() and any(map(_holds_something, path.iterdir()))
