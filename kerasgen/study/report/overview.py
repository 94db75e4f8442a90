"""Subject of a study, and all that is missing or went wrong in it."""

import collections
import math

import pandas as pd

from kerasgen.core.registry import model_class
from kerasgen.metrics.specifications import describe
from kerasgen.study import statistics
from kerasgen.study.report import formatting
from kerasgen.study.report.provenance import DISTANCE
from kerasgen.study.report.tables import Table

# Kinds of events that the table of stability counts in columns of their own.
_OWN_COLUMN = ("collapse", "divergence")
_SHARE = "share, 95 % interval"


def ended(study) -> dict[str, int]:
    """Number of runs by how they ended, those that are complete first."""
    found = collections.Counter({"complete": 0})
    found.update(run.status for run in study.runs)
    found["missing"] = len(study.missing)
    return {status: number for status, number in found.items() if number}


def gaps(study, comparison=None) -> list[str]:
    """Sentences on each thing that is missing, incomplete or left aside."""
    found = []
    for missing in study.missing:
        failure, settings = missing.failure, missing.settings
        said = f"failed: {failure['message']}" if failure else "has no record here."
        found.append(f"{settings.title} seed {settings.seed} {said}")
    asked = {(m.settings.title, m.settings.seed) for m in study.missing}
    seeds = sorted({run.seed for run in study.runs})
    for title, runs in study.models.items():
        there = {run.seed for run in runs}
        lacking = [s for s in seeds if s not in there and (title, s) not in asked]
        if lacking:
            named = formatting.listed([str(seed) for seed in lacking])
            found.append(f"{title} lacks seed {named}, which other models have.")
    found += [
        f"{_name(run)} {said}"
        for run in study.runs
        # That settings drawn by chance diverge is a result.
        if (said := _lack(run)) and not (run.settings.is_draw and run.failure)
    ]
    for run in study.others:
        said = _differences(run.protocol, study.runs[0].protocol) or _differences(
            run.arguments, study.models[run.title][0].arguments
        )
        found.append(f"{_name(run)} is left aside: {formatting.listed(said)}.")
    if comparison and not study.runs[0].settings.ablation:
        there = {run.settings.model for run in study.runs}
        absent = [m for m in comparison.models if m not in there]
        if absent and there.intersection(comparison.models):
            absent = formatting.listed([model_class(m).__name__ for m in absent])
            found.append(f"Models of the comparison not in this study: {absent}.")
    for key, called in (
        ("final", "Real images were not evaluated as samples are"),
        ("pixels", "Pixels were not evaluated as codes are"),
    ):
        if not study.real.get(key):
            found.append(f"{called}: the row to read numbers beside is missing.")
    found += study.problems
    return found + [f"{_name(run)}: {p}" for run in study.runs for p in run.problems]


def _lack(run):
    """Part that a run lacks, to follow its name; or "" if it is complete."""
    of_all = f"{run.epochs_done} of {run.settings.epochs} epochs"
    if run.failure is not None:
        verb = "diverged" if run.status == "diverged" else "failed"
        return f"{verb} after {of_all}: {run.failure['message']}"
    if run.epochs_done < run.settings.epochs:
        return f"is incomplete: {of_all} are done."
    return "" if run.status == "complete" else "is trained but was not evaluated."


def _differences(theirs, ours):
    return [
        f"{name} {_shown(theirs.get(name))}, not {_shown(ours.get(name))}"
        for name in {**ours, **theirs}
        if theirs.get(name) != ours.get(name)
    ]


def _shown(value):
    return "none" if value in ("", None) else value


def _name(run):
    return f"{run.title} {run.which}"


def troubles(study) -> list[tuple]:
    """Name of the run and event of what failed or was seen in training."""
    found = [
        (f"{missing.settings.title} seed {missing.settings.seed}", missing.failure)
        for missing in study.missing
        if missing.failure
    ]
    for run in study.runs:
        # A run that diverged says so in its failure.
        told = [e for e in run.events if e["kind"] != "divergence" or not run.failure]
        told += [run.failure] if run.failure else []
        found += [(_name(run), each) for each in told]
    return found


def not_applicable(study) -> dict[str, str]:
    """Reasons why metrics do not apply, with the models that they hold for."""
    said = {}
    for run in study.runs:
        reason = (run.evaluation or {}).get("not_applicable")
        said.setdefault(reason, {})[run.title] = None
    return {why: formatting.listed(list(models)) for why, models in said.items() if why}


def stability_table(study) -> Table:
    """How often runs of each model collapsed, diverged, failed or stayed incomplete."""
    rows = []
    for title, runs in study.models.items():
        kinds = collections.Counter(run.status for run in runs)
        events = collections.Counter(e["kind"] for run in runs for e in run.events)
        others = [f"{k} {n}" for k, n in events.items() if k not in _OWN_COLUMN]
        rows.append(
            {
                "Model": f"{title}\n{formatting.named(len(runs), 'run')}",
                "Complete": str(kinds["complete"]),
                f"Collapsed\n{_SHARE}": _rate(statistics.collapse_rate(runs)),
                f"Diverged or failed\n{_SHARE}": _rate(statistics.failure_rate(runs)),
                "Incomplete": str(kinds["incomplete"]),
                "Other events": ", ".join(others) or "none",
            }
        )
    caption = (
        "How training ended. Runs that collapsed keep their numbers; those that "
        "diverged or failed have none."
    )
    return Table(caption, pd.DataFrame(rows))


def distances(study) -> tuple[str, dict]:
    """Name of the Fréchet distance at the end, and its values by model.

    Of a run that failed it is infinite; one that goes on has none.
    """
    final = study.table[(study.table.stage == "final") & study.table.value.notna()]
    names = [m for m in final.metric.unique() if describe(m).title == DISTANCE]
    if not names:
        return "", {}
    found = {
        title: [
            math.inf if run.failure else run.numbers().get(names[0]) for run in runs
        ]
        for title, runs in study.models.items()
    }
    return names[0], {
        t: [v for v in each if v is not None] for t, each in found.items()
    }


def draws_table(study) -> Table | None:
    """The settings of each draw, and what became of each model; None without draws."""
    if study.each != "draw":
        return None
    name, _ = distances(study)
    rows = collections.defaultdict(dict)
    for run in study.runs:
        settings = run.settings
        width = model_class(settings.model).argument_defaults()["width"]
        (momentum,) = settings.optimizers["all"].values()
        row = rows[run.which]
        rate = formatting.number(settings.learning_rate_factor)
        row["Draw"] = (
            f"{run.which}\nrate {rate} ×, β₁ or momentum {momentum:g}, width "
            f"{settings.arguments['width'] / width:g} ×, batches of "
            f"{settings.batch_size}"
        )
        value = run.numbers().get(name)
        row[run.title] = run.status if value is None else formatting.number(value)
    frame = pd.DataFrame(rows.values()).fillna(formatting.MISSING)
    caption = f"Draws of settings, and the distance that each model came to ({name})"
    return Table(caption, frame)


def _rate(share):
    interval = formatting.interval(share.low, share.high, "share")
    return f"{share.count} of {share.total}\n{interval}"
