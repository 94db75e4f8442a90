import math

import numpy as np
import pytest
import tensorflow as tf

from kerasgen.objectives import adaptive_contrast_kl
from kerasgen.objectives import cross_entropy_discriminator_loss
from kerasgen.objectives import gaussian_kl_divergence
from kerasgen.objectives import gaussian_log_density
from kerasgen.objectives import normalized_codes

# A Gaussian in two dimensions, with independent latents and with correlated ones.
MEAN = np.array([2.0, -0.5], "float32")
VARIANCE = np.array([0.25, 2.0], "float32")
COVARIANCE = np.array([[0.25, 0.6], [0.6, 2.0]], "float32")


def codes(num, covariance, seed=0):
    """Draws from N(MEAN, covariance), their means and covariances, and their noise."""
    noise = np.random.default_rng(seed).normal(size=(num, 2)).astype("float32")
    factor = np.linalg.cholesky(
        covariance if covariance.ndim == 2 else np.diag(VARIANCE)
    )
    of_each = np.broadcast_to(covariance, (num, *covariance.shape))
    latents = np.float32(MEAN + noise @ factor.T)
    return latents, np.broadcast_to(MEAN, (num, 2)), of_each, noise


def divergence(covariance):
    """KL(N(MEAN, covariance) ‖ N(0, I)) in closed form."""
    if covariance.ndim == 1:
        return float(gaussian_kl_divergence(MEAN[None], np.log(covariance)[None])[0])
    trace, determinant = np.trace(covariance), np.linalg.det(covariance)
    return 0.5 * (trace + MEAN @ MEAN - 2 - np.log(determinant))


@pytest.mark.parametrize("covariance", [VARIANCE, COVARIANCE])
def test_normalised_codes_are_the_noise(covariance):
    latents, mean, of_each, noise = codes(50, covariance)
    found, log_determinant = normalized_codes(latents, mean, of_each)
    np.testing.assert_allclose(found, noise, rtol=1e-4, atol=1e-5)
    whole = covariance if covariance.ndim == 2 else np.diag(covariance)
    expected = 0.5 * np.log(np.linalg.det(whole))
    np.testing.assert_allclose(log_determinant, np.full(50, expected), rtol=1e-4)


@pytest.mark.parametrize("covariance", [VARIANCE, COVARIANCE])
def test_the_contrast_alone_is_the_divergence_of_a_gaussian(covariance):
    # q = r, so the best discriminator of normalised codes from N(0, I) says 0.
    latents, mean, of_each, _ = codes(200_000, covariance)
    normalized = normalized_codes(latents, mean, of_each)
    estimates = adaptive_contrast_kl(
        tf.zeros(len(latents)), latents, *normalized
    ).numpy()
    expected = divergence(covariance)
    error = estimates.std() / math.sqrt(len(estimates))
    assert abs(estimates.mean() - expected) < 4 * error
    loss = cross_entropy_discriminator_loss(tf.zeros(3), tf.zeros(3))
    np.testing.assert_allclose(loss, 2 * math.log(2), rtol=1e-6)


def test_values_by_hand():
    latents, mean, variance = (tf.constant([[x]]) for x in (3.0, 1.0, 4.0))
    normalized = normalized_codes(latents, mean, variance)
    found = adaptive_contrast_kl(tf.constant([0.5]), latents, *normalized)
    # log r = -1/2 - log 2, log p = -9/2, and log 2π leaves
    assert float(found[0]) == pytest.approx(0.5 - 0.5 - math.log(2) + 4.5, rel=1e-5)


def test_the_log_ratio_is_the_best_discriminator():
    """T = log q - log p is where a discriminator's loss of codes and draws is least."""
    latents, *_ = codes(100_000, VARIANCE)
    log_variance = np.log(VARIANCE)
    draws = np.random.default_rng(1).normal(size=latents.shape).astype("float32")

    def ratio(z):
        prior = gaussian_log_density(z)
        return gaussian_log_density(z, MEAN, log_variance) - prior

    def loss(change):
        return float(
            np.mean(
                cross_entropy_discriminator_loss(
                    change(ratio(latents)), change(ratio(draws))
                )
            )
        )

    best = loss(lambda t: t)
    for change in (lambda t: t + 0.2, lambda t: t - 0.2, lambda t: 1.2 * t):
        assert loss(change) > best
    mean_ratio = np.mean(ratio(latents))
    assert mean_ratio == pytest.approx(divergence(VARIANCE), abs=0.03)
