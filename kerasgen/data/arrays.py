"""Checks of the arrays that `kerasgen.data.batches` takes."""

import operator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kerasgen import inputs


def check_integer(name: str, value: Any, at_least: int) -> int:
    """Checks a whole number.

    Args:
        name: str, the argument's name, for the message.
        value: what came: an int, or a NumPy integer.
        at_least: int, the smallest value that is right.

    Returns:
        An int.

    Raises:
        ValueError: if `value` is not a whole number, or too small or large.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool | np.bool_):
        raise ValueError(f"{name}={value!r} is not a whole number. Expected an int.")
    if not at_least <= number < 2**63:
        raise ValueError(
            f"{name}={number} is out of range. Expected an int of at least {at_least}"
            " that fits into 64 bits."
        )
    return number


def check_images(images: ArrayLike) -> np.ndarray:
    """Checks an array of images; see `kerasgen.inputs.check_images`.

    Returns:
        The array as it is if uint8, otherwise as float32.
    """
    images = inputs.check_images(images)
    return images if images.dtype == np.uint8 else inputs.as_pixels(images)


def check_labels(labels: ArrayLike, num_images: int) -> np.ndarray:
    """Checks the labels of `num_images` images; see `kerasgen.inputs.check_labels`.

    Returns:
        The labels as int32, shape `(num_images,)`.
    """
    return inputs.check_labels(labels, num_images)
