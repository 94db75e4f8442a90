import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

import kerasgen
from kerasgen.objectives import kl_decomposition
from tests import contract


class TestVAE(contract.ModelContract):
    model_class = kerasgen.VAE
    arguments = {**contract.SMALL, "width": 32}
    epochs, batch_size = 12, 16
    bad_arguments = [
        ({"beta": -1.0}, "beta=-1.0; expected a number of at least 0"),
        ({"total_correlation_weight": -1}, "total_correlation_weight=-1; expected"),
        ({"num_examples": 0}, "num_examples=0; expected a positive integer"),
        ({"num_examples": 1}, "num_examples=1; expected at least 2"),
        ({"reconstruction": "gausian"}, "Did you mean 'gaussian'"),
        ({"width": 0}, "width=0; expected a positive integer"),
        ({"depth": 0}, "depth=0; expected a positive integer"),
        ({"normalization": "bach"}, "normalization='bach'; expected one of"),
    ]

    @pytest.mark.parametrize("beta", [0.0, 4.0])
    def test_loss_is_reconstruction_and_weighted_divergence(self, digits, beta):
        model = contract.eagerly(self.make(beta=beta))
        found = model.evaluate(digits[0], verbose=0, return_dict=True)
        expected = found["reconstruction_loss"] + beta * found["kl_divergence"]
        assert found["loss"] == pytest.approx(expected, rel=1e-5)

    def test_a_posterior_at_the_prior_and_grey_pixels(self, digits):
        model = contract.eagerly(self.make())
        model.set_weights([np.zeros(w.shape) for w in model.get_weights()])
        found = model.evaluate(digits[0], verbose=0, return_dict=True)
        assert found["kl_divergence"] == 0.0
        assert found["loss"] == pytest.approx(784 * np.log(2), rel=1e-5)

    def test_the_loss_of_a_linear_gaussian_model_is_minus_its_likelihood(self):
        """The decoder's sigmoid is linear where its slope is: near 1/2."""
        rng = np.random.default_rng(0)
        model = kerasgen.VAE((2, 2, 1), 1, width=1, reconstruction="gaussian")
        scale = 1e-3  # of the hidden unit: tanh is linear there
        weights = np.array([0.08, -0.05, 0.02, 0.1])
        precision = weights @ weights + 1.0
        to_code = weights[:, None] / precision
        arrays = [scale * to_code, np.array([-scale * 0.5 * to_code.sum()])]
        arrays += [np.array([[1 / scale]]), np.zeros(1)]  # mean
        arrays += [np.zeros((1, 1)), np.array([-np.log(precision)])]  # log-variance
        arrays += [np.array([[scale]]), np.zeros(1)]  # decoder's hidden unit
        arrays += [4 * weights[None] / scale, np.zeros(4)]  # slope 1/4 of the sigmoid
        for network, own in ((model.encoder, arrays[:6]), (model.decoder, arrays[6:])):
            network.set_weights(own)
        images = (0.5 + 0.1 * rng.normal(size=(20_000, 2, 2, 1))).clip(0, 1)
        images = images.astype("float32")
        covariance = np.outer(weights, weights) + np.eye(4)
        exact = stats.multivariate_normal(np.full(4, 0.5), covariance)
        expected = -exact.logpdf(images.reshape(-1, 4)).mean()
        found = model.evaluate(images, batch_size=1000, verbose=0, return_dict=True)
        assert found["loss"] == pytest.approx(expected, abs=1e-3)

    @pytest.mark.parametrize("beta", [1.0, 0.5])
    def test_total_correlation_weighs_within_the_divergence(self, digits, beta):
        plain, weighted = (
            self.make(beta=beta),
            self.make(beta=beta, total_correlation_weight=6.0, num_examples=128),
        )
        weighted.set_weights(plain.get_weights())
        images = tf.constant(digits[0][:32].astype("float32") / 255.0)
        losses = []
        for model in (plain, weighted):
            model.seed_generator.state.assign([0, 5])
            given = (images, None, model.seed_generator)
            losses.append(model.player_losses(*given, training=False))
        mean, log_variance = plain.encoder(images)
        plain.seed_generator.state.assign([0, 5])
        latents = plain.draw_posterior(mean, log_variance, plain.seed_generator)
        _, correlation, _ = kl_decomposition(latents, mean, log_variance, 128)
        added = losses[1]["autoencoder"] - losses[0]["autoencoder"]
        np.testing.assert_allclose(
            added, beta * 5.0 * correlation, rtol=1e-3, atol=1e-3
        )
        assert np.abs(added).mean() > 1e-2

    @pytest.mark.slow
    def test_a_greater_beta_leaves_less_information(self, digits):
        divergences = []
        for beta in (0.1, 1.0, 10.0):
            model = self.make(beta=beta)
            rates = {"autoencoder": keras.optimizers.Adam(1e-2)}
            model.compile(rates, run_eagerly=True)
            model.fit(digits[0][:64], batch_size=32, epochs=5, verbose=0)
            found = model.evaluate(digits[0][:64], verbose=0, return_dict=True)
            divergences.append(found["kl_divergence"])
        assert divergences == sorted(divergences, reverse=True)
        assert divergences[0] > 2.0 * divergences[-1]

    def test_training_lowers_the_loss(self, trained):
        losses = trained.history["loss"]
        assert losses[-1] < 0.7 * losses[0]
