"""From what a user passes to `fit` and its like to batches that were checked."""

import contextlib
import random
from collections.abc import Iterable

import keras
import numpy as np
import tensorflow as tf

from kerasgen import inputs
from kerasgen import training
from kerasgen.core.arguments import check_choice
from kerasgen.core.arguments import check_counts
from kerasgen.data.pipeline import stream_arrays


def feed(
    model,
    x,
    y,
    *,
    batch_size=None,
    steps=None,
    shuffle=False,
    initial_epoch=0,
    is_labelled=True,
    trains=False,
):
    """Turns what `fit`, `evaluate` or `predict` was given into checked batches.

    Args:
        model: The `GenerativeModel`.
        x, y: As `fit` takes them.
        batch_size: Images in a batch, for arrays.
        steps: Steps that were asked for, or None.
        shuffle: Whether each epoch has an order of its own, for arrays. It is derived
            from the model's seed and the number of the epoch.
        initial_epoch: Number of the first epoch.
        is_labelled: Whether labels are taken, where the model learns from some.
        trains: Whether fewer images than a batch are refused.

    Returns:
        Dataset, `PyDataset` or generator, for Keras. Arrays are neither copied nor, if
        they are memory-mapped, read into memory.

    Raises:
        ValueError: That says what came, what was expected and what to do.
    """
    num_labels = model.num_labels if is_labelled else None
    form = (model.image_shape, num_labels)
    x, y = training.as_pair(x, y)
    x, labels = training.admit(x, y, *form, batch_size if trains else None, steps)
    if not isinstance(x, np.ndarray):
        return x
    if labels is not None:
        labels = inputs.check_labels(labels, len(x), num_labels)
    order = None
    if shuffle:
        seed = random.randrange(2**31) if model.seed is None else model.seed
        order = (seed, initial_epoch)
    return stream_arrays(x, labels, batch_size or 32, order, drop_remainder=False)


def gather(model, x, y):
    """All images, and labels where a model is conditional, of what `fit` takes.

    Args:
        model: The `GenerativeModel`.
        x, y: As `fit` takes them.

    Returns:
        Arrays of images, and of int32 labels or None.

    Raises:
        ValueError: If they do not fit the model, or do not end.
    """
    num_labels = model.num_labels if model.is_conditional else None
    x, y = training.as_pair(x, y)
    if isinstance(x, keras.utils.PyDataset) and x.num_batches is None:
        raise ValueError(
            "Got a PyDataset without an end (num_batches is None); expected one that "
            "ends. Pass arrays, or a part of it."
        )
    with naming_faults(model, x, None):
        images, labels = training.admit(x, y, model.image_shape, num_labels)
        if not isinstance(images, np.ndarray):
            batches = images
            if isinstance(batches, keras.utils.PyDataset):
                batches = map(batches.__getitem__, range(batches.num_batches))
            elif isinstance(batches, tf.data.Dataset):
                batches = batches.as_numpy_iterator()
            images, *parts = map(np.concatenate, zip(*batches, strict=True))
            labels = parts[0] if parts else None
    if num_labels is None:  # as `fit`, which passes over them
        return images, None
    return images, inputs.check_labels(labels, len(images), num_labels)


def check_passes(name, batches, epochs, steps):
    """Raise ValueError for a generator that would have to give its batches again.

    Args:
        name: What Keras calls the number of steps.
        batches: What `feed` returned.
        epochs: Passes that are wanted.
        steps: Steps of a pass, or None for all batches.
    """
    if epochs > 1 and steps is None and hasattr(batches, "__next__"):
        raise ValueError(
            f"Got a generator for {epochs} epochs, which gives its batches once; "
            "expected data to go through anew, such as arrays, a tf.data.Dataset or a "
            f"PyDataset, or {name} for one without an end."
        )


class _OrderOfRestored(keras.callbacks.Callback):
    """Goes on with the order of the epoch that `BackupAndRestore` goes on at."""

    def __init__(self, begin_at):
        super().__init__()
        self.begin_at = begin_at

    def on_train_begin(self, logs=None):
        if self.model._initial_epoch:
            self.begin_at(self.model._initial_epoch)


def in_order_of_epochs(callbacks, batches):
    """Callbacks with one after them that sets the order where a training goes on."""
    begin_at = getattr(batches, "begin_at", None)
    if begin_at is None or isinstance(callbacks, keras.callbacks.CallbackList):
        return callbacks
    return [*keras.tree.flatten(callbacks or []), _OrderOfRestored(begin_at)]


