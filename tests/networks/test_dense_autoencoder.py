import numpy as np
import pytest
import tensorflow as tf

from kerasgen.networks import base_encoder
from kerasgen.networks import code_discriminator
from kerasgen.networks import dense_decoder
from kerasgen.networks import dense_encoder
from kerasgen.networks import noise_bases
from kerasgen.networks import point_encoder

SHAPE = (6, 5, 2)


@pytest.mark.parametrize("normalization", ["batch", "layer", "spectral", None])
@pytest.mark.parametrize("num_classes", [None, 3])
def test_shapes(normalization, num_classes):
    switches = {"width": 8, "depth": 2, "normalization": normalization}
    labels = [] if num_classes is None else [tf.constant([0, 1, 2, 0])]
    images = tf.constant(np.random.default_rng(0).random((4, *SHAPE), "float32"))
    encoder = dense_encoder(SHAPE, 3, num_classes, skip_connections=True, **switches)
    mean, log_variance = encoder([images, *labels] if labels else images)
    assert mean.shape == log_variance.shape == (4, 3)
    decoder = dense_decoder(SHAPE, 3, num_classes, skip_connections=True, **switches)
    decoded = decoder([mean, *labels] if labels else mean)
    assert decoded.shape == (4, *SHAPE)
    assert np.min(decoded) >= 0.0 and np.max(decoded) <= 1.0


def test_the_encoder_of_kingma_and_welling_by_hand():
    encoder = dense_encoder((2, 1, 1), 1, width=2)
    hidden, mean, log_variance = (w for w in encoder.layers if w.weights)
    hidden.set_weights([np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([0.0, 0.5])])
    mean.set_weights([np.array([[1.0], [-1.0]]), np.array([0.25])])
    log_variance.set_weights([np.array([[0.0], [3.0]]), np.array([0.0])])
    found = encoder(np.array([[0.5, 0.25]]).reshape(1, 2, 1, 1))
    first, second = np.tanh([0.5, 1.0])
    np.testing.assert_allclose(found[0], [[first - second + 0.25]], rtol=1e-5)
    np.testing.assert_allclose(found[1], [[3 * second]], rtol=1e-5)


def test_a_point_encoder_is_the_mean_without_the_variance():
    encoder = dense_encoder(SHAPE, 3, width=8)
    point = point_encoder(encoder)
    images = np.random.default_rng(0).random((4, *SHAPE), "float32")
    np.testing.assert_allclose(point(images), encoder(images)[0])
    assert point.count_params() == encoder.count_params() - 9 * 3
    assert point.name == "encoder"


def test_bases_have_networks_of_their_own():
    network = noise_bases(2, bases=3, noise_dim=4, width=5)
    noise = np.random.default_rng(0).normal(size=(6, 3, 4)).astype("float32")
    vectors = network(noise).numpy()
    assert vectors.shape == (6, 3, 2)
    other = noise.copy()
    other[:, 1] += 1.0
    moved = np.abs(network(other) - vectors).max(axis=(0, 2)) > 0
    assert moved.tolist() == [False, True, False]
    # Equal noise gives different vectors: the kernels differ.
    assert np.abs(np.diff(network(np.ones((1, 3, 4))), axis=1)).min() > 0


def test_amplitudes_of_an_image():
    encoder = dense_encoder(SHAPE, 3, num_classes=2, width=8)
    network = base_encoder(encoder, 3, bases=4)
    given = [np.ones((5, *SHAPE), "float32"), np.zeros(5, "int32")]
    start, amplitudes = network(given)
    np.testing.assert_allclose(start, encoder(given)[0])
    assert amplitudes.shape == (5, 4, 3)
    assert np.min(amplitudes) > 0.0


def test_code_discriminator():
    network = code_discriminator(3, num_classes=2, width=8)
    codes = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    logits = network([codes, np.zeros(4, "int32")])
    assert logits.shape == (4,)
    assert not np.array_equal(logits, network([codes, np.ones(4, "int32")]))
    with pytest.raises(ValueError, match="width=0; expected a positive integer"):
        code_discriminator(3, width=0)
