"""What `fit` takes: the forms of a batch of images, and the checks before training."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops


def as_pair(x, y):
    """Images and labels (or None), where they may have come as one tuple.

    Raises:
        ValueError: If the tuple holds more than images and labels.
    """
    if y is not None or not isinstance(x, tuple):
        return x, y
    if len(x) not in (1, 2):
        raise ValueError(
            f"Got a tuple of {len(x)} parts; expected (images,) or (images, labels)."
        )
    return x if len(x) == 2 else (x[0], None)


def unpack_batch(batch):
    """Turns one batch, in any form that `fit` takes, into pixels and class numbers.

    Args:
        batch: Images, a tuple `(images, labels)`, or a dict with `image` and optionally
            `label`. Images are uint8 in 0..255 or floats in [0, 1], shape
            `(batch, height, width, channels)`.

    Returns:
        `(images, labels)`: float32 images in [0, 1]; int32 labels of shape `(batch,)`
        or None.

    Raises:
        ValueError: If the form or a type does not fit.
    """
    images, labels = _split(batch)
    is_bytes = keras.backend.standardize_dtype(images.dtype) == "uint8"
    images = ops.cast(images, "float32")
    if is_bytes:
        images = images / 255.0
    if labels is not None:
        labels = ops.reshape(ops.cast(labels, "int32"), (-1,))
    return images, labels


def _split(batch):
    """Images and labels as they came, once their form and types are known to fit."""
    labels = None
    if isinstance(batch, (tuple, list)):
        if len(batch) > 2 and batch[2] is not None:
            raise ValueError(
                "sample_weight is not supported by generative models here. "
                "Pass images alone or (images, labels)."
            )
        if len(batch) == 1 and isinstance(batch[0], tuple):
            batch = batch[0]  # Keras wraps a pair that was given as `x` alone.
        batch, labels = batch[0], batch[1] if len(batch) > 1 else None
    if isinstance(batch, dict):
        if "image" not in batch:
            raise ValueError(
                f"A batch given as a dict needs the key 'image'; it has {list(batch)}. "
                "Map the dataset to {'image': ..., 'label': ...}."
            )
        batch, labels = batch["image"], batch.get("label", labels)
    dtype = _dtype(batch)
    if dtype != "uint8" and not dtype.startswith(("float", "bfloat")):
        raise ValueError(
            f"Images have dtype {dtype}; expected uint8 (0 to 255) or floats in "
            "[0, 1]. Cast them."
        )
    if labels is not None:
        _check_label_form(labels)
    return batch, labels


def _dtype(array):
    """Name of the dtype, also where Keras does not know it (Python objects)."""
    try:
        return keras.backend.standardize_dtype(array.dtype)
    except ValueError:
        return str(array.dtype)


def _check_label_form(labels):
    dtype = _dtype(labels)
    if not dtype.startswith(("int", "uint")):
        raise ValueError(
            f"Labels have dtype {dtype}; expected integers, one class number for each "
            "image. Cast them, for example with labels.astype('int32')."
        )
    shape = tuple(labels.shape)
    if not (len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)):
        raise ValueError(
            f"Labels have shape {shape}; expected (batch,), one class number for each "
            "image. Turn one-hot labels into numbers with argmax."
        )


def check_batch(images, labels, image_shape, num_classes):
    """Checks the static shape of a batch, in a graph or outside.

    Args:
        images: Images, as `unpack_batch` returns them.
        labels: Labels or None, likewise.
        image_shape: The model's `(height, width, channels)`.
        num_classes: The model's number of classes, or None if it ignores labels.

    Raises:
        ValueError: If the images have another shape, or a conditional model gets no
            labels.
    """
    shape = tuple(images.shape)
    if len(shape) == 3 and shape == tuple(image_shape):
        raise ValueError(
            f"Images have shape {shape}, a single image; expected a batch of shape "
            f"(batch, {_inside(image_shape)}). Batch the dataset: dataset.batch(64)."
        )
    if len(shape) != 4:
        raise ValueError(
            f"Images have shape {shape}; expected rank 4: (batch, "
            f"{_inside(image_shape)}). Add a channel axis with images[..., None]."
        )
    for got, expected in zip(shape[1:], image_shape, strict=True):
        if got is not None and got != expected:
            raise ValueError(
                f"Images have shape {shape[1:]}; this model was made for "
                f"{tuple(image_shape)}. Resize the images, or pass image_shape="
                f"{shape[1:]} to the constructor."
            )
    if num_classes is not None and labels is None:
        raise ValueError(
            f"This model is conditional (num_classes={num_classes}) but got images "
            "without labels. Pass (images, labels), or leave num_classes out."
        )


def _inside(shape):
    return ", ".join(str(n) for n in shape)


def check_values(images, labels, num_classes):
    """Checks the numbers of a batch: finite pixels in [0, 1], labels in range.

    Args:
        images: Array of images, uint8 or floats.
        labels: Array of integer labels or None.
        num_classes: The model's number of classes, or None if it ignores labels.

    Raises:
        ValueError: If a pixel is NaN or outside [0, 1], or a label out of range.
    """
    if keras.backend.is_float_dtype(keras.backend.standardize_dtype(images.dtype)):
        low, high = float(np.min(images)), float(np.max(images))
        if not (np.isfinite(low) and np.isfinite(high)):
            raise ValueError(
                "Images hold NaN or infinite pixels; expected finite floats in [0, 1]. "
                "Remove or repair them before training."
            )
        if low < 0.0 or high > 1.0:
            raise ValueError(
                f"Float images lie in [{low:g}, {high:g}]; expected [0, 1]. "
                "Divide by 255 (or pass uint8), or rescale [-1, 1] with (x + 1) / 2."
            )
    if num_classes is not None and labels is not None:
        low, high = int(np.min(labels)), int(np.max(labels))
        if low < 0 or high >= num_classes:
            raise ValueError(
                f"Labels lie in {low}..{high}; this model has num_classes="
                f"{num_classes}, so they must lie in 0..{num_classes - 1}."
            )


def check_data(x, y, image_shape, num_classes, batch_size=None, steps=None):
    """Checks what `fit` or `evaluate` got, before the first step.

    Arrays are checked whole, datasets by their specification and first batch. A Python
    generator cannot be looked at without using it up, so only its shapes are checked,
    when the step is traced.

    Args:
        x: Images, a `tf.data.Dataset`, a `keras.utils.PyDataset` or a generator.
        y: Labels of an array, or None.
        image_shape: The model's `(height, width, channels)`.
        num_classes: The model's number of classes, or None.
        batch_size: Batch size for arrays, or None.
        steps: Steps per epoch that were asked for, or None.

    Raises:
        ValueError: That says what came, what was expected and what to do.
    """
    if x is None:
        raise ValueError(
            "Got no images (x=None); expected an array of images, a tf.data.Dataset, a "
            "PyDataset or a generator of batches."
        )
    if isinstance(x, tf.data.Dataset):
        _check_dataset(x, image_shape, num_classes, steps)
    elif isinstance(x, keras.utils.PyDataset):
        _check_all(_arrays(x[0]), image_shape, num_classes)
    elif isinstance(x, (np.ndarray, tf.Tensor, list, tuple, dict)):
        given = (x, y) if y is not None else x
        images, labels = _check_all(_arrays(given), image_shape, num_classes)
        if labels is not None and len(labels) != len(images):
            raise ValueError(
                f"Got {len(images)} images and {len(labels)} labels; expected one "
                "label for each image."
            )
        if batch_size is not None and len(images) < batch_size:
            raise ValueError(
                f"Got {len(images)} images, fewer than one batch of {batch_size}. "
                f"Pass batch_size={len(images)} or less, or more images."
            )
    elif isinstance(x, (str, bytes, set)) or not hasattr(x, "__iter__"):
        raise ValueError(
            f"Got a {type(x).__name__}; expected an array of images, a pair (images, "
            "labels), a tf.data.Dataset, a PyDataset or a generator of batches."
        )


def _arrays(batch):
    """The same structure with NumPy arrays for leaves."""
    if isinstance(batch, list):
        raise ValueError(
            "Got a list; expected an array, a tuple (images, labels) or a dict. Make "
            "one array of a list of images with np.stack, of labels with np.asarray."
        )
    if isinstance(batch, tuple):
        return tuple(_arrays(part) for part in batch)
    if isinstance(batch, dict):
        return {key: _arrays(part) for key, part in batch.items()}
    return None if batch is None else np.asarray(batch)


def _check_all(batch, image_shape, num_classes):
    """Checks form, shape and numbers of arrays; returns them unscaled."""
    images, labels = _split(batch)
    if images.size == 0:
        raise ValueError(
            f"Got an empty array of shape {images.shape}; expected at least one image."
        )
    check_batch(images, labels, image_shape, num_classes)
    check_values(images, labels, num_classes)
    return images, labels


def _check_dataset(dataset, image_shape, num_classes, steps):
    spec = keras.tree.map_structure(_symbolic, dataset.element_spec)
    check_batch(*_split(spec), image_shape, num_classes)
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY and steps is None:
        raise ValueError(
            "Got an infinite dataset (repeat()), so an epoch has no end. "
            "Pass steps_per_epoch (or steps), or drop the repeat()."
        )
    if getattr(dataset, "is_checked", False):
        return  # Made from arrays that were; drawing a batch would count as a pass.
    first = next(iter(dataset.take(1).as_numpy_iterator()), None)
    if first is None:
        raise ValueError(
            "Got an empty dataset; expected at least one batch. If it was batched with "
            "drop_remainder=True, there are fewer images than one batch: lower the "
            "batch size."
        )
    _check_all(_arrays(first), image_shape, num_classes)


def find_fault(x, image_shape, num_classes, steps=None):
    """Looks through all batches of a dataset for one that `check_data` would refuse.

    It reads the data once, so it is for when something went wrong. Arrays, and datasets
    that `kerasgen.data` made, were checked whole; a generator cannot be read again.

    Args:
        x: What `fit` was given.
        image_shape: The model's `(height, width, channels)`.
        num_classes: The model's number of classes, or None.
        steps: Most batches to look at; needed for infinite datasets.

    Returns:
        A sentence on the first bad batch, or None.
    """
    if isinstance(x, tf.data.Dataset) and not getattr(x, "is_checked", False):
        found = x if steps is None else x.take(steps)
        found = found.as_numpy_iterator()
    elif isinstance(x, keras.utils.PyDataset):
        found = (x[index] for index in range(steps or x.num_batches or 0))
    else:
        return None
    for number, batch in enumerate(found, start=1):
        try:
            _check_all(_arrays(batch), image_shape, num_classes)
        except ValueError as error:
            return f"The data are at fault, first in batch {number}: {error}"
    return None


def _symbolic(spec):
    if not isinstance(spec, tf.TensorSpec):
        raise ValueError(
            f"The dataset gives a {type(spec).__name__.removesuffix('Spec')}; expected "
            "dense tensors: images of one size. Resize them before they are batched."
        )
    if spec.shape.rank is None:
        raise ValueError(
            "The dataset does not know the rank of its elements; expected images of "
            "shape (batch, height, width, channels). Map it with tf.ensure_shape."
        )
    return keras.KerasTensor(tuple(spec.shape), spec.dtype.name)
