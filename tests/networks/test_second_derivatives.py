"""Gradients of input gradients, which penalties on a judge's slope descend.

A gradient written by hand may be right and its own gradient wrong. Convolutions are set
beside Keras' own layers; normalisations beside the plain formula, since Keras takes the
variance about a mean that it holds fixed: right once, but not twice.
"""

import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kerasgen.networks import fused
from kerasgen.networks.blocks import SpectralNormalization
from kerasgen.training import input_gradient

SHAPE = (3, 6, 8, 5)
MODES = {
    "eager": lambda function: function,
    "graph": tf.function,
    "xla": lambda function: tf.function(function, jit_compile=True),
}
DTYPES_AND_MODES = [("mixed_bfloat16", "eager"), *(("float32", m) for m in MODES)]
SAME = {"strides": 2, "padding": "same"}
CONVOLUTIONS = {
    "Conv2D": {"filters": 5, "kernel_size": 4, **SAME},
    "Conv2DTranspose": {"filters": 2, "kernel_size": 4, **SAME},
}
NORMALIZATIONS = {
    "BatchNormalization": {"momentum": 0.9, "epsilon": 1e-5},
    "LayerNormalization": {"axis": [1, 2, 3]},
}


def layer_of(where, kind, dtype="float32"):
    """A layer with weights that are not trivial, the same whoever wrote the layer."""
    layer = getattr(where, kind)(dtype=dtype, **(CONVOLUTIONS | NORMALIZATIONS)[kind])
    layer.build((None, *SHAPE[1:]))
    random = np.random.default_rng(0)
    layer.set_weights([0.6 * random.normal(size=w.shape) for w in layer.weights])
    return layer


def random(seed, shape=SHAPE):
    return tf.constant(np.random.default_rng(seed).normal(size=shape), "float32")


def penalty_gradients(function, weights, mode="eager"):
    """Gradients, by weights and by inputs, of a number made of the slope.

    Args:
        function: From inputs to outputs; curved here, so that there is a slope.
        weights: List of tensors that the function depends on.
        mode: Key of `MODES`.
    """

    def score(inputs):
        outputs = tf.cast(function(inputs), tf.float32)
        return tf.reduce_sum(tf.nn.softplus(2.0 * outputs), axis=(1, 2, 3))

    def gradients(inputs, weighting):
        with tf.GradientTape() as tape:
            tape.watch([inputs, *weights])
            slope = input_gradient(score, inputs)
            # Not the square alone: batch normalisation has no slope along its inputs.
            penalty = tf.reduce_sum(slope**2 + weighting * slope)
        return tape.gradient(penalty, [*weights, inputs])

    return [g.numpy() for g in MODES[mode](gradients)(random(2), random(3))]


def assert_close(ours, theirs, share):
    """Equal up to a share of the largest number, as rounding errors of sums are."""
    for one, other in zip(ours, theirs, strict=True):
        assert np.abs(other).max() > 0.1
        np.testing.assert_allclose(one, other, atol=share * np.abs(other).max(), rtol=0)


def values(layer):
    return [v.value for v in layer.trainable_variables]


@pytest.mark.parametrize(("dtype", "mode"), DTYPES_AND_MODES)
@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_convolutions_of_pixels(kind, dtype, mode):
    ours, theirs = (
        penalty_gradients(layer, values(layer), mode)
        for layer in (layer_of(fused, kind, dtype), layer_of(layers, kind, dtype))
    )
    assert_close(ours, theirs, 1e-5 if dtype == "float32" else 0.05)


@pytest.mark.parametrize(("dtype", "mode"), DTYPES_AND_MODES)
@pytest.mark.parametrize("kind", NORMALIZATIONS)
def test_normalizations(kind, dtype, mode):
    layer = layer_of(fused, kind, dtype)
    is_batch = kind == "BatchNormalization"
    axes = [0, 1, 2] if is_batch else [1, 2, 3]
    gamma, beta = (tf.Variable(value) for value in values(layer))

    def formula(x):
        centred = x - tf.reduce_mean(x, axes, keepdims=True)
        variance = tf.reduce_mean(centred**2, axes, keepdims=True)
        return centred * tf.math.rsqrt(variance + layer.epsilon) * gamma + beta

    kwargs = {"training": True} if is_batch else {}
    ours = penalty_gradients(lambda x: layer(x, **kwargs), values(layer), mode)
    theirs = penalty_gradients(formula, [gamma, beta])
    assert_close(ours, theirs, 1e-4 if dtype == "float32" else 0.05)


@pytest.mark.parametrize("mode", MODES)
def test_batch_normalization_by_its_moving_statistics(mode):
    found = []
    for where in (fused, layers):
        layer = layer_of(where, "BatchNormalization")
        layer.moving_variance.assign(layer.moving_variance**2 + 0.5)
        found.append(penalty_gradients(layer, values(layer), mode))
    assert_close(*found, 1e-5)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_spectral_normalization(kind, mode):
    arguments = CONVOLUTIONS[kind] | {"use_bias": False}
    layer = SpectralNormalization(getattr(layers, kind)(**arguments))
    layer.build((None, *SHAPE[1:]))
    for _ in range(100):
        layer(random(2), training=True)  # until the singular vectors have settled
    kernel = tf.Variable(layer.layer.kernel.value)

    def formula(x):
        outputs_last = [0, 1, 3, 2] if kind == "Conv2DTranspose" else [0, 1, 2, 3]
        matrix = tf.transpose(kernel, outputs_last)
        matrix = tf.reshape(matrix, (-1, matrix.shape[-1]))
        scaled = kernel / tf.linalg.svd(matrix, compute_uv=False)[0]
        if kind == "Conv2D":
            return tf.nn.conv2d(x, scaled, 2, "SAME")
        return tf.nn.conv2d_transpose(x, scaled, (3, 12, 16, 2), 2, "SAME")

    theirs = penalty_gradients(formula, [kernel])
    ours = penalty_gradients(layer, [layer.layer.kernel.value], mode)
    assert_close(ours, theirs, 1e-3)
