"""Observations of `TrainingMonitor` after each epoch, and the file that keeps them."""

import contextlib

import keras
import numpy as np
from absl import logging
from keras import ops

from kerasgen import metrics
from kerasgen.callbacks.json_lines import read_lines
from kerasgen.callbacks.json_lines import write_lines
from kerasgen.evaluation.metric_names import encoded
from kerasgen.features.extractor import FeatureExtractor
from kerasgen.files import PathLike

# As `kerasgen.evaluate` counts classes: a tenth of the fair share reaches one.
CLASS_SHARE = 0.1


def not_finite_weights(model: keras.Model) -> list[str]:
    """Paths of the weights of a model that hold NaN or infinity."""
    # Seeds and counters are whole numbers.
    floating = [weight for weight in model.weights if "float" in weight.dtype]
    finite = [bool(ops.all(ops.isfinite(weight.value))) for weight in floating]
    return [w.path for w, good in zip(floating, finite, strict=True) if not good]


def variety(images: np.ndarray, extractor: FeatureExtractor | None = None) -> dict:
    """Spread of samples, and number of classes that they reach.

    Args:
        images: array `(n, height, width, channels)`, finite.
        extractor: `kerasgen.features.FeatureExtractor` that knows the classes, or None.

    Returns:
        Dict of `spread`, the standard deviation of a pixel over the samples (root mean
        square over pixels); `classes`, how many they reach, and `num_classes`, how many
        there are, both None without an extractor.

    Example:
        >>> variety(np.ones((8, 28, 28, 1)))["spread"]
        0.0
    """
    spread = float(np.sqrt(images.var(axis=0, dtype=np.float64).mean()))
    if extractor is None:
        return {"spread": spread, "classes": None, "num_classes": None}
    num_classes = extractor.num_classes
    labels = extractor(images).probabilities.argmax(axis=1)
    reached = metrics.class_coverage(labels, num_classes, CLASS_SHARE / num_classes)
    return {"spread": spread, "classes": reached, "num_classes": num_classes}


def write_observations(path: PathLike, observations: list[dict]) -> None:
    """Writes observations as `find_events` takes them, one line an epoch."""
    write_lines(
        path,
        [
            {**o, "losses": {key: encoded(v) for key, v in o["losses"].items()}}
            for o in observations
        ],
    )


def read_observations(path: PathLike, epochs_done: int) -> list[dict]:
    """Reads the observations of epochs 1 to `epochs_done`; warns of those missing."""
    found = []
    for line in read_lines(path):
        # A damaged line is one of those missing.
        with contextlib.suppress(AttributeError, KeyError, TypeError, ValueError):
            if line["epoch"] <= epochs_done:
                found.append(_observation(line))
    missing = set(range(1, epochs_done + 1)) - {line["epoch"] for line in found}
    if missing:
        logging.warning(
            "Training resumes after epoch %d, but %s has nothing on the epochs %s; "
            "what comes is set against the others.",
            epochs_done,
            path,
            sorted(missing),
        )
    return found


def _observation(line):
    """A line as `find_events` takes it."""
    observation = {
        "epoch": line["epoch"],
        "losses": {key: float(value) for key, value in line["losses"].items()},
        "not_finite": [str(name) for name in line["not_finite"]],
    }
    if line.get("spread") is not None:
        observation["spread"] = float(line["spread"])
        for key in ("classes", "num_classes"):
            observation[key] = None if line[key] is None else int(line[key])
    return observation
