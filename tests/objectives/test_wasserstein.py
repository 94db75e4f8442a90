import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from kerasgen.objectives import wasserstein_critic_loss
from kerasgen.objectives import wasserstein_generator_loss

# Multiples of 1/64, so that sums in float32 are exact.
SCORES = st.lists(
    st.integers(-6400, 6400).map(lambda n: n / 64), min_size=3, max_size=3
).map(lambda scores: tf.constant(scores, "float32"))


def test_values_by_hand():
    real, fake = tf.constant([3.0, -1.0]), tf.constant([1.0, 0.5])
    assert wasserstein_critic_loss(real, fake).numpy().tolist() == [-2.0, 1.5]
    assert wasserstein_generator_loss(fake).numpy().tolist() == [-1.0, -0.5]


@settings(deadline=None, max_examples=50)
@given(real=SCORES, fake=SCORES, shift=st.integers(-50, 50))
def test_critic_loss_is_antisymmetric_and_ignores_a_shift(real, fake, shift):
    loss = wasserstein_critic_loss(real, fake)
    assert np.array_equal(loss, -wasserstein_critic_loss(fake, real))
    assert np.array_equal(loss, wasserstein_critic_loss(real + shift, fake + shift))


@settings(deadline=None, max_examples=50)
@given(real=SCORES, fake=SCORES)
def test_the_game_is_zero_sum_in_the_generator(real, fake):
    total = wasserstein_critic_loss(real, fake) + wasserstein_generator_loss(fake)
    assert np.array_equal(total, -real)


def test_the_best_critic_on_a_line_gives_minus_the_distance():
    # Where all fakes lie left of all real points, the best critic is f(x) = x.
    random = np.random.default_rng(0)
    real, fake = random.uniform(2, 5, 64), random.uniform(-3, 1, 64)
    loss = float(tf.reduce_mean(wasserstein_critic_loss(real, fake)))
    assert -loss == pytest.approx(wasserstein_distance(real, fake))
