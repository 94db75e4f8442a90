import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from kerasgen.objectives import cross_entropy_discriminator_loss
from kerasgen.objectives import minimax_generator_loss
from kerasgen.objectives import non_saturating_generator_loss

LOGITS = st.floats(-60, 60, width=32)
LOG_2 = math.log(2.0)


def value(loss, *logits):
    return float(loss(*(tf.constant([x], "float32") for x in logits))[0])


def slope(loss, logit):
    logits = tf.constant([logit])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        total = tf.reduce_sum(loss(logits))
    return float(tape.gradient(total, logits)[0])


def test_discriminator_that_cannot_tell_loses_two_log_two():
    assert value(cross_entropy_discriminator_loss, 0, 0) == pytest.approx(2 * LOG_2)


def test_values_by_hand():
    # D = 3/4 at the logit log 3, and 1/4 at -log 3.
    logit = math.log(3.0)
    judged = value(cross_entropy_discriminator_loss, logit, -logit)
    assert judged == pytest.approx(-2 * math.log(0.75))
    wrong = value(cross_entropy_discriminator_loss, -logit, logit)
    assert wrong == pytest.approx(-2 * math.log(0.25))
    assert value(non_saturating_generator_loss, logit) == pytest.approx(-math.log(0.75))
    assert value(minimax_generator_loss, logit) == pytest.approx(math.log(0.25))


def test_discriminator_loss_is_keras_binary_cross_entropy():
    real, fake = np.random.default_rng(0).normal(0, 5, (2, 64)).astype("float32")
    entropy = keras.losses.BinaryCrossentropy(from_logits=True, reduction="sum")
    ones = np.ones((64, 1))
    expected = entropy(ones, real[:, None]) + entropy(0 * ones, fake[:, None])
    losses = cross_entropy_discriminator_loss(real, fake)
    assert losses.shape == (64,)
    assert float(tf.reduce_sum(losses)) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("logit", [-1e4, -100.0, 100.0, 1e4])
def test_losses_are_exact_far_out(logit):
    expected = max(-logit, 0.0) + max(logit, 0.0)
    assert value(cross_entropy_discriminator_loss, logit, logit) == expected
    assert value(non_saturating_generator_loss, logit) == max(-logit, 0.0)
    assert value(minimax_generator_loss, logit) == -max(logit, 0.0)


@settings(deadline=None, max_examples=50)
@given(real=LOGITS, fake=LOGITS)
def test_the_minimax_game_is_zero_sum_in_the_fake_half(real, fake):
    judged = value(cross_entropy_discriminator_loss, real, fake)
    generated = value(minimax_generator_loss, fake)
    assert judged >= 0.0 >= generated
    # What remains of the sum does not depend on the generator.
    rest = value(non_saturating_generator_loss, real)
    assert judged + generated == pytest.approx(rest, abs=1e-4)


@settings(deadline=None, max_examples=50)
@given(logit=LOGITS)
def test_both_generator_losses_pull_the_logit_up(logit):
    # log(1 - D) + (-log D) is minus the logit, and both fall as the logit grows: the
    # games have one fixed point.
    both = value(non_saturating_generator_loss, logit)
    both += value(minimax_generator_loss, logit)
    assert both == pytest.approx(-logit, rel=1e-5, abs=1e-6)
    assert slope(non_saturating_generator_loss, logit) <= 0.0
    assert slope(minimax_generator_loss, logit) <= 0.0


def test_only_the_minimax_gradient_vanishes_where_samples_are_rejected():
    assert slope(non_saturating_generator_loss, -30.0) == pytest.approx(-1.0)
    assert -1e-12 < slope(minimax_generator_loss, -30.0) < 0.0
    assert slope(non_saturating_generator_loss, 0.0) == pytest.approx(-0.5)
    assert slope(minimax_generator_loss, 0.0) == pytest.approx(-0.5)


def test_one_value_for_each_example():
    logits = tf.constant([-3.0, 0.0, 2.0])
    for losses in (
        cross_entropy_discriminator_loss(logits, logits[::-1]),
        non_saturating_generator_loss(logits),
        minimax_generator_loss(logits),
    ):
        assert losses.shape == (3,)
    alone = value(cross_entropy_discriminator_loss, 2.0, -3.0)
    both = cross_entropy_discriminator_loss(logits, logits[::-1])
    assert float(both[2]) == pytest.approx(alone)
