"""The numbers of a study as files for other programs: one row a run, one a number."""

import csv
import io
import json

from kerasgen import files
from kerasgen.study import statistics
from kerasgen.study.report import conditions
from kerasgen.study.report import tables

SUMMARY_COLUMNS = (
    "n",
    "mean",
    "standard_deviation",
    "low",
    "high",
    "median",
    "minimum",
    "maximum",
)


def write_runs(study, path):
    """Writes one row for each run: its settings, how it ended, all its numbers.

    Args:
        study: `Study`; runs with another protocol are in the file, too.
        path: Path of the .csv file.
    """
    _write(path, [_row(run, study) for run in (*study.runs, *study.others)])


def write_summary(study, path):
    """Writes one row for each model and number: its statistics over seeds.

    Args:
        study: `Study`.
        path: Path of the .csv file.
    """
    rows = []
    real = study.real.get("final") or {}
    for title, runs in study.models.items():
        for name in tables.metric_names(study):
            values = tables.values(runs, name)
            if values:
                summary = vars(statistics.summarise(values))
                numbers = {column: summary[column] for column in SUMMARY_COLUMNS}
                row = {"model": title, "metric": name, **numbers}
                rows.append({**row, "real_images": real.get(name)})
    _write(path, rows or [{"model": None, "metric": None}])


def _row(run, study):
    settings = run.settings.to_dict()
    settings["arguments"] = json.dumps(settings["arguments"])
    environment = (run.record["environments"] or [{}])[-1]
    failure = run.failure or {}
    seconds = run.history.get("seconds")
    record = run.evaluation or {}
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
        "seconds_per_epoch": conditions.seconds_per_epoch(run) if seconds else None,
        "seconds_training": sum(seconds) if seconds else None,
        **{
            f"train_{key}": values[-1]
            for key, values in run.history.items()
            if key not in ("epoch", "seconds") and values
        },
        **{f"test_{key}": value for key, value in run.test_losses.items()},
        **{name: record[name] for name in tables.numbers_of(record)},
    }


def _write(path, rows):
    columns = dict.fromkeys(column for row in rows for column in row)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with files.replacing(path) as temporary:
        temporary.write_text(buffer.getvalue(), encoding="utf-8")
