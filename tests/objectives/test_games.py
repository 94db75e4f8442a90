import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from kerasgen import objectives
from kerasgen.objectives import GAMES

OUTPUTS = st.floats(-30, 30, width=32)


def both(name, real, fake):
    """Losses of the judge and of the generator for one pair of outputs."""
    real, fake = tf.constant([real], tf.float32), tf.constant([fake], tf.float32)
    return tuple(float(loss(real, fake)[0]) for loss in GAMES[name])


@pytest.mark.parametrize(
    ("name", "real", "fake", "judge", "generator"),
    [
        ("non_saturating", 0.0, 0.0, 2 * math.log(2), math.log(2)),
        ("minimax", 0.0, 0.0, 2 * math.log(2), -math.log(2)),
        ("least_squares", 0.5, 0.5, 0.25, 0.125),
        ("least_squares", 1.0, 0.0, 0.0, 0.5),
        ("least_squares", 3.0, -2.0, 4.0, 4.5),
        ("hinge", 0.0, 0.0, 2.0, 0.0),
        ("hinge", 1.0, -1.0, 0.0, 1.0),
        ("hinge", 0.25, 0.5, 2.25, -0.5),
        ("relativistic", 7.0, 7.0, math.log(2), math.log(2)),
        ("relativistic", math.log(3), 0.0, math.log(4 / 3), math.log(4)),
    ],
)
def test_values_by_hand(name, real, fake, judge, generator):
    assert both(name, real, fake) == pytest.approx((judge, generator), rel=1e-6)


def test_the_games_of_goodfellow_are_the_functions_of_one_argument():
    real, fake = tf.random.stateless_normal((2, 64), (0, 0), stddev=5.0)
    for name, loss in objectives.GENERATOR_LOSSES.items():
        np.testing.assert_array_equal(GAMES[name].generator(real, fake), loss(fake))
        np.testing.assert_array_equal(
            GAMES[name].judge(real, fake),
            objectives.cross_entropy_discriminator_loss(real, fake),
        )


@pytest.mark.parametrize("name", GAMES)
@settings(deadline=None, max_examples=25)
@given(real=OUTPUTS, fake=OUTPUTS)
def test_the_players_pull_the_outputs_apart_and_together(name, real, fake):
    """The judge wants real images higher, the generator its own."""
    outputs = tf.constant([real]), tf.constant([fake])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(outputs)
        judge = GAMES[name].judge(*outputs)
        generator = GAMES[name].generator(*outputs)
    of_real, of_fake = (float(g[0]) for g in tape.gradient(judge, outputs))
    by_generator = float(tape.gradient(generator, outputs[1])[0])
    # Least squares alone also pull back what lies beyond the target.
    if name != "least_squares" or (real < 1 and 0 < fake < 1):
        assert of_real <= 0.0 <= of_fake
        assert by_generator <= 0.0


@settings(deadline=None, max_examples=25)
@given(real=OUTPUTS, fake=OUTPUTS, shift=OUTPUTS)
def test_relativistic_losses_ignore_a_shift_and_swap_with_the_pair(real, fake, shift):
    judge, generator = both("relativistic", real, fake)
    assert both("relativistic", fake, real) == (generator, judge)
    shifted = both("relativistic", real + shift, fake + shift)
    assert shifted == pytest.approx((judge, generator), abs=1e-4)
    # log σ(a) + a = log σ(-a): the two losses differ by the difference of outputs.
    assert generator - judge == pytest.approx(real - fake, abs=1e-4)


def test_the_best_least_squares_discriminator_is_a_share_of_densities():
    """On one point with densities p and q the loss is least at p / (p + q)."""
    outputs = tf.linspace(0.0, 1.0, 1001)
    for p, q in [(1.0, 1.0), (3.0, 1.0), (0.2, 0.7)]:
        judge = GAMES["least_squares"].judge
        real_part = judge(outputs, tf.zeros_like(outputs))
        fake_part = judge(tf.ones_like(outputs), outputs)
        best = float(outputs[int(tf.argmin(p * real_part + q * fake_part))])
        assert best == pytest.approx(p / (p + q), abs=1e-3)


def test_beyond_its_margin_the_hinge_has_no_slope():
    outputs = tf.constant([1.5]), tf.constant([-1.5])
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        loss = GAMES["hinge"].judge(*outputs)
    assert all(float(g[0]) == 0.0 for g in tape.gradient(loss, outputs))


@pytest.mark.parametrize("name", GAMES)
def test_one_value_for_each_example(name):
    real, fake = tf.constant([-3.0, 0.0, 2.0]), tf.constant([1.0, -0.5, 4.0])
    for loss in GAMES[name]:
        together = loss(real, fake)
        alone = [loss(real[i : i + 1], fake[i : i + 1])[0] for i in range(3)]
        np.testing.assert_array_equal(together, alone)
