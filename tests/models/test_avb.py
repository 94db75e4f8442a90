import math

import numpy as np
import pytest
import tensorflow as tf

import kerasgen
from tests import contract


class TestAVB(contract.ModelContract):
    model_class = kerasgen.AVB
    arguments = {**contract.SMALL, "bases": 3, "noise_dim": 2}
    bad_arguments = [
        ({"bases": 0}, "bases=0; expected a positive integer"),
        ({"noise_dim": 1.5}, "noise_dim=1.5; expected a positive integer"),
        ({"contrast": "ful"}, "Did you mean 'full'"),
        ({"reconstruction": "gausian"}, "Did you mean 'gaussian'"),
        ({"encoder_normalization": "bach"}, "normalization='bach'; expected one of"),
    ]

    def test_draws_of_codes_correlate_as_the_posterior_does(self, digits):
        model = self.make()
        images = np.repeat(digits[0][:1], 4000, axis=0)
        found = model.draw_codes(images, seed=1)
        mean, factors = (each[0] for each in model.posterior_factors(images[:1]))
        np.testing.assert_allclose(found.mean(0), mean, atol=0.02)
        expected = factors @ factors.T
        error = np.abs(np.cov(found.T) - expected).max()
        assert error < 0.15 * np.abs(expected).max()
        np.testing.assert_array_equal(model.draw_codes(images, seed=1), found)
        assert np.abs(model.draw_codes(images, seed=2) - found).max() > 0.0

    def test_losses_of_evaluation_do_not_depend_on_the_batch(self, digits):
        model = self.make()
        alone, together = (
            model.evaluate(digits[0][:16], batch_size=size, verbose=0, return_dict=True)
            for size in (1, 16)
        )
        kl = "kl_divergence"
        assert alone[kl] == pytest.approx(together[kl], rel=0.2, abs=0.5)

    def test_moments_are_those_of_the_posterior(self, digits):
        model = self.make()
        images = digits[0][:2].astype("float32") / 255.0
        mean, log_variance = model.encode(images)
        start, amplitudes = model.encoder(tf.constant(images))
        vectors = model.draw_bases(50_000, (3, 4), training=False)
        for index in range(2):
            draws = start[index] + tf.reduce_sum(amplitudes[index] * vectors, axis=1)
            deviation = np.std(draws, axis=0)
            # The moments come of 1,000 draws.
            error = 4 * deviation / math.sqrt(1000)
            assert np.all(np.abs(np.mean(draws, axis=0) - mean[index]) < error)
            variance = np.exp(log_variance[index]) - 1e-4
            np.testing.assert_allclose(variance, deviation**2, rtol=0.25)
            factor = model.posterior_factors(images)[1][index]
            covariance = factor @ factor.T - 1e-4 * np.eye(4)
            scale = np.outer(deviation, deviation)
            np.testing.assert_allclose(
                covariance / scale, np.corrcoef(draws, rowvar=False), atol=0.2
            )

    @pytest.mark.parametrize("correlation", [0.0, 0.9])
    @pytest.mark.parametrize("contrast", ["full", "diagonal"])
    def test_a_gaussian_posterior_has_its_divergence(
        self, digits, contrast, correlation
    ):
        """Where q = r the discriminator cannot tell, and r gives the divergence.

        A diagonal r does not see a correlation; that is left to the discriminator.
        """
        covariance = np.array([[0.25, correlation], [correlation, 4.0]])
        factor = np.linalg.cholesky(covariance)
        noise = tf.keras.Input((1, 2))
        dense = tf.keras.layers.Dense(2, use_bias=False)
        bases = tf.keras.Model(noise, dense(noise))
        dense.set_weights([factor.T])
        model = self.make(
            latent_dim=2, bases=1, noise_dim=2, contrast=contrast, bases_of_noise=bases
        )
        last = model.discriminator.get_layer("logit")
        last.set_weights([np.zeros(w.shape) for w in last.get_weights()])
        images = tf.constant(np.repeat(digits[0][:1] / np.float32(255), 20_000, 0))
        encoded = [tf.zeros((20_000, 2)) + 0.7, tf.ones((20_000, 1, 2))]
        encoder = model.encoder
        object.__setattr__(model, "encoder", lambda *args, **kwargs: encoded)
        object.__setattr__(
            model, "decoder", lambda *args, **kwargs: tf.fill(images.shape, 0.5)
        )
        found = model.player_losses(images, None, model.seed_generator, training=False)
        assert encoder is not model.encoder
        np.testing.assert_allclose(found["discriminator"], 2 * math.log(2), rtol=1e-5)
        if contrast == "diagonal":
            covariance = np.diag(np.diag(covariance))
        squares = np.trace(covariance) + 2 * 0.7**2
        expected = 0.5 * (squares - 2 - math.log(np.linalg.det(covariance)))
        estimates = found["kl_divergence"].numpy()
        error = estimates.std() / math.sqrt(len(estimates))
        assert abs(estimates.mean() - expected) < 4 * error + 1e-3

    def test_each_player_is_reached_by_its_own_loss(self, digits):
        model = self.make()
        images = tf.constant(digits[0][:8].astype("float32") / 255.0)
        with tf.GradientTape() as tape:
            found = model.player_losses(
                images, None, model.seed_generator, training=True
            )
            loss = tf.reduce_mean(found["autoencoder"])
        own = [v.value for v in model.player_variables()["autoencoder"]]
        slopes = tape.gradient(loss, own)
        assert all(slope is not None and np.any(slope) for slope in slopes)

    def test_codes_are_the_same_in_every_call(self, digits):
        model = self.make()
        first, second = (model.encode(digits[0][:4]) for _ in range(2))
        assert np.array_equal(first[0], second[0])
        assert np.array_equal(first[1], second[1])
        alone = model.encode(digits[0][:1])
        np.testing.assert_allclose(alone[0], first[0][:1], rtol=1e-4, atol=1e-5)
