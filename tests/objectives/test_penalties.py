import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from kerasgen.objectives import GAMES
from kerasgen.objectives import interpolate
from kerasgen.objectives import one_centred_penalty
from kerasgen.objectives import orthogonal_penalty
from kerasgen.objectives import wasserstein_critic_loss
from kerasgen.objectives import zero_centred_penalty
from kerasgen.training import input_gradient

SHAPE = (4, 6, 5, 3)


def images(seed, shape=SHAPE):
    return tf.constant(np.random.default_rng(seed).random(shape), tf.float32)


# Input gradients


def test_gradients_are_each_examples_own_and_float32():
    x = images(0)
    slope = input_gradient(lambda x: tf.reduce_sum(x**3, axis=(1, 2, 3)), x)
    np.testing.assert_allclose(slope, 3 * x.numpy() ** 2, rtol=1e-6)
    halves = tf.cast(x, tf.bfloat16)
    slope = input_gradient(lambda x: tf.reduce_sum(x, axis=(1, 2, 3)), halves)
    assert slope.dtype == tf.float32
    np.testing.assert_array_equal(slope, np.ones(SHAPE))


def test_the_penalty_of_a_small_critic_agrees_with_finite_differences():
    """By its weights, which takes second derivatives; in float64 to see them."""
    x, random = tf.cast(images(0, (3, 7)), tf.float64), np.random.default_rng(1)
    first, second = random.normal(size=(7, 4)), random.normal(size=4)

    def penalty(kernel):
        def critic(x):
            return tf.linalg.matvec(tf.tanh(x @ kernel), tf.constant(second))

        return tf.reduce_mean(one_centred_penalty(input_gradient(critic, x)))

    kernel = tf.constant(first)
    with tf.GradientTape() as tape:
        tape.watch(kernel)
        value = penalty(kernel)
    found = tape.gradient(value, kernel).numpy()
    step = np.zeros((7, 4))
    for index in [(0, 0), (3, 2), (6, 3)]:
        step[index] = 1e-2
        rise = float(penalty(kernel + step)) - float(penalty(kernel - step))
        assert found[index] == pytest.approx(rise / 2e-2, rel=2e-2, abs=1e-3)
        step[index] = 0.0


# Penalties on slopes


@settings(deadline=None, max_examples=25)
@given(st.floats(0.0, 5.0), st.integers(0, 100))
def test_a_linear_judge_has_the_same_penalty_everywhere(length, seed):
    weights = np.random.default_rng(seed).normal(size=SHAPE[1:])
    weights *= length / np.linalg.norm(weights)
    weights = tf.constant(weights, tf.float32)
    slope = input_gradient(
        lambda x: tf.reduce_sum(x * weights, axis=(1, 2, 3)), images(seed)
    )
    one, zero = one_centred_penalty(slope), zero_centred_penalty(slope)
    assert one.shape == zero.shape == (4,)
    np.testing.assert_allclose(one, (length - 1) ** 2, atol=1e-4)
    np.testing.assert_allclose(zero, length**2 / 2, rtol=1e-4, atol=1e-6)


def test_the_length_is_over_all_pixels_and_channels():
    slope = tf.ones((2, 4, 4, 1))  # length 4; of every pixel alone it would be 1
    np.testing.assert_allclose(one_centred_penalty(slope), [9.0, 9.0], rtol=1e-6)
    np.testing.assert_allclose(zero_centred_penalty(slope), [8.0, 8.0], rtol=1e-6)


def test_a_flat_critic_has_a_penalty_with_a_finite_slope():
    slope = tf.Variable(tf.zeros((1, 2, 2, 1)))
    with tf.GradientTape() as tape:
        penalty = one_centred_penalty(slope)
    assert float(penalty[0]) == pytest.approx(1.0, abs=1e-5)
    assert np.isfinite(tape.gradient(penalty, slope)).all()


def test_penalties_are_taken_in_float32():
    slope = tf.cast(images(0) * 1e-3, tf.float16)
    for penalty in (one_centred_penalty, zero_centred_penalty):
        assert penalty(slope).dtype == tf.float32
    assert float(tf.reduce_min(zero_centred_penalty(slope))) > 0.0


# Interpolation


