"""Numbers of a study as files for other programs: a row a run, a row a number."""

import json
import math

import numpy as np
import pandas as pd

from kerasgen import files
from kerasgen.study import verdicts
from kerasgen.study.endpoints import NoNumber
from kerasgen.study.endpoints import value_of

PRIORS = ("", "fitted")


def write_runs(study, path) -> None:
    """Write one row for each run: its settings, how it ended, all its numbers.

    Runs of the study that are left aside are in the file, too.
    """
    rows = [_row(run, study) for run in study.runs + study.others]
    # As objects, so that whole numbers stay whole where some runs have none.
    _write(path, pd.DataFrame(rows, dtype=object))


def write_summary(numbers, path) -> None:
    """Write one row for each model and number: its statistics over seeds.

    Args:
        numbers: List of what `tables.numbers` returned, a stage each.
        path: Path of the .csv file.
    """
    frames = [each for each in numbers if len(each)] or numbers
    _write(path, pd.concat(frames).drop(columns=["loss", "best"]))


def write_endpoints(study, comparison, path) -> None:
    """Write the numbers that verdicts rest on, one row for each run and endpoint.

    `value` is on the scale that models are compared on: the logarithm of what compares
    by ratios; of a spread, the number whose distance from the model's median counts. A
    run without the number says why in `note`, and one that diverged counts as the worst
    there is. Constants beside which models stand have no seed.

    Args:
        study: `kerasgen.study.records.Study`.
        comparison: `Comparison`, or None for a file without rows.
        path: Path of the .csv file.
    """
    rows = []
    for key, endpoint in comparison.endpoints.items() if comparison else ():
        for run in study.runs:
            of_prior = [_value(endpoint, run, study, prior) for prior in PRIORS]
            if of_prior[0] == of_prior[1]:  # not of samples, or of no encoder
                of_prior.pop()
            for prior, found in zip(PRIORS, of_prior, strict=False):
                owner = (run.settings.model, run.settings.variant, run.seed)
                rows.append((key, endpoint.title, *owner, prior, *found))
    for claim in verdicts.judge(study, comparison):
        for part, result in zip(claim.claim.parts, claim.parts, strict=True):
            beside = result.pairs[0].second
            if beside.constant and beside.values:
                owner = (beside.title, "", None)
                value = (result.metric, beside.values[0], "")
                rows.append((part.endpoint, result.title, *owner, "", *value))
    columns = ["endpoint", "title", "model", "variant", "seed", "prior"]
    columns += ["metric", "value", "note"]
    frame = pd.DataFrame(rows, columns=columns, dtype=object)
    _write(path, frame.drop_duplicates())


def _value(endpoint, run, study, prior):
    """Name of an endpoint's number, the number, and why there is none."""
    if run.failure is not None:
        return "", None, verdicts.end_of(run.failure)
    if run.status != "complete":
        return "", None, "is not complete"
    try:
        name, value = value_of(endpoint, run, study.real, prior)
    except NoNumber as reason:
        return "", None, str(reason)
    if math.isfinite(value):
        return name, value, ""
    return name, None, verdicts.no_value(endpoint)


def _row(run, study):
    settings = run.settings.to_dict()
    for name in ("arguments", "optimizers"):
        settings[name] = json.dumps(settings[name])
    environment = (run.record["environments"] or [{}])[-1]
    failure = run.failure or {}
    seconds = run.history.get("seconds")
    losses = {
        f"train_{key}": values[-1]
        for key, values in run.history.items()
        if key not in ("epoch", "seconds") and values
    }
    return {
        "title": run.title,
        "status": run.status if run in study.runs else f"{run.status}, left aside",
        **settings,
        "precision": run.record["precision"],
        "source": run.record["data"]["source"],
        "num_images": run.record["data"]["num_images"],
        **{key: environment.get(key) for key in ("commit", "keras", "tensorflow")},
        "workers": environment.get("workers"),
        "epochs_done": run.epochs_done,
        "failure": failure.get("kind"),
        "failure_message": failure.get("message"),
        "events": "; ".join(f"{e['kind']} at {e['epoch']}" for e in run.events),
        "seconds_per_epoch": float(np.median(seconds)) if seconds else None,
        "seconds_training": sum(seconds) if seconds else None,
        **losses,
        **{f"test_{key}": value for key, value in run.test_losses.items()},
        **run.numbers(),
        **{f"fitted_prior_{k}": v for k, v in run.numbers("fitted").items()},
    }


def _write(path, frame):
    text = frame.to_csv(index=False, lineterminator="\n")
    with files.replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
