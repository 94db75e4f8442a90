import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from kerasgen.metrics import active_units
from kerasgen.metrics import aggregate_posterior_mismatch
from kerasgen.metrics import distances


def moments_to(mean, deviations, rng, count=400):
    """Codes whose sample mean and covariance are exactly as given."""
    codes = rng.normal(size=(count, len(mean)))
    codes -= codes.mean(axis=0)
    covariance = np.atleast_2d(np.cov(codes, rowvar=False))
    whitening = np.linalg.inv(np.linalg.cholesky(covariance))
    return codes @ whitening.T * deviations + mean


def test_active_units_vary_by_more_than_the_threshold():
    signs = np.array([[-1.0], [1.0]])
    means = signs * np.sqrt([0.0, 0.0099, 0.0101, 4.0]) + [5.0, 0.0, -3.0, 0.0]
    assert active_units(means) == 2
    assert active_units(means, threshold=0.001) == 3
    assert active_units(means, threshold=10.0) == 0
    assert active_units([[0.0], [1.0]], threshold=0.25) == 0


def test_mmd_agrees_with_pairs_and_integrals(rng, monkeypatch):
    codes = rng.normal(size=(12, 1)) * 1.5 + 0.5

    def kernel(x, y):
        scales = np.array([4.0, 2.0, 1.0, 0.5, 0.25])
        return np.mean(np.exp(-((x - y) ** 2) / (2.0 * scales)))

    def to_prior(x):
        return scipy.integrate.quad(
            lambda y: kernel(x, y) * scipy.stats.norm.pdf(y), -12.0, 12.0
        )[0]

    flat = codes[:, 0]
    within = np.mean([kernel(x, y) for x in flat for y in flat if x != y])
    across = np.mean([to_prior(x) for x in flat])
    prior = scipy.integrate.quad(
        lambda x: to_prior(x) * scipy.stats.norm.pdf(x), -12.0, 12.0
    )[0]
    monkeypatch.setattr(distances, "_BLOCK_ENTRIES", 40)
    mmd = aggregate_posterior_mismatch(codes).mmd
    assert mmd == pytest.approx(within - 2.0 * across + prior, abs=1e-7)


@pytest.mark.parametrize("dimension", [2, 32])
def test_mmd_of_the_prior_is_zero_without_bias(rng, dimension):
    values = [
        aggregate_posterior_mismatch(rng.normal(size=(50, dimension))).mmd
        for _ in range(200)
    ]
    # Left in, the diagonal alone would add (1 - mean kernel) / 50.
    assert abs(np.mean(values)) < 4.0 * np.std(values) / np.sqrt(200)
    assert np.std(values) / np.sqrt(200) < 0.001


def test_gaussian_kl_in_closed_form(rng):
    mean, deviations = np.array([0.5, -1.0, 0.0]), np.array([1.0, 0.5, 2.0])
    expected = 0.5 * np.sum(deviations**2 + mean**2 - 1.0 - 2.0 * np.log(deviations))
    result = aggregate_posterior_mismatch(moments_to(mean, deviations, rng))
    assert result.gaussian_kl == pytest.approx(expected)


def test_gaussian_kl_is_zero_at_the_moments_of_the_prior_in_any_rotation(rng):
    codes = moments_to(np.zeros(4), np.ones(4), rng)
    rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    result = aggregate_posterior_mismatch(codes @ rotation)
    assert result.gaussian_kl == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.5), (0.5, 0.0), (2.0, 0.0)])
def test_both_see_codes_that_are_shifted_narrow_or_wide(rng, scale, shift):
    codes = rng.normal(size=(500, 8))
    match = aggregate_posterior_mismatch(codes)
    mismatch = aggregate_posterior_mismatch(scale * codes + shift)
    assert mismatch.mmd > 0.01 and mismatch.mmd > 20.0 * abs(match.mmd)
    assert mismatch.gaussian_kl > 10.0 * match.gaussian_kl


def test_mmd_sees_holes_that_the_moments_do_not(rng):
    two_lumps = np.sign(rng.normal(size=(2000, 1))) + 0.05 * rng.normal(size=(2000, 1))
    codes = moments_to(np.zeros(1), np.ones(1), rng, count=2000)
    result = aggregate_posterior_mismatch(two_lumps / two_lumps.std())
    assert result.gaussian_kl < 0.01 and result.mmd > 0.02
    assert result.mmd > 10.0 * abs(aggregate_posterior_mismatch(codes).mmd)


def test_an_unused_direction_is_infinitely_far(rng):
    codes = rng.normal(size=(100, 3))
    codes[:, 2] = codes[:, 0]
    assert aggregate_posterior_mismatch(codes).gaussian_kl == np.inf
    assert aggregate_posterior_mismatch(0.0 * codes).gaussian_kl == np.inf


def test_a_direction_is_unused_beside_the_others(rng):
    for other, is_unused in ((1e4, True), (1e-3, False)):
        codes = moments_to(np.zeros(2), np.array([1e-3, other]), rng)
        distance = aggregate_posterior_mismatch(codes).gaussian_kl
        assert np.isinf(distance) == is_unused


def test_bad_input(rng):
    with pytest.raises(ValueError, match=r"`latents` with 8 examples.*at least 9"):
        aggregate_posterior_mismatch(np.zeros((8, 8)))
    with pytest.raises(ValueError, match="`posterior_means` with 1 "):
        active_units([[0.0, 1.0]])
    with pytest.raises(ValueError, match="threshold=-1"):
        active_units([[0.0], [1.0]], threshold=-1)
