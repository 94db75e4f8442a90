"""Verdicts on the claims of a comparison, as a report shows them."""

import collections
import dataclasses

from kerasgen.study import verdicts
from kerasgen.study.registration import changed_since
from kerasgen.study.registration import runs_apart

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
    "The rule: each model of one side is compared with each of the other, or with "
    "itself at another setting, by Welch's t-test, and two one-sided tests show that a "
    "difference is not relevant; a statement on classes holds if it holds for every "
    "pair, and depends on the model if some pairs show it and others the contrary, or "
    "no relevant difference. A claim of several parts is supported if all are, and "
    "refuted if one is. Runs that diverged count as losses. p-values are corrected by "
    "Holm's method over the claims; a verdict needs "
    f"p < {verdicts.SIGNIFICANCE}."
)


def in_words(judged) -> str:
    """A verdict for a reader."""
    if judged.verdict != verdicts.DEPENDS:
        return judged.verdict
    found = collections.defaultdict(list)
    for part, result in zip(judged.claim.parts, judged.parts, strict=True):
        found[part.first].append(result.verdict)
    mixed = any(part.verdict == verdicts.DEPENDS for part in judged.parts)
    # By some models otherwise than by others, or by each as its measures say.
    is_of_models = mixed or len({frozenset(each) for each in found.values()}) > 1
    return f"depends on the {'model' if is_of_models else 'measure'}"


def dependence(judged) -> str:
    """On what those verdicts of several depend that depend on something."""
    words = {in_words(one) for one in judged if one.verdict == verdicts.DEPENDS}
    return (
        "depend on the model or measure"
        if len(words) > 1
        else (min(words, default="").replace("depends", "depend"))
    )


def in_order(judged) -> list:
    """Verdicts, decided ones first; those without numbers last."""
    order = [(tested, kind) for tested in (True, False) for kind in SYMBOLS]
    return sorted(judged, key=lambda one: order.index((one.is_tested, one.verdict)))


def standing(study, comparison) -> str:
    """Whether the verdicts of a study were registered before its runs, in words."""
    path = study.directory / PREREGISTRATION
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    settings = study.runs[0].settings
    _, _, arm = text.partition(f"\n### {settings.arm}: ")
    is_registered = f"\n{settings.epochs} epochs, " in arm.partition("\n### ")[0]
    if not is_registered:
        return EXPLORATORY
    apart = []
    if comparison:
        apart = changed_since(text, comparison)
        apart += runs_apart(text, comparison, study.runs)
    return (
        f"{REGISTERED} Not as registered: {', '.join(apart)}." if apart else REGISTERED
    )


def to_dict(study, judged, comparison) -> dict:
    """Content of claims.json."""
    not_tested = comparison.not_tested if comparison else ()
    return {
        "standing": standing(study, comparison),
        "rule": RULE,
        "comparison": comparison and comparison.name,
        "claims": [each.to_dict() for each in judged],
        "not_tested": [dataclasses.asdict(each) for each in not_tested],
    }
