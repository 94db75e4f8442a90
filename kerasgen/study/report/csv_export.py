"""Numbers of a study as files for other programs: a row a run, a row a number."""

import json

import numpy as np
import pandas as pd

from kerasgen import files


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
