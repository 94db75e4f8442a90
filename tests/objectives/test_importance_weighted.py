"""The bound on models whose likelihood is known."""

import math

import numpy as np
import pytest
import tensorflow as tf
from scipy import special
from scipy import stats

from kerasgen.objectives import gaussian_kl_divergence
from kerasgen.objectives import gaussian_log_density
from kerasgen.objectives import gaussian_reconstruction_loss
from kerasgen.objectives import importance_weighted_loss


@pytest.fixture
def rng():
    return np.random.default_rng(0)


class TestGaussianLogDensity:
    def test_values_by_hand(self):
        points = tf.constant([[0.0, 0.0], [3.0, 4.0]])
        expected = -math.log(2 * math.pi) - np.array([0.0, 12.5])
        np.testing.assert_allclose(gaussian_log_density(points), expected, rtol=1e-6)
        wide = gaussian_log_density(points, 1.0, math.log(4.0))
        expected = -math.log(2 * math.pi) - math.log(4.0) - np.array([2, 13]) / 8
        np.testing.assert_allclose(wide, expected, rtol=1e-6)

    def test_reference_by_scipy(self, rng):
        points, means, logs = rng.normal(size=(3, 5, 2, 4)).astype("float32")
        expected = stats.norm.logpdf(points, means, np.exp(logs / 2)).sum(axis=-1)
        found = gaussian_log_density(points, means, logs)
        np.testing.assert_allclose(found, expected, rtol=1e-4)

    def test_its_difference_averages_to_the_divergence(self, rng):
        mean = np.array([0.5, -1.0], "float32")
        log_variance = np.array([-1.0, 0.3], "float32")
        noise = rng.normal(size=(200_000, 2)).astype("float32")
        draws = mean + np.exp(log_variance / 2) * noise
        ratios = gaussian_log_density(draws, mean, log_variance)
        ratios = (ratios - gaussian_log_density(draws)).numpy()
        divergence = gaussian_kl_divergence(mean[None], log_variance[None])
        error = ratios.std() / math.sqrt(len(ratios))
        assert abs(ratios.mean() - float(divergence[0])) < 4 * error


class TestImportanceWeightedLoss:
    def test_values_by_hand(self):
        weights = np.array([[1.0, 3.0], [5.0, 5.0]], "float32")
        losses = importance_weighted_loss(tf.math.log(weights))
        np.testing.assert_allclose(losses, [-math.log(2), -math.log(5)], rtol=1e-6)

    def test_one_sample_is_the_negative_elbo(self, rng):
        logs = rng.normal(-90, 10, (6, 1)).astype("float32")
        np.testing.assert_allclose(importance_weighted_loss(logs), -logs[:, 0])

    def test_reference_by_scipy_far_below_what_floats_can_hold(self, rng):
        logs = rng.normal(-800, 20, (6, 50)).astype("float32")
        expected = math.log(50) - special.logsumexp(logs, axis=1)
        losses = importance_weighted_loss(tf.constant(logs))
        np.testing.assert_allclose(losses, expected, rtol=1e-6)

    def test_the_bound_does_not_fall_as_samples_are_added(self, rng):
        logs = rng.normal(-90, 3, (20_000, 8)).astype("float32")
        means, before = [], None
        for num in (1, 2, 4, 8):
            # Means over all groups of `num` of the same weights: one sample of each.
            losses = importance_weighted_loss(tf.constant(logs.reshape(-1, num)))
            grouped = losses.numpy().reshape(len(logs), -1).mean(axis=1)
            if before is not None:
                assert (grouped <= before + 1e-4).all()
            means.append(grouped.mean())
            before = grouped
        assert means[0] - means[-1] > 2.0

    def test_its_gradient_weighs_the_samples_by_their_share(self, rng):
        logs = tf.constant(rng.normal(-90, 2, (4, 5)).astype("float32"))
        with tf.GradientTape() as tape:
            tape.watch(logs)
            losses = importance_weighted_loss(logs)
        shares = tf.nn.softmax(logs, axis=-1)
        np.testing.assert_allclose(tape.gradient(losses, logs), -shares, rtol=1e-4)


class TestLinearGaussianModel:
    """x = W z + b + s ε: posterior and likelihood are known, so the bound is exact."""

    latents, pixels, spread = 3, 6, 0.7

    @pytest.fixture
    def model(self, rng):
        # A diagonal posterior is the exact one where the columns of W are orthogonal.
        weights = np.linalg.qr(rng.normal(size=(self.pixels, self.latents)))[0]
        weights = weights * np.array([2.0, 1.0, 0.5])
        offset = rng.normal(size=self.pixels)
        images = rng.normal(size=(40, self.pixels)) @ np.diag(np.arange(1, 7) / 3)
        return weights, offset, images

    def log_weights(self, model, num, rng, mistake=0.0):
        """log w of `num` draws from the exact posterior, its means off by `mistake`."""
        weights, offset, images = model
        variance = self.spread**2
        precision = (weights**2).sum(axis=0) + variance
        mean = (images - offset) @ weights / precision + mistake
        log_variance = np.broadcast_to(np.log(variance / precision), mean.shape)
        noise = rng.normal(size=(len(images), num, self.latents))
        draws = mean[:, None] + np.exp(log_variance[:, None] / 2) * noise
        decoded = draws @ weights.T + offset
        target = np.broadcast_to(images[:, None], decoded.shape)
        as_images = (-1, 1, 1, self.pixels)
        nats = -gaussian_reconstruction_loss(
            target.reshape(as_images), decoded.reshape(as_images), variance
        )
        prior = gaussian_log_density(draws)
        posterior = gaussian_log_density(draws, mean[:, None], log_variance[:, None])
        return np.reshape(nats, (len(images), num)) + prior - posterior

    def log_likelihood(self, model):
        weights, offset, images = model
        covariance = weights @ weights.T + self.spread**2 * np.eye(self.pixels)
        return stats.multivariate_normal(offset, covariance).logpdf(images)

    @pytest.mark.parametrize("num", [1, 2, 50])
    def test_elbo_and_bound_are_the_likelihood_whatever_is_drawn(self, model, num, rng):
        weights = self.log_weights(model, num, rng)
        assert np.ptp(weights, axis=1).max() < 1e-4
        losses = importance_weighted_loss(tf.constant(weights))
        np.testing.assert_allclose(-losses, self.log_likelihood(model), atol=1e-4)

    def test_with_another_posterior_the_bound_climbs_to_the_likelihood(
        self, model, rng
    ):
        exact = self.log_likelihood(model).mean()
        bounds = [
            -float(
                np.mean(
                    importance_weighted_loss(
                        tf.constant(self.log_weights(model, num, rng, mistake=0.5))
                    )
                )
            )
            for num in (1, 3, 30, 3000)
        ]
        assert sorted(bounds) == bounds
        assert bounds[-1] == pytest.approx(exact, abs=0.02)
        assert bounds[0] < exact - 0.1
