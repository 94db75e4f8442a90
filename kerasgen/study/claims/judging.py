"""The paper's claims judged: supported, refuted or undecided, by a rule fixed here.

1. A claim holds if all its parts do. A part compares two sides by one number of each
   run (see `kerasgen.study.claims.statements`), in pairs: the number of a side for a
   seed is the mean over its models, all of which must have one. A mean of times is
   infinite if one of the models never got there.
2. A run that failed, diverged or is missing has no number, and its seed is left out.
   Runs whose samples collapsed keep theirs.
3. With fewer than `MIN_SEEDS` pairs a part is not tested.
4. The test is the two-sided paired t-test of the mean difference, or the one-sample
   one beside a constant. Where a number is infinite there is no mean, and the test is
   Mann and Whitney's U, which needs no pairs.
5. All p-values of a study are corrected together by Holm's method, so that the chance
   of any verdict that is mere luck is at most `SIGNIFICANCE`, as far as the t-test's
   assumption holds that differences are normal.
6. A part is supported if its corrected p-value is below `SIGNIFICANCE` and the
   difference has the claimed sign, refuted if it has the other, else undecided.
7. No part is decided in favour of a side of which a run failed, so that no model wins
   because its bad seeds are gone; and none on stability in favour of a side of which
   a greater share of runs collapsed or diverged.
8. A claim is supported if all its parts are, refuted if any is, else undecided.

Seeds stand for the luck of training. The models and the dataset are what they are: a
verdict on "GANs" is one on the mean of the GANs of the study, on its images. A rank
test can hardly decide anything with few seeds: see `kerasgen.study.statistics.compare`.
"""

import dataclasses
import math

from kerasgen.evaluation.metric_names import encoded
from kerasgen.study import statistics
from kerasgen.study.claims.evidence import gather
from kerasgen.study.claims.statements import CLAIMS
from kerasgen.study.claims.statements import Claim
from kerasgen.study.claims.statements import Constant
from kerasgen.study.statistics import Comparison
from kerasgen.study.statistics import Share
from kerasgen.study.statistics import Summary

MIN_SEEDS = 3
SIGNIFICANCE = 0.05


