import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies
from scipy import stats

from kerasgen.study import statistics
from tests.study.fake_study import make_run

NUMBERS = strategies.floats(-1e6, 1e6)


def test_summary_of_known_numbers():
    summary = statistics.summarise([1.0, 2.0, 6.0])
    assert (summary.n, summary.mean, summary.median) == (3, 3.0, 2.0)
    assert (summary.minimum, summary.maximum) == (1.0, 6.0)
    assert summary.standard_deviation == pytest.approx(math.sqrt(7.0))


def test_the_interval_of_three_numbers_is_their_range():
    summary = statistics.summarise([1.0, 2.0, 6.0])
    assert (summary.low, summary.high) == (1.0, 6.0)


@pytest.mark.parametrize("values", [[4.0], [4.0, 5.0]])
def test_one_or_two_numbers_have_no_interval(values):
    summary = statistics.summarise(values)
    assert summary.low is None and summary.high is None
    assert (summary.standard_deviation is None) == (len(values) == 1)


def test_the_interval_covers_the_mean_of_seven_normal_numbers():
    """Plain percentiles cover 88 %."""
    generator = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        summary = statistics.summarise(generator.normal(size=7))
        covered += summary.low <= 0.0 <= summary.high
    assert 0.91 <= covered / 200 <= 0.98


@given(strategies.lists(NUMBERS, min_size=1, max_size=6))
def test_a_summary_is_in_order_and_the_same_again(values):
    summary = statistics.summarise(values)
    assert summary == statistics.summarise(values)
    assert summary.minimum <= summary.median <= summary.maximum
    if len(values) >= 3:
        slack = 1e-9 * max(map(abs, values))
        assert summary.minimum - slack <= summary.low <= summary.mean + slack
        assert summary.mean - slack <= summary.high <= summary.maximum + slack


def test_a_summary_with_infinity_has_a_median():
    summary = statistics.summarise([1.0, 2.0, math.inf])
    assert (summary.mean, summary.median, summary.maximum) == (math.inf, 2.0, math.inf)
    assert summary.standard_deviation is None and summary.low is None


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [[1.0]]])
def test_what_cannot_be_summarised_is_refused(values):
    with pytest.raises(ValueError, match="expected at least one number, and no NaN"):
        statistics.summarise(values)


def test_comparison_of_known_numbers():
    """Differences 1, 2, 3: mean 2, deviation 1, so t = 2√3 with 2 degrees of freedom.

    Of 2 degrees the p-value is 1 − t/√(2 + t²), and J(2) = 1/√π.
    """
    found = statistics.compare([3.0, 4.0, 6.0], [2.0, 2.0, 3.0])
    assert (found.n, found.difference) == (3, 2.0)
    assert found.t_test_p == pytest.approx(1.0 - math.sqrt(12.0 / 14.0))
    assert found.effect_size == pytest.approx(2.0 / math.sqrt(math.pi))
    assert found.wilcoxon_p == 0.25
    # 3 > 2, 3 > 2, 3 = 3, and the other six: (8 - 0) / 9.
    assert found.rank_effect == pytest.approx(8.0 / 9.0)
    assert (found.low, found.high) == (1.0, 3.0)


def test_comparison_agrees_with_scipy():
    generator = np.random.default_rng(1)
    first, second = generator.normal(1.0, 1.0, (2, 7))
    found = statistics.compare(first, second)
    assert found.t_test_p == pytest.approx(stats.ttest_rel(first, second).pvalue)
    assert found.wilcoxon_p == stats.wilcoxon(first, second).pvalue
    assert found.mann_whitney_p == stats.mannwhitneyu(first, second).pvalue
    differences = first - second
    crude = differences.mean() / differences.std(ddof=1)
    assert found.effect_size == pytest.approx(crude * (1 - 3 / (4 * 6 - 1)), rel=5e-3)


@pytest.mark.parametrize(("n", "u", "signed"), [(3, 0.1, 0.25), (5, 1 / 126, 0.0625)])
def test_the_smallest_p_values_of_the_rank_tests(n, u, signed):
    found = statistics.compare(np.arange(n) * 1.1 + 100.0, np.arange(n))
    assert found.mann_whitney_p == pytest.approx(u)
    assert found.wilcoxon_p == pytest.approx(signed)


@given(strategies.lists(strategies.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5))
def test_swapping_the_sides_turns_the_sign(pairs):
    first, second = map(list, zip(*pairs, strict=True))
    one, other = (
        statistics.compare(first, second),
        statistics.compare(second, first),
    )
    assert one.difference == -other.difference
    assert one.rank_effect == pytest.approx(-other.rank_effect)
    for name in ("t_test_p", "wilcoxon_p", "mann_whitney_p"):
        assert getattr(one, name) == pytest.approx(getattr(other, name))


def test_no_difference_at_all():
    found = statistics.compare([0.1, 0.2, 0.3], [0.1, 0.2, 0.3])
    assert (found.difference, found.low, found.high) == (0.0, 0.0, 0.0)
    assert (found.effect_size, found.rank_effect) == (0.0, 0.0)
    assert (found.t_test_p, found.wilcoxon_p, found.mann_whitney_p) == (1.0, 1.0, 1.0)


