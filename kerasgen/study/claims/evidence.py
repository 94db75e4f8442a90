"""The numbers of both sides of a claim, paired by seed, and why some are missing."""

import collections
import dataclasses
import math

import numpy as np

from kerasgen.study import statistics
from kerasgen.study.claims.quantities import NoNumber
from kerasgen.study.claims.statements import Constant

_MOST_GAPS = 4
# Stands in a key for all seeds.
_NO_SEED = -1


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What a study holds on a `Part` of a claim.

    Attributes:
        metric: Name of the number that is compared, or None if no run has one.
        seeds: The seeds that all models of both sides have a number of.
        first, second: One float for each of them: of a group the mean of its models, of
            a constant its value.
        gaps: List of sentences on what has no number.
        failed: Pair: of each side, sentences on runs that failed.
        unstable: Pair: of each side, the `Share` of runs that collapsed or diverged.
    """

    metric: str | None
    seeds: list
    first: list
    second: list
    gaps: list
    failed: tuple
    unstable: tuple


def gather(part, study):
    """The `Evidence` on a `Part` in a `Study`.

    A run that failed or is not complete has no number, and neither has one whose number
    goes by another name than most, since it came about otherwise. Their seeds are left
    out on both sides.
    """
    titles = (*part.first.models, *part.second.models)
    found, gaps, failed = {}, {}, {}
    for title in titles:
        _look_up(title, part.quantity, study, found, gaps, failed)
    for seed in sorted({seed for _, seed in found}):
        for title in titles:
            if not {(title, seed), (title, _NO_SEED)} & {*found, *gaps}:
                gaps[title, seed] = f"{title} has no run with seed {seed}"
    metric, numbers = _of_one_name(found, gaps)
    first = _by_seed(part.first, numbers)
    if isinstance(part.second, Constant):
        second = _beside(first, part.second, metric, study, gaps)
    else:
        second = _by_seed(part.second, numbers)
    seeds = sorted(set(first) & set(second))
    return Evidence(
        metric=metric,
        seeds=seeds,
        first=[first[seed] for seed in seeds],
        second=[second[seed] for seed in seeds],
        gaps=[f"{said}." for said in _short(list(gaps.values()))],
        failed=tuple(_failed(side, failed) for side in (part.first, part.second)),
        unstable=tuple(_unstable(side, study) for side in (part.first, part.second)),
    )


def _failed(side, failed):
    return [said for (title, _), said in failed.items() if title in side.models]


def _unstable(side, study):
    runs = [run for title in side.models for run in study.models.get(title, [])]
    return statistics.instability_rate(runs)


def _look_up(title, quantity, study, found, gaps, failed):
    """Fills the three dicts, from (title, seed), with what the runs of a model give."""
    asked_for = [each for each in study.missing if each.settings.title == title]
    for each in asked_for:
        key = title, each.settings.seed
        if each.failure is None:
            gaps[key] = f"{title} with seed {each.settings.seed} is still to be trained"
        else:
            gaps[key] = failed[key] = _how_it_failed(title, key[1], each.failure)
    runs = study.models.get(title, [])
    for run in runs:
        key = title, run.seed
        if run.failure is not None:
            gaps[key] = failed[key] = _how_it_failed(title, run.seed, run.failure)
        elif run.status != "complete":
            gaps[key] = f"{title} with seed {run.seed} is not complete"
        else:
            try:
                name, value = quantity(run, study.real)
            except NoNumber as reason:
                gaps[key] = f"{title} with seed {run.seed} {reason}"
                continue
            if math.isnan(value):
                said = f"{title} with seed {run.seed} gave no finite number"
                gaps[key] = failed[key] = said
            else:
                found[key] = name, value
    if not runs and not asked_for:
        gaps[title, _NO_SEED] = f"The study has no run of {title}"


def _how_it_failed(title, seed, failure):
    verb = "diverged" if failure["kind"] == "divergence" else "failed"
    return f"{title} with seed {seed} {verb} after epoch {failure['epoch']}"


def _of_one_name(found, gaps):
    """The commonest name, and the numbers that go by it; the others become gaps."""
    if not found:
        return None, {}
    names = collections.Counter(name for name, _ in found.values())
    metric = names.most_common(1)[0][0]
    for (title, seed), (name, _) in found.items():
        if name != metric:
            gaps[title, seed] = f"{title} with seed {seed} has {name}, not {metric}"
    return metric, {k: value for k, (name, value) in found.items() if name == metric}


def _by_seed(group, numbers):
    """Dict from each seed that all models have a number of to the mean of these."""
    seeds = {seed for _, seed in numbers}
    rows = {seed: [numbers.get((t, seed)) for t in group.models] for seed in seeds}
    return {s: float(np.mean(row)) for s, row in rows.items() if None not in row}


def _beside(first, constant, metric, study, gaps):
    """Dict from the seeds of the first side to the constant, if it is on record."""
    value = constant.value(metric, study.real) if first else None
    if first and value is None:
        said = f"The study does not hold {metric} of {constant.title}"
        gaps[constant.title, _NO_SEED] = said
    return {} if value is None else dict.fromkeys(first, float(value))


def _short(sentences):
    more = len(sentences) - _MOST_GAPS
    if more <= 1:
        return sentences
    return [*sentences[:_MOST_GAPS], f"{more} more runs have no number either"]
