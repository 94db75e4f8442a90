import math

import numpy as np
import pytest
import tensorflow as tf

from kerasgen.objectives import adaptive_contrast_kl
from kerasgen.objectives import cross_entropy_discriminator_loss
from kerasgen.objectives import gaussian_kl_divergence
from kerasgen.objectives import gaussian_log_density
from kerasgen.objectives import normalized_codes


def codes(num, seed=0):
    """Draws from N(mean, variance) in two dimensions, its mean and log-variance."""
    mean = np.broadcast_to(np.array([2.0, -0.5], "float32"), (num, 2))
    log_variance = np.broadcast_to(np.log([0.25, 2.0]).astype("float32"), (num, 2))
    noise = np.random.default_rng(seed).normal(size=(num, 2)).astype("float32")
    return mean + np.exp(log_variance / 2) * noise, mean, log_variance


def test_normalised_codes_are_the_noise():
    latents, mean, log_variance = codes(50)
    noise = np.random.default_rng(0).normal(size=(50, 2))
    found = normalized_codes(latents, mean, log_variance)
    np.testing.assert_allclose(found, noise, rtol=1e-4, atol=1e-5)


def test_the_contrast_alone_is_the_divergence_of_a_gaussian():
    # q = r, so the best discriminator of normalised codes from N(0, I) says 0.
    latents, mean, log_variance = codes(200_000)
    estimates = adaptive_contrast_kl(
        tf.zeros(len(latents)), latents, mean, log_variance
    ).numpy()
    expected = float(gaussian_kl_divergence(mean[:1], log_variance[:1])[0])
    error = estimates.std() / math.sqrt(len(estimates))
    assert abs(estimates.mean() - expected) < 4 * error
    loss = cross_entropy_discriminator_loss(tf.zeros(3), tf.zeros(3))
    np.testing.assert_allclose(loss, 2 * math.log(2), rtol=1e-6)


def test_values_by_hand():
    latents, mean = tf.constant([[3.0]]), tf.constant([[1.0]])
    log_variance = tf.constant([[math.log(4.0)]])
    found = adaptive_contrast_kl(tf.constant([0.5]), latents, mean, log_variance)
    # log r = -1/2 - log 2, log p = -9/2, and log 2π leaves
    assert float(found[0]) == pytest.approx(0.5 - 0.5 - math.log(2) + 4.5, rel=1e-5)


def test_the_log_ratio_is_the_best_discriminator():
    """T = log q - log p is where a discriminator's loss of codes and draws is least."""
    latents, mean, log_variance = codes(100_000)
    draws = np.random.default_rng(1).normal(size=latents.shape).astype("float32")

    def ratio(z):
        prior = gaussian_log_density(z)
        return gaussian_log_density(z, mean[0], log_variance[0]) - prior

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
    exact = float(gaussian_kl_divergence(mean[:1], log_variance[:1])[0])
    assert mean_ratio == pytest.approx(exact, abs=0.03)
