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
    """Numbers of one model over its seeds."""

    n: int
    mean: float  # infinite where a value is
    standard_deviation: float | None  # with n − 1 in the denominator
    median: float
    low: float | None  # 95 % interval of the mean by Student's t
    high: float | None
    minimum: float
    maximum: float


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Difference of two means, as the tests see it."""

    difference: float  # mean of the first less mean of the second
    low: float  # 95 % interval of the difference, of the same test
    high: float
    p_value: float  # two-sided
    equivalence_p: float | None  # that it lies within the margin, by two tests


@dataclasses.dataclass(frozen=True)
class Share:
    """Number of some runs among all, with Wilson's 95 % interval of the share."""

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
    n, mean, is_finite = len(values), float(values.mean()), np.isfinite(values).all()
    deviation = float(values.std(ddof=1)) if is_finite and n > 1 else None
    low = high = mean if is_finite and n >= MIN_VALUES else None
    if low is not None and deviation:
        error = deviation / math.sqrt(n)
        low, high = map(float, stats.t.interval(CONFIDENCE, n - 1, mean, error))
    return Summary(
        n=n,
        mean=mean,
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
    """Compare two lists of numbers by Welch's t-test, or one with a constant.

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
    first, is_constant = _checked(first), np.isscalar(second)
    second = _checked([second] if is_constant else second)
    samples = [first] if is_constant else [first, second]
    if min(map(len, samples)) < MIN_VALUES or not any(map(np.ptp, samples)):
        return None
    with warnings.catch_warnings():
        # Of values that are equal up to rounding; the p-value is near 0 then.
        warnings.simplefilter("ignore", RuntimeWarning)
        if is_constant:
            found = stats.ttest_1samp(first, second[0])
        else:
            found = stats.ttest_ind(first, second, equal_var=False)
        equivalence = None if margin is None else _equivalence(first, second, margin)
        interval = found.confidence_interval(CONFIDENCE)
    shift = second[0] if is_constant else 0.0
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
    """p-values corrected by Holm's method for how many there are; None stays None.

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
