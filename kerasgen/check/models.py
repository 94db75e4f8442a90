"""Models on disk: `.keras` files, SavedModels, checkpoints, and what they sample."""

import warnings
import zipfile

import h5py
import numpy as np

from kerasgen import export
from kerasgen import study
from kerasgen.callbacks.weights_file import DamagedFileError
from kerasgen.callbacks.weights_file import read_owner
from kerasgen.check.finding import fine
from kerasgen.check.finding import problem
from kerasgen.core.base import GenerativeModel

NUM_SAMPLES = 4
EXPORT_AGAIN = "Copy the whole folder again, or export the model anew."
REMOVE = "Remove it: a run goes on from the checkpoint before it."


class DamagedModelError(ValueError):
    """A file or folder holds no model that can be used."""


def load_keras_file(path):
    """Loads a `.keras` file in Keras' safe mode, which runs no code from the file.

    Args:
        path: `pathlib.Path`.

    Returns:
        A model of the zoo.

    Raises:
        DamagedModelError: If the file is not whole, or not one of kerasgen's.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise DamagedModelError(f"the checksum of {damaged} in it is wrong")
        with warnings.catch_warnings():
            # Keras only warns when it leaves an optimizer without its state.
            warnings.filterwarnings("error", message="Skipping variable loading")
            return study.load_model(path)
    except DamagedModelError:
        raise
    except Exception as error:  # whatever a reader stumbles over in a damaged file
        # `load_model` says in its own words what the reader stumbled over.
        raise DamagedModelError(first_line(error.__cause__ or error)) from error


def check_keras_file(path):
    """Yields the findings on a `.keras` file."""
    try:
        model = load_keras_file(path)
    except DamagedModelError as error:
        yield problem(
            path,
            f"it cannot be loaded ({error}). Use a whole copy; in a run directory, "
            "remove it and give the same command again: it is made anew from the "
            "checkpoint.",
        )
        return
    yield from check_weights(path, model)
    yield from check_samples(path, model)


def check_weights(path, model):
    """Yields a finding if weights of a model are not finite."""
    bad = [w.path for w in model.weights if not np.isfinite(w.numpy()).all()]
    if bad:
        yield problem(
            path,
            f"{len(bad)} weights hold NaN or infinity, the first is {bad[0]}. The "
            "model has diverged: use an earlier checkpoint or train again.",
        )


def check_samples(path, model):
    """Yields the finding on what a model, or an exported one, samples."""
    # Of an export without a record, only the labels' form is known, not their range.
    is_bare = getattr(model, "is_conditional", False) and model.num_classes is None
    labels = np.zeros(NUM_SAMPLES, "int32") if is_bare else None
    images, again = (model.sample(NUM_SAMPLES, labels, seed=0) for _ in range(2))
    said = _wrong_with(images, tuple(model.image_shape))
    if said is None and not np.array_equal(images, again):
        said = "equal seeds give different samples"
    if said is None:
        yield fine(path, f"loads and samples {_size(images.shape[1:])} images")
    else:
        yield problem(path, f"{said}. Do not use this model; train or export it again.")


def _wrong_with(images, image_shape):
    if images.shape != (NUM_SAMPLES, *image_shape):
        return f"samples have shape {images.shape[1:]}; expected {image_shape}"
    if not np.isfinite(images).all():
        return "samples hold NaN or infinity"
    low, high = float(images.min()), float(images.max())
    if low < 0.0 or high > 1.0:
        return f"samples have pixels from {low:.4g} to {high:.4g}; expected [0, 1]"
    return None


def check_preset(path):
    """Yields the findings on the folder of a preset."""
    try:
        model = GenerativeModel.from_preset(path)
    except ValueError as error:  # it says what to do
        yield problem(path, str(error))
        return
    yield from check_weights(path, model)
    yield from check_samples(path, model)


def check_saved_model(path):
    """Yields the findings on the folder of a SavedModel."""
    missing = [
        name
        for name in ("saved_model.pb", "variables/variables.index")
        if not (path / name).is_file()
    ]
    if missing:
        yield problem(path, f"it lacks {' and '.join(missing)}. {EXPORT_AGAIN}")
        return
    try:
        record = export.read_record(path)
        sums, found = record.get("sha256", {}), export.checksums(path)
        # Before it is loaded: a SavedModel is a program.
        changed = [name for name in sums if found.get(name) != sums[name]]
        if changed:
            yield problem(
                path, f"the checksum of {', '.join(changed)} is wrong. {EXPORT_AGAIN}"
            )
            return
        model = export.load(path)
        there = {
            "image_shape": list(model.image_shape),
            "latent_dim": model.latent_dim,
        }
        wrong = [name for name in there if record.get(name, there[name]) != there[name]]
    except Exception as error:  # whatever is stumbled over in a damaged folder
        yield problem(
            path, f"it cannot be loaded ({first_line(error)}). {EXPORT_AGAIN}"
        )
        return
    if wrong:
        yield problem(
            path / export.RECORD,
            f"{' and '.join(wrong)} differ from the SavedModel's: it is the record of "
            f"another model. {EXPORT_AGAIN}",
        )
    yield from check_samples(path, model)


def check_checkpoint(path):
    """Yields the findings on a weights file that `Checkpoint` wrote."""
    try:
        owner = read_owner(path)
        bad = _not_finite(path)
    except (DamagedFileError, OSError, RuntimeError) as error:
        yield problem(path, f"it is damaged ({first_line(error)}). {REMOVE}")
        return
    if bad:
        yield problem(path, f"{bad[0]} in it holds NaN or infinity. {REMOVE}")
    elif owner is None:
        yield fine(path, "readable, but without a checksum (Keras alone wrote it)")
    else:
        yield fine(path, f"whole, written by {owner['class']}")


def _not_finite(path):
    """Names of the numbers in a weights file that are not all finite."""
    found = []

    def visit(name, item):
        is_float = isinstance(item, h5py.Dataset) and item.dtype.kind == "f"
        if is_float and not np.isfinite(item[()]).all():
            found.append(name)

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return found


def first_line(error):
    """What an error says, without the trace that some put into their message."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _size(shape):
    return " x ".join(str(number) for number in shape)
