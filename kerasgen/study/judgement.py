"""A trained run judged: its numbers, and pictures that only the model can give.

It adds to the run directory `interpolations.npz`, `neighbours.npz` (the training images
nearest to samples) and, as the sign that all is there, `evaluation.json`.
"""

import json
import pathlib

import numpy as np
from scipy.spatial.distance import cdist

from kerasgen import evaluation
from kerasgen import files
from kerasgen.callbacks.evaluate_samples import METRICS as METRICS_IN_TRAINING
from kerasgen.study import pictures

NUM_IN_TRAINING = 1000
INTERPOLATIONS = 5
NEIGHBOURS = 5


def judge(model, settings, directory, reference, *, num_samples=10_000):
    """Judges the model of a run, if it has not been.

    Args:
        model: The trained model.
        settings: `RunSettings` of the run.
        directory: The run directory.
        reference: `kerasgen.evaluation.Reference` with training and test images.
        num_samples: Number of samples to judge, positive int.

    Returns:
        The record of `kerasgen.evaluate`.

    Raises:
        kerasgen.evaluation.NotFiniteError: If samples hold NaN or infinity.
    """
    directory = pathlib.Path(directory)
    if is_judged(directory, settings, num_samples):
        return json.loads((directory / "evaluation.json").read_text())
    record = evaluation.evaluate(
        model, reference, num_samples=num_samples, seed=settings.seed
    )
    images = pictures.interpolate(model, INTERPOLATIONS, seed=settings.seed)
    save_arrays(directory / "interpolations.npz", images=in_bytes(images))
    save_arrays(directory / "neighbours.npz", **_neighbours(directory, reference))
    record = {"epoch": settings.epochs, **record}
    _write(directory / "evaluation.json", record)
    return record


def is_judged(directory, settings, num_samples):
    """Whether a run was judged after its last epoch, by as many samples."""
    wanted = {
        "epoch": settings.epochs,
        "num_samples": num_samples,
        "record_version": evaluation.RECORD_VERSION,
    }
    return _holds(pathlib.Path(directory) / "evaluation.json", wanted)


def judge_real(reference, watched, path, *, num_samples=10_000):
    """Writes what models are read beside: real images judged as if they were samples.

    Args:
        reference: `kerasgen.evaluation.Reference` with training and test images.
        watched: `Reference` of the evaluations in training; test images are judged
            against it.
        path: The file `real.json` of a study.
        num_samples: As for the models.
    """
    path = pathlib.Path(path)
    wanted = {
        "num_samples": num_samples,
        "features": reference.extractor.name,
        "num_train": len(reference.train.images),
        "record_version": evaluation.RECORD_VERSION,
    }
    if _holds(path, {"wanted": wanted}):
        return
    during = evaluation.evaluate(
        reference.test.images,
        watched,
        num_samples=NUM_IN_TRAINING,
        metrics=METRICS_IN_TRAINING,
    )
    record = {
        "wanted": wanted,
        "final": evaluation.evaluate_real(reference, num_samples=num_samples),
        "during": during,
        "pixels": evaluation.evaluate_pixels(reference),
    }
    _write(path, record)


def in_bytes(images):
    """Images in [0, 1] as uint8."""
    return np.uint8(images * 255.0 + 0.5)


def save_arrays(path, **arrays):
    """Writes an .npz file, whole or not at all."""
    with files.replacing(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def _neighbours(directory, reference):
    """The first samples of a run and the training images nearest in features."""
    with np.load(directory / "samples.npz") as arrays:
        samples = arrays["images"][:10]
    features = reference.extractor(samples).features
    distances = cdist(features, reference.train.features)
    nearest = np.argsort(distances, axis=1)[:, :NEIGHBOURS]
    images = reference.train.images[nearest]
    return {
        "samples": samples,
        "neighbours": images if images.dtype == np.uint8 else in_bytes(images),
        "distances": np.take_along_axis(distances, nearest, axis=1),
    }


def _holds(path, wanted):
    """Whether a record is there with the values wanted; a damaged one is not there."""
    try:
        record = json.loads(path.read_text())
        return all(record[key] == value for key, value in wanted.items())
    except (FileNotFoundError, KeyError, TypeError, ValueError, RecursionError):
        return False


def _write(path, record):
    with files.replacing(path) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n")
