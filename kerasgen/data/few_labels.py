"""Few labelled images beside many without labels, as semi-supervised models take them.

Reference: Salimans et al. 2016, Improved Techniques for Training GANs
(arXiv:1606.03498), section 6.1.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from kerasgen import inputs
from kerasgen.data.arrays import check_integer
from kerasgen.data.pipeline import batches


def draw_labelled(labels: np.ndarray, num_labels: int, seed: int = 0) -> np.ndarray:
    """Draw rows that keep their label, equally many of each class that has images.

    Args:
        labels: Class of every image, integers from 0 on, shape `(n,)`.
        num_labels: Number of rows, a multiple of the number of these classes.
        seed: Seed of the draw, int of at least 0.

    Returns:
        Sorted row numbers, int64 of shape `(num_labels,)`.

    Raises:
        ValueError: If the classes cannot have equally many, or one has too few images.
    """
    check_integer("num_labels", num_labels, at_least=1)
    labels = inputs.check_labels(labels, len(labels))
    classes, counts = np.unique(labels, return_counts=True)
    each, rest = divmod(num_labels, len(counts))
    if rest or not each:
        raise ValueError(
            f"Got num_labels={num_labels} for {len(counts)} classes; expected a "
            f"multiple of {len(counts)}, so that each class has equally many."
        )
    if counts.min() < each:
        raise ValueError(
            f"Got num_labels={num_labels}, {each} for each class; expected at most "
            f"{counts.min()}, as class {classes[counts.argmin()]} has no more images."
        )
    random = np.random.default_rng(seed)
    drawn = [
        random.choice(np.flatnonzero(labels == one), each, replace=False)
        for one in classes
    ]
    return np.sort(np.concatenate(drawn))


def few_labels(
    images: np.ndarray,
    labels: np.ndarray,
    num_labels: int,
    *,
    num_classes: int | None = None,
    batch_size: int = 200,
    seed: int = 0,
    initial_epoch: int = 0,
) -> tf.data.Dataset:
    """Make batches half of which have labels, over and over the same few images.

    The other half are drawn from all images, the labelled ones among them, and carry
    the number of classes for a label, which stands for none.

    Args:
        images: uint8 or floats in [0, 1], shape `(n, height, width, channels)`.
        labels: Class of every image, integers of shape `(n,)`.
        num_labels: Number of labels that are used, as for `draw_labelled`.
        num_classes: Number of classes of the model; default one more than the greatest
            label.
        batch_size: Images in a batch, an even int.
        seed: Seed of the draw of labels and of the orders.
        initial_epoch: Epochs trained so far; see `batches`.

    Returns:
        `tf.data.Dataset` of images and labels; an epoch is one pass over the images.

    Raises:
        ValueError: If an argument is not as described.

    Example:

    >>> images, labels = kerasgen.data.load_arrays("mnist", "train")
    >>> dataset = kerasgen.data.few_labels(images, labels, 100)
    >>> kerasgen.SGAN().fit(dataset, epochs=50)
    """
    check_integer("batch_size", batch_size, at_least=2)
    if batch_size % 2:
        raise ValueError(f"Got batch_size={batch_size}; expected an even number.")
    if labels is None:
        raise ValueError(
            "Got labels=None; expected the class of every image, of which few are used."
        )
    labels = inputs.check_labels(labels, len(images))
    rows = draw_labelled(labels, num_labels, seed)
    least = int(labels.max()) + 1
    none = least if num_classes is None else num_classes
    check_integer("num_classes", none, at_least=least)
    unlabelled = np.full(len(images), none, "int32")
    order: dict[str, Any] = {
        "batch_size": batch_size // 2,
        "initial_epoch": initial_epoch,
    }
    everything = batches(images, unlabelled, seed=seed, **order)
    known = np.resize(rows, len(images))
    labelled = batches(images[known], labels[known], seed=seed + 1, **order)
    dataset = tf.data.Dataset.zip(labelled, everything).map(
        lambda first, second: tuple(
            tf.concat(pair, axis=0) for pair in zip(first, second, strict=True)
        )
    )

    def begin_at(epoch):
        for part in (labelled, everything):
            part.begin_at(epoch)

    dataset.begin_at = begin_at  # for a training that goes on
    dataset.is_checked = True
    dataset.num_labels = none + 1  # which a model compares with its own
    return dataset
