"""What `kerasgen.data.batches` accepts, and what it says to the rest."""

import operator

import numpy as np


def check_integer(name, value, at_least):
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


def as_array(name, values):
    """The values as an array.

    Raises:
        ValueError: if they are ragged.
    """
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"{name} came that are no rectangular array ({error}). Expected the same "
            "shape for each of them."
        ) from error


def check_images(images):
    """Checks an array of images.

    Args:
        images: array of shape `(n, height, width, channels)`, uint8 or floating point.

    Returns:
        The array, as it is if uint8, otherwise as float32.

    Raises:
        ValueError: if shape or type is another, or a value is outside [0, 1] or NaN.
    """
    images = as_array("images", images)
    if images.ndim != 4:
        advice = "; add a channel axis: images[..., None]" if images.ndim == 3 else ""
        raise ValueError(
            f"images of shape {images.shape} came. Expected 4 dimensions: "
            f"(n, height, width, channels){advice}."
        )
    if images.size == 0:
        raise ValueError(
            f"images of shape {images.shape} came, which holds no pixel. "
            "Expected at least one image."
        )
    if images.dtype == np.uint8:
        return images
    if not np.issubdtype(images.dtype, np.floating):
        raise ValueError(
            f"images of type {images.dtype} came. Expected uint8, or floating point in "
            '[0, 1]: convert values from 0 to 255 with images.astype("uint8").'
        )
    low, high = images.min(), images.max()
    if not (low >= 0 and high <= 1):  # so that NaN, which compares false, is caught
        raise ValueError(
            f"images with values from {low} to {high} came. Expected floating point in "
            "[0, 1] without NaN: divide values from 0 to 255 by 255, or give uint8."
        )
    return images.astype(np.float32, copy=False)


def check_labels(labels, num_images):
    """Checks the labels of `num_images` images.

    Args:
        labels: integer array of shape `(num_images,)`, each at least 0.
        num_images: int.

    Returns:
        The labels as int32.

    Raises:
        ValueError: if shape or type is another, or a label does not fit.
    """
    labels = as_array("labels", labels)
    if labels.ndim != 1:
        advice = "; take labels.argmax(axis=-1) if they are one-hot"
        raise ValueError(
            f"labels of shape {labels.shape} came. Expected one number per image, "
            f"shape ({num_images},){advice if labels.ndim == 2 else ''}."
        )
    if len(labels) != num_images:
        raise ValueError(
            f"{len(labels)} labels came for {num_images} images. "
            "Expected one label per image."
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"labels of type {labels.dtype} came. Expected integers: class numbers "
            "from 0 on."
        )
    if labels.min() < 0 or labels.max() >= 2**31:
        raise ValueError(
            f"labels from {labels.min()} to {labels.max()} came. Expected class "
            "numbers from 0 on that fit into 32 bits."
        )
    return labels.astype(np.int32)
