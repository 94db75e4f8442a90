"""What constructors and public methods take: checks, labels, batches of arrays."""

import difflib

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from kerasgen import training

SAMPLING_BATCH = 500


def with_labels(inputs, labels):
    """What a network takes: the inputs alone, or a list of them and the labels."""
    inputs = inputs if isinstance(inputs, list) else [inputs]
    return one_or_list(inputs if labels is None else [*inputs, labels])


def one_or_list(inputs):
    return inputs[0] if len(inputs) == 1 else list(inputs)


def in_batches(function, *arrays):
    """Applies a function to arrays (None is left out) in batches; returns NumPy."""
    arrays = [array for array in arrays if array is not None]
    num = len(arrays[0])
    parts = [
        keras.tree.map_structure(
            ops.convert_to_numpy,
            function(*(tf.constant(a[i : i + SAMPLING_BATCH]) for a in arrays)),
        )
        for i in range(0, num, SAMPLING_BATCH)
    ]
    return keras.tree.map_structure(lambda *xs: np.concatenate(xs), *parts)


def great_circle(first, last, steps):
    """Latents on the great circle from `first` to `last`, shape `(steps, dim)`."""
    cosine = np.dot(first, last) / (
        np.linalg.norm(first) * np.linalg.norm(last) + 1e-12
    )
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    t = np.linspace(0.0, 1.0, steps, dtype="float32")[:, None]
    if np.sin(angle) < 1e-6:
        return (1.0 - t) * first + t * last
    weights = np.sin((1.0 - t) * angle), np.sin(t * angle)
    return ((weights[0] * first + weights[1] * last) / np.sin(angle)).astype("float32")


def check_images(model, images):
    """Images as float32 in [0, 1]; raises ValueError where they do not fit `model`."""
    training.check_data(np.asarray(images), None, model.image_shape, None)
    return np.asarray(training.unpack_batch(np.asarray(images))[0])


def check_positive_int(name, value):
    """The value, if it is a positive int; ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name}={value!r}; expected a positive integer.")
    return int(value)


def check_image_shape(image_shape):
    shape = tuple(image_shape)
    if len(shape) != 3:
        raise ValueError(
            f"image_shape={shape}; expected (height, width, channels), for example "
            "(28, 28, 1)."
        )
    for name, value in zip(("height", "width", "channels"), shape, strict=True):
        check_positive_int(f"image_shape={shape}: {name}", value)
    return tuple(int(n) for n in shape)


def check_network(name, network, takes, returns):
    """A user's network, if it maps the shapes that the model needs.

    A discriminator whose last layer gives shape `(batch, 1)` is flattened.

    Args:
        name: Name of the constructor argument.
        network: `keras.Model`.
        takes: List of input shapes, without batch.
        returns: List of output shapes, without batch.

    Returns:
        The network.

    Raises:
        ValueError: If it is no built model, or a shape differs.
    """
    if not isinstance(network, keras.Model) or not getattr(network, "inputs", None):
        raise ValueError(
            f"{name}={network!r}; expected a built keras.Model with known inputs "
            "(functional, or Sequential with an Input)."
        )
    if returns == [()] and [tuple(t.shape[1:]) for t in network.outputs] == [(1,)]:
        flat = keras.layers.Reshape((), dtype="float32")(network.outputs[0])
        network = keras.Model(network.inputs, flat, name=network.name)
    for kind, tensors, expected in (
        ("takes", network.inputs, takes),
        ("returns", network.outputs, returns),
    ):
        shapes = [tuple(tensor.shape[1:]) for tensor in tensors]
        if shapes != [tuple(shape) for shape in expected]:
            raise ValueError(
                f"{name} {kind} shapes {shapes} (without batch); this model needs "
                f"{[tuple(shape) for shape in expected]}."
            )
    return network


def check_positive(name, value):
    """The value, if it is a positive number; ValueError otherwise."""
    if isinstance(value, bool) or not np.isreal(value) or not 0 < value < np.inf:
        raise ValueError(f"{name}={value!r}; expected a positive number.")
    return float(value)


def check_not_negative(name, value):
    """The value, if it is a number of at least 0; ValueError otherwise."""
    if isinstance(value, bool) or not np.isreal(value) or not 0 <= value < np.inf:
        raise ValueError(f"{name}={value!r}; expected a number of at least 0.")
    return float(value)


def check_fraction(name, value):
    """The value, if it is a number in [0, 1); ValueError otherwise."""
    if isinstance(value, bool) or not np.isreal(value) or not 0 <= value < 1:
        raise ValueError(f"{name}={value!r}; expected a number in [0, 1).")
    return float(value)


def check_choice(name, value, choices):
    """The value, if it is one of `choices`; ValueError with near matches otherwise."""
    if value not in choices:
        near = difflib.get_close_matches(str(value), [str(c) for c in choices], n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{name}={value!r}; expected one of {list(choices)}.{hint}")
    return value
