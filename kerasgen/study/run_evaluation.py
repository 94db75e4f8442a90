"""Evaluation of a trained run: its numbers, and pictures that only the model can give.

It adds to the run directory `interpolations.npz`, `neighbours.npz` (the training images
nearest to samples) and, as the sign that all is there, `evaluation.json`, whose numbers
are in `metrics`.
"""

from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import cdist

from kerasgen import evaluation
from kerasgen import files
from kerasgen.callbacks.evaluate_samples import METRICS as METRICS_IN_TRAINING
from kerasgen.evaluation.sample_metrics import SAMPLE_METRICS
from kerasgen.study import json_files
from kerasgen.study import pictures
from kerasgen.study.records import flat
from kerasgen.study.records import nested
from kerasgen.study.settings import RunSettings

NUM_IN_TRAINING = 1000
# Draws of samples over which numbers of samples are averaged, in arms of a comparison.
SAMPLING_SEEDS = 3
# Gaussians of a fitted prior (Ghosh et al. 2020), where there are images enough.
COMPONENTS = 10
INTERPOLATIONS = 5
NEIGHBOURS = 5


def evaluate_run(
    model,
    settings: RunSettings,
    directory: files.PathLike,
    reference: evaluation.Reference,
    *,
    num_samples: int = 10_000,
    tell: Callable[[str], None] | None = None,
) -> dict:
    """Evaluate the model of a run, if it has not been; the record of evaluation.json.

    In an arm of a comparison, numbers of samples are means over `SAMPLING_SEEDS` draws.
    A model with an encoder is evaluated once more, with a prior fitted to codes of
    training images, unless a class has none.

    Args:
        model: The trained model.
        settings: `RunSettings` of the run.
        directory: The run directory.
        reference: `Reference` with training and test images.
        num_samples: Number of samples, positive int.
        tell: As `evaluation.evaluate` takes it.

    Raises:
        kerasgen.evaluation.NotFiniteError: If samples hold NaN or infinity.
    """
    directory = files.user_path(directory)
    if is_evaluated(directory, settings, num_samples):
        return json_files.read(directory / "evaluation.json")
    seeds = SAMPLING_SEEDS if settings.arm else 1
    common = {"num_samples": num_samples, "tell": tell}
    record = _evaluate(model, reference, settings.seed, seeds, **common)
    images = pictures.interpolate(model, INTERPOLATIONS, seed=settings.seed)
    save_arrays(directory / "interpolations.npz", images=in_bytes(images))
    save_arrays(directory / "neighbours.npz", **_neighbours(directory, reference))
    labels = reference.train.labels if settings.conditional else None
    components = components_of_prior(model, reference.train.images, labels)
    if components:
        model.fit_prior(
            reference.train.images, labels, components=components, seed=settings.seed
        )
        common["metrics"] = _sample_metrics(record)
        fitted = _evaluate(model, reference, settings.seed, seeds, **common)
        record["fitted_prior"] = {
            "components": components,
            "metrics": fitted["metrics"],
        }
        samples = model.sample(100, seed=settings.seed)
        save_arrays(directory / "samples_fitted.npz", images=in_bytes(samples))
    record = {"epoch": settings.epochs, **record}
    json_files.write(directory / "evaluation.json", record)
    return record


def components_of_prior(model, images: np.ndarray, labels: np.ndarray | None) -> int:
    """Number of Gaussians to fit to codes: fewer where a class has few images.

    Args:
        model: The trained model.
        images: Training images.
        labels: Their classes for a conditional model, else None.

    Returns:
        At most `COMPONENTS`; 0 for a model without an encoder, or a class without
        images.
    """
    if not hasattr(model, "fit_prior"):
        return 0
    counts = [len(images)]
    if labels is not None:
        counts = np.bincount(labels, minlength=model.num_classes)
    return int(min(COMPONENTS, *counts))


def _evaluate(model, reference, seed, seeds, metrics="all", **common):
    """The record of one draw of samples, or with means over several in `metrics`."""

    def draw(seed, metrics):
        given = {"seed": seed, "metrics": metrics, **common}
        return nested(evaluation.evaluate(model, reference, **given))

    record = draw(seed, metrics)
    if seeds == 1:
        return record
    # Far from the seeds of other runs.
    others = [seed + 10_000 * offset for offset in range(1, seeds)]
    draws = [draw(one, _sample_metrics(record))["metrics"] for one in others]
    for name, value in record["metrics"].items():
        values = [value, *(each.get(name) for each in draws)]
        if None not in values:
            record["metrics"][name] = float(np.mean([float(v) for v in values]))
    return {**record, "sampling_seeds": seeds, "draws": draws}


def _sample_metrics(record):
    """Names of the metrics of samples that a record has numbers of."""
    record = flat(record)
    return [
        name
        for name, metric in SAMPLE_METRICS.items()
        if any(
            record.get(evaluation.find_name(record, base)) is not None
            for base in metric.outputs
        )
    ]


def is_evaluated(
    directory: files.PathLike, settings: RunSettings, num_samples: int
) -> bool:
    """Whether a run was evaluated after its last epoch, by as many samples."""
    return json_files.holds(
        files.user_path(directory) / "evaluation.json",
        epoch=settings.epochs,
        num_samples=num_samples,
        record_version=evaluation.RECORD_VERSION,
    )


def evaluate_real_images(
    reference: evaluation.Reference,
    watched: evaluation.Reference,
    path: files.PathLike,
    *,
    num_samples: int = 10_000,
    tell: Callable[[str], None] | None = None,
) -> None:
    """Write the numbers of real images, evaluated as if they were samples.

    Args:
        reference: `Reference` with training and test images.
        watched: That of the evaluations in training; test images are set against it.
        path: The file `real.json` of a study.
        num_samples, tell: As for the models.
    """
    wanted = {
        "num_samples": num_samples,
        "features": reference.extractor.name,
        "num_train": len(reference.train.images),
        "record_version": evaluation.RECORD_VERSION,
    }
    if json_files.holds(path, wanted=wanted):
        return
    during = evaluation.evaluate(
        reference.test.images,
        watched,
        num_samples=NUM_IN_TRAINING,
        metrics=METRICS_IN_TRAINING,
        tell=tell,
    )
    final = evaluation.evaluate_real(reference, num_samples=num_samples, tell=tell)
    pixels = evaluation.evaluate_pixels(reference)
    found = {"final": nested(final), "during": nested(during), "pixels": nested(pixels)}
    json_files.write(path, {"wanted": wanted, **found})


def in_bytes(images: np.ndarray) -> np.ndarray:
    """Images in [0, 1] as uint8."""
    return (images * 255.0 + 0.5).astype(np.uint8)


def save_arrays(path: files.PathLike, **arrays) -> None:
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
