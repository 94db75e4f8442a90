"""Verdicts on the claims of a comparison, by a rule that is fixed here.

1. A part compares two sides by one endpoint. A side of several models is taken apart:
   each model of the first is compared with each of the second, or, where both are the
   same models with another setting, with itself.
2. A pair is compared by Welch's t-test on the runs of both, or a one-sample t-test
   beside a constant. It is *supported* if the first is significantly on the claimed
   side, *refuted* if significantly on the other, *equivalent* ("no relevant
   difference") if two one-sided tests place the difference within the endpoint's
   margin, which goes before the other two, and else *undecided*.
3. A run that diverged counts as a loss: it takes the worst value of all runs of the
   pair, as do all runs of a side of which none came to a value; such a pair is not
   called equivalent, nor a side with such runs better than a constant. A run that is
   missing, or that the machine broke off, has no value. Below three values there is no
   test.
4. A part is what all its pairs are. It *depends* on the model if some pairs are
   supported and others refuted or equivalent; it is refuted if all are refuted or
   equivalent, but not all equivalent; and else undecided.
5. A claim is supported if all its parts are, refuted if one is; equivalent if all are;
   it depends if its parts were decided differently, and else is undecided.
6. p-values are corrected by Holm over the claims of a study. A conjunction (support,
   equivalence) takes the greatest p-value of its pairs and needs no correction inside;
   a refutation by one part takes the least, times the number of parts; "depends" needs
   a pair on each side, each times the number of pairs. A claim whose corrected p-value
   is not below `SIGNIFICANCE` is undecided.

Superiority, inferiority and equivalence are tested at one level without correction
among them, after Goeman, Solari & Stijnen, "Three-sided hypothesis testing" (Statistics
in Medicine, 2010), who place superiority beyond the margin: whatever a difference is,
those verdicts on it that would be errors share one level. Intervals shown are those of
95 %; equivalence is a matter of those of 90 %.
"""

import collections
import dataclasses
import itertools
import math

import numpy as np

from kerasgen.evaluation.metric_names import encoded
from kerasgen.study import statistics
from kerasgen.study.comparison import HIGHER
from kerasgen.study.comparison import LOWER
from kerasgen.study.comparison import Claim
from kerasgen.study.comparison import Comparison
from kerasgen.study.comparison import Endpoint
from kerasgen.study.comparison import Group
from kerasgen.study.endpoints import NoNumber
from kerasgen.study.endpoints import seconds_to_quality
from kerasgen.study.endpoints import value_of
from kerasgen.study.records import Study

SIGNIFICANCE = 0.05
SUPPORTED, REFUTED, UNDECIDED = "supported", "refuted", "undecided"
EQUIVALENT, DEPENDS = "no relevant difference", "depends"
VERDICTS = (SUPPORTED, REFUTED, EQUIVALENT, DEPENDS, UNDECIDED)
MOST_GAPS = 4


@dataclasses.dataclass(frozen=True)
class Side:
    """Numbers of one model, or a constant."""

    title: str
    values: list  # on the endpoint's scale, one a run
    failed: int = 0  # runs that diverged and count as losses
    names: tuple = ()  # of the numbers; they carry the protocol
    gaps: tuple = ()  # sentences on runs without a number
    constant: bool = False


@dataclasses.dataclass(frozen=True)
class PairResult:
    """One model compared with another, or with a constant."""

    first: Side  # without failed runs
    second: Side
    comparison: statistics.Comparison | None  # with failed runs as losses
    verdict: str  # before correction
    p_value: float  # of that verdict, 1 if undecided