def test_equal_differences_have_no_spread_to_judge_by():
    found = statistics.compare([1.1, 1.2, 1.3], [0.1, 0.2, 0.3])
    assert found.difference == pytest.approx(1.0)
    assert found.effect_size is None and found.t_test_p is None
    assert (found.wilcoxon_p, found.mann_whitney_p) == (0.25, pytest.approx(0.1))


def test_rounding_is_no_difference():
    found = statistics.compare([0.3, 0.6, 0.7], [0.1 + 0.2, 0.6, 0.7])
    assert (found.t_test_p, found.wilcoxon_p) == (1.0, 1.0)


def test_infinite_numbers_are_ranked():
    inf = math.inf
    found = statistics.compare([inf, inf, inf], [1.0, 2.0, 3.0])
    assert found.difference is None and found.t_test_p is None
    assert found.effect_size is None and found.low is None
    # Ties among the infinite leave the order of the two lists, which is counted.
    assert (found.rank_effect, found.mann_whitney_p) == (1.0, pytest.approx(0.1))
    both = statistics.compare([inf, inf, inf], [inf, inf, inf])
    assert (both.rank_effect, both.mann_whitney_p, both.wilcoxon_p) == (0.0, 1.0, 1.0)
    assert both.difference is None


def test_two_seeds_are_described_but_not_tested():
    found = statistics.compare([1.0, 2.0], [0.0, 0.0])
    assert found.difference == 1.5
    assert found.t_test_p is None and found.effect_size is None and found.low is None


def test_lists_of_different_length_are_refused():
    with pytest.raises(ValueError, match="Got 2 and 1 numbers; expected as many"):
        statistics.compare([1.0, 2.0], [1.0])


def test_comparison_with_a_constant():
    found = statistics.compare_with([1.0, 2.0, 3.0], 0.5)
    expected = stats.ttest_1samp([1.0, 2.0, 3.0], 0.5).pvalue
    assert found.t_test_p == pytest.approx(expected)
    assert (found.difference, found.rank_effect) == (1.5, 1.0)
    assert found.mann_whitney_p is None
    assert found.effect_size == pytest.approx(1.5 / math.sqrt(math.pi))


def test_holm_of_known_p_values():
    """4·0.01, then 3·0.02, then the greater of 2·0.03 and that, then 0.9."""
    adjusted = statistics.holm([0.02, 0.9, None, 0.03, 0.01])
    assert adjusted == pytest.approx([0.06, 0.9, None, 0.06, 0.04])
    assert statistics.holm([None]) == [None]


@given(strategies.lists(strategies.none() | strategies.floats(0.0, 1.0), max_size=20))
def test_holm_keeps_the_order_and_lowers_nothing(p_values):
    adjusted = statistics.holm(p_values)
    assert [a is None for a in adjusted] == [p is None for p in p_values]
    pairs = sorted(
        (p, a) for p, a in zip(p_values, adjusted, strict=True) if p is not None
    )
    assert all(p <= a <= 1.0 for p, a in pairs)
    corrected = [a for _, a in pairs]
    assert corrected == sorted(corrected)
    if pairs:
        assert corrected[0] == min(1.0, len(pairs) * pairs[0][0])


def test_holm_keeps_false_alarms_below_a_twentieth():
    generator = np.random.default_rng(0)
    alarms = [min(statistics.holm(list(generator.random(10)))) for _ in range(2000)]
    assert np.mean(np.array(alarms) < 0.05) < 0.06


def test_share_of_runs():
    """Wilson: (p + z²/2n ± z√(p(1−p)/n + z²/4n²)) / (1 + z²/n)."""
    share = statistics.share_of(1, 4)
    z = stats.norm.ppf(0.975)
    half = z * math.sqrt(0.25 * 0.75 / 4 + z**2 / 64)
    middle, scale = 0.25 + z**2 / 8, 1 + z**2 / 4
    assert share.share == 0.25
    assert share.low == pytest.approx((middle - half) / scale)
    assert share.high == pytest.approx((middle + half) / scale)
    assert statistics.share_of(0, 0).share is None


def test_rates_count_runs_that_went_wrong():
    runs = [
        make_run(seed=0),
        make_run(seed=1, events=["collapse", "collapse"]),
        make_run(seed=2, events=["divergence"], failure="divergence"),
        make_run(seed=3, failure="killed"),
        make_run(seed=4, events=["dominance"]),
    ]
    assert statistics.collapse_rate(runs).count == 1
    assert statistics.failure_rate(runs).count == 2
    assert statistics.instability_rate(runs).count == 2
    assert statistics.collapse_rate(runs).total == 5


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_nothing_warns(n):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for values in ([0.0] * n, [1e-300] * n, [1e100] * n, [math.inf] * n):
            statistics.summarise(values)
            statistics.compare(values, [1.0] * n)
            statistics.compare_with(values, 1.0)
