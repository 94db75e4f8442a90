"""`model.keras` of a run, which says of how many epochs it is.

It holds all that a checkpoint holds, so that a complete run needs none.
"""

import json
import pathlib
import zipfile

import keras
from absl import logging

from kerasgen import files
from kerasgen.callbacks.weights_file import ForeignFileError
from kerasgen.callbacks.weights_file import load_state

NAME = "model.keras"
RECORD = "kerasgen.json"  # in the archive, beside what Keras writes


def save(model: keras.Model, directory: pathlib.Path, epochs_done: int) -> None:
    """Write the file of a run.

    Args:
        model: Model of the zoo, trained.
        directory: The run directory.
        epochs_done: Epochs that it was trained for.
    """
    with files.replacing(directory / NAME) as temporary:
        model.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(RECORD, json.dumps({"epochs_done": epochs_done}))


def restore(model: keras.Model, directory: pathlib.Path) -> int:
    """Load the state of a run from its file: weights, optimizers, random state.

    Args:
        model: Model with the settings of that run.
        directory: The run directory.

    Returns:
        Epochs done; 0 if there is no file, it is damaged, as the log then says, or it
        does not say of how many epochs it is.

    Raises:
        kerasgen.callbacks.weights_file.ForeignFileError: If it is of a model with
            other settings.
    """
    path = directory / NAME
    if not path.exists():
        return 0
    try:
        with zipfile.ZipFile(path) as archive:
            if RECORD not in archive.namelist():  # written by another version
                return 0
            if (damaged := archive.testzip()) is not None:
                raise ValueError(f"the checksum of {damaged} in it is wrong")
            done = json.loads(archive.read(RECORD))["epochs_done"]
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        logging.warning("%s is damaged (%s).", path, error)
        return 0
    try:
        load_state(model, path)
    except ForeignFileError as error:
        # Keras lists all objects that do not fit, a line each.
        raise ForeignFileError(
            f"{path} does not belong to this model: {str(error).splitlines()[0]} "
            "Choose another runs directory, or remove the run to start over."
        ) from None
    return done
