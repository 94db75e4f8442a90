"""Summary of a study and of what went wrong in it, in sentences and tables."""

import collections

import pandas as pd

from kerasgen.core.registry import model_class
from kerasgen.data.own_images import folder_name
from kerasgen.study import statistics
from kerasgen.study.report import formatting
from kerasgen.study.report.provenance import in_common
from kerasgen.study.report.tables import Table

DATASETS = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", "cifar10": "CIFAR-10"}
# Kinds of events that the table of stability counts in columns of their own.
_OWN_COLUMN = ("collapse", "divergence")


def title(study, comparison=None) -> str:
    """Title of the report."""
    settings = study.runs[0].settings
    dataset = called(settings.dataset)
    kind = "conditional " if settings.conditional else ""
    if settings.ablation:
        factor = settings.ablation.replace("_", " ")
        text = f"{kind}ablation on {dataset}: {factor}"
    elif len(study.models) == 1:
        text = f"{kind}{next(iter(study.models))} on {dataset}"
    else:
        what = comparison.title if comparison else "models"
        text = f"{kind}{what} on {dataset}"
    if settings.arm not in ("", "conditional"):
        text = f"{text}, {settings.arm} settings"
    return text[0].upper() + text[1:]


def called(dataset):
    """The name of a dataset as a reader knows it."""
    return DATASETS.get(dataset, folder_name(dataset))


def summary(study):
    """Sentences on how much was trained, on what, and how it ended.

    Args:
        study: `Study`.
    """
    seeds = sorted({run.seed for run in study.runs})
    sentences = [_trained(study, len(seeds)), _ended(study)]
    said = dict.fromkeys(
        f"Each model is evaluated by {record['num_samples']:,} samples against "
        f"{record['num_test']:,} test images, in the features of {record['features']}."
        for record in (run.evaluation for run in study.runs)
        if record is not None and "num_samples" in record
    )
    if len(said) == 1:
        sentences += said
    elif said:
        sentences.append("Runs were evaluated by different numbers of samples.")
    if len(seeds) == 1:
        sentences.append(
            "One seed cannot tell a difference from luck: there are no intervals and "
            "no verdicts."
        )
    return sentences


def _trained(study, num_seeds):
    settings = study.runs[0].settings
    epochs = in_common(
        study, lambda run: formatting.named(run.settings.epochs, "epoch")
    )
    images = in_common(study, lambda run: f"{run.record['data']['num_images']:,}")
    sizes = in_common(study, lambda run: str(run.settings.batch_size))
    kind = "conditional " if settings.conditional else ""
    if settings.ablation:
        models = dict.fromkeys(
            model_class(run.settings.model).__name__ for run in study.runs
        )
        count = formatting.named(len(study.models), f"{kind}variant")
        models = f"{count} of {formatting.listed(list(models))}"
    else:
        count = formatting.named(len(study.models), f"{kind}model")
        models = f"{count} ({formatting.listed(list(study.models))})"
    return (
        f"{models} on {called(settings.dataset)}: {images} training images, {epochs}, "
        f"batches of {sizes}, {formatting.named(num_seeds, 'seed')}."
    )


def _ended(study):
    counts = collections.Counter(run.status for run in study.runs)
    counts["missing"] = len(study.missing)
    total = sum(counts.values())
    if counts["complete"] == total:
        return (
            "The run is complete." if total == 1 else f"All {total} runs are complete."
        )
    kinds = ["complete", *(kind for kind in counts if kind != "complete")]
    told = ", ".join(f"{counts[kind]} {kind}" for kind in kinds if counts[kind])
    return f"{formatting.named(total, 'run')}: {told}."


