"""Record beside an export: how its model was made, and checksums of its files."""

import hashlib
import json
import pathlib

import keras
import tensorflow as tf

from kerasgen.files import PathLike

RECORD = "export.json"


def write_record(model: keras.Model, folder: pathlib.Path, **further) -> None:
    """Writes the record of an export, when its files are complete.

    Args:
        model: The model that was exported.
        folder: `pathlib.Path` of the export.
        **further: JSON-serialisable values to record.
    """
    record = {
        **describe(model),
        **further,
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__},
        "sha256": checksums(folder),
    }
    (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n")


def describe(model: keras.Model) -> dict:
    """Class and shapes of a model, with which its record begins."""
    return {
        "model": type(model).__name__,
        "image_shape": list(model.image_shape),
        "latent_dim": model.latent_dim,
        "num_classes": model.num_classes,
    }


def read_record(path: PathLike) -> dict:
    """Reads the record of an export.

    Args:
        path: Folder of the export.

    Returns:
        Dict; empty if there is no record.

    Raises:
        ValueError: If the record is damaged.
    """
    path = pathlib.Path(path) / RECORD
    if not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_text()))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"Got {path}, which is damaged ({error}); expected a record in JSON. "
            "Export the model anew."
        ) from error


def checksums(path: PathLike) -> dict[str, str]:
    """SHA-256 of each file of an export but its record, as hexadecimal digits.

    Args:
        path: Folder of an export.

    Returns:
        Dict from the path of a file within the folder to its checksum.
    """
    path = pathlib.Path(path)
    found = {}
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if file.is_file() and name != RECORD:
            with file.open("rb") as opened:
                found[name] = hashlib.file_digest(opened, "sha256").hexdigest()
    return found
