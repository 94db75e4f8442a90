"""Numbers of several seeds: their summary, how two models differ, and is it luck.

Nothing here knows what the numbers are. Few seeds say little, whatever is computed from
them; the docstrings tell how little.
"""

import dataclasses
import math

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
# Below, there is no interval (two values resample into little but themselves), no
# effect size and no t-test.
_MIN_VALUES = 3
# Numbers that differ by less, in parts of the greatest, are taken as equal.
_ROUNDING = 1e-12


@dataclasses.dataclass(frozen=True)
class Summary:
    """The numbers of one model over its seeds.

    Attributes:
        n: int, how many there are.
        mean: float; infinite where one of them is.
        standard_deviation: float with n − 1 in the denominator; None for one number.
        median: float.
        low, high: Interval of the mean, see `summarise`; None below three numbers.
        minimum, maximum: float.
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
    """How two lists of numbers differ, or one list from a constant.

    Attributes:
        n: int, how many pairs there are.
        difference: Mean of first − second; None where a number is infinite.
        low, high: Interval of that mean, as of a `Summary`.
        effect_size: Hedges' g of the differences; see `compare`.
        t_test_p: p-value of the paired t-test.
        wilcoxon_p: p-value of Wilcoxon's signed-rank test.
        rank_effect: float in [-1, 1], the share of all pairs across the two lists in
            which the first is greater, less that in which the second is.
        mann_whitney_p: p-value of Mann and Whitney's U; None beside a constant.
    """

    n: int
    difference: float | None
    low: float | None
    high: float | None
    effect_size: float | None
    t_test_p: float | None
    wilcoxon_p: float | None
    rank_effect: float
    mann_whitney_p: float | None


@dataclasses.dataclass(frozen=True)
class Share:
    """How many of some runs, with an interval of the share.

    Attributes:
        count, total: int.
        share: float, count / total; None of no runs.
        low, high: Wilson's 95 % interval; None of no runs.
    """

    count: int
    total: int
    share: float | None
    low: float | None
    high: float | None


def summarise(values):
    """Summary of the numbers of several seeds.

    The interval is the bootstrap's by percentiles, at 95 %, from 9999 resamples with a
    fixed seed. Plain percentile intervals are too narrow for few values (they cover the
    mean of three normal values at 74 %, of five at 84 %), so the percentiles are moved
    outwards to Φ(−√(n/(n−1))·t), with t the quantile of Student's distribution. That
    covers at 91 % for five values and 94 % from seven on. No bootstrap goes beyond the
    smallest and the greatest value: of three values the interval is their range, which
    covers the mean at 75 % only. One or two give no interval.

    Reference: Hesterberg, "What Teachers Should Know About the Bootstrap", The American
    Statistician, 2015, section 4.3 (expanded percentile interval).

    Args:
        values: Numbers, one for each seed; may be infinite.

    Returns:
        `Summary`.

    Raises:
        ValueError: If there is no value, or one is NaN.

    Example:
        >>> summarise([1.0, 2.0, 6.0]).mean
        3.0
    """
    values = _checked(values)
    low, high = _interval(values)
    finite = bool(np.isfinite(values).all())
    return Summary(
        n=len(values),
        mean=float(values.mean()),
        standard_deviation=float(values.std(ddof=1))
        if finite and len(values) > 1
        else None,
        median=float(np.median(values)),
        low=low,
        high=high,
        minimum=float(values.min()),
        maximum=float(values.max()),
    )


def compare(first, second):
    """How the numbers of two models differ, paired by seed.

    The effect size is Hedges' g of the differences d, J(n−1)·mean(d)/sd(d), with
    J(m) = Γ(m/2) / (√(m/2)·Γ((m−1)/2)) against the bias of few values (eq. 6e of the
    reference); 0.8 counts as large.

    A rank test cannot give a smaller p-value than the number of orders allows: for
    three pairs 0.25 (signed ranks) and 0.1 (U), for five 0.0625 and 0.0079. Below 0.05
    come only U, from four pairs on, and signed ranks, from six. The t-test takes the
    differences to be normal, which so few cannot show.

    Below three pairs there is no interval, no g and no t-test (None).

    Differences that are all 0 give p = 1 and g = 0. Others that are all equal give
    neither g nor a t-test (None): they have no spread to judge their mean by. With an
    infinite number (a run that never got there) only the ranks count.

    Reference: Hedges, "Distribution Theory for Glass's Estimator of Effect Size",
    Journal of Educational Statistics, 1981; Lakens, "Calculating and reporting effect
    sizes", Frontiers in Psychology, 2013.

    Args:
        first, second: Equally many numbers, those of one seed at the same place.

    Returns:
        `Comparison`; all p-values are two-sided.

    Raises:
        ValueError: If the lists are empty or not equally long, or hold NaN.

    Example:
        >>> compare([3.0, 4.0, 6.0], [2.0, 2.0, 3.0]).difference
        2.0
    """
    first, second = _checked(first), _checked(second)
    if len(first) != len(second):
        raise ValueError(
            f"Got {len(first)} and {len(second)} numbers; expected as many of both, "
            "paired by seed. Leave out the seeds that only one side has."
        )
    tied = len(first) > 1 and len(np.unique([first, second])) < 2 * len(first)
    # Ranks with ties have no tabulated distribution: it is counted, or drawn.
    method = stats.PermutationMethod(random_state=0) if tied else "auto"
    ranks = stats.mannwhitneyu(first, second, method=method)
    return Comparison(
        n=len(first),
        rank_effect=float(2.0 * ranks.statistic / len(first) ** 2 - 1.0),
        mann_whitney_p=float(ranks.pvalue),
        **_paired(first, second),
    )


def compare_with(values, constant):
    """How the numbers of a model differ from a constant.

    Args:
        values: Numbers, one for each seed.
        constant: float.

    Returns:
        `Comparison`, as of `compare`; the t-test is the one-sample one.

    Raises:
        ValueError: As for `compare`.
    """
    values, constant = _checked(values), _checked([constant])
    return Comparison(
        n=len(values),
        rank_effect=float(np.mean(np.sign(values - constant))),
        mann_whitney_p=None,
        **_paired(values, np.broadcast_to(constant, values.shape)),
    )


def holm(p_values):
    """p-values corrected for how many there are: Holm's step-down method.

    The chance that any hypothesis that holds is rejected at 0.05 is at most 0.05,
    however the tests depend on each other.

    Reference: Holm, "A Simple Sequentially Rejective Multiple Test Procedure",
    Scandinavian Journal of Statistics, 1979.

    Args:
        p_values: List of p-values; None stands for what was not tested.

    Returns:
        List of corrected p-values in the same order, None where None was.

    Example:
        >>> holm([0.02, None, 0.01])
        [0.02, None, 0.02]
    """
    adjusted, greatest = [None] * len(p_values), 0.0
    tested = [index for index, p in enumerate(p_values) if p is not None]
    for rank, index in enumerate(sorted(tested, key=lambda index: p_values[index])):
        greatest = max(greatest, (len(tested) - rank) * p_values[index])
        adjusted[index] = min(1.0, greatest)
    return adjusted


def share_of(count, total):
    """A share with Wilson's interval, which holds for few runs and at 0 and 1 too.

    Reference: Brown, Cai & DasGupta, "Interval Estimation for a Binomial Proportion",
    Statistical Science, 2001.

    Example:
        >>> round(share_of(0, 5).high, 2)
        0.43
    """
    if total == 0:
        return Share(0, 0, None, None, None)
    found = stats.binomtest(count, total).proportion_ci(CONFIDENCE, method="wilson")
    return Share(count, total, count / total, float(found.low), float(found.high))


def collapse_rate(runs):
    """`Share` of runs in which `TrainingMonitor` saw the samples collapse."""
    return share_of(sum(_collapsed(run) for run in runs), len(runs))


def failure_rate(runs):
    """`Share` of runs that diverged or failed otherwise."""
    return share_of(sum(run.failure is not None for run in runs), len(runs))


def instability_rate(runs):
    """`Share` of runs that collapsed or diverged."""
    bad = sum(run.status == "diverged" or _collapsed(run) for run in runs)
    return share_of(bad, len(runs))


def _collapsed(run):
    return any(event["kind"] == "collapse" for event in run.events)


def _checked(values):
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or not len(values) or np.isnan(values).any():
        raise ValueError(
            f"Got {values.tolist()}; expected at least one number, and no NaN. Leave "
            "out the seeds that have none."
        )
    return values


def _interval(values):
    n = len(values)
    if n < _MIN_VALUES or not np.isfinite(values).all():
        return None, None
    tail = stats.t.ppf(0.5 - 0.5 * CONFIDENCE, n - 1) * math.sqrt(n / (n - 1))
    found = stats.bootstrap(
        (values,),
        np.mean,
        confidence_level=1.0 - 2.0 * stats.norm.cdf(tail),
        method="percentile",
        random_state=0,
    )
    return tuple(map(float, found.confidence_interval))


def _paired(first, second):
    """What a `Comparison` says of the differences."""
    with np.errstate(invalid="ignore"):  # infinite on both sides
        differences = first - second
    differences[np.isclose(first, second, rtol=_ROUNDING, atol=0.0)] = 0.0
    found = dict.fromkeys(("difference", "low", "high", "effect_size", "t_test_p"))
    signed = differences[differences != 0.0]
    found["wilcoxon_p"] = float(stats.wilcoxon(signed).pvalue) if len(signed) else 1.0
    if not np.isfinite([first, second]).all():
        return found
    found["difference"] = float(differences.mean())
    found["low"], found["high"] = _interval(differences)
    if len(differences) < _MIN_VALUES:
        return found
    if not len(signed):
        return found | {"effect_size": 0.0, "t_test_p": 1.0}
    if np.ptp(differences) > _ROUNDING * np.abs([first, second]).max():
        found["effect_size"] = _hedges_g(differences)
        found["t_test_p"] = float(stats.ttest_1samp(differences, 0.0).pvalue)
    return found


def _hedges_g(differences):
    half = 0.5 * (len(differences) - 1)
    bias = math.gamma(half) / (math.sqrt(half) * math.gamma(half - 0.5))
    return float(bias * differences.mean() / differences.std(ddof=1))
