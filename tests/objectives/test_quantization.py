import numpy as np
import pytest
import tensorflow as tf

from kerasgen.objectives import codebook_loss
from kerasgen.objectives import commitment_loss
from kerasgen.objectives import straight_through


@pytest.fixture
def pair():
    encoded, quantized = np.random.default_rng(0).normal(size=(2, 3, 2, 2, 4))
    return tf.constant(encoded, tf.float32), tf.constant(quantized, tf.float32)


def slopes(function, *inputs):
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = tf.reduce_sum(function(*inputs))
    return tape.gradient(value, inputs)


def test_the_gradient_at_the_code_reaches_the_encoder_unchanged(pair):
    weights = tf.constant(np.random.default_rng(1).normal(size=4), tf.float32)

    def loss(codes):
        return tf.reduce_sum(tf.square(codes) * weights)

    np.testing.assert_allclose(straight_through(*pair), pair[1], atol=1e-6)
    by_encoder, by_code = slopes(lambda *p: loss(straight_through(*p)), *pair)
    (at_code,) = slopes(loss, pair[1])
    np.testing.assert_allclose(by_encoder, at_code, rtol=1e-4, atol=1e-5)
    assert by_code is None


@pytest.mark.parametrize("loss", [codebook_loss, commitment_loss])
def test_values_are_squares_summed_over_all_but_the_examples(pair, loss):
    squares = np.square(pair[0] - pair[1]).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(loss(*pair), squares, rtol=1e-5)
    by_hand = loss(tf.constant([[1.0, 2.0]]), tf.constant([[4.0, 6.0]]))
    assert by_hand.numpy().tolist() == [25.0]


def test_each_loss_moves_its_own_side(pair):
    by_encoder, by_code = slopes(codebook_loss, *pair)
    assert by_encoder is None
    np.testing.assert_allclose(by_code, 2 * (pair[1] - pair[0]), rtol=1e-5)
    by_encoder, by_code = slopes(commitment_loss, *pair)
    assert by_code is None
    np.testing.assert_allclose(by_encoder, 2 * (pair[0] - pair[1]), rtol=1e-5)
