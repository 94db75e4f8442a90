"""Arguments of constructors and public methods: checks, labels, batches of arrays."""

import difflib
import numbers

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from kerasgen import inputs

SAMPLING_BATCH = 500


def with_labels(inputs, labels):
    """Inputs of a network: the inputs alone, or a list of them and the labels."""
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


def latent_path(first, last, steps, num_gaussian=None):
    """Latents from one point of a prior to another, shape `(steps, *first.shape)`.

    Those of a Gaussian prior lie near a sphere, which a straight line would leave
    (White 2016, arXiv:1609.04468); those of classes and of ranges would leave these on
    a circle.

    Args:
        first, last: Float32 arrays of one shape.
        steps: Number of points, at least 2.
        num_gaussian: The leading latents of a Gaussian prior, on the great circle; the
            others are on the line. None for all.
    """
    ends = first.ravel(), last.ravel()
    num = ends[0].size if num_gaussian is None else num_gaussian
    t = np.linspace(0.0, 1.0, steps, dtype="float32")[:, None]
    line = (1.0 - t) * ends[0][num:] + t * ends[1][num:]
    circle = _great_circle(ends[0][:num], ends[1][:num], steps)
    return np.concatenate([circle, line], axis=1).reshape(steps, *first.shape)


def _great_circle(first, last, steps):
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
    return inputs.as_pixels(inputs.check_images(images, model.image_shape))


def check_latents(latents):
    """Latents as a float32 array; ValueError where they are no finite numbers."""
    latents = inputs.as_array("latents", latents)
    if latents.dtype.kind in "cOSUMm":
        raise ValueError(
            f"latents have dtype {latents.dtype}; expected floats. Cast them."
        )
    latents = latents.astype("float32")
    if not np.isfinite(latents).all():
        raise ValueError(
            "latents hold NaN or infinity; expected finite numbers. Draw them from a "
            "standard normal distribution, or from the encoder of a healthy model."
        )
    return latents