@dataclasses.dataclass(frozen=True)
class PartResult:
    """Outcome of a part of a claim."""

    title: str  # of the endpoint
    claimed: str  # "higher" or "lower": how the first side is claimed to be
    scale: str
    unit: str
    metric: str  # name of the numbers compared, or ""
    pairs: list[PairResult]
    verdict: str  # before correction


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Outcome of a claim."""

    claim: Claim
    verdict: str
    adjusted_p: float | None  # None if nothing was tested
    parts: list[PartResult]
    gaps: list  # sentences on runs without a number

    @property
    def is_tested(self) -> bool:
        """Whether the study has enough numbers of both sides of some pair."""
        return _is_tested(self.parts)

    def to_dict(self) -> dict:
        """The verdict as a JSON-serialisable dict."""
        claim = {k: getattr(self.claim, k) for k in ("key", "statement", "source")}
        rest = dataclasses.asdict(self)
        del rest["claim"]
        return _encoded({**claim, **rest})


def judge(
    study: Study, comparison: Comparison | None, prior: str = ""
) -> list[Verdict]:
    """Judge the claims that a study of this kind can decide, in their order.

    Args:
        study: `kerasgen.study.records.Study`.
        comparison: `Comparison`; None gives no verdicts.
        prior: "fitted" to judge samples from fitted priors, where models have them.

    Example:

    >>> study = load_study("runs/mnist")
    >>> [(one.claim.key, one.verdict) for one in judge(study, JAISWAL)]
    """
    if comparison is None:
        return []
    claims = [claim for claim in comparison.claims if claim.study in study.kinds]
    results = [[_part(p, study, comparison, prior) for p in c.parts] for c in claims]
    found = [_claim_verdict(parts) for parts in results]
    p_values = [
        _claim_p(verdict, parts) if _is_tested(parts) else None
        for verdict, parts in zip(found, results, strict=True)
    ]
    verdicts = []
    for claim, verdict, parts, p in zip(
        claims, found, results, statistics.holm(p_values), strict=True
    ):
        verdict = verdict if p is not None and p < SIGNIFICANCE else UNDECIDED
        verdicts.append(Verdict(claim, verdict, p, parts, _gaps(parts)))
    return verdicts


def _part(part, study, comparison, prior):
    endpoint = comparison.endpoints[part.endpoint]
    claimed = part.claimed or endpoint.better
    firsts = _sides(part.first, endpoint, study, prior)
    if isinstance(part.second, Group):
        seconds = _sides(part.second, endpoint, study, prior)
    else:
        names = [name for side in firsts for name in side.names]
        seconds = [_constant(part.second, names, study)]
    is_factor = isinstance(part.second, Group) and (
        part.first.models == part.second.models
    )
    matched = zip if is_factor else itertools.product
    pairs = [_pair(*pair, endpoint, claimed) for pair in matched(firsts, seconds)]
    metrics = dict.fromkeys(n for side in firsts + seconds for n in side.names)
    return PartResult(
        title=endpoint.title,
        claimed=claimed,
        scale=endpoint.scale,
        unit=endpoint.unit,
        metric=", ".join(metrics),
        pairs=pairs,
        verdict=_part_verdict([pair.verdict for pair in pairs]),
    )


def _sides(group, endpoint, study, prior):
    return [_side(group, model, endpoint, study, prior) for model in group.models]


def _side(group, model, endpoint, study, prior):
    is_any = study.each == "draw"  # a variant each
    runs = [
        run
        for run in study.runs
        if run.settings.model == model
        and (is_any or run.settings.variant == group.variant)
    ]
    found, gaps, failed = collections.defaultdict(list), [], 0
    named = {}
    for run in runs:
        gap = ""
        if run.failure is not None:
            gap = end_of(run.failure)
            failed += is_loss(run.failure)
        elif run.status != "complete":
            gap = "is not complete"
        else:
            try:
                name, value = value_of(endpoint, run, study.real, prior)
                if math.isfinite(value):
                    found[name].append(value)
                    named[run] = name
                else:
                    gap = no_value(endpoint)
                    failed += 1
            except NoNumber as reason:
                gap = str(reason)
        gaps += [f"{run.title} with {run.which} {gap}"] if gap else []
    for missing in study.missing:
        one = missing.settings
        if one.model == model and (is_any or one.variant == group.variant):
            failed += is_loss(missing.failure)
            gaps.append(f"{one.title} with seed {one.seed} is missing")
    if not runs and not gaps:
        level = f" with {group.variant}" if group.variant else ""
        gaps.append(f"the study has no run of {model}{level}")
    title = runs[0].title if runs else model
    # Numbers of other names came about otherwise and are left out.
    name = max(found, key=lambda name: len(found[name]), default="")
    values = found.get(name, [])
    gaps += [
        f"{run.title} with {run.which} was measured otherwise: {other}"
        for run, other in named.items()
        if other != name
    ]
    if endpoint.scale == "spread" and values:
        values = np.abs(np.array(values) - np.median(values)).tolist()
    return Side(title, values, failed, (name,) if name else (), tuple(gaps))


def is_loss(failure: dict | None) -> bool:
    """Whether a model failed, and not the machine: a full disk says nothing of it."""
    return failure is not None and failure["kind"] == "divergence"


def end_of(failure: dict) -> str:
    """Words on how a run failed, to follow its name."""
    verb = "diverged" if is_loss(failure) else "broke off"
    return f"{verb} after epoch {failure['epoch']}"


def no_value(endpoint: Endpoint) -> str:
    """Words on a run whose number is not finite, to follow its name."""
    is_time = endpoint.quantity == seconds_to_quality.__name__
    said = "never came so far" if is_time else "has no finite value"
    return f"{said}, and counts as the worst"


def _constant(constant, names, study):
    value = constant.value
    if value is None:
        record = study.real.get(constant.record) or {}
        value = next((record[n] for n in names if record.get(n) is not None), None)
    values = [] if value is None else [float(value)]
    return Side(constant.title, values, constant=True)


def _pair(first, second, endpoint, claimed):
    names = {s.names for s in (first, second) if s.names and not s.constant}
    values = [*first.values, *second.values]
    # Beside a constant there is no worst but that of the runs themselves.
    is_there = first.values and second.values if second.constant else values
    result = None
    if len(names) == 1 and is_there and all(map(_has_runs, (first, second))):
        worst = max(values) if endpoint.better == LOWER else min(values)
        one, other = (side.values + side.failed * [worst] for side in (first, second))
        result = statistics.compare(
            one, other[0] if second.constant else other, endpoint.margin
        )
    verdict, p_value = UNDECIDED, 1.0
    if result is not None:
        equivalence = result.equivalence_p
        if first.failed or second.failed:
            equivalence = None
        if equivalence is not None and equivalence < SIGNIFICANCE:
            verdict, p_value = EQUIVALENT, equivalence
        elif result.p_value < SIGNIFICANCE:
            side = HIGHER if result.difference > 0.0 else LOWER
            # A run that was lost is on no side of a constant.
            if not (second.constant and first.failed and side == endpoint.better):
                verdict = SUPPORTED if side == claimed else REFUTED
                p_value = result.p_value
    return PairResult(first, second, result, verdict, p_value)


def _has_runs(side):
    return bool(side.values or side.failed)


def _part_verdict(pairs):
    kinds = set(pairs)
    if len(kinds) == 1:
        return pairs[0]
    if SUPPORTED in kinds and kinds - {SUPPORTED, UNDECIDED}:
        return DEPENDS
    return REFUTED if kinds == {REFUTED, EQUIVALENT} else UNDECIDED


def _claim_verdict(parts):
    kinds = {part.verdict for part in parts}
    if len(kinds) == 1:
        return parts[0].verdict
    return next((kind for kind in (REFUTED, UNDECIDED) if kind in kinds), DEPENDS)


def _claim_p(verdict, parts):
    """p-value by which a claim gets its verdict."""
    pairs = [pair for part in parts for pair in part.pairs]
    if verdict in (SUPPORTED, EQUIVALENT):
        return max(pair.p_value for pair in pairs)
    if verdict == REFUTED:
        refuting = [part for part in parts if part.verdict == REFUTED]
        least = min(max(pair.p_value for pair in part.pairs) for part in refuting)
        return min(1.0, len(parts) * least)
    if verdict == DEPENDS:
        by_kind = collections.defaultdict(list)
        for pair in pairs:
            by_kind[pair.verdict == SUPPORTED].append(pair.p_value)
        return min(1.0, len(pairs) * max(map(min, by_kind.values())))
    return 1.0


def _is_tested(parts):
    return any(pair.comparison for part in parts for pair in part.pairs)


def _gaps(parts):
    sides = [s for part in parts for p in part.pairs for s in (p.first, p.second)]
    said = list(dict.fromkeys(gap for side in sides for gap in side.gaps))
    more = len(said) - MOST_GAPS
    if more > 1:
        said = [*said[:MOST_GAPS], f"{more} more runs have no number either"]
    return [f"{text[0].upper()}{text[1:]}." for text in said]


def _encoded(value):
    if isinstance(value, dict):
        return {key: _encoded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_encoded(each) for each in value]
    return encoded(value)
