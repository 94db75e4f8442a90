import functools
import math

import numpy as np
import pytest
import tensorflow as tf
from scipy import special
from scipy import stats

from kerasgen.objectives import excess_total_correlation
from kerasgen.objectives import gaussian_log_density
from kerasgen.objectives import kl_decomposition


def posterior(num, seed=0, latent_dim=3):
    rng = np.random.default_rng(seed)
    mean, log_variance, noise = rng.normal(size=(3, num, latent_dim)).astype("float32")
    return mean + np.exp(log_variance / 2) * noise, mean, log_variance


@pytest.mark.parametrize("num_examples", [6, 60_000])
def test_the_parts_sum_to_the_divergence_of_the_draws(num_examples):
    latents, mean, log_variance = posterior(6)
    parts = kl_decomposition(latents, mean, log_variance, num_examples)
    assert [part.shape for part in parts] == 3 * [(6,)]
    ratios = gaussian_log_density(latents, mean, log_variance)
    expected = ratios - gaussian_log_density(latents)
    np.testing.assert_allclose(sum(parts), expected, rtol=1e-4, atol=1e-4)


def test_a_whole_data_set_as_batch_is_exact():
    latents, mean, log_variance = posterior(5)
    information, correlation, dimensions = kl_decomposition(
        latents, mean, log_variance, num_examples=5
    )
    logs = stats.norm.logpdf(
        latents[:, None], mean[None], np.exp(log_variance / 2)[None]
    )
    joint = special.logsumexp(logs.sum(axis=2), axis=1) - math.log(5)
    product = (special.logsumexp(logs, axis=1) - math.log(5)).sum(axis=1)
    own = logs[np.arange(5), np.arange(5)].sum(axis=1)
    np.testing.assert_allclose(information, own - joint, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(correlation, joint - product, rtol=1e-4, atol=1e-4)
    prior = stats.norm.logpdf(latents).sum(axis=1)
    np.testing.assert_allclose(dimensions, product - prior, rtol=1e-4, atol=1e-4)


def test_the_density_of_the_aggregate_is_estimated_without_bias():
    # q(z) at one point from batches of 4 out of 10 examples, the first one always in.
    latents, mean, log_variance = posterior(10, latent_dim=1)
    logs = stats.norm.logpdf(latents[0], mean, np.exp(log_variance / 2))
    truth = np.exp(logs).mean()
    rng = np.random.default_rng(1)
    decompose = tf.function(functools.partial(kl_decomposition, num_examples=10))
    found = []
    for _ in range(1000):
        batch = [0, *rng.choice(np.arange(1, 10), 3, replace=False)]
        parts = decompose(latents[batch], mean[batch], log_variance[batch])
        own = gaussian_log_density(latents[0], mean[0], log_variance[0])
        found.append(np.exp(float(own - parts[0][0])))
    error = np.std(found) / math.sqrt(len(found))
    assert abs(np.mean(found) - truth) < 4 * error


def test_correlated_codes_have_the_total_correlation_of_their_gaussian():
    correlation, variance, num = 0.8, 0.1, 1500
    rng = np.random.default_rng(0)
    covariance = np.array([[1.0, correlation], [correlation, 1.0]])
    mean = rng.multivariate_normal([0, 0], covariance - variance * np.eye(2), num)
    log_variance = np.full_like(mean, math.log(variance))
    latents = mean + math.sqrt(variance) * rng.normal(size=mean.shape)
    arrays = [each.astype("float32") for each in (latents, mean, log_variance)]
    information, total, dimensions = (
        float(np.mean(part)) for part in kl_decomposition(*arrays, num_examples=num)
    )
    assert total == pytest.approx(-0.5 * math.log(1 - correlation**2), abs=0.06)
    assert dimensions == pytest.approx(0.0, abs=0.04)
    excess = excess_total_correlation(6.0, *arrays, num_examples=num)
    assert float(np.mean(excess)) == pytest.approx(5.0 * total, rel=1e-5)
    assert excess_total_correlation(1.0, *arrays, num_examples=num) == 0.0
    determinant = np.linalg.det(covariance) / variance**2
    assert information == pytest.approx(0.5 * math.log(determinant), abs=0.1)


def test_a_batch_of_one_has_no_excess():
    of_one = excess_total_correlation(6.0, *posterior(1), num_examples=1000)
    np.testing.assert_array_equal(of_one, 0.0)
    assert np.all(excess_total_correlation(6.0, *posterior(2), num_examples=1000))


def test_a_single_example_is_its_own_aggregate():
    parts = kl_decomposition(*posterior(1), num_examples=1)
    np.testing.assert_allclose(parts[0], 0.0, atol=1e-5)
    np.testing.assert_allclose(parts[1], 0.0, atol=1e-5)
