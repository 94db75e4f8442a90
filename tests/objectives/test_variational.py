import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from scipy import special
from scipy import stats

from kerasgen.objectives import bernoulli_reconstruction_loss
from kerasgen.objectives import gaussian_kl_divergence
from kerasgen.objectives import gaussian_reconstruction_loss

SHAPE = (3, 4, 5, 2)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def pixels(rng):
    return rng.random(SHAPE, "float32")


class TestGaussianDivergence:
    def test_values_by_hand(self):
        means = tf.constant([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
        log_variances = tf.constant([[0.0, 0.0], [0.0, 0.0], [math.log(4.0), 0.0]])
        divergences = gaussian_kl_divergence(means, log_variances)
        # Half of 3² + 4², and half of (4 - 1 - log 4) + 1²
        expected = [0.0, 12.5, 2.0 - math.log(2.0)]
        np.testing.assert_allclose(divergences, expected, rtol=1e-6)

    @settings(deadline=None, max_examples=100)
    @given(mean=st.floats(-20, 20, width=32), log_variance=st.floats(-20, 20, width=32))
    def test_it_is_zero_at_the_prior_alone(self, mean, log_variance):
        divergence = gaussian_kl_divergence(
            tf.constant([[mean]]), tf.constant([[log_variance]])
        )[0]
        assert divergence >= 0.0
        if max(abs(mean), abs(log_variance)) > 1e-3:
            assert divergence > 1e-7

    def test_small_log_variances_keep_their_digits(self):
        log_variance = np.float32(1e-4)
        divergence = gaussian_kl_divergence(
            tf.zeros((1, 1)), tf.constant([[log_variance]])
        )
        # The series x²/4: exp(x) - 1 - x in float32 would leave noise.
        assert float(divergence[0]) == pytest.approx(2.5e-9, rel=1e-2)

    def test_reference_by_sampling(self, rng):
        mean, deviation = rng.normal(size=3), rng.uniform(0.3, 2.0, 3)
        latents = rng.normal(mean, deviation, (400_000, 3))
        ratio = stats.norm.logpdf(latents, mean, deviation) - stats.norm.logpdf(latents)
        draws = ratio.sum(axis=1)
        error = draws.std() / math.sqrt(len(draws))
        divergence = gaussian_kl_divergence(mean[None], 2 * np.log(deviation)[None])
        assert abs(float(divergence[0]) - draws.mean()) < 4 * error
        assert error < 0.01

    def test_its_gradient(self):
        mean, log_variance = tf.constant([[0.5, -2.0]]), tf.constant([[0.0, 1.0]])
        with tf.GradientTape() as tape:
            tape.watch([mean, log_variance])
            divergence = gaussian_kl_divergence(mean, log_variance)
        slopes = tape.gradient(divergence, [mean, log_variance])
        np.testing.assert_allclose(slopes[0], mean, rtol=1e-6)
        np.testing.assert_allclose(slopes[1], [[0.0, (math.e - 1) / 2]], rtol=1e-6)


class TestBernoulliReconstruction:
    def test_values_by_hand(self):
        images = np.ones((2, 1, 1, 2), "float32")
        images[1, 0, 0] = [0.0, 0.5]
        guesses = np.full_like(images, 0.25)
        expected = [
            -2 * math.log(0.25),
            -math.log(0.75) - 0.5 * (math.log(0.25) + math.log(0.75)),
        ]
        losses = bernoulli_reconstruction_loss(images, guesses)
        np.testing.assert_allclose(losses, expected, rtol=1e-6)

    def test_reference_by_scipy(self, rng):
        images, guesses = pixels(rng), pixels(rng)
        images[0] = images[0].round()
        terms = special.xlogy(images, guesses) + special.xlog1py(1 - images, -guesses)
        losses = bernoulli_reconstruction_loss(images, guesses)
        np.testing.assert_allclose(losses, -terms.sum(axis=(1, 2, 3)), rtol=1e-4)

    def test_one_value_for_each_example_summed_over_pixels(self, rng):
        images, guesses = pixels(rng), pixels(rng)
        losses = bernoulli_reconstruction_loss(images, guesses)
        assert losses.shape == (3,)
        twice = bernoulli_reconstruction_loss(
            np.concatenate([images, images], axis=1),
            np.concatenate([guesses, guesses], axis=1),
        )
        np.testing.assert_allclose(twice, 2 * losses, rtol=1e-5)

    @settings(deadline=None, max_examples=100)
    @given(
        pixel=st.floats(0, 1, width=32),
        guess=st.floats(0, 1, width=32),
    )
    def test_the_least_value_is_the_entropy_of_the_image(self, pixel, guess):
        image, other = (np.full((1, 1, 1, 1), x, "float32") for x in (pixel, guess))
        least = float(bernoulli_reconstruction_loss(image, image)[0])
        entropy = float(special.entr(pixel) + special.entr(1 - pixel))
        assert least == pytest.approx(entropy, abs=1e-5)
        assert float(bernoulli_reconstruction_loss(image, other)[0]) >= least - 1e-5

    def test_certain_guesses_stay_finite(self):
        images = np.array([0.0, 1.0, 0.0, 1.0], "float32").reshape(4, 1, 1, 1)
        guesses = tf.constant([0.0, 1.0, 1.0, 0.0], shape=(4, 1, 1, 1))
        with tf.GradientTape() as tape:
            tape.watch(guesses)
            losses = bernoulli_reconstruction_loss(images, guesses)
        assert np.isfinite(tape.gradient(losses, guesses)).all()
        assert np.allclose(losses[:2], 0.0, atol=1e-6)
        assert np.all(losses[2:] > 15) and np.isfinite(losses).all()

    @pytest.mark.parametrize("eager", [False, True])
    @pytest.mark.parametrize("logit", [-40.0, 40.0])
    def test_a_network_that_ends_in_a_sigmoid_is_exact_in_both_tails(
        self, logit, eager
    ):
        # sigmoid(40) is 1 in float32: from the probabilities the loss of a white pixel
        # drawn black would be clipped near 16, and its gradient would be 0.
        inputs = keras.Input((1, 1, 1))
        scale = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
        outputs = keras.layers.Activation("sigmoid", dtype="float32")(scale(inputs))
        network = keras.Model(inputs, outputs)
        wrong = tf.constant(0.0 if logit > 0 else 1.0, shape=(1, 1, 1, 1))

        @tf.function
        def step(x):
            with tf.GradientTape() as tape:
                losses = bernoulli_reconstruction_loss(wrong, network(x, training=True))
            return losses, tape.gradient(losses, network.trainable_variables)

        tf.config.run_functions_eagerly(eager)
        try:
            losses, (slope,) = step(tf.constant(logit, shape=(1, 1, 1, 1)))
        finally:
            tf.config.run_functions_eagerly(False)
        assert float(losses[0]) == pytest.approx(40.0)
        # The slope by the logit is sigmoid(logit) - pixel = ±1, and the input ±40.
        assert float(slope[0, 0]) == pytest.approx(40.0)


class TestGaussianReconstruction:
    @pytest.mark.parametrize("variance", [1.0, 0.01, 2.5])
    def test_reference_by_scipy(self, rng, variance):
        images, guesses = pixels(rng), pixels(rng)
        logs = stats.norm.logpdf(images, guesses, math.sqrt(variance))
        losses = gaussian_reconstruction_loss(images, guesses, variance)
        assert losses.shape == (3,)
        np.testing.assert_allclose(losses, -logs.sum(axis=(1, 2, 3)), rtol=1e-4)

    def test_values_by_hand(self):
        images, guesses = np.zeros((1, 1, 2, 1)), np.ones((1, 1, 2, 1))
        constant = math.log(2 * math.pi)
        losses = gaussian_reconstruction_loss(images, guesses)
        assert float(losses[0]) == pytest.approx(1.0 + constant)
        halved = gaussian_reconstruction_loss(images, guesses, variance=0.5)
        assert float(halved[0]) == pytest.approx(2.0 + constant - math.log(2.0))

    def test_unit_variance_is_half_the_squared_error_up_to_a_constant(self, rng):
        images, guesses = pixels(rng), pixels(rng)
        losses = gaussian_reconstruction_loss(images, guesses)
        least = gaussian_reconstruction_loss(images, images)
        squares = np.square(images - guesses).sum(axis=(1, 2, 3))
        np.testing.assert_allclose(losses - least, squares / 2, rtol=1e-4)
