"""The door for a model's data: what `fit` and its like take, and what is checked.

Arrays are checked whole, anything else by its first batch before training begins and
by every later one as it arrives: by an operation of the dataset, outside the training
step and so also where that is compiled by XLA, or in Python where batches come from
there.
"""

import itertools
import re

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from kerasgen import inputs
from kerasgen import replicas

_EXPECTED = (
    "expected an array of images, a pair (images, labels), a dict with 'image', a "
    "tf.data.Dataset, a PyDataset or an iterable of batches"
)


def as_pair(x, y):
    """Images and labels (or None), where they may have come as one tuple.

    Raises:
        ValueError: If the tuple holds more than images and labels, or labels come
            twice.
    """
    has_labels = isinstance(x, tuple) or (isinstance(x, dict) and "label" in x)
    if y is not None and has_labels:
        raise ValueError(
            f"Got labels y beside a {type(x).__name__} that holds labels itself; "
            "expected them once. Pass (images, labels), or leave out y."
        )
    if not isinstance(x, tuple):
        return x, y
    if len(x) not in (1, 2):
        raise ValueError(
            f"Got a tuple of {len(x)} parts; expected (images,) or (images, labels). "
            "Leave out weights: they are not supported."
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
        inputs.check_label_form(_dtype(labels), labels.shape, images.shape)
        labels = ops.reshape(ops.cast(labels, "int32"), (-1,))
    return images, labels


def _split(batch):
    """Images and labels as they came, once the form and the images' type fit."""
    labels = None
    if isinstance(batch, (tuple, list)):
        if len(batch) > 2 and batch[2] is not None:
            raise ValueError(
                "Got a sample_weight; expected images alone or (images, labels). "
                "Generative models here have no weights of samples: leave it out."
            )
        if len(batch) == 1 and isinstance(batch[0], tuple):
            batch = batch[0]  # Keras wraps a pair that was given as `x` alone.
        batch, labels = batch[0], batch[1] if len(batch) > 1 else None
    if isinstance(batch, dict):
        batch, labels = pair_in_dict(batch, labels)
    inputs.check_image_dtype(_dtype(batch))
    return batch, labels


def pair_in_dict(found, labels=None):
    """Images and labels of a dict with "image" and, for other labels, "label".

    Raises:
        ValueError: If there is no "image".
    """
    if "image" not in found:
        raise ValueError(
            f"Got a dict with the keys {list(found)}; expected 'image' and, where "
            "there are labels, 'label'. Map the dataset to {'image': ..., "
            "'label': ...}."
        )
    return found["image"], found.get("label", labels)


def _dtype(array):
    """Name of the dtype, also where Keras does not know it (Python objects)."""
    try:
        return keras.backend.standardize_dtype(array.dtype)
    except ValueError:
        return str(array.dtype)


def check_batch(images, labels, image_shape, num_classes):
    """Checks the static form of a batch, in a graph or outside; images before labels.

    Args:
        images: Images, as `unpack_batch` returns them.
        labels: Labels or None, likewise.
        image_shape: The model's `(height, width, channels)`.
        num_classes: The model's number of classes, or None if it ignores labels.

    Raises:
        ValueError: If the images have another shape, or a conditional model gets no
            labels.
    """
    inputs.check_image_form(images.shape, image_shape)
    if labels is not None:
        inputs.check_label_form(_dtype(labels), labels.shape, images.shape)
    elif num_classes is not None:
        raise ValueError(
            f"Got images without labels; expected a pair, as this model takes labels "
            f"({num_classes} different ones). Pass (images, labels), or leave "
            "num_classes out where the model can be without."
        )


def check_values(images, labels, num_classes):
    """Checks the numbers of a batch: finite pixels in [0, 1], labels in range.

    Args:
        images: Array of images, uint8 or floats.
        labels: Array of integer labels or None.
        num_classes: The model's number of classes, or None if it ignores labels.

    Raises:
        ValueError: If a pixel is NaN or outside [0, 1], or a label out of range.
    """
    if inputs.is_float(_dtype(images)):
        inputs.check_range(float(np.min(images)), float(np.max(images)))
    if num_classes is not None and labels is not None:
        inputs.check_classes(int(np.min(labels)), int(np.max(labels)), num_classes)


def admit(x, y, image_shape, num_classes, batch_size=None, steps=None):
    """Checks what `fit`, `evaluate` or `predict` got, before the first step.

    Args:
        x: Images, as an array of any library, a `tf.data.Dataset`, a
            `keras.utils.PyDataset` or an iterable of batches: one to be used up, as
            generators are, or to be gone through anew.
        y: Labels of an array, or None.
        image_shape: The model's `(height, width, channels)`.
        num_classes: The model's number of classes, or None.
        batch_size: Batch size for arrays, or None.
        steps: Steps per epoch that were asked for, or None.

    Returns:
        `(x, y)` to hand to Keras. Arrays come as they were, without a copy; all else
        with a check of every later batch and, where it was taken to look at, the first
        batch put back.

    Raises:
        ValueError: That says what came, what was expected and what to do.
    """
    form = (image_shape, num_classes)
    # What NumPy can read is an array, as to Keras: of PyTorch, h5py, pandas …
    is_array = isinstance(x, (list, tuple, dict)) or hasattr(x, "__array__")
    if x is None:
        raise ValueError(f"Got no images (x=None); {_EXPECTED}. Pass them as x.")
    if isinstance(x, (str, bytes, set)) or not (is_array or _is_stream(x)):
        raise ValueError(f"Got a {type(x).__name__}; {_EXPECTED}. Load the images.")
    if is_array:
        images, labels = check_arrays(x if y is None else (x, y), *form)
        _check_batch_size(len(images), batch_size)
        return images, labels
    if y is not None:
        raise ValueError(
            f"Got labels y beside a {type(x).__name__}; expected them in its batches. "
            "Let it give pairs (images, labels)."
        )
    if isinstance(x, tf.data.Dataset):
        _check_dataset(x, *form, steps)
        return checked_dataset(x, *form), None
    if isinstance(x, keras.utils.PyDataset):
        if x.num_batches is None and steps is None:
            raise ValueError(
                "Got a PyDataset without an end (num_batches is None); expected one "
                "that ends, or a number of steps. Pass steps_per_epoch or, to "
                "evaluate, steps."
            )
        check_arrays(x[0], *form)
        return _CheckedPyDataset(x, form), None
    return _admit_iterable(x, form), None


def _is_stream(x):
    return hasattr(x, "__iter__") or isinstance(x, keras.utils.PyDataset)


def _check_batch_size(num_images, batch_size):
    if batch_size is not None and num_images < batch_size:
        raise ValueError(
            f"Got {num_images} images, fewer than one batch of {batch_size}; expected "
            f"at least one batch. Pass batch_size={num_images} or less, or more images."
        )


def check_arrays(batch, image_shape, num_classes):
    """Checks form, shape and numbers of arrays.

    Args:
        batch: Images, a pair or a dict, of arrays.
        image_shape: The model's `(height, width, channels)`.
        num_classes: The model's number of classes, or None.

    Returns:
        `(images, labels)` as NumPy arrays, unscaled; labels may be None.

    Raises:
        ValueError: If anything does not fit.
    """
    images, labels = _split(_arrays(batch))
    inputs.check_images(images, image_shape)
    check_batch(images, labels, image_shape, num_classes)
    if labels is not None:
        inputs.check_count(len(labels), len(images))
        if num_classes is not None:
            inputs.check_classes(int(labels.min()), int(labels.max()), num_classes)
    return images, labels


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
    return None if batch is None else np.asanyarray(batch)


def _check_dataset(dataset, image_shape, num_classes, steps):
    spec = keras.tree.map_structure(_symbolic, dataset.element_spec)
    check_batch(*_split(spec), image_shape, num_classes)
    labels_of = getattr(dataset, "num_labels", num_classes)
    if num_classes is not None and labels_of != num_classes:
        raise ValueError(
            f"Got batches with {labels_of} labels, the last of which stands for none; "
            f"expected {num_classes}, as this model has. Pass num_classes to "
            "few_labels and to a model that learns from few labels alike."
        )
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY and steps is None:
        raise ValueError(
            "Got an infinite dataset (repeat()), so an epoch has no end; expected "
            "one that ends. Pass steps_per_epoch (or steps), or drop the repeat()."
        )
    if getattr(dataset, "is_checked", False) or hasattr(dataset, "counts_passes"):
        return  # Made from arrays that were; drawing a batch would count as a pass.
    first = next(iter(dataset.take(1).as_numpy_iterator()), None)
    if first is None:
        raise ValueError(
            "Got an empty dataset; expected at least one batch. If it was batched with "
            "drop_remainder=True, there are fewer images than one batch: lower the "
            "batch size."
        )
    check_arrays(first, image_shape, num_classes)


def _symbolic(spec):
    if not isinstance(spec, tf.TensorSpec):
        raise ValueError(
            f"Got a dataset of {type(spec).__name__.removesuffix('Spec')}s; expected "
            "dense tensors: images of one size. Resize them before they are batched."
        )
    if spec.shape.rank is None:
        raise ValueError(
            "Got a dataset that does not know the rank of its elements; expected "
            "images of shape (batch, height, width, channels). Map it with "
            "tf.ensure_shape."
        )
    return keras.KerasTensor(tuple(spec.shape), spec.dtype.name)


def checked_dataset(dataset, image_shape, num_classes):
    """The dataset with a check of the numbers of each batch, as images or pairs.

    An epoch ends with `tf.errors.InvalidArgumentError` at a batch with pixels outside
    [0, 1], images of another size or labels that are no classes; `find_fault` says
    which.

    Args:
        dataset: `tf.data.Dataset` of batches.
        image_shape: The model's `(height, width, channels)`.
        num_classes: The model's number of classes, or None.

    Returns:
        `tf.data.Dataset` of `(images,)` or `(images, labels)`.
    """
    if getattr(dataset, "is_checked", False):
        return dataset

    def check(*batch):
        images, labels = _split(batch)
        images = tf.ensure_shape(images, (None, *image_shape))
        asserted = []
        if images.dtype.is_floating:
            fits = tf.reduce_all((images >= 0) & (images <= 1))  # false for NaN
            asserted.append(tf.debugging.Assert(fits, ["Pixels are outside [0, 1]."]))
        if labels is not None and num_classes is not None:
            fits = tf.reduce_all((labels >= 0) & (labels < num_classes))
            asserted.append(tf.debugging.Assert(fits, ["Labels are no classes."]))
        with tf.control_dependencies(asserted):
            images = tf.identity(images)
        return (images,) if labels is None else (images, labels)

    # Ahead of the step by as much as a pipeline that ends in a prefetch was before.
    checked = dataset.map(check).prefetch(2)
    checked.is_checked = True
    checked.begin_at = getattr(dataset, "begin_at", None)
    return checked


class _CheckedPyDataset(keras.utils.PyDataset):
    """A `PyDataset` whose batches are checked as they are made."""

    def __init__(self, dataset, form):
        super().__init__(
            workers=dataset.workers,
            use_multiprocessing=dataset.use_multiprocessing,
            max_queue_size=dataset.max_queue_size,
        )
        self.dataset = dataset
        self.form = form

    @property
    def num_batches(self):
        return self.dataset.num_batches

    def __getitem__(self, index):
        return _as_tuple(_checked_batch(self.dataset[index], index + 1, self.form))

    def on_epoch_begin(self):
        self.dataset.on_epoch_begin()

    def on_epoch_end(self):
        self.dataset.on_epoch_end()


def _admit_iterable(x, form):
    """An iterable as Keras takes it: a generator, or a dataset if it starts anew."""
    if iter(x) is x:
        first = next(x, None)
        if first is None:
            raise ValueError(
                "Got a generator that is used up or empty; it must yield at least one "
                "batch. Make a new one."
            )
        check_arrays(first, *form)
        return (batch for batch in _checked_batches(itertools.chain([first], x), form))
    first = next(iter(x), None)
    if first is None:
        raise ValueError(
            f"Got a {type(x).__name__} without a batch; expected at least one."
            " Look at how it was made."
        )
    arrays = _as_tuple(check_arrays(first, *form))
    dataset = tf.data.Dataset.from_generator(
        lambda: _checked_batches(x, form),
        output_signature=tuple(
            tf.TensorSpec((None, *array.shape[1:]), array.dtype) for array in arrays
        ),
    )
    if hasattr(x, "__len__"):
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(len(x)))
    dataset.is_checked = True
    return dataset


def _checked_batches(batches, form):
    for number, batch in enumerate(batches, start=1):
        yield _as_tuple(_checked_batch(batch, number, form))


def _checked_batch(batch, number, form):
    try:
        return check_arrays(batch, *form)
    except ValueError as error:
        raise ValueError(
            f"The data are at fault, first in batch {number}: {error}"
        ) from error


def _as_tuple(pair):
    return pair[:1] if pair[1] is None else pair


def fault_in(error):
    """The sentence on a bad batch in an error that came by way of TensorFlow, or None.

    Args:
        error: `tf.errors.OpError` of a dataset whose batches come from Python.
    """
    found = re.search(r"The data are at fault, first in batch .*", str(error))
    few = re.search(rf"{replicas.FEW_IMAGES}[^\]\n]*", str(error))
    return (found or few) and (found or few)[0]


def find_fault(x, image_shape, num_classes, steps=None):
    """Looks through all batches of a dataset for one that `admit` would refuse.

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
            _checked_batch(batch, number, (image_shape, num_classes))
        except ValueError as error:
            return str(error)
    return None
