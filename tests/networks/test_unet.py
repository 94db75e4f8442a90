import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasgen.networks import unet
from kerasgen.networks.unet import SinusoidalEmbedding

SMALL = {"width": 4}


def inputs(num=3, shape=(28, 28, 1), seed=0):
    rng = np.random.default_rng(seed)
    images = rng.normal(size=(num, *shape)).astype("float32")
    return [tf.constant(images), tf.constant(rng.random(num).astype("float32"))]


def awake(network):
    """The network with all weights drawn: some start at zero on purpose."""
    rng = np.random.default_rng(1)
    network.set_weights([rng.normal(0, 0.2, w.shape) for w in network.get_weights()])
    return network


@pytest.mark.parametrize(
    ("shape", "depth"), [((28, 28, 1), 2), ((32, 32, 3), 3), ((12, 20, 1), 1)]
)
def test_it_gives_back_the_shape_of_images_and_starts_at_zero(shape, depth):
    network = unet(shape, depth=depth, **SMALL)
    outputs = network(inputs(shape=shape))
    assert outputs.shape == (3, *shape)
    assert not np.any(outputs)


def test_every_input_matters():
    network = awake(unet((8, 8, 1), num_classes=3, **SMALL))
    images, time = inputs(shape=(8, 8, 1))
    labels = tf.constant([0, 1, 3])
    with tf.GradientTape() as tape:
        tape.watch([images, time])
        outputs = network([images, time, labels])
    slopes = tape.gradient(outputs, [images, time])
    assert all(np.abs(slope).min() > 0 for slope in slopes)
    others = network([images, time, tf.constant([1, 1, 3])])
    changed = np.abs(outputs - others).max(axis=(1, 2, 3)) > 0
    assert changed.tolist() == [True, False, False]


def test_images_of_a_batch_do_not_see_each_other():
    network = awake(unet((8, 8, 1), **SMALL))
    images, time = inputs(shape=(8, 8, 1))
    alone = network([images[:1], time[:1]])
    np.testing.assert_allclose(network([images, time])[:1], alone, atol=1e-5)


def test_all_places_reach_each_other():
    network = awake(unet((28, 28, 1), **SMALL))
    images, time = inputs(num=1)
    with tf.GradientTape() as tape:
        tape.watch(images)
        corner = network([images, time])[0, 14, 14, 0]
    assert np.count_nonzero(tape.gradient(corner, images)) == 784


def test_dropout_acts_in_training_alone():
    network = awake(unet((8, 8, 1), dropout=0.5, **SMALL))
    given = inputs(shape=(8, 8, 1))
    assert np.array_equal(network(given), network(given))
    assert not np.array_equal(network(given), network(given, training=True))


def test_mixed_precision_ends_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    network = unet((8, 8, 1), **SMALL)
    assert network(inputs(shape=(8, 8, 1))).dtype == tf.float32


def test_it_is_saved_and_loaded(tmp_path):
    network = awake(unet((8, 8, 1), num_classes=2, **SMALL))
    network.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    given = [*inputs(shape=(8, 8, 1)), tf.constant([0, 1, 2])]
    np.testing.assert_allclose(network(given), loaded(given), atol=1e-6)


class TestSinusoidalEmbedding:
    def test_values_by_hand(self):
        found = SinusoidalEmbedding(4)(tf.constant([0.0, 0.5]))
        fast, slow = 500.0, 5.0
        expected = [
            [1, 1, 0, 0],
            [np.cos(fast), np.cos(slow), np.sin(fast), np.sin(slow)],
        ]
        np.testing.assert_allclose(found, expected, atol=1e-4)

    def test_neighbouring_times_differ_under_mixed_precision(self):
        keras.config.set_dtype_policy("mixed_bfloat16")
        found = SinusoidalEmbedding(8)(tf.constant([0.900, 0.901]))
        assert found.dtype == tf.bfloat16
        assert np.abs(found[0] - found[1]).max() > 0.5

    def test_odd_units(self):
        with pytest.raises(ValueError, match="units=3; expected an even positive"):
            SinusoidalEmbedding(3)


@pytest.mark.parametrize(
    ("shape", "switches", "message"),
    [
        ((30, 30, 1), {}, "cannot be made with depth=2"),
        ((28, 28, 1), {"width": 6}, "width=6; expected a multiple of 4"),
        ((28, 28, 1), {"depth": 0}, "depth=0; expected a positive integer"),
    ],
)
def test_bad_switches(shape, switches, message):
    with pytest.raises(ValueError, match=message):
        unet(shape, **{**SMALL, **switches})
