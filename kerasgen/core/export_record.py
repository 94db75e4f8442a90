"""Record beside an export: how its model was made, and checksums of its files."""

import hashlib
import json
import pathlib

import keras
import tensorflow as tf

from kerasgen.files import PathLike
from kerasgen.files import user_path

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
        "prior_is_standard": model.prior_is_standard,
        "num_gaussian": model.num_gaussian,
        "codes_are_noise": model.codes_are_noise,
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
    path = user_path(path) / RECORD
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
    path = user_path(path)
    found = {}
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if file.is_file() and name != RECORD:
            with file.open("rb") as opened:
                found[name] = hashlib.file_digest(opened, "sha256").hexdigest()
    return found


def replaceable(path: PathLike, settings: dict) -> bool:
    """Whether an export to `path` would lose nothing.

    That is so where there is nothing yet, or an export made with the same settings, or
    with the same settings and fewer epochs: the same run, taken further.

    Args:
        path: Folder of an export.
        settings: JSON-serialisable dict, as `model.export` takes it.
    """
    path = user_path(path)
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return True
    if not (path / RECORD).exists():
        return False
    try:
        return taken_further(read_record(path)["settings"], settings)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False  # damaged: it is not known what is lost


def is_of(path: PathLike, model: keras.Model) -> bool:
    """Whether an export, if there is one, is of a model that is described alike.

    Args:
        path: Folder of an export.
        model: A model of the zoo.
    """
    if not (user_path(path) / RECORD).exists():
        return True
    old, new = read_record(path), describe(model)
    return all(old.get(name) == value for name, value in new.items())


def taken_further(old: dict, new: dict) -> bool:
    """Whether settings are the old ones, with as many epochs or more.

    Args:
        old, new: Dicts of the settings of a training.
    """
    fewer = old.get("epochs", 0) <= new.get("epochs", 0)
    return fewer and {**old, "epochs": None} == {**new, "epochs": None}
