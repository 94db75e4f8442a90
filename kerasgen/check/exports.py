"""Exports on disk: SavedModels, ONNX and LiteRT files, their checksums and loading."""

import importlib

from kerasgen import export
from kerasgen.check.finding import fine
from kerasgen.check.finding import first_line
from kerasgen.check.finding import problem

EXPORT_AGAIN = "Copy the whole folder again, or export the model anew."
# From the ending of a file to the module that runs it, and how it loads one.
_RUNTIMES = {
    ".onnx": ("onnxruntime", lambda module, path: module.InferenceSession(path)),
    ".tflite": (
        "ai_edge_litert.interpreter",
        lambda module, path: module.Interpreter(path).allocate_tensors(),
    ),
}
SUFFIXES = tuple(_RUNTIMES)


def check_saved_model(path):
    """Yield the finding on the folder of a SavedModel."""
    missing = [
        name
        for name in ("saved_model.pb", "variables/variables.index")
        if not (path / name).is_file()
    ]
    if missing:
        yield problem(path, f"it lacks {' and '.join(missing)}. {EXPORT_AGAIN}")
        return
    try:
        recorded, found = _checksums(path), export.checksums(path)
        # Before it is loaded: a SavedModel is a program.
        changed = [name for name in recorded if found.get(name) != recorded[name]]
        if changed:
            said = f"the checksum of {', '.join(changed)} is wrong"
            yield problem(path, f"{said}. {EXPORT_AGAIN}")
            return
        export.load(path)
    except Exception as error:  # whatever is stumbled over in a damaged folder
        said = first_line(error)
        yield problem(path, f"it cannot be loaded ({said}). {EXPORT_AGAIN}")
        return
    yield fine(path, "whole, and loads")


def check_networks(folder):
    """Yield the findings on a folder that `save_onnx` or `save_litert` wrote."""
    there = {path for path in folder.iterdir() if path.suffix in SUFFIXES}
    try:
        recorded = {folder / name for name in _checksums(folder)}
    except ValueError as error:
        yield problem(folder, str(error))
        return
    for path in sorted(there | recorded):
        yield from check_network(path)


def check_network(path):
    """Yield the finding on an `.onnx` or `.tflite` file, by the record beside it."""
    try:
        expected = _checksums(path.parent).get(path.name)
    except ValueError as error:
        yield problem(path, str(error))
        return
    # Before it is loaded, as for a SavedModel.
    found = export.checksums(path.parent).get(path.name)
    if expected not in (None, found):
        said = "its checksum is wrong" if found else "it is missing"
        yield problem(path, f"{said}. {EXPORT_AGAIN}")
        return
    said = "whole" if expected else f"no {export.RECORD} has its checksum"
    name, load = _RUNTIMES[path.suffix]
    try:
        load(importlib.import_module(name), str(path))
    except ImportError:
        yield fine(path, f"{said}; not loaded, as {name} is not installed")
    except Exception as error:  # whatever a runtime stumbles over in a damaged file
        said = first_line(error)
        yield problem(path, f"it cannot be loaded ({said}). {EXPORT_AGAIN}")
    else:
        yield fine(path, f"{said}, and loads")


def _checksums(folder):
    """Those of the record of a folder; empty if there is none."""
    try:
        return dict(export.read_record(folder).get("sha256", {}))
    except TypeError as error:
        raise ValueError(
            f"{folder / export.RECORD} is damaged ({error}). {EXPORT_AGAIN}"
        ) from error
