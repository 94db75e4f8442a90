import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from kerasgen.networks import ancestral_codes
from kerasgen.networks import pixel_cnn
from kerasgen.networks.autoregressive import MaskedConv2D
from kerasgen.networks.autoregressive import normal_quantiles

GRID = (3, 4)


def after_the_embedding(prior):
    """The prior from embedded codes on, which have gradients."""
    embedded = prior.get_layer("code_embedding").output
    return keras.Model([embedded, *prior.inputs[1:]], prior.outputs[0])


@pytest.fixture
def prior():
    keras.utils.set_random_seed(1)
    return pixel_cnn(GRID, 5, width=16, depth=2)


def test_a_place_sees_all_places_before_it_and_no_other(prior):
    network = after_the_embedding(prior)
    rng = np.random.default_rng(0)
    reached = np.zeros((12, 12), bool)
    for _ in range(10):  # rectifiers may hide a path for one input
        x = tf.constant(rng.normal(size=(1, *GRID, 4)).astype("float32"))
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            logits = tf.reshape(network(x), (12, 5))
            parts = [tf.reduce_sum(tf.square(logits[place])) for place in range(12)]
        for place, part in enumerate(parts):
            slope = tape.gradient(part, x)
            if slope is not None:
                reached[place] |= np.abs(slope).sum(-1).reshape(12) > 0
    assert np.array_equal(reached, np.tril(np.ones((12, 12), bool), -1))


def test_codes_at_and_after_a_place_do_not_move_its_logits(prior):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 5, (1, 12))
    logits = prior(codes.reshape(1, *GRID)).numpy().reshape(12, 5)
    for place in range(12):
        other = codes.copy()
        other[0, place:] = (other[0, place:] + 1) % 5
        again = prior(other.reshape(1, *GRID)).numpy().reshape(12, 5)
        np.testing.assert_allclose(again[: place + 1], logits[: place + 1], atol=1e-5)
        if place < 11:
            assert np.abs(again[place + 1] - logits[place + 1]).max() > 1e-4


def test_labels_reach_every_place():
    prior = pixel_cnn(GRID, 5, num_classes=3, width=16, depth=1)
    codes = np.zeros((2, *GRID), "int32")
    first, second = prior([codes, np.array([0, 1])]).numpy()
    assert (np.abs(first - second).max(axis=-1) > 0).all()


def test_a_masked_convolution_by_hand():
    x = np.arange(9.0).reshape(1, 3, 3, 1)
    layer = MaskedConv2D(1, 3, sees_itself=False, kernel_initializer="ones")
    # Above: 0 + 1 + 2, left: 3; with itself 4
    assert float(layer(x)[0, 1, 1, 0]) == 6.0
    layer = MaskedConv2D(1, 3, sees_itself=True, kernel_initializer="ones")
    assert float(layer(x)[0, 1, 1, 0]) == 10.0
    again = MaskedConv2D.from_config(layer.get_config())
    assert again.sees_itself is True


class TestAncestralCodes:
    @pytest.fixture
    def chain(self):
        """A prior of two places and two codes, with its probabilities."""
        prior = pixel_cnn((1, 2), 2, width=4, depth=1)
        rng = np.random.default_rng(0)
        prior.set_weights([rng.normal(0, 1, w.shape) for w in prior.get_weights()])
        logits = prior(np.array([[[0, 0]], [[1, 0]]], "int32")).numpy().astype(float)
        shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
        joint = shares[0, 0, 0][:, None] * shares[:, 0, 1]
        return prior, joint

    def test_codes_have_the_probabilities_of_the_prior(self, chain):
        prior, joint = chain
        noise = np.random.default_rng(0).normal(size=(20_000, 2)).astype("float32")
        codes = ancestral_codes(prior, noise).numpy().reshape(-1, 2)
        counts = [
            np.sum((codes == pair).all(axis=1))
            for pair in itertools.product((0, 1), (0, 1))
        ]
        expected = joint.reshape(4) / joint.sum() * len(codes)
        assert stats.chisquare(counts, expected).pvalue > 1e-3

    def test_codes_are_a_function_of_the_noise(self, prior):
        noise = np.random.default_rng(0).normal(size=(6, 12)).astype("float32")
        codes = ancestral_codes(prior, noise)
        assert codes.shape == (6, *GRID) and codes.dtype == tf.int32
        assert np.all((codes >= 0) & (codes < 5))
        spec = [tf.TensorSpec((None, 12), tf.float32)]
        graph = tf.function(lambda n: ancestral_codes(prior, n), input_signature=spec)
        assert np.array_equal(codes, graph(noise))
        alone = ancestral_codes(prior, noise[2:3])
        assert np.array_equal(codes[2:3], alone)

    def test_labels_steer_the_codes(self):
        prior = pixel_cnn((1, 2), 4, num_classes=4, width=8, depth=1)
        rng = np.random.default_rng(0)
        embedding = prior.get_layer("label_embedding")
        embedding.set_weights([rng.normal(0, 4, (4, 8))])
        noise = rng.normal(size=(200, 2)).astype("float32")
        shares = [
            np.bincount(
                ancestral_codes(prior, noise, np.full(200, k)).numpy()[:, 0, 0],
                minlength=4,
            )
            / 200
            for k in (0, 1)
        ]
        logits = prior([tf.zeros((2, 1, 2), tf.int32), tf.constant([0, 1])])[:, 0, 0]
        expected = tf.nn.softmax(logits).numpy()
        assert np.abs(expected[0] - expected[1]).max() > 0.2
        np.testing.assert_allclose(shares, expected, atol=0.1)


def test_quantiles_are_those_of_the_normal_distribution():
    noise = np.linspace(-6.0, 6.0, 1001).astype("float32")
    found = keras.ops.convert_to_numpy(normal_quantiles(noise))
    np.testing.assert_allclose(found, stats.norm.cdf(noise), atol=3e-7)
    assert found.min() >= 0.0 and found.max() <= 1.0
