import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel

from kerasgen.metrics import kernel_distance
from kerasgen.metrics.kernel import unbiased_polynomial_mmd


def test_points_on_a_line_by_hand():
    # k(0, 0) = k(0, 1) = 1 and k(1, 1) = 2^3: 1 + 8 - 2
    assert unbiased_polynomial_mmd([[0.0], [0.0]], [[1.0], [1.0]]) == 7.0


def test_agrees_with_a_loop_over_pairs_of_different_examples(rng):
    real, fake = rng.normal(size=(6, 5)), rng.normal(size=(8, 5))

    def mean_kernel(first, second):
        kernel = polynomial_kernel(first, second, degree=3, gamma=1 / 5, coef0=1.0)
        pairs = [
            kernel[i, j]
            for i in range(len(first))
            for j in range(len(second))
            if first is not second or i != j
        ]
        return np.mean(pairs)

    expected = (
        mean_kernel(real, real) + mean_kernel(fake, fake) - 2 * mean_kernel(real, fake)
    )
    assert unbiased_polynomial_mmd(real, fake) == pytest.approx(expected)


def test_as_many_subsets_as_the_smaller_set_fills():
    real, fake = np.zeros((45, 1)), np.ones((90, 1))
    assert kernel_distance(real, fake, subset_size=10) == (7.0, 0.0, 4)
    assert kernel_distance(fake, real, subset_size=22) == (7.0, 0.0, 2)


def test_subsets_share_no_example():
    # One example stands out. When the set is cut up whole it is in one of four subsets
    # and the other three give 7: for 7 - e, 7, 7, 7 the mean is 7 - e / 4, and e / 4 is
    # also the standard error.
    real, fake = np.zeros((40, 1)), np.ones((40, 1))
    real[17] = 1.0
    for seed in range(20):
        distance = kernel_distance(real, fake, subset_size=10, seed=seed)
        assert distance.standard_error > 0.1
        assert distance.mean == pytest.approx(7.0 - distance.standard_error)


def test_unbiased_and_its_standard_error_is_one(rng):
    # A biased estimate on subsets of 20 would lie several standard errors above 0, and
    # subsets that share examples would give too small a standard error.
    ratios = []
    for seed in range(300):
        real, fake = rng.normal(size=(2, 200, 4))
        distance = kernel_distance(real, fake, subset_size=20, seed=seed)
        ratios.append(distance.mean / distance.standard_error)
    assert abs(np.mean(ratios)) < 0.3
    assert 0.9 < np.std(ratios) < 1.5


def test_it_grows_with_the_shift(rng):
    real, fake = rng.normal(size=(2, 400, 4))
    distances = [
        kernel_distance(real, fake + shift, subset_size=100).mean
        for shift in (0.0, 0.5, 1.0, 2.0)
    ]
    assert distances == sorted(distances) and distances[1] > 10 * abs(distances[0])


def test_the_seed_decides(rng):
    real, fake = rng.normal(size=(2, 60, 3))
    first = kernel_distance(real, fake, subset_size=20, seed=1)
    assert first == kernel_distance(real, fake, subset_size=20, seed=1)
    assert first != kernel_distance(real, fake, subset_size=20, seed=2)


def test_bad_input():
    features = np.zeros((30, 2))
    with pytest.raises(ValueError, match=r"`real_features` with 30.*at least 2000"):
        kernel_distance(features, features)
    with pytest.raises(ValueError, match="subset_size=1; expected"):
        kernel_distance(features, features, subset_size=1)
    with pytest.raises(ValueError, match="Got seed=None"):
        kernel_distance(features, features, subset_size=10, seed=None)
    with pytest.raises(ValueError, match="`real_features` of.*`fake_features` of"):
        kernel_distance(features, features[:, :1], subset_size=10)