def test_each_example_has_one_share():
    real, fake, share = images(0), images(1), tf.constant([0.0, 0.25, 0.5, 1.0])
    between = interpolate(real, fake, share).numpy()
    np.testing.assert_array_equal(between[0], fake[0])
    np.testing.assert_array_equal(between[3], real[3])
    found = (between - fake.numpy()) / (real.numpy() - fake.numpy())
    for example, expected in zip(found, share, strict=True):
        np.testing.assert_allclose(example, expected, atol=1e-3)


def test_the_penalised_critic_of_two_shifted_laws():
    """Best slope 1 + d / (2L), so minus the loss over-estimates the distance d.

    For two laws that differ by a shift d the best critic is linear, f = w x, with loss
    -w d + L (w - 1)²: at L = 10 and d = 2 scores differ by 2.2, and the least loss is
    -2.1.
    """
    random = np.random.default_rng(0)
    fake = tf.constant(random.normal(size=(512, 1)), tf.float32)
    real = fake + 2.0
    share = tf.constant(random.random(512), tf.float32)
    weight = tf.Variable(0.1)

    def critic(x):
        return weight * x[:, 0]

    for _ in range(60):
        with tf.GradientTape() as tape:
            slope = input_gradient(critic, interpolate(real, fake, share))
            game = tf.reduce_mean(wasserstein_critic_loss(critic(real), critic(fake)))
            loss = game + 10.0 * tf.reduce_mean(one_centred_penalty(slope))
        weight.assign_sub(0.02 * tape.gradient(loss, weight))
    assert -float(game) == pytest.approx(2.2, rel=1e-3)
    assert -float(loss) == pytest.approx(2.1, rel=1e-3)


# The game of one point (Mescheder et al. 2018): data at 0, generator at θ, D = ψ x


def dirac_game(game, r1, r2, rate=0.05, steps=2000):
    """Distance from the equilibrium after simultaneous gradient steps from 0.14."""
    theta, psi = tf.Variable(0.1), tf.Variable(0.1)
    data = tf.zeros((1,))

    def judge(x):
        return psi * x

    @tf.function
    def step():
        with tf.GradientTape(persistent=True) as tape:
            fakes = tf.reshape(theta, (1,))
            real, fake = judge(data), judge(fakes)
            losses = GAMES[game].judge(real, fake)
            losses += r1 * zero_centred_penalty(input_gradient(judge, data)[:, None])
            losses += r2 * zero_centred_penalty(input_gradient(judge, fakes)[:, None])
            generator = GAMES[game].generator(real, fake)
        moves = tape.gradient(losses, psi), tape.gradient(generator, theta)
        psi.assign_sub(rate * moves[0])
        theta.assign_sub(rate * moves[1])

    for _ in range(steps):
        step()
    return float(tf.sqrt(theta**2 + psi**2))


@pytest.mark.parametrize("game", ["non_saturating", "relativistic"])
def test_zero_centred_penalties_end_the_circles(game):
    """Without one the eigenvalues are ±i/2, and steps of any length lead outwards."""
    start = 0.1 * 2.0**0.5
    assert dirac_game(game, 0.0, 0.0) > 1.2 * start
    # At γ = 1/2 R1 alone gives a real part of -1/4, and here time is 100 units.
    assert dirac_game(game, 0.5, 0.0) < 1e-4 * start
    assert dirac_game(game, 0.5, 0.5) < 1e-6 * start


# Orthogonal kernels


def test_orthogonal_columns_cost_nothing_whatever_their_lengths():
    columns = np.linalg.qr(np.random.default_rng(0).normal(size=(18, 5)))[0]
    columns *= [1.0, 2.0, 0.5, 3.0, 0.0]
    kernel = tf.constant(columns.reshape(3, 3, 2, 5), tf.float32)
    assert float(orthogonal_penalty(kernel)) == pytest.approx(0.0, abs=1e-8)


def test_parallel_columns_by_hand():
    kernel = tf.constant([[1.0, 2.0], [1.0, 2.0]])  # product of the two columns: 4
    assert float(orthogonal_penalty(kernel)) == pytest.approx(2 * 4.0**2)


def test_the_orthogonal_penalty_is_float32_whatever_keras_default_is():
    keras.config.set_floatx("float64")
    try:
        found = orthogonal_penalty(np.eye(3, dtype="float32"))
    finally:
        keras.config.set_floatx("float32")
    assert found.dtype == "float32" and float(found) == 0.0
