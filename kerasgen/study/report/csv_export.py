"""Numbers of a study as files for other programs: a row a run, a row a number."""

import json

import pandas as pd

from kerasgen import files
from kerasgen.study.report import provenance


def write_runs(study, path) -> None:
    """Write one row for each run: its settings, how it ended, all its numbers.

    Args:
        study: `Study`; runs that are left aside are in the file, too.
        path: Path of the .csv file.
    """
    rows = [_row(run, study) for run in study.runs + study.others]
    # As objects, so that whole numbers stay whole where some runs have none.
    _write(path, pd.DataFrame(rows, dtype=object))


def write_summary(numbers, path) -> None:
    """Write one row for each model and number: its statistics over seeds.

    Args:
        numbers: Dict from stage to what `tables.numbers` returned.
        path: Path of the .csv file.
    """
    frames = []
    for stage, frame in numbers.items():
        frame = frame.drop(columns="best")
        frame.insert(2, "stage", stage)
        frames.append(frame)
    filled = [frame for frame in frames if len(frame)]
    _write(path, pd.concat(filled or frames))


def _row(run, study):
    settings = run.settings.to_dict()
    for name in ("arguments", "optimizers"):
        settings[name] = json.dumps(settings[name])
    environment = (run.record["environments"] or [{}])[-1]
    failure = run.failure or {}
    times = provenance.times([run])
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
        "seconds_per_epoch": times.per_epoch.item() if len(times) else None,
        "seconds_training": times.total.item() if len(times) else None,
        **losses,
        **{f"test_{key}": value for key, value in run.test_losses.items()},
        **run.numbers(),
        **{f"fitted_prior_{k}": v for k, v in run.numbers("fitted").items()},
    }


def _write(path, frame):
    text = frame.to_csv(index=False, lineterminator="\n")
    with files.replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
