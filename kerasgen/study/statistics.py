"""Statistics over seeds: summaries, comparisons of two models, corrections.

The tests are SciPy's and statsmodels'; here stands only which of them a study uses.
"""

import dataclasses
import math
import warnings
from collections.abc import Iterable
from collections.abc import Sequence

import numpy as np
from scipy import stats
from statsmodels.stats import multitest
from statsmodels.stats import proportion
from statsmodels.stats import weightstats

CONFIDENCE = 0.95
# Below, there is no interval and no test.
MIN_VALUES = 3


@dataclasses.dataclass(frozen=True)
class Summary:
    """Numbers of one model over its seeds.

    Attributes:
        n: Number of values.
        mean: Mean; infinite where a value is.
        standard_deviation: With n − 1 in the denominator; None for one value.
        median: Median.
        low, high: 95 % interval of the mean by Student's t; None below three values.
        minimum, maximum: Range.
    """

    n: int
    mean: float
    standard_deviation: float | None
    median: float
    low: float | None
    high: float | None
    minimum: float
    maximum: float


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Difference of two means, as the tests see it.

    Attributes:
        difference: Mean of the first less mean of the second.
        low, high: 95 % interval of the difference, of the same test.
        p_value: Two-sided p-value of Welch's t-test, or of the one-sample t-test beside
            a constant.
        equivalence_p: p-value of two one-sided tests that the difference lies within
            the margin; None without a margin.
    """

    difference: float
    low: float
    high: float
    p_value: float
    equivalence_p: float | None


@dataclasses.dataclass(frozen=True)
class Share:
    """Number of some runs among all, with Wilson's 95 % interval of the share.

    Attributes:
        count, total: Numbers of runs.
        share: count / total; None of no runs.
        low, high: Interval; None of no runs.
    """

    count: int
    total: int
    share: float | None
    low: float | None
    high: float | None


def summarise(values: Sequence[float]) -> Summary:
    """Summary of the numbers of several seeds.

    Args:
        values: One number a seed; may be infinite.

    Raises:
        ValueError: If there is no value, or one is NaN.

    Example:
        >>> summarise([1.0, 2.0, 6.0]).mean
        3.0
    """
    values = _checked(values)
    n, is_finite = len(values), bool(np.isfinite(values).all())
    deviation = float(values.std(ddof=1)) if is_finite and n > 1 else None
    low = high = None
    if n >= MIN_VALUES and is_finite:
        low = high = float(values.mean())
        if deviation:
            error = deviation / math.sqrt(n)
            ends = stats.t.interval(CONFIDENCE, n - 1, values.mean(), error)
            low, high = map(float, ends)
    return Summary(
        n=n,
        mean=float(values.mean()),
        standard_deviation=deviation,
        median=float(np.median(values)),
        low=low,
        high=high,
        minimum=float(values.min()),
        maximum=float(values.max()),
    )


def compare(
    first: Sequence[float], second: Sequence[float] | float, margin: float | None = None
) -> Comparison | None:
    """Compare two lists of numbers, or one with a constant.

    Reference: Welch, "The generalization of 'Student's' problem when several different
    population variances are involved", Biometrika, 1947; Schuirmann, "A comparison of
    the two one-sided tests procedure and the power approach", Journal of
    Pharmacokinetics and Biopharmaceutics, 1987.

    Args:
        first: At least three finite numbers.
        second: The same, or a constant.
        margin: Differences below it, in the unit of the numbers, are not relevant.

    Returns:
        `Comparison`; None with too few numbers, or where none of the sides varies, so
        that there is no spread to judge by.

    Example:
        >>> round(compare([3.0, 4.0, 6.0], [2.0, 2.0, 3.0]).p_value, 3)
        0.138
    """
    first = _checked(first)
    one_sample = np.isscalar(second)
    second = _checked([second] if one_sample else second)
    samples = [first] if one_sample else [first, second]
    if min(map(len, samples)) < MIN_VALUES or not any(map(np.ptp, samples)):
        return None
    with warnings.catch_warnings():
        # Of values that are equal up to rounding; the p-value is near 0 then.
        warnings.simplefilter("ignore", RuntimeWarning)
        if one_sample:
            found = stats.ttest_1samp(first, second[0])
        else:
            found = stats.ttest_ind(first, second, equal_var=False)
        interval = found.confidence_interval(CONFIDENCE)
        equivalence = None if margin is None else _equivalence(first, second, margin)
    shift = second[0] if one_sample else 0.0
    return Comparison(
        difference=float(first.mean() - second.mean()),
        low=float(interval.low - shift),
        high=float(interval.high - shift),
        p_value=float(found.pvalue),
        equivalence_p=equivalence,
    )


def _equivalence(first, second, margin):
    if len(second) == 1:
        described = weightstats.DescrStatsW(first - second[0])
        return float(described.ttost_mean(-margin, margin)[0])
    found = weightstats.ttost_ind(first, second, -margin, margin, usevar="unequal")
    return float(found[0])


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """p-values corrected by Holm's method for how many there are.

    Args:
        p_values: p-values; None stands for what was not tested.

    Returns:
        Corrected p-values in the same order, None where None was.

    Example:
        >>> holm([0.02, None, 0.01])
        [0.02, None, 0.02]
    """
    tested = [p for p in p_values if p is not None]
    if not tested:
        return list(p_values)
    adjusted = iter(multitest.multipletests(tested, method="holm")[1])
    return [None if p is None else float(next(adjusted)) for p in p_values]


def share_of(count: int, total: int) -> Share:
    """A share with Wilson's interval, which holds for few runs and at 0 and 1 too.

    Example:
        >>> round(share_of(0, 5).high, 2)
        0.43
    """
    if total == 0:
        return Share(0, 0, None, None, None)
    low, high = proportion.proportion_confint(
        count, total, alpha=1.0 - CONFIDENCE, method="wilson"
    )
    return Share(count, total, count / total, max(float(low), 0.0), float(high))


def collapse_rate(runs: Iterable) -> Share:
    """`Share` of runs in which `TrainingMonitor` saw the samples collapse."""
    seen = [any(e["kind"] == "collapse" for e in run.events) for run in runs]
    return share_of(sum(seen), len(seen))


def failure_rate(runs: Iterable) -> Share:
    """`Share` of runs that diverged or failed otherwise."""
    failed = [run.failure is not None for run in runs]
    return share_of(sum(failed), len(failed))


def _checked(values):
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or not len(values) or np.isnan(values).any():
        raise ValueError(
            f"Got {values.tolist()}; expected at least one number and no NaN. Leave "
            "out the seeds that have none."
        )
    return values
