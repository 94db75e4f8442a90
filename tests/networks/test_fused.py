import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kerasgen.networks import fused

BATCH_SHAPES = [(8, 7, 7, 5), (16, 6), (1, 4, 4, 3), (6, 5, 3)]


def pair(ours, theirs, input_shape):
    """Both layers with the same, not trivial, weights."""
    for layer in (ours, theirs):
        layer.build((None, *input_shape))
    random = np.random.default_rng(0)
    weights = [random.uniform(0.5, 1.5, w.shape) for w in theirs.weights]
    for layer in (ours, theirs):
        layer.set_weights(weights)
    return ours, theirs


def outcome(layer, inputs, **kwargs):
    """Outputs, gradients by inputs and weights, and the weights after the call."""
    x = tf.constant(inputs)
    upstream = np.random.default_rng(1)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer(x, **kwargs)
        weighted = tf.constant(upstream.normal(size=outputs.shape), outputs.dtype)
        loss = tf.reduce_sum(tf.cast(outputs * weighted, "float32"))
    gradients = tape.gradient(loss, [x, *[v.value for v in layer.trainable_variables]])
    return [outputs, *gradients, *layer.get_weights()]


def assert_close(ours, theirs, **tolerance):
    for one, other in zip(ours, theirs, strict=True):
        one, other = (tf.cast(value, "float32").numpy() for value in (one, other))
        np.testing.assert_allclose(one, other, **tolerance)


# Batch normalisation


def normalizations(shape, dtype=None):
    arguments = {"momentum": 0.9, "epsilon": 1e-5, "dtype": dtype}
    return pair(
        fused.BatchNormalization(**arguments),
        layers.BatchNormalization(**arguments),
        shape[1:],
    )


@pytest.mark.parametrize("shape", BATCH_SHAPES)
@pytest.mark.parametrize("training", [True, False])
def test_batch_normalization_is_that_of_keras(shape, training):
    inputs = np.random.default_rng(2).normal(3.0, 2.0, shape).astype("float32")
    ours, theirs = normalizations(shape)
    assert_close(
        outcome(ours, inputs, training=training),
        outcome(theirs, inputs, training=training),
        rtol=1e-4,
        atol=1e-5,
    )


def test_moving_variance_is_the_biased_one():
    layer = fused.BatchNormalization(momentum=0.0)
    layer(np.array([[0.0], [2.0]], "float32"), training=True)
    assert float(layer.moving_variance.value[0]) == pytest.approx(1.0)
    assert float(layer.moving_mean.value[0]) == pytest.approx(1.0)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("training", [True, False])
def test_batch_normalization_in_mixed_precision(policy, training):
    shape = (8, 6, 6, 4)
    inputs = np.random.default_rng(2).normal(1.0, 2.0, shape).astype("float32")
    ours, theirs = normalizations(shape, policy)
    results = [outcome(layer, inputs, training=training) for layer in (ours, theirs)]
    assert results[0][0].dtype == policy.removeprefix("mixed_")
    assert_close(*results, rtol=0.05, atol=0.15)
    assert {v.dtype for v in ours.variables} == {"float32"}


def test_frozen_batch_normalization_uses_its_moving_statistics():
    inputs = np.random.default_rng(2).normal(size=(8, 4)).astype("float32")
    ours, theirs = normalizations((8, 4))
    ours.trainable = theirs.trainable = False
    assert_close(
        [ours(inputs, training=True), *ours.get_weights()],
        [theirs(inputs, training=True), *theirs.get_weights()],
        rtol=1e-5,
    )


# Layer normalisation


def layer_normalizations(shape, dtype=None):
    arguments = {"axis": list(range(1, len(shape))), "dtype": dtype}
    made = (kind.LayerNormalization(**arguments) for kind in (fused, layers))
    return pair(*made, shape[1:])


