"""Models on disk: `.keras` files, presets and checkpoints, whether they load."""

import warnings
import zipfile

from kerasgen import study
from kerasgen.callbacks.weights_file import DamagedFileError
from kerasgen.callbacks.weights_file import read_owner
from kerasgen.check.finding import fine
from kerasgen.check.finding import first_line
from kerasgen.check.finding import problem
from kerasgen.core.base import GenerativeModel

REMOVE = "Remove it: a run goes on from the checkpoint before it."
ANEW = (
    "Use a whole copy; in a run directory, remove metrics.jsonl and give the same "
    "command again: it is made anew from the checkpoint."
)


def check_keras_file(path):
    """Yield the finding on a `.keras` file, loaded without running code from it."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            yield problem(path, f"the checksum of {damaged} in it is wrong. {ANEW}")
            return
        with warnings.catch_warnings():
            # Keras only warns when it leaves an optimizer without its state.
            warnings.filterwarnings("error", message="Skipping variable loading")
            model = study.load_model(path)
    except Exception as error:  # whatever a reader stumbles over in a damaged file
        # `load_model` says in its own words what the reader stumbled over.
        said = first_line(error.__cause__ or error)
        yield problem(path, f"it cannot be loaded ({said}). {ANEW}")
        return
    yield fine(path, f"loads as {type(model).__name__}")


def check_preset(path):
    """Yield the finding on the folder of a preset."""
    try:
        model = GenerativeModel.from_preset(path)
    except ValueError as error:  # it says what to do
        yield problem(path, str(error))
        return
    yield fine(path, f"whole, and loads as {type(model).__name__}")


def check_checkpoint(path):
    """Yield the finding on a weights file that `Checkpoint` wrote."""
    try:
        owner = read_owner(path)
    except (DamagedFileError, OSError, RuntimeError) as error:
        yield problem(path, f"it is damaged ({first_line(error)}). {REMOVE}")
        return
    if owner is None:
        yield fine(path, "readable, but without a checksum (Keras alone wrote it)")
    else:
        yield fine(path, f"whole, written by {owner['class']}")
