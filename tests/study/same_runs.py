"""What two run directories do not have in common, bit by bit."""

import io
import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import tensorflow as tf

from kerasgen.callbacks import read_history


def differences(first, second):
    """Names of the files that only one of two run directories has, or that differ.

    Two runs may differ in the seconds that they took and the dates in their files; a
    file that a killed run left half written is one too many.
    """
    files = [_files(Path(one)) for one in (first, second)]
    names = set(files[0]) | set(files[1])
    return sorted(n for n in names if n not in files[0] or not _same(n, *files))


def _files(directory):
    every = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path for path in every}


def _same(name, first, second):
    if name not in second:
        return False
    read = READERS.get(Path(name).name) or READERS.get(name[name.rfind(".") :])
    contents = [(read or Path.read_bytes)(one[name]) for one in (first, second)]
    return contents[0] == contents[1]


def _history(path):
    columns = read_history(path)
    columns.pop("seconds")
    return repr(columns)  # NaN is not equal to itself


def _evaluations(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [
        {key: value for key, value in line.items() if not key.startswith("seconds")}
        for line in lines
    ]


def _evaluation(path):
    record = json.loads(path.read_text())
    return {k: v for k, v in record.items() if not k.startswith("seconds")}


def _settings(path):
    record = json.loads(path.read_text())
    del record["environments"]  # the code may have been committed in between
    return record


def _export(path):
    record = json.loads(path.read_text())
    return {**record, "sha256": sorted(record["sha256"])}  # see READERS


def _arrays(path):
    with np.load(path) as arrays:
        return {name: (arrays[name].dtype, arrays[name].tobytes()) for name in arrays}


def _datasets(path):
    found = {}

    def add(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = (item.dtype, item.shape, item[()].tobytes())

    with h5py.File(path, "r") as file:
        file.visititems(add)
    return found


def _model(path):
    with zipfile.ZipFile(path) as archive:
        weights = _datasets(io.BytesIO(archive.read("model.weights.h5")))
        return archive.read("config.json"), weights


def _variables(path):
    reader = tf.train.load_checkpoint(str(path.with_suffix("")))
    names = set(reader.get_variable_to_shape_map()) - {"_CHECKPOINTABLE_OBJECT_GRAPH"}
    return sorted(reader.get_tensor(name).tobytes() for name in names)


def _size(path):
    return path.stat().st_size


READERS = {
    "settings.json": _settings,
    "history.csv": _history,
    "history.json": _history,
    "evaluation.json": _evaluation,
    "evaluations.jsonl": _evaluations,
    # The parts of an export are written in no fixed order, names with counters in them.
    "export.json": _export,
    "saved_model.pb": Path.exists,
    "fingerprint.pb": Path.exists,
    "variables.data-00000-of-00001": _size,
    "variables.index": _variables,
    ".npz": _arrays,
    ".h5": _datasets,
    ".keras": _model,
}