@pytest.mark.parametrize("shape", BATCH_SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_layer_normalization_is_that_of_keras(shape, dtype):
    made = layer_normalizations(shape, dtype)
    inputs = np.random.default_rng(2).normal(3.0, 2.0, shape).astype("float32")
    results = [outcome(layer, inputs) for layer in made]
    tolerance = {"rtol": 1e-4, "atol": 1e-5} if dtype == "float32" else {"atol": 0.1}
    assert_close(*results, **tolerance)


# Convolutions at the pixels


def convolutions(kind, channels, dtype=None):
    ours, theirs = getattr(fused, kind), getattr(layers, kind)
    features, size = (5, channels) if kind == "Conv2D" else (channels, 5)
    arguments = {"strides": 2, "padding": "same", "dtype": dtype}
    made = (layer(features, 4, **arguments) for layer in (ours, theirs))
    return pair(*made, (6, 8, size)), (3, 6, 8, size)


@pytest.mark.parametrize("kind", ["Conv2D", "Conv2DTranspose"])
@pytest.mark.parametrize("channels", [1, 3])
def test_convolutions_of_pixels_are_those_of_keras(kind, channels):
    made, shape = convolutions(kind, channels)
    inputs = np.random.default_rng(2).normal(size=shape).astype("float32")
    results = [outcome(layer, inputs) for layer in made]
    assert_close(*results, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["Conv2D", "Conv2DTranspose"])
def test_convolutions_of_pixels_in_bfloat16(kind):
    made, shape = convolutions(kind, 1, "mixed_bfloat16")
    inputs = np.random.default_rng(2).normal(size=shape).astype("float32")
    results = [outcome(layer, inputs) for layer in made]
    assert results[0][0].dtype == "bfloat16"
    assert_close(*results, rtol=0.05, atol=0.3)


# Dropout


@pytest.mark.parametrize("shape", [(1000, 33), (7, 3, 3, 501)])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_dropout_keeps_its_share_and_the_mean(shape, dtype):
    layer = fused.Dropout(0.3, seed=0, dtype=dtype)
    outputs = tf.cast(layer(tf.ones(shape, dtype), training=True), "float32").numpy()
    assert np.mean(outputs == 0.0) == pytest.approx(0.3, abs=0.01)
    kept = outputs[outputs > 0]
    np.testing.assert_allclose(kept, 1 / 0.7, rtol=0.005)


def test_dropout_draws_anew_and_passes_gradients_where_it_keeps():
    layer = fused.Dropout(0.5, seed=0)
    x = tf.ones((40, 50))
    with tf.GradientTape() as tape:
        tape.watch(x)
        first = layer(x, training=True)
    np.testing.assert_array_equal(tape.gradient(first, x), first)
    assert not np.array_equal(first, layer(x, training=True))
    np.testing.assert_array_equal(layer(x, training=False), x)


def test_dropout_of_whole_channels_is_obeyed():
    layer = fused.Dropout(0.5, noise_shape=(None, 1, 8), seed=0)
    outputs = layer(tf.ones((4, 6, 8)), training=True).numpy()
    np.testing.assert_array_equal(outputs, outputs[:, :1] * np.ones((1, 6, 1)))


def test_batch_normalization_of_another_axis_is_obeyed():
    x = np.random.default_rng(0).normal(2.0, 3.0, (5, 4, 6)).astype("float32")
    ours, theirs = (
        made(axis=1)(x, training=True)
        for made in (fused.BatchNormalization, layers.BatchNormalization)
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_dropout_repeats_from_the_state_of_its_generator():
    layer = fused.Dropout(0.5, seed=0)
    state = layer.seed_generator.state.numpy()
    first = layer(tf.ones((4, 9)), training=True)
    layer.seed_generator.state.assign(state)
    np.testing.assert_array_equal(first, layer(tf.ones((4, 9)), training=True))


# The leaky rectifier


@pytest.mark.parametrize("dtype", ["float32", "float64", "mixed_bfloat16"])
def test_leaky_rectifier_is_that_of_keras(dtype):
    inputs = np.random.default_rng(2).normal(size=(4, 3, 3, 2)).astype("float32")
    inputs[0, 0, 0] = 0.0
    ours, theirs = (
        outcome(made(0.2, dtype=dtype), inputs)
        for made in (fused.LeakyReLU, layers.LeakyReLU)
    )
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def test_leaky_rectifier_at_second_order():
    """Of a cube, whose second derivative passes through the rectifier's first."""
    x = tf.constant([-2.0, -1.0, 1.0, 2.0])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            cube = fused.LeakyReLU(0.5)(x) ** 3
        slope = inner.gradient(cube, x)
    np.testing.assert_allclose(slope, [1.5, 0.375, 3.0, 12.0])
    np.testing.assert_allclose(outer.gradient(slope, x), [-1.5, -0.75, 6.0, 12.0])


def test_layer_normalization_is_keras_over_the_last_axes():
    x = np.random.default_rng(0).random((2, 4, 4, 3), "float32")
    for given in ({}, {"axis": [2, 3]}, {"scale": False}, {"center": False}):
        ours, theirs = (
            fused.LayerNormalization(**given),
            layers.LayerNormalization(**given),
        )
        np.testing.assert_allclose(ours(x), theirs(x), atol=1e-5)
    with pytest.raises(ValueError, match=r"Got axis=\[1\] .* expected the last axes"):
        fused.LayerNormalization(axis=1)(x)


@pytest.mark.parametrize("name", ["Conv2D", "Conv2DTranspose"])
def test_convolutions_that_the_kernels_do_not_compute_are_refused(name):
    x = np.ones((2, 8, 8, 3), "float32")
    for given in ({"strides": 1, "padding": "same"}, {"strides": 2}):
        with pytest.raises(ValueError, match=f"Take keras.layers.{name}"):
            getattr(fused, name)(4, 4, **given)(x)
    own = {"strides": 2, "padding": "same", "activation": "sigmoid"}
    layer = getattr(fused, name)(4, 4, **own)
    plain = getattr(layers, name)(4, 4, **own)
    expected = plain(x)
    layer.build(x.shape)
    layer.set_weights(plain.get_weights())
    np.testing.assert_allclose(layer(x), expected, atol=1e-5)


# All of them


@pytest.mark.parametrize(
    "layer",
    [
        fused.BatchNormalization(momentum=0.7),
        fused.LayerNormalization(axis=[1, 2, 3]),
        fused.Dropout(0.2),
        fused.LeakyReLU(0.2),
        fused.Conv2D(3, 4, strides=2, padding="same"),
        fused.Conv2DTranspose(1, 4, strides=2, padding="same"),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_layers_are_saved_under_the_paths_of_keras(layer, tmp_path):
    """So that weights of Keras' layers can be loaded, and configurations revived."""
    inputs = keras.Input((4, 4, 2))
    model = keras.Model(inputs, layer(inputs))
    plain = getattr(layers, type(layer).__name__).from_config(layer.get_config())
    old = keras.Model(inputs, plain(inputs))
    old.save_weights(tmp_path / "old.weights.h5")
    model.load_weights(tmp_path / "old.weights.h5")
    for one, other in zip(model.get_weights(), old.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    model.save(tmp_path / "model.keras")
    revived = keras.models.load_model(tmp_path / "model.keras")
    assert type(revived.layers[-1]) is type(layer)
    x = np.random.default_rng(0).random((2, 4, 4, 2), "float32")
    np.testing.assert_array_equal(model(x), revived(x))