def is_array(x):
    """Whether `x` is an array of images, or arrays with labels."""
    return isinstance(x, (tuple, dict)) or hasattr(x, "__array__")


def split(x, y, share):
    """The first and the last part of arrays, as `validation_split` has it.

    Args:
        x, y: Images, a pair or a dict of arrays; labels or None.
        share: Share of the last part, in (0, 1).

    Returns:
        Two pairs `(images, labels)`, views of the arrays.

    Raises:
        ValueError: If these are no arrays, or a part would be empty.
    """
    if not is_array(x):
        raise ValueError(
            f"Got validation_split={share} and a {type(x).__name__}; expected arrays, "
            "which can be split. Pass validation_data."
        )
    x, y = training.as_pair(x, y)
    if isinstance(x, dict):
        x, y = training.pair_in_dict(x, y)
    x, y = np.asanyarray(x), None if y is None else np.asanyarray(y)
    num = len(x)
    first = int(num * (1 - share)) if 0 < share < 1 else 0
    if not 0 < first < num:
        raise ValueError(
            f"Got validation_split={share} of {num} images; expected a share that "
            "leaves images in both parts. Pass a number between 0 and 1."
        )
    parts = slice(None, first), slice(first, None)
    return [(x[part], None if y is None else y[part]) for part in parts]


def refuse_weights(**weights):
    """Raises ValueError for weights of samples or classes, which no model obeys."""
    for name, value in weights.items():
        if value is not None:
            raise ValueError(
                f"Got {name}; expected none: the losses of generative models here are "
                "plain means over images. Leave it out, or draw images more often that "
                "are to weigh more."
            )


def check_fit(
    logged, callbacks, has_validation, shuffle, initial_epoch, validation_freq, **counts
):
    """Checks the arguments of `fit` that are no data.

    Args:
        logged: Keys that the model logs.
        callbacks: As `fit` takes them.
        has_validation: Whether there are data to validate on.
        shuffle: True or False.
        initial_epoch: Int from 0 to the number of the last epoch.
        validation_freq: Positive int, or the numbers of epochs.
        **counts: Numbers that have to be positive ints, or None.

    Raises:
        ValueError: If a number does not fit, or a callback monitors what no model of
            this kind logs.
    """
    check_counts(**counts)
    check_choice("shuffle", shuffle, (True, False))
    is_int = isinstance(initial_epoch, (int, np.integer))
    if not is_int or initial_epoch < 0:
        raise ValueError(
            f"initial_epoch={initial_epoch!r}; expected an integer of at least 0."
        )
    if initial_epoch > counts["epochs"]:
        raise ValueError(
            f"Got initial_epoch={initial_epoch} and epochs={counts['epochs']}; "
            "expected the number of the last epoch as epochs, not how many more. Pass "
            f"epochs={initial_epoch + counts['epochs']} for so many more."
        )
    if not isinstance(validation_freq, Iterable):
        check_counts(validation_freq=validation_freq)
    for callback in _listed(callbacks):
        monitor = getattr(callback, "monitor", None)
        is_asked = getattr(callback, "save_best_only", True)
        if not isinstance(monitor, str) or not is_asked:
            continue
        name = monitor.removeprefix("val_")
        # Other callbacks may log further keys; these are those that people try.
        is_unknown = name in ("loss", "acc", "accuracy") and name not in logged
        if is_unknown or (name in logged and name != monitor and not has_validation):
            known = [*logged, *(f"val_{key}" for key in logged if has_validation)]
            advice = (
                "Losses of a game do not tell quality: monitor a metric of "
                "EvaluateSamples, or train without it."
                if is_unknown
                else "Pass validation_data."
            )
            raise ValueError(
                f"Got {type(callback).__name__} that monitors {monitor!r}; expected "
                f"one of {known}. {advice}"
            )


def counts_batches(callbacks):
    """Whether a callback, as `fit` takes them, acts after so many batches."""
    frequencies = (getattr(each, "save_freq", None) for each in _listed(callbacks))
    return any(isinstance(frequency, int) for frequency in frequencies)


def _listed(callbacks):
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return callbacks.callbacks
    return callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]


@contextlib.contextmanager
def naming_faults(model, x, steps):
    """Turns what TensorFlow says of a bad batch into a sentence on it.

    Args:
        model: The `GenerativeModel`.
        x: The data as the user passed them.
        steps: Steps that were asked for, or None.

    Raises:
        ValueError: If one of the batches was at fault.
    """
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        form = (model.image_shape, model.num_labels)
        fault = training.fault_in(error) or training.find_fault(x, *form, steps)
        if fault is None:
            raise
        raise ValueError(fault) from error
