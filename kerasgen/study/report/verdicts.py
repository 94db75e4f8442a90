"""The verdicts on the paper's claims, as a report shows them."""

import collections
import dataclasses
import math

from kerasgen.study import claims
from kerasgen.study.report import formatting
from kerasgen.study.report.tables import Cell
from kerasgen.study.report.tables import Table

SYMBOLS = {"supported": "✓", "refuted": "✗", "undecided": "?"}
RULE = (
    "The rule was fixed in code before any run: a claim holds if all its parts do; a "
    "part is decided if a t-test, paired by seed, gives a p-value below "
    f"{claims.SIGNIFICANCE} after Holm's correction for all parts of all claims, with "
    f"at least {claims.MIN_SEEDS} seeds, and never because runs of the other side "
    "failed."
)
PAPERS = ("holm1979",)


@dataclasses.dataclass(frozen=True)
class View:
    """A verdict on a claim.

    Args:
        statement: The claim, a sentence.
        source: Where the paper says so.
        verdict: "supported", "refuted" or "undecided".
        symbol: A sign for the verdict.
        reason: Why, a sentence or two.
        effects: List of `Effect`s, one for each part with numbers.
        parts: `Table` of the numbers behind it.
        touched: Whether the study has numbers for it.
    """

    statement: str
    source: str
    verdict: str
    symbol: str
    reason: str
    effects: list
    parts: Table
    touched: bool


@dataclasses.dataclass(frozen=True)
class Effect:
    """What a part of a claim compares, and how far its sides are apart.

    Args:
        symbol: A sign for the verdict on the part.
        verdict: "supported", "refuted" or "undecided".
        name: What is compared, with the mean of each side.
        difference: Mean difference over seeds, with its sign.
        told: Interval of the difference, effect size and seeds.
    """

    symbol: str
    verdict: str
    name: str
    difference: str
    told: str


def views(verdicts):
    """List of `View`s, in the order of the claims.

    Args:
        verdicts: What `claims.judge` returned.
    """
    return [
        View(
            statement=each.claim.statement,
            source=each.claim.source,
            verdict=each.verdict,
            symbol=SYMBOLS[each.verdict],
            reason=_reason(each),
            effects=[_effect(part) for part in each.parts if part.comparison],
            parts=_parts_table(each),
            touched=any(part.n for part in each.parts),
        )
        for each in verdicts
    ]


def counts(shown):
    """A sentence on how many claims are supported, refuted, undecided, or left out.

    Args:
        shown: What `views` returned.
    """
    found = collections.Counter(view.verdict for view in shown if view.touched)
    told = [f"{found[kind]} {kind}" for kind in SYMBOLS if found[kind]]
    without = len(shown) - sum(found.values())
    if without:
        told.append(f"{without} without numbers in this study")
    named = formatting.named(len(shown), "claim")
    return f"Of {named} of the paper: {formatting.listed(told)}."


def to_dict(verdicts):
    """All that claims.json holds."""
    return {
        "rule": RULE,
        "claims": [each.to_dict() for each in verdicts],
        "not_tested": [dataclasses.asdict(each) for each in claims.NOT_TESTED],
    }


def _reason(verdict):
    """The reason of the only part, or how many parts went which way."""
    parts = verdict.parts
    if len({part.reason for part in parts}) == 1:
        return verdict.reason
    by_kind = collections.defaultdict(list)
    for part in parts:
        by_kind[part.verdict].append(part.name)
    told = [
        f"{kind} in {formatting.listed(by_kind[kind])}"
        for kind in SYMBOLS
        if by_kind[kind]
    ]
    text = "; ".join(told)
    return f"{text[0].upper()}{text[1:]}."


def _effect(part):
    comparison = part.comparison
    told = [formatting.named(part.n, "seed")]
    if comparison.effect_size is not None:
        told.insert(
            0, f"g\N{NO-BREAK SPACE}= {formatting.number(comparison.effect_size)}"
        )
    if comparison.low is not None:
        interval = formatting.interval(comparison.low, comparison.high)
        told.insert(0, f"95\N{NO-BREAK SPACE}% interval {interval}")
    sides = [
        f"{title} {_mean(side)}"
        for title, side in (
            (part.first_title, part.first),
            (part.second_title, part.second),
        )
    ]
    unit = f" {part.unit}" if part.unit else ""
    return Effect(
        SYMBOLS[part.verdict],
        part.verdict,
        f"{part.name}: {' against '.join(sides)}{unit}",
        _difference(comparison),
        f"({', '.join(told)})",
    )


def _mean(summary):
    return (
        "∞ (not with every seed)"
        if math.isinf(summary.mean)
        else formatting.number(summary.mean)
    )


def _difference(comparison):
    if comparison.difference is None:
        return f"{formatting.number(comparison.rank_effect)} in ranks"
    sign = "+" if comparison.difference > 0 else ""
    return f"{sign}{formatting.number(comparison.difference)}"


def _parts_table(verdict):
    rows = [
        [
            Cell(part.name, (f"claimed {part.direction} in {part.first_title}",)),
            _side(part.first_title, part.first),
            _side(part.second_title, part.second),
            Cell(
                _difference(part.comparison) if part.comparison else formatting.MISSING
            ),
            Cell(formatting.number(part.adjusted_p), (part.test or "not tested",)),
            Cell(f"{SYMBOLS[part.verdict]} {part.verdict}", (part.reason,)),
        ]
        for part in verdict.parts
    ]
    head = [
        Cell("Part"),
        Cell("First side"),
        Cell("Second side"),
        Cell("Difference", ("first − second",)),
        Cell("Corrected p"),
        Cell("Verdict"),
    ]
    metrics = dict.fromkeys(part.metric for part in verdict.parts if part.metric)
    notes = (f"Measured by {formatting.listed(list(metrics))}.",) if metrics else ()
    return Table(verdict.claim.statement, head, rows, notes)


def _side(title, summary):
    if summary is None:
        return Cell(title, ("no numbers",))
    small = (title,)
    if summary.low is not None:
        small = (title, formatting.interval(summary.low, summary.high))
    return Cell(formatting.mean_and_deviation(summary), small)