def gaps(study, comparison=None):
    """Sentences on each thing that is missing, incomplete or left aside.

    Args:
        study: `Study`.
    """
    found = []
    for missing in study.missing:
        failure = missing.failure
        said = f"failed: {failure['message']}" if failure else "has no record here."
        found.append(f"{missing.settings.title} seed {missing.settings.seed} {said}")
    asked = {(m.settings.title, m.settings.seed) for m in study.missing}
    all_seeds = sorted({run.seed for run in study.runs})
    for title, runs in study.models.items():
        there = {run.seed for run in runs}
        lacking = [s for s in all_seeds if s not in there and (title, s) not in asked]
        if lacking:
            named = formatting.listed([str(seed) for seed in lacking])
            found.append(f"{title} lacks seed {named}, which other models have.")
    found += [f"{_name(run)} {said}" for run in study.runs if (said := _lack(run))]
    found += [_left_aside(run, study) for run in study.others]
    if comparison and not study.runs[0].settings.ablation:
        there = {run.settings.model for run in study.runs}
        absent = [model for model in comparison.models if model not in there]
        if absent:
            absent = [model_class(model).__name__ for model in absent]
            found.append(
                f"Of the models of the comparison, {formatting.listed(absent)} "
                f"{'is' if len(absent) == 1 else 'are'} not in this study."
            )
    for key, called in (
        ("final", "Real images were not evaluated as samples are"),
        ("pixels", "Pixels were not evaluated as codes are"),
    ):
        if not study.real.get(key):
            found.append(f"{called}: the row to read numbers beside is missing.")
    found += study.problems
    found += [
        f"{_name(run)}: {problem}" for run in study.runs for problem in run.problems
    ]
    return found


def _lack(run):
    """What a run lacks, to follow its name; or "" if it is complete."""
    of_all = f"{run.epochs_done} of {run.settings.epochs} epochs"
    if run.failure is not None:
        verb = "diverged" if run.status == "diverged" else "failed"
        return f"{verb} after {of_all}: {run.failure['message']}"
    if run.epochs_done < run.settings.epochs:
        return f"is incomplete: {of_all} are done."
    if run.status != "complete":
        return "is trained but was not evaluated."
    return ""


def _left_aside(run, study):
    different = _differences(run.protocol, study.runs[0].protocol)
    if not different:  # it is of the model's other arguments
        different = _differences(run.arguments, study.models[run.title][0].arguments)
    return f"{_name(run)} is left aside: {formatting.listed(different)}."


def _differences(theirs, ours):
    return [
        f"{name} {theirs.get(name)}, not {ours.get(name)}"
        for name in {**ours, **theirs}
        if theirs.get(name) != ours.get(name)
    ]


def troubles(study) -> list[dict]:
    """Failures of runs and what was seen in training.

    Returns:
        List of dicts with the `title` and `seed` of the run, and the `epoch` (or None),
        `kind`, `message` and `log` of what happened.
    """
    found = []
    for missing in study.missing:
        if missing.failure:
            settings = missing.settings
            found.append((settings.title, settings.seed, missing.failure))
    for run in study.runs:
        # A run that diverged says so in its failure.
        told = [e for e in run.events if e["kind"] != "divergence" or not run.failure]
        told += [run.failure] if run.failure else []
        found += [(run.title, run.seed, each) for each in told]
    return [
        {
            "title": title,
            "seed": seed,
            "epoch": each.get("epoch"),
            "kind": each["kind"],
            "message": each["message"],
            "log": each.get("log") or "",
        }
        for title, seed, each in found
    ]


def stability_table(study) -> Table:
    """How often runs of each model collapsed, diverged, failed or stayed incomplete."""
    rows = []
    for title, runs in study.models.items():
        kinds = collections.Counter(run.status for run in runs)
        events = collections.Counter(e["kind"] for run in runs for e in run.events)
        others = [f"{k} {n}" for k, n in events.items() if k not in _OWN_COLUMN]
        rows.append(
            (
                f"{title}\n{formatting.named(len(runs), 'run')}",
                str(kinds["complete"]),
                _rate(statistics.collapse_rate(runs)),
                _rate(statistics.failure_rate(runs)),
                str(kinds["incomplete"]),
                ", ".join(others) or "none",
            )
        )
    head = (
        "Model",
        "Complete",
        "Collapsed\nshare, 95 % interval",
        "Diverged or failed\nshare, 95 % interval",
        "Incomplete",
        "Other events",
    )
    caption = (
        "How training ended. Runs that collapsed keep their numbers; those that "
        "diverged or failed have none."
    )
    return Table(caption, pd.DataFrame(rows, columns=head))


def _rate(share):
    interval = formatting.interval(share.low, share.high, "share")
    return f"{share.count} of {share.total}\n{interval}"


def _name(run):
    return f"{run.title} seed {run.seed}"
