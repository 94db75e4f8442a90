"""Images and labels as users bring them: one vocabulary of what fits and what to do.

Every entrance asks here, be it `fit`, `encode`, a metric, a callback or a folder of
pictures: pixels are uint8 in 0..255 or floats in [0, 1], shape `(n, height, width,
channels)`; labels are integers from 0 on, one for each image. Checks of a form take
shapes and dtypes alone, so that they serve in a graph as well; nothing is copied, so
that memory-mapped arrays stay on disk.
"""

import numpy as np

# Bicubic resizing overshoots by so much; more than that is another scale.
_OVERSHOOT = 0.1
_CHANNELS = (1, 3, 4)


def as_array(name: str, values) -> np.ndarray:
    """The values as an array, without a copy where they are one.

    Raises:
        ValueError: If they are ragged.
    """
    if isinstance(values, np.ma.MaskedArray):
        raise ValueError(
            f"Got {name} as a masked array; expected plain numbers. Pass "
            "array.filled(value)."
        )
    try:
        return np.asanyarray(values)
    except ValueError as error:
        raise ValueError(
            f"Got {name} that are no rectangular array ({error}); expected the same "
            "shape for each of them. Resize or pad them, then np.stack them."
        ) from error


def is_float(dtype: str) -> bool:
    """Whether a dtype, by name, is one of floating point numbers."""
    return str(dtype).startswith(("float", "bfloat"))


def check_image_dtype(dtype: str, high=None, name: str = "images") -> None:
    """Checks the type of pixels.

    Args:
        dtype: Name of the dtype.
        high: The largest value, where it is known, for the advice.
        name: The argument's name, for the message.

    Raises:
        ValueError: If it is neither uint8 nor floating point.
    """
    dtype = str(dtype)
    if dtype == "uint8" or is_float(dtype):
        return
    if dtype.startswith(("int", "uint")):
        if high is None and dtype == "uint16":
            high = 65535
        advice = _advice_for_integers(high)
    elif dtype == "bool":
        advice = "Cast them: images.astype('float32')."
    elif dtype in ("object", "string") or dtype.startswith(("<U", "|S", "str")):
        advice = "Read and stack them to one array of numbers first."
    else:
        advice = "Turn them into real numbers in [0, 1]."
    raise ValueError(
        f"Got {name} of dtype {dtype}; expected uint8 (0 to 255) or floats in [0, 1]. "
        f"{advice}"
    )


def _advice_for_integers(high):
    if high is None:
        return (
            "Cast pixels of 0 to 255 to uint8; divide those of 16-bit pictures by "
            "65535."
        )
    if high > 255:
        return "Divide 16-bit pixels by 65535; a cast to uint8 would wrap them around."
    return "Cast pixels of 0 to 255 with images.astype('uint8')."


def check_image_form(shape, image_shape=None, name: str = "images") -> None:
    """Checks the shape of a batch of images, whose sizes may be None (unknown).

    Args:
        shape: Shape, with the batch axis first.
        image_shape: The `(height, width, channels)` that is needed, or None for any.
        name: The argument's name, for the message.

    Raises:
        ValueError: If the rank or a size is another.
    """
    shape = tuple(shape)
    inside = "height, width, channels"
    if image_shape is not None:
        inside = ", ".join(str(size) for size in image_shape)
    if len(shape) != 4:
        raise ValueError(
            f"Got {name} of shape {shape}{_what_rank(shape, image_shape)}; expected "
            f"rank 4: (batch, {inside}). {_advice_for_rank(shape, image_shape)}"
        )
    if 0 in shape:
        raise ValueError(
            f"Got {name} of shape {shape}, an empty array without a pixel; expected at "
            "least one image. Look at how they were selected or read."
        )
    if image_shape is None:
        return
    pairs = zip(shape[1:], image_shape, strict=True)
    if any(got not in (None, wanted) for got, wanted in pairs):
        raise ValueError(
            f"Got {name} of shape {shape[1:]}; expected {tuple(image_shape)}, which "
            f"this model was made for. {_advice_for_size(shape[1:], image_shape)}"
        )


