"""Verdicts on the claims of a comparison, by a rule that is fixed here.

1. A part compares two sides by one endpoint. A side of several models is taken apart:
   each model of the first is compared with each of the second.
2. A pair is compared by Welch's t-test on the runs of both, or a one-sample t-test
   beside a constant. It is *supported* if the first is significantly on the claimed
   side, *refuted* if significantly on the other, *equivalent* ("no relevant
   difference") if two one-sided tests place the difference within the endpoint's
   margin, which goes before the other two, and else *undecided*.
3. A run that failed counts as a loss: it takes the worst value of all runs of the pair.
   A run that is missing has no value. Below three values there is no test.
4. A part is what all its pairs are; if they differ and none is undecided, or if some
   are supported and some are not, it *depends* on the model.
5. A claim is supported if all its parts are, refuted if one is; equivalent if all are;
   it depends if its parts were decided differently, and else is undecided.
6. p-values are corrected by Holm over the claims of a study. A conjunction (support,
   equivalence) takes the greatest p-value of its pairs and needs no correction inside;
   a refutation by one part takes the least, times the number of parts; "depends" needs
   a pair on each side, each times the number of pairs. A claim whose corrected p-value
   is not below `SIGNIFICANCE` is undecided.

Superiority, inferiority and equivalence are tested at one level without correction
among them, since at most one of the three hypotheses is true (Goeman, Solari & Stijnen,
"Three-sided hypothesis testing", Statistics in Medicine, 2010).
"""

import collections
import dataclasses
import math

import numpy as np

from kerasgen.evaluation.metric_names import encoded
from kerasgen.study import statistics
from kerasgen.study.comparison import HIGHER
from kerasgen.study.comparison import LOWER
from kerasgen.study.comparison import Claim
from kerasgen.study.comparison import Comparison
from kerasgen.study.comparison import Group
from kerasgen.study.endpoints import NoNumber
from kerasgen.study.endpoints import value_of

SIGNIFICANCE = 0.05
SUPPORTED, REFUTED, UNDECIDED = "supported", "refuted", "undecided"
EQUIVALENT, DEPENDS = "no relevant difference", "depends"
VERDICTS = (SUPPORTED, REFUTED, EQUIVALENT, DEPENDS, UNDECIDED)
_MOST_GAPS = 4


@dataclasses.dataclass(frozen=True)
class Side:
    """Numbers of one model, or a constant.

    Attributes:
        title: Name for a reader.
        values: Numbers on the endpoint's scale, one a run.
        failed: Number of runs that failed and count as losses.
        names: Names of the numbers, which carry the protocol.
        gaps: Sentences on runs without a number.
        constant: Whether it is a constant.
    """

    title: str
    values: list
    failed: int = 0
    names: tuple = ()
    gaps: tuple = ()
    constant: bool = False


@dataclasses.dataclass(frozen=True)
class PairResult:
    """One model compared with another, or with a constant.

    Attributes:
        first, second: `Side`s, without failed runs.
        comparison: `statistics.Comparison` with failed runs as losses, or None.
        verdict: One of `VERDICTS` but "depends", before correction.
        p_value: p-value of that verdict, 1 if undecided.
    """

    first: Side
    second: Side
    comparison: statistics.Comparison | None
    verdict: str
    p_value: float


