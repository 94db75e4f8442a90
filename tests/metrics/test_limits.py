"""Where each metric draws its lines: the least that it takes, and one less."""

import inspect

import numpy as np
import pytest

from kerasgen import metrics
from kerasgen.metrics.kernel import unbiased_polynomial_mmd


def points(count, width=2):
    return np.random.default_rng(count).normal(size=(count, width))


def classes(count):
    return np.arange(count) % 2


# The metric of so many examples, and how many it needs at least.
LEAST = {
    "gaussian_statistics": (lambda n: metrics.gaussian_statistics(points(n)), 2),
    "frechet, real": (lambda n: metrics.frechet_distance(points(n), points(9)), 2),
    "frechet, fake": (lambda n: metrics.frechet_distance(points(9), points(n)), 2),
    "kernel, real": (
        lambda n: metrics.kernel_distance(points(n), points(9), subset_size=2),
        4,
    ),
    "kernel, fake": (
        lambda n: metrics.kernel_distance(points(9), points(n), subset_size=2),
        4,
    ),
    "kernel, subset": (
        lambda n: metrics.kernel_distance(points(9), points(9), subset_size=n),
        2,
    ),
    "discrepancy, real": (lambda n: unbiased_polynomial_mmd(points(n), points(9)), 2),
    "discrepancy, fake": (lambda n: unbiased_polynomial_mmd(points(9), points(n)), 2),
    "pairwise": (lambda n: metrics.mean_pairwise_distance(points(n)), 2),
    "within class": (
        lambda n: metrics.within_class_distance(points(n), np.zeros(n, int)),
        2,
    ),
    "precision, real": (lambda n: metrics.precision_recall(points(n), points(9)), 6),
    "precision, fake": (lambda n: metrics.precision_recall(points(9), points(n)), 6),
    "density, real": (lambda n: metrics.density_coverage(points(n), points(9)), 6),
    "density, fake": (lambda n: metrics.density_coverage(points(9), points(n)), 6),
    "precision, k": (
        lambda n: metrics.precision_recall(points(9), points(9), k=n),
        1,
    ),
    "bound": (lambda n: metrics.negative_elbo(np.arange(n), np.arange(n)), 2),
    "active units": (lambda n: metrics.active_units(points(n)), 2),
    "mismatch": (lambda n: metrics.aggregate_posterior_mismatch(points(n, 3)), 4),
    "neighbours": (
        lambda n: metrics.knn_accuracy(points(n), classes(n), points(9), classes(9), 3),
        3,
    ),
    "silhouette": (lambda n: metrics.class_silhouette(points(n), classes(n)), 3),
    "silhouette, of": (
        lambda n: metrics.class_silhouette(points(9), classes(9), max_samples=n),
        3,
    ),
    "bins": (
        lambda n: metrics.number_of_different_bins(points(20), points(20), num_bins=n),
        2,
    ),
    "inception": (
        lambda n: metrics.inception_score(np.full((n, 2), 0.5), splits=3),
        3,
    ),
    "inception, splits": (
        lambda n: metrics.inception_score(np.full((9, 2), 0.5), splits=n),
        1,
    ),
    "classes": (lambda n: metrics.label_entropy(np.zeros(9, int), n), 1),
}


@pytest.mark.parametrize("name", LEAST)
def test_the_least_is_taken_and_one_less_is_not(name):
    compute, least = LEAST[name]
    compute(least)
    with pytest.raises(ValueError, match=r"expected|at least"):
        compute(least - 1)


SETS = {
    "frechet": metrics.frechet_distance,
    "kernel": lambda real, fake: metrics.kernel_distance(real, fake, subset_size=2),
    "discrepancy": unbiased_polynomial_mmd,
    "precision": metrics.precision_recall,
    "density": metrics.density_coverage,
    "bins": lambda real, fake: metrics.number_of_different_bins(real, fake, num_bins=2),
}


@pytest.mark.parametrize("name", SETS)
def test_two_sets_have_one_width(name):
    with pytest.raises(ValueError, match="same"):
        SETS[name](points(20, 2), points(20, 3))


SEEDED = {
    "inception": lambda seed: metrics.inception_score(np.eye(20), seed=seed),
    "kernel": lambda seed: metrics.kernel_distance(points(9), points(9), 2, seed),
    "silhouette": lambda seed: metrics.class_silhouette(
        points(9), classes(9), seed=seed
    ),
    "clustering": lambda seed: metrics.kmeans_clustering(
        points(9), classes(9), points(9), classes(9), seed
    ),
    "bins": lambda seed: metrics.number_of_different_bins(
        points(9), points(9), num_bins=2, seed=seed
    ),
}


@pytest.mark.parametrize("name", SEEDED)
def test_a_seed_that_is_none_is_refused(name):
    with pytest.raises(ValueError, match="seed="):
        SEEDED[name](-1)


DEFAULTS = {
    metrics.active_units: {"threshold": 0.01},
    metrics.bernoulli_cross_entropy: {"epsilon": 1e-7},
    metrics.class_coverage: {"min_share": 0.01},
    metrics.class_silhouette: {"max_samples": 2000, "seed": 0},
    metrics.density_coverage: {"k": 5},
    metrics.inception_score: {"splits": 10, "seed": 0},
    metrics.kernel_distance: {"subset_size": 1000, "seed": 0},
    metrics.kmeans_clustering: {"seed": 0},
    metrics.knn_accuracy: {"k": 1},
    metrics.precision_recall: {"k": 5},
}


@pytest.mark.parametrize("function", DEFAULTS, ids=lambda f: f.__name__)
def test_defaults_are_those_of_the_protocol(function):
    # Numbers of other defaults must not stand beside those that were published.
    given = inspect.signature(function).parameters.values()
    found = {p.name: p.default for p in given if p.default is not p.empty}
    assert found == DEFAULTS[function]


def test_a_share_of_just_the_equal_one_can_be_asked_for():
    assert metrics.class_coverage([0, 1], 2, min_share=0.5) == 2
    with pytest.raises(ValueError, match=r"at most 0\.5"):
        metrics.class_coverage([0, 1], 2, min_share=0.51)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_a_covariance_is_symmetric_to_rounding(scale):
    mean, covariance = np.zeros(2), np.array([[1.0, 0.5], [0.5, 1.0]])
    near, far = covariance.copy(), covariance.copy()
    near[0, 1] += 1e-7
    far[0, 1] += 1e-5
    good, almost, bad = (
        metrics.GaussianStatistics(mean, scale * one) for one in (covariance, near, far)
    )
    assert metrics.gaussian_frechet_distance(good, almost) == pytest.approx(
        0.0, abs=1e-6 * scale
    )
    with pytest.raises(ValueError, match="symmetric|covariance"):
        metrics.gaussian_frechet_distance(good, bad)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_a_covariance_has_no_negative_eigenvalue_but_for_rounding(scale):
    mean = np.zeros(2)
    flat, rounded, negative = (
        metrics.GaussianStatistics(mean, scale * np.diag([1.0, least]))
        for least in (0.0, -1e-7, -1e-5)
    )
    assert metrics.gaussian_frechet_distance(flat, rounded) == pytest.approx(
        0.0, abs=1e-6 * scale
    )
    with pytest.raises(ValueError, match="negative eigenvalues"):
        metrics.gaussian_frechet_distance(flat, negative)


def test_two_points_are_as_far_as_they_are_apart():
    here, there = (
        metrics.GaussianStatistics(np.array(mean), np.zeros((2, 2)))
        for mean in ([0.0, 0.0], [3.0, 4.0])
    )
    assert metrics.gaussian_frechet_distance(here, there) == pytest.approx(25.0)