def _what_rank(shape, image_shape):
    if image_shape is not None and shape == tuple(image_shape):
        return ", a single image"
    return ""


def _advice_for_rank(shape, image_shape):
    single = image_shape is not None and shape == tuple(image_shape)
    if single or (len(shape) == 3 and shape[-1] in _CHANNELS):
        return (
            "Batch the dataset: dataset.batch(64); or give a single image a batch "
            "axis: images[None]."
        )
    if len(shape) == 3:
        return "Add a channel axis: images[..., None]."
    if len(shape) == 2 and image_shape is not None:
        return f"Reshape flat images: images.reshape(-1, *{tuple(image_shape)})."
    return "Reshape them."


def _advice_for_size(shape, image_shape):
    first = shape[0] in _CHANNELS and shape[2] not in (*_CHANNELS, None)
    turned = (image_shape[2], *image_shape[:2])
    if shape == turned or first:
        return "Move the channels last: np.moveaxis(images, 1, -1)."
    if shape[:2] == tuple(image_shape[:2]):
        if shape[2] == 1:
            advice = f"Repeat the channel: np.repeat(images, {image_shape[2]}, axis=-1)"
        elif image_shape[2] == 1:
            advice = (
                "Turn colours into grey, for example with tf.image.rgb_to_grayscale"
            )
        else:
            advice = "Drop or add channels"
    else:
        advice = "Resize the images"
    return f"{advice}, or pass image_shape={shape} to the constructor."


def check_range(low, high, name: str = "images") -> None:
    """Checks that floats lie in [0, 1].

    Args:
        low, high: The smallest and the largest; NaN if there is one among them.
        name: The argument's name, for the message.

    Raises:
        ValueError: If one is NaN, infinite or outside.
    """
    if low >= 0.0 and high <= 1.0:  # false for NaN
        return
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(
            f"Got {name} with NaN or infinite pixels, from {low:g} to {high:g}; "
            "expected finite floats in [0, 1]. Remove or repair them."
        )
    raise ValueError(
        f"Got {name} with floats in [{low:g}, {high:g}]; expected [0, 1]. "
        f"{_advice_for_range(low, high)}"
    )


def _advice_for_range(low, high):
    if low >= -_OVERSHOOT and high <= 1.0 + _OVERSHOOT:
        return "Clip them: np.clip(images, 0, 1); resizing overshoots."
    if low >= -1.0 - _OVERSHOOT and high <= 1.0 + _OVERSHOOT:
        return "Rescale [-1, 1] with (images + 1) / 2."
    if low < -_OVERSHOOT:
        return "Undo their standardisation, so that black is 0 and white is 1."
    if high <= 256.0:
        return "Divide by 255, or pass uint8."
    return "Divide by the value of white: 65535 for 16-bit pixels."


def check_images(images, image_shape=None, name: str = "images") -> np.ndarray:
    """Checks an array of images whole.

    Args:
        images: Array of shape `(n, height, width, channels)`, uint8 or floats in
            [0, 1]. Memory-mapped ones stay so.
        image_shape: The `(height, width, channels)` that is needed, or None for any.
        name: The argument's name, for the message.

    Returns:
        The array as it came.

    Raises:
        ValueError: If shape, type or range is another.

    Example:

    >>> check_images(np.zeros((2, 28, 28, 1), "uint8")).shape
    (2, 28, 28, 1)
    """
    images = as_array(name, images)
    dtype = images.dtype.name if images.dtype.kind not in "USO" else str(images.dtype)
    is_wide = images.dtype.kind in "iu" and dtype != "uint8" and images.size
    check_image_dtype(dtype, images.max() if is_wide else None, name)
    check_image_form(images.shape, image_shape, name)
    if is_float(dtype):
        check_range(float(images.min()), float(images.max()), name)
    return images