def check_positive_int(name, value):
    """The value, if it is a positive int; ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name}={value!r}; expected a positive integer.")
    return int(value)


def check_several(name, value):
    """The value, if it is an int of at least 2; ValueError otherwise."""
    if check_positive_int(name, value) < 2:
        raise ValueError(f"{name}=1; expected at least 2.")
    return int(value)


def check_num_classes(value):
    """The number of classes, if it is an int of at least 2; ValueError otherwise."""
    if check_positive_int("num_classes", value) < 2:
        raise ValueError(
            "num_classes=1; expected at least 2. With one class there is nothing to "
            "tell apart: leave it out, for a model without labels."
        )
    return int(value)


def check_counts(**counts):
    """Raises ValueError unless each value is a positive int, or None."""
    for name, value in counts.items():
        if value is not None:
            check_positive_int(name, value)


def check_seed(seed, least=-(2**31)):
    """The seed, if it is an int of 32 bits from `least` on; ValueError otherwise."""
    is_int = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)
    if not is_int or not least <= seed < 2**31:
        raise ValueError(
            f"Got seed={seed!r}; expected an integer of at least {least} and below "
            f"{2**31}."
        )
    return int(seed)


def check_labels(labels, num, num_classes, required=False):
    """Labels for `num` images as int32, or None for an unconditional model.

    Args:
        labels: Integers of shape `(num,)`, one integer for all images, or None.
        num: Number of images.
        num_classes: Number of classes, or None for an unconditional model.
        required: Whether a conditional model needs labels; if not, None stands for the
            classes in turn.

    Returns:
        int32 array of shape `(num,)`, or None.

    Raises:
        ValueError: If the labels do not fit.
    """
    if num_classes is None:
        if labels is not None:
            raise ValueError(
                "Got labels; expected none, as this model is not conditional. Leave "
                "them out, or construct the model with num_classes."
            )
        return None
    if labels is None and required:
        raise ValueError(
            f"Got images without labels; expected one class number for each image, as "
            f"this model is conditional (num_classes={num_classes}). Pass labels."
        )
    if labels is None:
        return np.arange(num, dtype="int32") % num_classes
    labels = inputs.as_array("labels", labels)
    if labels.ndim == 0:
        labels = np.full(num, labels)
    known = None if num_classes == np.inf else num_classes
    return inputs.check_labels(labels, num, known)


def check_image_shape(image_shape):
    shape = (
        tuple(image_shape) if isinstance(image_shape, (tuple, list)) else image_shape
    )
    if not isinstance(shape, tuple) or len(shape) != 3:
        raise ValueError(
            f"image_shape={shape}; expected (height, width, channels), for example "
            "(28, 28, 1)."
        )
    for name, value in zip(("height", "width", "channels"), shape, strict=True):
        check_positive_int(f"image_shape={shape}: {name}", value)
    return tuple(int(n) for n in shape)


def check_network(name, network, takes, returns, unbounded=(), makes_images=False):
    """A user's network, if it maps the shapes that the model needs.

    A discriminator whose last layer gives shape `(batch, 1)` is flattened.

    Args:
        name: Name of the constructor argument.
        network: `keras.Model`.
        takes: List of input shapes, without batch.
        returns: List of output shapes, without batch.
        unbounded: Numbers of the outputs that are scores or logits.
        makes_images: Whether the outputs are pixels.

    Returns:
        The network.

    Raises:
        ValueError: If it is no built model, a shape differs, a score or logit is
            bounded, or pixels leave [0, 1].
    """
    if not isinstance(network, keras.Model) or not getattr(network, "inputs", None):
        raise ValueError(
            f"{name}={network!r}; expected a built keras.Model with known inputs "
            "(functional, or Sequential with an Input)."
        )
    _check_outputs(name, network, unbounded)
    if returns == [()] and [tuple(t.shape[1:]) for t in network.outputs] == [(1,)]:
        flat = keras.layers.Reshape((), dtype="float32")(network.outputs[0])
        network = keras.Model(one_or_list(network.inputs), flat, name=network.name)
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
    if makes_images:
        _check_pixels(name, network)
    return network


_BOUNDED = ("sigmoid", "tanh", "softmax", "hard_sigmoid", "hard_tanh", "softsign")


def _check_outputs(name, network, unbounded):
    """Raises ValueError for outputs by name, own losses, bounded scores and logits."""
    made = network.compute_output_spec(one_or_list(network.inputs))
    if isinstance(made, dict):
        raise ValueError(
            f"Got {name} with a dict of outputs {sorted(made)}; expected a list in the "
            "order of the documentation. Return a tensor or a list."
        )
    _call(network)
    if any(layer._losses for layer in network._flatten_layers()):
        raise ValueError(
            f"Got {name} with losses of its activations (add_loss or an activity "
            "regulariser); expected regularisers of weights alone, which count in the "
            "loss of the player that owns these. Write others into `player_losses`."
        )
    for number, output in enumerate(network.outputs):
        activation = _last_activation(output)
        if number in unbounded and activation in _BOUNDED:
            which = f" in its output {number}" if len(network.outputs) > 1 else ""
            raise ValueError(
                f"Got {name} that ends in {activation}{which}; expected an unbounded "
                "score or logits, to which the loss applies its own sigmoid or softmax "
                "where it needs one. Leave the last activation out."
            )


def _last_activation(tensor):
    """Name of the activation that made a tensor, looking through reshapes; or None."""
    operation, _, number = tensor._keras_history
    if isinstance(operation, keras.Model):
        return _last_activation(operation.outputs[number])
    if isinstance(operation, (keras.layers.Reshape, keras.layers.Flatten)):
        return _last_activation(operation.input)
    function = getattr(operation, "activation", None)
    return getattr(function, "__name__", type(operation).__name__.lower())


def _check_pixels(name, network):
    """Raises ValueError if a network that makes images leaves [0, 1] at once."""
    images = ops.convert_to_numpy(_call(network))
    if not 0.0 <= images.min() <= images.max() <= 1.0:
        raise ValueError(
            f"{name} makes pixels in [{images.min():.3g}, {images.max():.3g}]; "
            "expected [0, 1]. End it in a sigmoid."
        )


def _call(network):
    """The outputs of a network for standard normal inputs and labels of zero."""
    probes = [
        tf.random.stateless_normal((8, *tensor.shape[1:]), (0, 0))
        if keras.backend.is_float_dtype(tensor.dtype)
        else tf.zeros((8, *tensor.shape[1:]), tensor.dtype)
        for tensor in network.inputs
    ]
    return network(one_or_list(probes), training=False)


def _is_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def check_positive(name, value):
    """The value, if it is a positive number; ValueError otherwise."""
    if not _is_number(value) or not 0 < value < np.inf:
        raise ValueError(f"{name}={value!r}; expected a positive number.")
    return float(value)


def check_not_negative(name, value):
    """The value, if it is a number of at least 0; ValueError otherwise."""
    if not _is_number(value) or not 0 <= value < np.inf:
        raise ValueError(f"{name}={value!r}; expected a number of at least 0.")
    return float(value)


def check_fraction(name, value):
    """The value, if it is a number in [0, 1); ValueError otherwise."""
    if not _is_number(value) or not 0 <= value < 1:
        raise ValueError(f"{name}={value!r}; expected a number in [0, 1).")
    return float(value)


def check_share(name, value):
    """The value, if it is a number in [0, 1]; ValueError otherwise."""
    if not _is_number(value) or not 0 <= value <= 1:
        raise ValueError(f"{name}={value!r}; expected a number in [0, 1].")
    return float(value)


def check_choice(name, value, choices):
    """The value, if it is one of `choices`; ValueError with near matches otherwise."""
    if value not in list(choices):  # a dict would need a value that has a hash
        near = difflib.get_close_matches(str(value), [str(c) for c in choices], n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{name}={value!r}; expected one of {list(choices)}.{hint}")
    return value