@dataclasses.dataclass(frozen=True)
class PartResult:
    """What became of one part of a claim.

    Attributes:
        name: What was compared, for a reader.
        metric: Name of the number, which carries its protocol; None if no run has it.
        unit: str, "" for numbers without.
        direction: "higher" or "lower": how the first is claimed to be.
        first_title, second_title: The sides.
        first, second: `Summary` of each side; the second's is that of one number where
            it is a constant. None without seeds.
        comparison: `Comparison` of first with second, or None.
        test: "paired t-test", "one-sample t-test", "Mann-Whitney U", or None.
        p_value: Its p-value, or None if the part was not tested.
        adjusted_p: The same, corrected for all parts of all claims that were tested.
        n: int, how many seeds.
        unstable: Pair: of each side, the `Share` of runs that collapsed or diverged.
        verdict: "supported", "refuted" or "undecided".
        reason: Sentences for a reader.
        left_out: Sentences on the runs that have no number.
    """

    name: str
    metric: str | None
    unit: str
    direction: str
    first_title: str
    second_title: str
    first: Summary | None
    second: Summary | None
    comparison: Comparison | None
    test: str | None
    p_value: float | None
    adjusted_p: float | None
    n: int
    unstable: tuple[Share, Share]
    verdict: str
    reason: str
    left_out: list


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What became of a claim.

    Attributes:
        claim: `Claim`.
        verdict: "supported", "refuted" or "undecided".
        reason: Sentences for a reader.
        parts: List of `PartResult`, in the order of the claim's parts.
    """

    claim: Claim
    verdict: str
    reason: str
    parts: list

    def to_dict(self):
        """The verdict as a JSON-serialisable dict; infinity as `encoded` has it."""
        claim = {k: getattr(self.claim, k) for k in ("key", "statement", "source")}
        return _encoded(
            {
                **claim,
                "verdict": self.verdict,
                "reason": self.reason,
                "parts": [dataclasses.asdict(part) for part in self.parts],
            }
        )


def judge(study):
    """Judges all claims by the runs of a study.

    Args:
        study: `kerasgen.study.records.Study`.

    Returns:
        List of `Verdict`s in the order of `CLAIMS`; empty for an ablation, whose
        variants are not the paper's models.

    Example:

    >>> [(one.claim.key, one.verdict) for one in judge(load_study("runs/mnist"))]
    """
    if study.runs[0].settings.ablation:
        return []
    parts = [part for claim in CLAIMS for part in claim.parts]
    found = [gather(part, study) for part in parts]
    tests = list(map(_test, parts, found))
    adjusted = statistics.holm([test["p_value"] for test in tests])
    results = map(_decide, parts, found, tests, adjusted)
    return [_conclude(claim, [next(results) for _ in claim.parts]) for claim in CLAIMS]


def _test(part, evidence):
    """Dict of `comparison`, `test` and `p_value` of a `PartResult`."""
    result = dict.fromkeys(("comparison", "test", "p_value"))
    first, second = evidence.first, evidence.second
    if not evidence.seeds:
        return result
    if isinstance(part.second, Constant):
        result["comparison"] = comparison = statistics.compare_with(first, second[0])
        test, p_value = "one-sample t-test", comparison.t_test_p
    else:
        result["comparison"] = comparison = statistics.compare(first, second)
        test, p_value = "paired t-test", comparison.t_test_p
        if comparison.difference is None:
            test, p_value = "Mann-Whitney U", comparison.mann_whitney_p
    if len(first) < MIN_SEEDS or p_value is None or _is_vain(evidence):
        return result
    return result | {"test": test, "p_value": p_value}


def _is_vain(evidence):
    return all(map(math.isinf, evidence.first + evidence.second))


def _decide(part, evidence, test, adjusted_p):
    first, second = (
        statistics.summarise(values) if values else None
        for values in _sides(part, evidence)
    )
    verdict, reasons = _ruling(part, evidence, test, adjusted_p)
    if evidence.seeds:
        reasons = [_numbers(part, evidence, adjusted_p), *reasons]
    if part.counts_unstable_runs:
        reasons.append(_instability(part, evidence))
    return PartResult(
        name=part.name,
        metric=evidence.metric,
        unit=part.unit,
        direction=part.direction,
        first_title=part.first.title,
        second_title=part.second.title,
        first=first,
        second=second,
        **test,
        adjusted_p=adjusted_p,
        n=len(evidence.seeds),
        unstable=evidence.unstable,
        verdict=verdict,
        reason=" ".join(reasons),
        left_out=evidence.gaps,
    )


def _sides(part, evidence):
    """The numbers of both sides; a constant is one number."""
    one = isinstance(part.second, Constant)
    return evidence.first, evidence.second[:1] if one else evidence.second


def _ruling(part, evidence, test, adjusted_p):
    """The verdict on a part, and a list of sentences on why it is undecided."""
    n = len(evidence.seeds)
    if n < MIN_SEEDS:
        have = {0: "No seed has", 1: "Only 1 seed has"}.get(n, f"Only {n} seeds have")
        both = "" if isinstance(part.second, Constant) else " on both sides"
        return "undecided", [f"{have} numbers{both}; {MIN_SEEDS} are needed."]
    if _is_vain(evidence):
        return "undecided", ["With no seed did all models of a side get there."]
    if test["p_value"] is None:
        spread = "All seeds differ by the same, so there is no spread to judge by."
        return "undecided", [spread]
    if adjusted_p >= SIGNIFICANCE:
        return "undecided", ["The difference may be luck."]
    difference = test["comparison"].difference
    if difference is None:
        difference = test["comparison"].rank_effect
    holds = (difference > 0.0) == (part.direction == "higher")
    winner = (part.first if holds else part.second).title
    failed = evidence.failed[0 if holds else 1]
    if failed:
        lost = "1 run of it" if len(failed) == 1 else f"{len(failed)} runs of it"
        return "undecided", [
            f"{winner} would win, but only without {lost} that went wrong."
        ]
    rates = evidence.unstable if holds else evidence.unstable[::-1]
    if part.counts_unstable_runs and rates[0].share > rates[1].share:
        return "undecided", [
            f"{winner} would win, but a greater share of its runs went wrong."
        ]
    return ("supported" if holds else "refuted"), []


def _conclude(claim, parts):
    verdicts = {part.verdict for part in parts}
    verdict = "undecided"
    if "refuted" in verdicts:
        verdict = "refuted"
    elif verdicts == {"supported"}:
        verdict = "supported"
    reasons = dict.fromkeys(part.reason for part in parts)
    if any(part.n for part in parts):
        reasons = [f"{_capital(part.name)}: {part.reason}" for part in parts]
    left_out = dict.fromkeys(said for part in parts for said in part.left_out)
    return Verdict(claim, verdict, " ".join([*reasons, *left_out]), parts)


def _numbers(part, evidence, adjusted_p):
    """The numbers of both sides, as a sentence."""
    n = len(evidence.seeds)
    facts = [part.unit, "1 seed" if n == 1 else f"{n} seeds"]
    if adjusted_p is not None:
        facts.append(f"corrected p {_p(adjusted_p)}")
    first, second = map(
        _side, (part.first.title, part.second.title), _sides(part, evidence)
    )
    return f"{first} against {second} ({', '.join(filter(None, facts))})."


def _side(title, values):
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return f"{title} never"
    summary = statistics.summarise(finite)
    spread = summary.standard_deviation
    spread = "" if spread is None else f" ± {spread:.2g}"
    only = "" if len(finite) == len(values) else f" with {len(finite)} of {len(values)}"
    return f"{title} {summary.mean:.3g}{spread}{only}"


def _p(value):
    return "< 0.0001" if value < 1e-4 else f"= {value:.2g}"


def _instability(part, evidence):
    told = [
        f"{share.count} of {share.total} runs of {side.title}"
        for side, share in zip(
            (part.first, part.second), evidence.unstable, strict=True
        )
    ]
    return f"Collapsed or diverged: {', '.join(told)}."


def _capital(text):
    return text[0].upper() + text[1:]


def _encoded(value):
    if isinstance(value, dict):
        return {key: _encoded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_encoded(each) for each in value]
    return encoded(value)
