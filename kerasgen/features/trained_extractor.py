"""Extractors for datasets that the package has none for: trained once, then cached."""

import hashlib
import json
import os
import pathlib
import time

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from kerasgen import files
from kerasgen.features import extractor
from kerasgen.features.classifier import train_classifier
from kerasgen.features.extractor import FeatureExtractor
from kerasgen.files import PathLike

# Images shown in all: 8 epochs of 60,000.
_IMAGES_SHOWN = 480_000
# Least share of images that a shipped classifier tells right if it is made for them;
# of other images it tells some tenth or fifth right.
_RECOGNISED = 0.8
# Between the dataset and the hash in the name of an extractor that was trained.
_OWN = "_own_"


def train(
    dataset: str,
    train_set: tuple[np.ndarray, np.ndarray],
    test_set: tuple[np.ndarray, np.ndarray] | None,
    folder: PathLike,
    *,
    epochs: int | None = None,
    seed: int = 0,
) -> dict:
    """Trains an extractor and writes its weights and a record of how they were made.

    Args:
        dataset: str, name of the dataset.
        train_set: `(images, labels)`: uint8 `(n, height, width, channels)` and ints.
        test_set: The same of the test set, for the accuracy in the record and nothing
            else; or None.
        folder: Folder to write to.
        epochs: int, passes over the training images; default None: as many as show
            480,000 images, between 8 and 100.
        seed: int, of weights, order, movements and dropout.

    Returns:
        The record, a JSON-serialisable dict with `test_accuracy` and `sha256`.

    Raises:
        ValueError: If the labels are of fewer than 2 classes.
    """
    images, labels = train_set
    num_classes = int(labels.max()) + 1
    if num_classes < 2:
        raise ValueError(
            "Got labels of a single class; expected at least 2, as features are those "
            "of a classifier. Pass other features."
        )
    if epochs is None:
        epochs = int(np.clip(-(-_IMAGES_SHOWN // len(images)), 8, 100))
    start = time.perf_counter()
    classifier = train_classifier(images, labels, num_classes, epochs=epochs, seed=seed)
    seconds = time.perf_counter() - start
    path = extractor.weights_path(dataset, folder)
    sha256 = extractor.save(classifier, path)
    accuracy = None
    if test_set is not None:
        stored = extractor.from_bytes(dataset, path.read_bytes())
        accuracy = extractor.accuracy(stored, *test_set)
    record = {
        "dataset": dataset,
        "version": extractor.VERSION,
        "test_accuracy": accuracy,
        "num_train": len(images),
        "num_test": None if test_set is None else len(test_set[0]),
        "epochs": epochs,
        "seed": seed,
        "seconds": round(seconds, 1),
        "cores": os.cpu_count(),
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "sha256": sha256,
    }
    with files.replacing(path.with_suffix(".json")) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n")
    return record


def cached(
    dataset: str,
    train_set: tuple[np.ndarray, np.ndarray],
    test_set: tuple[np.ndarray, np.ndarray] | None = None,
) -> FeatureExtractor:
    """The extractor of a dataset's own, trained at the first use.

    Args:
        dataset, train_set, test_set: as for `train`.

    Returns:
        `FeatureExtractor` named `<dataset>_own_<first digits of its hash>`: another
        machine trains other weights, and its numbers are not comparable.
    """
    folder = cache_folder() / f"features-{_digest(*train_set)}"
    path = extractor.weights_path(dataset, folder)
    if not _is_whole(path):
        logging.warning(
            "No features are shipped for %s: training a classifier on %d images, which "
            "takes minutes. It will be kept in %s.",
            dataset,
            len(train_set[0]),
            folder,
        )
        record = train(dataset, train_set, test_set, folder)
        logging.warning(
            "Features for %s: %.0f s, test accuracy %s.",
            dataset,
            record["seconds"],
            record["test_accuracy"],
        )
    content = path.read_bytes()
    digits = hashlib.sha256(content).hexdigest()[:8]
    return extractor.from_bytes(f"{dataset.replace('/', '_')}{_OWN}{digits}", content)


def is_trained_here(found: FeatureExtractor) -> bool:
    """Whether `cached` trained an extractor: another machine has none that is equal."""
    return _OWN in found.name


def recognise(images: np.ndarray, labels: np.ndarray | None) -> FeatureExtractor | None:
    """The shipped extractor whose classifier knows these images, or None.

    Args:
        images: array `(n, height, width, channels)`, uint8 or floats in [0, 1].
        labels: int array `(n,)` or None.

    Returns:
        `FeatureExtractor` that tells at least 80 % of the first thousand right.
    """
    for dataset in extractor.SHIPPED if labels is not None else ():
        known = extractor.load(dataset)
        if known.image_shape != images.shape[1:]:
            continue
        if extractor.accuracy(known, images[:1000], labels[:1000]) >= _RECOGNISED:
            return known
    return None


def cache_folder() -> pathlib.Path:
    """Folder of what is kept: `$XDG_CACHE_HOME/kerasgen` or `~/.cache/kerasgen`."""
    root = os.environ.get("XDG_CACHE_HOME")
    return pathlib.Path(root or "~/.cache").expanduser() / "kerasgen"


def _is_whole(path):
    """Whether weights and record are there and belong together."""
    try:
        record = json.loads(path.with_suffix(".json").read_text())
        return record["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError, KeyError):
        return False


def _digest(images, labels):
    digest = hashlib.blake2b(np.ascontiguousarray(images), digest_size=4)
    digest.update(np.ascontiguousarray(labels, dtype=np.int32))
    return digest.hexdigest()
