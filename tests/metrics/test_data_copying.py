import numpy as np
import pytest
import scipy.stats

from kerasgen import metrics
from kerasgen.metrics.data_copying import _z_score


def points(seed, num=600, width=3):
    return np.random.default_rng(seed).normal(size=(num, width))


def test_equal_distributions_give_a_normal_score():
    scores = [
        metrics.data_copying_test(
            points(1, 2000), points(seed), points(seed + 50)
        ).score
        for seed in range(2, 12)
    ]
    # A weighted mean of ten nearly independent standard normals.
    assert np.abs(scores).max() < 1.5


def test_copies_score_low_and_outliers_high():
    train, test = points(1, 2000), points(2)
    copied = metrics.data_copying_test(train, test, train[:600] + 0.001)
    assert copied.score < -5.0 and copied.least <= copied.score
    assert metrics.data_copying_test(train, test, 3.0 * points(4)).score > 5.0


def test_copying_in_one_cell_shows_there():
    train, test = points(1, 2000), points(2)
    fake = 1.5 * points(3)
    right = fake[:, 0] > 1.0
    fake[right] = train[train[:, 0] > 1.0][: right.sum()]
    whole = metrics.data_copying_test(train, test, fake, num_cells=1)
    cells = metrics.data_copying_test(train, test, fake, num_cells=8)
    assert whole.num_cells == 1 and whole.least == whole.score
    assert cells.least < -3.0 < whole.score


def test_one_cell_is_the_mann_whitney_test():
    train, test, fake = points(1, 200), points(2, 50), points(3, 40)
    distances = [
        np.linalg.norm(some[:, None] - train, axis=2).min(axis=1)
        for some in (fake, test)
    ]
    p_value = scipy.stats.mannwhitneyu(
        *distances, alternative="less", method="asymptotic", use_continuity=False
    ).pvalue
    assert scipy.stats.norm.cdf(_z_score(train, test, fake)) == pytest.approx(p_value)
    found = metrics.data_copying_test(train, test, fake, num_cells=1).score
    assert scipy.stats.norm.cdf(found) == pytest.approx(p_value)


def test_cells_with_few_samples_are_left_out():
    train = np.concatenate([points(1, 100), points(2, 100) + 50.0])
    fake = np.concatenate([points(3, 100), points(4, 5) + 50.0])
    found = metrics.data_copying_test(train, train + 0.5, fake, num_cells=2)
    assert found.num_cells == 1
    with pytest.raises(ValueError, match="Got 5 samples and .* a cell with 20"):
        metrics.data_copying_test(train, train + 0.5, fake[:5], num_cells=2)
    with pytest.raises(ValueError, match="at least 10"):
        metrics.data_copying_test(train[:9], train, fake)
