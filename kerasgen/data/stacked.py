"""Stacked MNIST: three random digits as the channels of one image, 1,000 classes.

What collapses is countable here: a classifier of digits reads each channel, and 26,000
samples should reach all 1,000 classes about equally often.

Departure from Srivastava et al. 2017 and Lin et al. 2018 (PacGAN, whose 128,000 triples
these are in number): they draw from training and test digits alike.
"""

import numpy as np

from kerasgen.data.image_set import ImageSet
from kerasgen.data.splits import Split

NAME = "stacked_mnist"
NUM_CLASSES = 1000
# Triples of each split, and the seed that they are drawn by, as every table needs the
# same ones.
TRIPLES = {"train": (128_000, 0), "test": (26_000, 1)}


def draw_triples(num_images: int, num_triples: int, seed: int) -> np.ndarray:
    """Draw rows of images, three for each stacked image, with replacement.

    Args:
        num_images: Number of images to draw from, at least 1.
        num_triples: Number of stacked images.
        seed: Seed of the draw, int of at least 0.

    Returns:
        Row numbers, int64 of shape `(num_triples, 3)`.
    """
    return np.random.default_rng(seed).integers(num_images, size=(num_triples, 3))


def stacked_labels(labels: np.ndarray) -> np.ndarray:
    """Class of stacked images from the digits of their channels.

    Args:
        labels: Digits, integers of shape `(n, 3)`.

    Returns:
        The number that the three digits write, int32 of shape `(n,)`, 0 to 999.
    """
    return (labels @ np.array([100, 10, 1])).astype(np.int32)


def stack(digits: ImageSet, split: Split) -> ImageSet:
    """Stack digits of one split of MNIST to images of three channels.

    Args:
        digits: The whole training or test images of MNIST.
        split: `Split` of stacked MNIST, whose name is that of the digits.

    Returns:
        `ImageSet` with uint8 images of shape `(n, 28, 28, 3)`.
    """
    rows = draw_triples(len(digits.images), *TRIPLES[split.base])
    first, end = split.rows(len(rows))
    rows = rows[first:end]
    images = np.stack([digits.images[one, ..., 0] for one in rows.T], axis=-1)
    return ImageSet(
        name=NAME,
        split=split.text,
        images=images,
        labels=stacked_labels(digits.labels[rows]),
        num_classes=NUM_CLASSES,
        source=f"triples of digits from {digits.source}",
    )
