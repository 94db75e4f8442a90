"""Verdicts on the claims of a comparison, as a report shows them."""

import collections
import dataclasses
import functools
import math

import pandas as pd

from kerasgen.study import verdicts
from kerasgen.study.report import formatting
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
_PAIRS = (
    "Pair",
    "First",
    "Second",
    "Difference or ratio\n95 % interval of the test",
    "p\nbefore correction",
    "Outcome",
)


@dataclasses.dataclass(frozen=True)
class View:
    """A verdict as a reader sees it.

    Args:
        judged: `verdicts.Verdict`.
    """

    judged: verdicts.Verdict

    @property
    def claim(self):
        return self.judged.claim

    @property
    def symbol(self) -> str:
        return SYMBOLS[self.judged.verdict]

    @property
    def verdict(self) -> str:
        """The verdict in words."""
        if self.judged.verdict != verdicts.DEPENDS:
            return self.judged.verdict
        mixed = any(part.verdict == verdicts.DEPENDS for part in self.judged.parts)
        return f"depends on the {'model' if mixed else 'measure'}"

    @functools.cached_property
    def told(self) -> str:
        """What the pairs of each part came to, in a line."""
        told = []
        for part in self.judged.parts:
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

    @functools.cached_property
    def pairs(self) -> Table:
        """All pairs with their intervals and p-values."""
        rows = [_row(part, pair) for part in self.judged.parts for pair in part.pairs]
        names = dict.fromkeys(part.metric for part in self.judged.parts if part.metric)
        notes = [f"Measured by {formatting.listed(list(names))}."] if names else []
        if self.judged.adjusted_p is not None:
            adjusted = formatting.number(self.judged.adjusted_p)
            notes.append(f"Corrected p of the claim: {adjusted}.")
        frame = pd.DataFrame(rows, columns=_PAIRS)
        notes = (*notes, *self.judged.gaps)
        return Table(self.claim.statement, frame, notes=notes)


def views(judged) -> list[View]:
    """A `View` of each verdict: decided ones first, untouched ones last.

    Args:
        judged: Return value of `verdicts.judge`.
    """
    order = list(SYMBOLS)
    return [
        View(one)
        for one in sorted(
            judged, key=lambda one: (not one.is_tested, order.index(one.verdict))
        )
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


def _row(part, pair):
    """Cells of a pair, in the order of `_PAIRS`."""
    result = pair.comparison
    p_value = formatting.number(result and result.p_value)
    if result and result.equivalence_p is not None:
        equivalence = formatting.number(result.equivalence_p)
        p_value = f"{p_value}\nno relevant difference: {equivalence}"
    return (
        f"{pair.first.title} – {pair.second.title}\n{part.title}",
        _side(part, pair.first),
        _side(part, pair.second),
        _difference(part, pair) if result else formatting.MISSING,
        p_value,
        f"{SYMBOLS[pair.verdict]} {pair.verdict}\nclaimed {part.claimed}",
    )


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


def _side(part, side):
    if not side.values:
        return formatting.MISSING
    count = formatting.named(len(side.values), "run")
    if side.constant:
        count = "constant"
    elif side.failed:
        count = f"{count}, {side.failed} failed"
    mean = sum(side.values) / len(side.values)
    mean = math.exp(mean) if part.scale == "log" else mean
    return f"{formatting.number(mean)}\n{count}"