@dataclasses.dataclass(frozen=True)
class PartResult:
    """What became of a part of a claim.

    Attributes:
        title: Title of the endpoint.
        claimed: "higher" or "lower": how the first side is claimed to be.
        scale, unit: As of the endpoint.
        metric: Name of the numbers compared, or "".
        pairs: `PairResult`s.
        verdict: One of `VERDICTS`, before correction.
    """

    title: str
    claimed: str
    scale: str
    unit: str
    metric: str
    pairs: list
    verdict: str


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What became of a claim.

    Attributes:
        claim: `Claim`.
        verdict: One of `VERDICTS`.
        adjusted_p: Corrected p-value of the verdict; None if nothing was tested.
        parts: `PartResult`s.
        gaps: Sentences on runs without a number.
    """

    claim: Claim
    verdict: str
    adjusted_p: float | None
    parts: list
    gaps: list

    @property
    def is_tested(self) -> bool:
        """Whether the study has enough numbers of both sides of some pair."""
        return any(pair.comparison for part in self.parts for pair in part.pairs)

    def to_dict(self) -> dict:
        """The verdict as a JSON-serialisable dict."""
        claim = {k: getattr(self.claim, k) for k in ("key", "statement", "source")}
        rest = dataclasses.asdict(self)
        del rest["claim"]
        return _encoded({**claim, **rest})


def judge(study, comparison: Comparison | None, prior: str = "") -> list[Verdict]:
    """Judge the claims that a study of this kind can decide.

    Args:
        study: `kerasgen.study.records.Study`.
        comparison: `Comparison`; None gives no verdicts.
        prior: "fitted" to judge samples from fitted priors, where models have them.

    Returns:
        List of `Verdict`s in the order of the claims.

    Example:

    >>> study = load_study("runs/mnist")
    >>> [(one.claim.key, one.verdict) for one in judge(study, JAISWAL)]
    """
    claims = (
        [c for c in comparison.claims if c.study == study.kind] if comparison else []
    )
    results = [[_part(p, study, comparison, prior) for p in c.parts] for c in claims]
    found = [_claim_verdict(parts) for parts in results]
    p_values = [
        _claim_p(verdict, parts) if _tested(parts) else None
        for verdict, parts in zip(found, results, strict=True)
    ]
    adjusted = statistics.holm(p_values)
    return [
        Verdict(
            claim,
            verdict if p is not None and p < SIGNIFICANCE else UNDECIDED,
            p,
            parts,
            _gaps(parts),
        )
        for claim, verdict, parts, p in zip(
            claims, found, results, adjusted, strict=True
        )
    ]


def _part(part, study, comparison, prior):
    endpoint = comparison.endpoints[part.endpoint]
    claimed = part.claimed or endpoint.better
    firsts = [_side(part.first, m, endpoint, study, prior) for m in part.first.models]
    if isinstance(part.second, Group):
        seconds = [
            _side(part.second, m, endpoint, study, prior) for m in part.second.models
        ]
    else:
        names = [name for side in firsts for name in side.names]
        seconds = [_constant(part.second, names, study)]
    pairs = [_pair(f, s, endpoint, claimed) for f in firsts for s in seconds]
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


def _side(group, model, endpoint, study, prior):
    runs = [
        run
        for run in study.runs
        if run.settings.model == model
        and (study.kind == "robustness" or run.settings.variant == group.variant)
    ]
    found, gaps, failed = {}, [], 0
    for run in runs:
        where = f"{run.title} with seed {run.seed}"
        if run.failure is not None:
            failed += 1
            gaps.append(f"{where} failed after epoch {run.failure['epoch']}")
        elif run.status != "complete":
            gaps.append(f"{where} is not complete")
        else:
            try:
                name, value = value_of(endpoint, run, study.real, prior)
            except NoNumber as reason:
                gaps.append(f"{where} {reason}")
                continue
            if math.isfinite(value):
                found.setdefault(name, []).append(value)
            else:  # it never got there
                failed += 1
                gaps.append(f"{where} gave no finite number")
    for missing in study.missing:
        one = missing.settings
        if one.model == model and one.variant == group.variant:
            failed += missing.failure is not None
            gaps.append(f"{one.title} with seed {one.seed} is missing")
    title = runs[0].title if runs and study.kind != "robustness" else model
    if not runs and not gaps:
        gaps.append(f"the study has no run of {model}")
    # Numbers of other names came about otherwise and are left out.
    name = max(found, key=lambda name: len(found[name]), default="")
    values = found.get(name, [])
    if endpoint.scale == "spread" and values:
        values = [float(v) for v in np.abs(np.array(values) - np.median(values))]
    return Side(title, values, failed, (name,) if name else (), tuple(gaps))


def _constant(constant, names, study):
    value = constant.value
    if value is None:
        record = study.real.get(constant.record) or {}
        value = next((record[n] for n in names if record.get(n) is not None), None)
    if value is None:
        return Side(constant.title, [], constant=True)
    return Side(constant.title, [float(value)], constant=True)


def _pair(first, second, endpoint, claimed):
    same_name = second.constant or not second.names or first.names == second.names
    one, other = _with_losses(first, second, endpoint.better)
    result = None
    if same_name and one and other:
        result = statistics.compare(
            one, other[0] if second.constant else other, endpoint.margin
        )
    verdict, p_value = UNDECIDED, 1.0
    if result is not None:
        equivalence = result.equivalence_p
        if equivalence is not None and equivalence < SIGNIFICANCE:
            verdict, p_value = EQUIVALENT, equivalence
        elif result.p_value < SIGNIFICANCE:
            holds = (result.difference > 0.0) == (claimed == HIGHER)
            verdict, p_value = (SUPPORTED if holds else REFUTED), result.p_value
    return PairResult(first, second, result, verdict, p_value)


def _with_losses(first, second, better):
    """The values of both sides; failed runs take the worst value of all."""
    values = [*first.values, *second.values]
    if not first.values or not second.values:
        return first.values, second.values
    worst = max(values) if better == LOWER else min(values)
    return [side.values + side.failed * [worst] for side in (first, second)]


def _part_verdict(pairs):
    kinds = set(pairs)
    if len(kinds) == 1:
        return pairs[0]
    if SUPPORTED in kinds and kinds - {SUPPORTED, UNDECIDED}:
        return DEPENDS
    if kinds == {REFUTED, EQUIVALENT}:
        return REFUTED
    return UNDECIDED


def _claim_verdict(parts):
    kinds = {part.verdict for part in parts}
    if len(kinds) == 1:
        return parts[0].verdict
    if REFUTED in kinds:
        return REFUTED
    if UNDECIDED in kinds:
        return UNDECIDED
    return DEPENDS


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


def _tested(parts):
    return any(pair.comparison for part in parts for pair in part.pairs)


def _gaps(parts):
    sides = [s for part in parts for p in part.pairs for s in (p.first, p.second)]
    said = list(dict.fromkeys(gap for side in sides for gap in side.gaps))
    more = len(said) - _MOST_GAPS
    if more > 1:
        said = [*said[:_MOST_GAPS], f"{more} more runs have no number either"]
    return [f"{text[0].upper()}{text[1:]}." for text in said]


def _encoded(value):
    if isinstance(value, dict):
        return {key: _encoded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_encoded(each) for each in value]
    return encoded(value)
