"""A folder with a file for each network of a model, whatever the format."""

import pathlib
from collections.abc import Callable

import keras

from kerasgen import files
from kerasgen.core.export_record import RECORD
from kerasgen.core.export_record import write_record
from kerasgen.files import PathLike

# From the name of a file to what `GenerativeModel.endpoints` calls its function.
ENDPOINTS = {
    "generator": "serving_default",
    "encoder": "encode",
    "discriminator": "discriminate",
    "classifier": "classify",
}


def write(
    model: keras.Model, path: PathLike, suffix: str, convert: Callable
) -> pathlib.Path:
    """Converts the networks of a model and writes them to a folder, all or none.

    A record with their checksums stands beside them, `export.json`.

    Args:
        model: A model of the zoo.
        path: Folder to write; older files of the same names there are replaced.
        suffix: Ending of the files, such as ".onnx".
        convert: Function of a network's name, its function and the list of
            `tf.TensorSpec` that this takes; returns the bytes of a file.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        FileExistsError: If there is something else at `path`.
        ValueError: If nothing can be written beside `path`, or the format lacks an
            operation of a network.
    """
    path = files.user_path(path)
    _check_replaceable(path, {RECORD, *(f"{name}{suffix}" for name in ENDPOINTS)})
    endpoints = model.in_float32().endpoints()
    contents = {
        f"{name}{suffix}": _converted(model, name, convert, endpoints[endpoint])
        for name, endpoint in ENDPOINTS.items()
        if endpoint in endpoints
    }

    def write_files(folder):
        folder = pathlib.Path(folder)
        folder.mkdir()
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        write_record(model, folder)

    files.write_folder(path, write_files)
    return path


def _converted(model, name, convert, endpoint):
    try:
        return convert(name, *endpoint)
    except Exception as error:  # each converter has errors of its own
        first = str(error).strip().partition("\n")[0]
        raise ValueError(
            f"Got {type(model).__name__} whose {name} cannot be written in this format "
            f"({type(error).__name__}: {first:.200}); expected operations that it has. "
            "Export a SavedModel: model.export(folder)."
        ) from error


def _check_replaceable(path, names):
    if not path.exists():
        return
    if not path.is_dir():
        raise FileExistsError(f"Got {path}, a file; expected a folder, or nothing yet.")
    others = sorted({found.name for found in path.iterdir()} - names)
    if others:
        raise FileExistsError(
            f"Got {path}, which also holds {others[0]}; expected a folder of an export "
            "alone, to replace it. Export to a folder of its own."
        )
