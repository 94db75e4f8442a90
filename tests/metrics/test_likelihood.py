import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kerasgen.metrics import importance_weighted_bound
from kerasgen.metrics import negative_elbo


def test_negative_elbo_adds_its_parts():
    result = negative_elbo([80.0, 90.0, 100.0], [20.0, 20.0, 26.0])
    assert result.reconstruction == 90.0 and result.kl_divergence == 22.0
    assert result.negative_elbo == 112.0
    # Bounds 100, 110, 126: the standard error is that of their sum, not of a part.
    expected = scipy.stats.sem([100.0, 110.0, 126.0])
    assert result.standard_error == pytest.approx(expected)


def test_one_importance_sample_is_the_weight_itself():
    bounds = importance_weighted_bound([[-80.0], [-3.0]])
    assert bounds.tolist() == [-80.0, -3.0]


def test_images_are_on_axis_0_and_importance_samples_on_axis_1():
    bounds = importance_weighted_bound(np.log([[1.0, 2.0, 3.0], [4.0, 4.0, 4.0]]))
    assert bounds == pytest.approx(np.log([2.0, 4.0]))


def test_weights_far_beyond_the_range_of_exp():
    bounds = importance_weighted_bound([[-2000.0, -2000.0], [3000.0, 3000.0]])
    assert bounds.tolist() == [-2000.0, 3000.0]


def test_weights_of_zero_count_as_samples():
    bounds = importance_weighted_bound([[0.0, -np.inf], [-np.inf, -np.inf]])
    assert bounds == pytest.approx([-np.log(2.0), -np.inf])


@given(arrays(np.float64, (3, 8), elements=st.floats(-500.0, 500.0)))
def test_between_the_elbo_and_the_largest_weight(log_weights):
    bounds = importance_weighted_bound(log_weights)
    assert (bounds >= log_weights.mean(axis=1) - 1e-9).all()
    assert (bounds <= log_weights.max(axis=1) + 1e-9).all()
    reordered = importance_weighted_bound(log_weights[:, ::-1])
    assert reordered == pytest.approx(bounds)


def log_weights_of_a_gaussian_model(x, posterior_scale, num_samples, rng):
    """z ~ N(0, 1), x|z ~ N(z, 1): log p(x) is that of N(0, 2), known exactly."""
    posterior = scipy.stats.norm(x[:, None] / 2.0, posterior_scale)
    z = posterior.rvs(size=(len(x), num_samples), random_state=rng)
    joint = scipy.stats.norm.logpdf(z) + scipy.stats.norm.logpdf(x[:, None], z)
    return joint - posterior.logpdf(z)


def test_the_exact_posterior_gives_the_exact_likelihood(rng):
    x = np.linspace(-3.0, 3.0, 7)
    log_weights = log_weights_of_a_gaussian_model(x, np.sqrt(0.5), 4, rng)
    exact = scipy.stats.norm.logpdf(x, scale=np.sqrt(2.0))
    assert importance_weighted_bound(log_weights) == pytest.approx(exact)


def test_of_one_sample_the_bound_is_its_weight():
    assert importance_weighted_bound([[0.5]]).tolist() == [0.5]


def test_more_samples_close_the_gap_of_a_poor_posterior(rng):
    x = rng.normal(scale=np.sqrt(2.0), size=300)
    log_weights = log_weights_of_a_gaussian_model(x, 1.2, 1000, rng)
    exact = scipy.stats.norm.logpdf(x, scale=np.sqrt(2.0)).mean()
    means = [
        importance_weighted_bound(log_weights[:, :k]).mean() for k in (1, 10, 1000)
    ]
    assert means[0] < means[1] < means[2]
    assert means[2] == pytest.approx(exact, abs=0.01) and means[0] < exact - 0.2


def test_bad_input():
    with pytest.raises(ValueError, match="3 `kl_divergence`; expected as many"):
        negative_elbo([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="not over the batch"):
        negative_elbo(3.0, 4.0)
    with pytest.raises(ValueError, match=r"`reconstruction` with 1.*at least 2"):
        negative_elbo([1.0], [1.0])
    with pytest.raises(ValueError, match=r"shape \(2,\); expected \(n, K\)"):
        importance_weighted_bound([0.0, 1.0])
    for shape in ((0, 3), (3, 0)):
        with pytest.raises(ValueError, match=r"expected \(n, K\), at least one image"):
            importance_weighted_bound(np.zeros(shape))
    for wrong in (np.nan, np.inf):
        with pytest.raises(ValueError, match="NaN or plus infinity"):
            importance_weighted_bound([[0.0, wrong]])
