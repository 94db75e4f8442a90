"""Statistics over seeds: numbers computed by hand, and SciPy's where they stand."""

import math

import numpy as np
import pytest
from scipy import stats

from kerasgen.study import statistics
from tests.study import fake_study


def test_summary_of_three_numbers():
    found = statistics.summarise([1.0, 2.0, 6.0])
    assert (found.n, found.mean, found.median) == (3, 3.0, 2.0)
    assert (found.minimum, found.maximum) == (1.0, 6.0)
    assert found.standard_deviation == pytest.approx(math.sqrt(7.0))
    # The quantile of Student's t with 2 degrees of freedom is 4.302653.
    reach = 4.302653 * math.sqrt(7.0 / 3.0)
    assert (found.low, found.high) == pytest.approx((3.0 - reach, 3.0 + reach))


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0], [1.0, 2.0, math.inf]])
def test_few_or_infinite_numbers_have_no_interval(values):
    found = statistics.summarise(values)
    assert found.low is found.high is None
    assert found.mean == np.mean(values)


def test_equal_numbers_have_an_interval_of_no_width():
    found = statistics.summarise([2.0, 2.0, 2.0])
    assert (found.low, found.high) == (2.0, 2.0)


@pytest.mark.parametrize("values", [[], [math.nan, 1.0], [[1.0]]])
def test_nothing_and_nan_are_refused(values):
    with pytest.raises(ValueError, match="at least one number and no NaN"):
        statistics.summarise(values)


def test_comparison_is_welchs_test_with_its_own_interval():
    first, second = [3.0, 4.0, 6.0, 5.0], [2.0, 2.5, 3.0]
    found = statistics.compare(first, second)
    expected = stats.ttest_ind(first, second, equal_var=False)
    assert found.difference == pytest.approx(2.0)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx(expected.confidence_interval())
    assert found.equivalence_p is None


def test_the_interval_excludes_zero_exactly_where_the_test_decides():
    generator = np.random.default_rng(0)
    for _ in range(50):
        first = generator.normal(size=5)
        found = statistics.compare(first, generator.normal(0.8, 2.0, size=7))
        assert (found.p_value < 0.05) == (found.low > 0.0 or found.high < 0.0)


def test_beside_a_constant_it_is_the_one_sample_test():
    values = [3.0, 4.0, 6.0]
    found = statistics.compare(values, 2.0)
    expected = stats.ttest_1samp(values, 2.0)
    low, high = expected.confidence_interval()
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.difference == pytest.approx(13.0 / 3.0 - 2.0)
    assert (found.low, found.high) == pytest.approx((low - 2.0, high - 2.0))


@pytest.mark.parametrize("constant", [False, True])
def test_equivalence_needs_a_difference_within_the_margin(constant):
    near = [1.0, 1.01, 0.99, 1.0, 1.02]
    other = 1.0 if constant else [1.0, 0.99, 1.01, 1.0, 0.98]
    assert statistics.compare(near, other, margin=0.1).equivalence_p < 0.001
    assert statistics.compare(near, other, margin=0.005).equivalence_p > 0.05
    far = 1.5 if constant else [1.5, 1.49, 1.51, 1.5, 1.48]
    assert statistics.compare(near, far, margin=0.1).equivalence_p > 0.95


def test_equivalence_at_a_level_is_the_interval_of_twice_that_level_in_the_margin():
    first, second = [1.0, 1.2, 0.9, 1.1], [1.05, 1.0, 1.2, 0.95]
    found = stats.ttest_ind(first, second, equal_var=False)
    inner = found.confidence_interval(0.9)
    edge = max(abs(inner.low), abs(inner.high))
    at_the_edge = statistics.compare(first, second, margin=edge).equivalence_p
    assert at_the_edge == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("first", "second"),
    [([1.0, 2.0], [1.0, 2.0, 3.0]), ([1.0] * 3, [2.0] * 3), ([1.0, 2.0], 0.0)],
)
def test_without_numbers_or_spread_there_is_no_test(first, second):
    assert statistics.compare(first, second) is None


def test_holm_by_hand():
    assert statistics.holm([0.01, None, 0.04, 0.03]) == pytest.approx(
        [0.03, None, 0.06, 0.06]
    )
    assert statistics.holm([None]) == [None]
    assert statistics.holm([]) == []


def test_wilsons_interval_of_a_share():
    found = statistics.share_of(3, 10)
    assert (found.count, found.total, found.share) == (3, 10, 0.3)
    # Brown, Cai & DasGupta 2001, by hand: (0.1078, 0.6032).
    assert (found.low, found.high) == pytest.approx((0.1078, 0.6032), abs=1e-4)
    assert statistics.share_of(0, 0).share is None
    assert statistics.share_of(0, 5).low == 0.0


def test_rates_of_runs():
    runs = [
        fake_study.make_run(seed=0, events=["collapse"]),
        fake_study.make_run(seed=1, failure="divergence"),
        fake_study.make_run(seed=2, events=["dominance"]),
    ]
    assert statistics.collapse_rate(runs).count == 1
    assert statistics.failure_rate(runs).share == pytest.approx(1 / 3)
