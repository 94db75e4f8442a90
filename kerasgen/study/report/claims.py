"""Verdicts on the claims of a comparison, as a report shows them."""

import collections
import dataclasses
import math

from kerasgen.study import verdicts
from kerasgen.study.report import formatting
from kerasgen.study.report.tables import Cell
from kerasgen.study.report.tables import Table

SYMBOLS = {
    verdicts.SUPPORTED: "✓",
    verdicts.REFUTED: "✗",
    verdicts.EQUIVALENT: "=",
    verdicts.DEPENDS: "↔",
    verdicts.UNDECIDED: "?",
}
# In the folder of a study whose settings and tests were fixed before its first run.
PREREGISTRATION = "preregistration.md"
REGISTERED = (
    f"Settings, endpoints and rule were fixed before the runs, in {PREREGISTRATION}."
)
EXPLORATORY = (
    "Exploratory: nothing was registered before these runs, and settings or rule were "
    "chosen after test results had been seen, so a verdict here is a lead and no "
    "finding."
)
RULE = (
    "The rule: each model of one side is compared with each of the other by Welch's "
    "t-test, and two one-sided tests show that a difference is not relevant; a "
    "statement on classes holds if it holds for every pair, and depends on the model "
    "if only for some. Runs that failed count as losses. p-values are corrected by "
    "Holm's method over the claims; a verdict needs "
    f"p < {verdicts.SIGNIFICANCE}."
)


@dataclasses.dataclass(frozen=True)
class View:
    """A verdict on a claim.

    Args:
        statement: The claim, a sentence.
        source: Where the publication says so.
        verdict: The verdict for a reader.
        kind: The same as a CSS class.
        symbol: A sign for it.
        told: The decisive numbers in a line.
        pairs: `Table` of all pairs.
        gaps: Sentences on runs without a number.
        touched: Whether the study has numbers for it.
    """

    statement: str
    source: str
    verdict: str
    kind: str
    symbol: str
    told: str
    pairs: Table
    gaps: list
    touched: bool


def views(judged) -> list[View]:
    """A `View` of each verdict: decided ones first, untouched ones last.

    Args:
        judged: Return value of `verdicts.judge`.
    """
    order = list(SYMBOLS)
    judged = sorted(
        judged, key=lambda one: (not one.is_tested, order.index(one.verdict))
    )
    return [
        View(
            statement=each.claim.statement,
            source=each.claim.source,
            verdict=_named(each),
            kind=each.verdict.split()[0],
            symbol=SYMBOLS[each.verdict],
            told=_told(each),
            pairs=_pairs_table(each),
            gaps=each.gaps,
            touched=each.is_tested,
        )
        for each in judged
    ]


def counts(judged) -> str:
    """A sentence on how many claims got which verdict.

    Args:
        judged: Return value of `verdicts.judge`.
    """
    found = collections.Counter(one.verdict for one in judged if one.is_tested)
    told = [
        f"{found[kind]} {'depend on the model' if kind == verdicts.DEPENDS else kind}"
        for kind in SYMBOLS
        if found[kind]
    ]
    without = len(judged) - sum(found.values())
    if without:
        told.append(f"{without} without enough numbers in this study")
    return f"Of {formatting.named(len(judged), 'claim')}: {formatting.listed(told)}."


def standing(study) -> str:
    """Whether the verdicts of a study were registered before its runs, a sentence."""
    is_registered = (study.directory / PREREGISTRATION).exists()
    return REGISTERED if is_registered else EXPLORATORY


def to_dict(study, judged, comparison) -> dict:
    """Content of claims.json."""
    not_tested = comparison.not_tested if comparison else ()
    return {
        "standing": standing(study),
        "rule": RULE,
        "comparison": comparison and comparison.name,
        "claims": [each.to_dict() for each in judged],
        "not_tested": [dataclasses.asdict(each) for each in not_tested],
    }


def _named(verdict):
    if verdict.verdict != verdicts.DEPENDS:
        return verdict.verdict
    mixed = any(part.verdict == verdicts.DEPENDS for part in verdict.parts)
    return f"depends on the {'model' if mixed else 'measure'}"


def _told(verdict):
    """What the pairs of each part came to, in a line."""
    told = []
    for part in verdict.parts:
        found = collections.Counter(pair.verdict for pair in part.pairs)
        if len(part.pairs) == 1 and part.pairs[0].comparison:
            said = _difference(part, part.pairs[0])
        else:
            said = ", ".join(
                f"{found[kind]} of {len(part.pairs)} pairs {kind}"
                for kind in SYMBOLS
                if found[kind]
            )
        told.append(f"{part.title}: {said}")
    return "; ".join(told)


def _difference(part, pair):
    """The difference of a pair with the interval of its test, in a reader's terms."""
    result = pair.comparison
    if part.scale == "log":
        numbers = (math.exp(x) for x in (result.difference, result.low, result.high))
        ratio, low, high = map(formatting.number, numbers)
        return f"{ratio} × [{low}, {high}]"
    sign = "+" if result.difference > 0 else ""
    interval = formatting.interval(result.low, result.high)
    return f"{sign}{formatting.number(result.difference)} {interval}"


def _pairs_table(verdict):
    rows = [
        [
            Cell(f"{pair.first.title} – {pair.second.title}", (part.title,)),
            _side(part, pair.first),
            _side(part, pair.second),
            Cell(_difference(part, pair) if pair.comparison else formatting.MISSING),
            Cell(
                formatting.number(pair.comparison and pair.comparison.p_value),
                _equivalence(pair),
            ),
            Cell(
                f"{SYMBOLS[pair.verdict]} {pair.verdict}", (f"claimed {part.claimed}",)
            ),
        ]
        for part in verdict.parts
        for pair in part.pairs
    ]
    head = [
        Cell("Pair"),
        Cell("First"),
        Cell("Second"),
        Cell("Difference or ratio", ("95 % interval of the test",)),
        Cell("p", ("before correction",)),
        Cell("Outcome"),
    ]
    metrics = dict.fromkeys(part.metric for part in verdict.parts if part.metric)
    notes = [f"Measured by {formatting.listed(list(metrics))}."] if metrics else []
    if verdict.adjusted_p is not None:
        notes.append(
            f"Corrected p of the claim: {formatting.number(verdict.adjusted_p)}."
        )
    return Table(verdict.claim.statement, head, rows, (*notes, *verdict.gaps))


def _equivalence(pair):
    if pair.comparison is None or pair.comparison.equivalence_p is None:
        return ()
    return (
        f"no relevant difference: {formatting.number(pair.comparison.equivalence_p)}",
    )


def _side(part, side):
    if not side.values:
        return Cell(formatting.MISSING)
    count = formatting.named(len(side.values), "run")
    if side.constant:
        count = "constant"
    elif side.failed:
        count = f"{count}, {side.failed} failed"
    mean = sum(side.values) / len(side.values)
    return Cell(
        formatting.number(math.exp(mean) if part.scale == "log" else mean), (count,)
    )