def as_pixels(images: np.ndarray) -> np.ndarray:
    """Checked images as float32 in [0, 1]."""
    if images.dtype == np.uint8:
        return images.astype(np.float32) / np.float32(255.0)
    return images.astype(np.float32, copy=False)


def check_label_form(dtype: str, shape, images_shape=None) -> None:
    """Checks type and shape of labels.

    Args:
        dtype: Name of the dtype.
        shape: Shape; sizes may be None (unknown).
        images_shape: Shape of the images that they came with, or None.

    Raises:
        ValueError: If they are not one integer for each image.
    """
    shape = tuple(shape)
    expected = "expected integers of shape (batch,), one class number for each image"
    is_one_each = len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)
    if len(shape) > 2 or (images_shape is not None and shape == tuple(images_shape)):
        raise ValueError(
            f"Got labels of dtype {dtype} and shape {shape}, like images; {expected}. "
            "Pass the images alone: models that reconstruct take their targets from "
            "them."
        )
    if not is_one_each:
        advice = (
            "Turn one-hot labels into numbers: labels.argmax(axis=-1)."
            if len(shape) == 2
            else "Pass an array of class numbers."
        )
        raise ValueError(f"Got labels of shape {shape}; {expected}. {advice}")
    if not str(dtype).startswith(("int", "uint")):
        advice = (
            "Number the classes: np.unique(labels, return_inverse=True)[1]."
            if str(dtype).startswith(("<U", "|S", "str", "object"))
            else "Cast them: labels.astype('int32')."
        )
        raise ValueError(f"Got labels of dtype {dtype}; {expected}. {advice}")


def check_classes(low, high, num_classes) -> None:
    """Checks that labels, of which these are the least and greatest, are classes.

    Args:
        low, high: The smallest and the largest label.
        num_classes: Number of classes, or None if it is not known.

    Raises:
        ValueError: If one is negative, or not below `num_classes`.
    """
    if num_classes is None:
        if not 0 <= low <= high < 2**31:
            raise ValueError(
                f"Got labels in {low}..{high}; expected integers that fit into 32 "
                "bits, from 0 on. Number the classes from 0 on."
            )
        return
    if not 0 <= low <= high < num_classes:
        advice = (
            "Subtract 1 from labels that count from 1."
            if (low, high) == (1, num_classes)
            else f"Renumber them, or pass num_classes={int(high) + 1}."
            if low >= 0
            else "Number the classes from 0 on."
        )
        raise ValueError(
            f"Got labels in {low}..{high}; expected 0..{num_classes - 1}, as "
            f"num_classes={num_classes}. {advice}"
        )


def check_count(num_labels, num_images) -> None:
    """Raises ValueError unless there are as many labels as images."""
    if num_labels != num_images:
        raise ValueError(
            f"Got {num_images} images and {num_labels} labels; expected one label for "
            "each image. Look at how they were paired."
        )


def check_labels(labels, num_images: int, num_classes=None) -> np.ndarray:
    """Checks the labels of `num_images` images.

    Args:
        labels: Integers of shape `(num_images,)` or `(num_images, 1)`.
        num_images: Number of images.
        num_classes: Number of classes, or None if any that fit into 32 bits will do.

    Returns:
        int32 array of shape `(num_images,)`.

    Raises:
        ValueError: If shape, type or range is another.

    Example:

    >>> check_labels([[3], [1]], 2, num_classes=10).tolist()
    [3, 1]
    """
    labels = as_array("labels", labels)
    if labels.ndim:
        check_count(len(labels), num_images)
    kind = labels.dtype
    check_label_form(kind.name if kind.kind in "iu" else str(kind), labels.shape)
    if labels.size:
        check_classes(int(labels.min()), int(labels.max()), num_classes)
    return labels.astype(np.int32).reshape(-1)
