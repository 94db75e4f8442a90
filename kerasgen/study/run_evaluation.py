"""Evaluation of a trained run: its numbers, and pictures that only the model can give.

It adds to the run directory `interpolations.npz`, `neighbours.npz` (the training images
nearest to samples) and, as the sign that all is there, `evaluation.json`, whose numbers
are in `metrics`.
"""

import json
import pathlib

import numpy as np
from scipy.spatial.distance import cdist

from kerasgen import evaluation
from kerasgen import files
from kerasgen.callbacks.evaluate_samples import METRICS as METRICS_IN_TRAINING
from kerasgen.evaluation.sample_metrics import SAMPLE_METRICS
from kerasgen.study import pictures
from kerasgen.study.records import nested

NUM_IN_TRAINING = 1000
# Draws of samples over which numbers of samples are averaged, in arms of a comparison.
SAMPLING_SEEDS = 3
INTERPOLATIONS = 5
NEIGHBOURS = 5


def evaluate_run(model, settings, directory, reference, *, num_samples=10_000) -> dict:
    """Evaluate the model of a run, if it has not been.

    In an arm of a comparison, numbers of samples are means over `SAMPLING_SEEDS` draws,
    and a model with an encoder is evaluated once more, with a prior fitted to codes of
    training images.

    Args:
        model: The trained model.
        settings: `RunSettings` of the run.
        directory: The run directory.
        reference: `kerasgen.evaluation.Reference` with training and test images.
        num_samples: Number of samples, positive int.

    Returns:
        The record, as in evaluation.json.

    Raises:
        kerasgen.evaluation.NotFiniteError: If samples hold NaN or infinity.
    """
    directory = pathlib.Path(directory)
    if is_evaluated(directory, settings, num_samples):
        return json.loads((directory / "evaluation.json").read_text())
    seeds = SAMPLING_SEEDS if settings.arm else 1
    record = _evaluate(model, reference, num_samples, settings.seed, seeds)
    images = pictures.interpolate(model, INTERPOLATIONS, seed=settings.seed)
    save_arrays(directory / "interpolations.npz", images=in_bytes(images))
    save_arrays(directory / "neighbours.npz", **_neighbours(directory, reference))
    if settings.arm and hasattr(model, "fit_prior"):
        labels = reference.train.labels if settings.conditional else None
        model.fit_prior(reference.train.images, labels, seed=settings.seed)
        fitted = _evaluate(
            model, reference, num_samples, settings.seed, seeds, _sample_metrics(record)
        )
        record["fitted_prior"] = {"metrics": fitted["metrics"]}
        samples = model.sample(100, seed=settings.seed)
        save_arrays(directory / "samples_fitted.npz", images=in_bytes(samples))
    record = {"epoch": settings.epochs, **record}
    _write(directory / "evaluation.json", record)
    return record


def _evaluate(model, reference, num_samples, seed, seeds, metrics="all"):
    """The record of one draw of samples, or with means over several in `metrics`."""
    record = nested(
        evaluation.evaluate(
            model, reference, num_samples=num_samples, seed=seed, metrics=metrics
        )
    )
    if seeds == 1:
        return record
    draws = [record["metrics"]]
    for offset in range(1, seeds):
        again = evaluation.evaluate(
            model,
            reference,
            num_samples=num_samples,
            # Far from the seeds of other runs.
            seed=seed + 10_000 * offset,
            metrics=_sample_metrics(record),
        )
        draws.append(nested(again)["metrics"])
    means = {
        name: float(np.mean([float(draw[name]) for draw in draws]))
        for name, value in record["metrics"].items()
        if value is not None and all(draw.get(name) is not None for draw in draws)
    }
    record["metrics"] = record["metrics"] | means
    return {**record, "sampling_seeds": seeds, "draws": draws[1:]}


def _sample_metrics(record):
    """Names of the metrics of samples that a record has numbers of."""
    flat = record | record["metrics"]
    found = {}
    for name, metric in SAMPLE_METRICS.items():
        names = [evaluation.find_name(flat, base) for base in metric.outputs]
        found[name] = any(flat.get(one) is not None for one in names)
    return [name for name, is_there in found.items() if is_there]


def is_evaluated(directory, settings, num_samples) -> bool:
    """Whether a run was evaluated after its last epoch, by as many samples."""
    wanted = {
        "epoch": settings.epochs,
        "num_samples": num_samples,
        "record_version": evaluation.RECORD_VERSION,
    }
    return _holds(pathlib.Path(directory) / "evaluation.json", wanted)


def evaluate_real_images(reference, watched, path, *, num_samples=10_000) -> None:
    """Write the numbers of real images, evaluated as if they were samples.

    Args:
        reference: `kerasgen.evaluation.Reference` with training and test images.
        watched: `Reference` of the evaluations in training; test images are set
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
        "final": nested(evaluation.evaluate_real(reference, num_samples=num_samples)),
        "during": nested(during),
        "pixels": nested(evaluation.evaluate_pixels(reference)),
    }
    _write(path, record)


def in_bytes(images) -> np.ndarray:
    """Images in [0, 1] as uint8."""
    return np.uint8(images * 255.0 + 0.5)


def save_arrays(path, **arrays) -> None:
    """Write an .npz file, whole or not at all."""
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
