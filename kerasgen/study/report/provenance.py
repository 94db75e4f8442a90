"""Settings, software, hardware and time of the runs of a study."""

import collections

import numpy as np
import pandas as pd

from kerasgen.study.report import formatting
from kerasgen.study.report.tables import Table
from kerasgen.study.report.tables import spread

_SETTINGS = {
    "Dataset": lambda run: run.settings.dataset,
    "Source of the images": lambda run: run.record["data"]["source"],
    "Training images": lambda run: f"{run.record['data']['num_images']:,}",
    "Epochs": lambda run: str(run.settings.epochs),
    "Batch size": lambda run: str(run.settings.batch_size),
    "Precision": lambda run: run.record["precision"],
    "Conditional on labels": lambda run: "yes" if run.settings.conditional else "no",
    "Seeds": lambda run: str(run.seed),
    "Features": lambda run: _evaluated(run, "features"),
    "Samples evaluated": lambda run: _evaluated(run, "num_samples"),
    "Protocol of the numbers": lambda run: _evaluated(run, "protocol"),
}
_ENVIRONMENT = {
    "Host": "host",
    "Processor": "processor",
    "Cores": "cores",
    "GPUs": "gpus",
    "Runs at once": "workers",
    "Python": "python",
    "TensorFlow": "tensorflow",
    "Keras": "keras",
    "Commit of kerasgen": "commit",
    "Platform": "platform",
}
# Columns of the table of times, each with its head.
_TIMES = {
    "per_epoch": "Seconds per epoch\nmedian of the epochs of a run",
    "images": "Images per second",
    "first": "First epoch, s\nwith compilation",
    "total": "Training, s\nall epochs of a run",
    "evaluation": "Evaluation, s",
}


def in_common(study, take) -> str:
    """What the runs say, once each."""
    said = dict.fromkeys(take(run) for run in study.runs)
    return formatting.listed([text for text in said if text is not None] or ["–"])


def settings_table(study) -> Table:
    """Settings that all runs have in common."""
    rows = [(label, in_common(study, take)) for label, take in _SETTINGS.items()]
    frame = pd.DataFrame(rows, columns=["Setting", "Value"])
    return Table("Settings of all runs", frame)


def _evaluated(run, key):
    value = (run.evaluation or {}).get(key)
    return f"{value:,}" if isinstance(value, int) else value


def arguments_table(study) -> Table:
    """The constructor arguments of each model, a row for each argument."""
    columns = {
        title: pd.Series(runs[0].record["arguments"], dtype=object).map(str)
        for title, runs in study.models.items()
    }
    frame = pd.DataFrame(columns).fillna(formatting.MISSING).sort_index()
    frame = frame.drop(index=["seed", "name", "dtype"], errors="ignore")
    caption = "Constructor arguments of the models, first seed"
    return Table(caption, frame.reset_index(names="Argument"))


def environment_table(study) -> Table:
    """Software and hardware of the runs, a column for each machine and version."""
    found = collections.Counter(
        tuple(_shown(environment.get(key)) for key in _ENVIRONMENT.values())
        for run in study.runs
        for environment in run.record["environments"]
    )
    head = ["Property", *(formatting.named(n, "run") for n in found.values())]
    rows = list(zip(_ENVIRONMENT, *found, strict=True))
    return Table("Software and hardware", pd.DataFrame(rows, columns=head))


def _shown(value):
    if isinstance(value, list):
        return formatting.listed(value) if value else "none"
    return formatting.MISSING if value is None else str(value)


def times(runs) -> pd.DataFrame:
    """Seconds of each run that has them on record, a row each.

    The median of the epochs leaves alone the first, slow one.
    """
    rows = []
    for run in runs:
        seconds = np.array(run.history.get("seconds", []), dtype=float)
        if len(seconds):
            per_epoch = float(np.median(seconds))
            rows.append(
                {
                    "title": run.title,
                    "per_epoch": per_epoch,
                    "images": run.record["data"]["num_images"] / per_epoch,
                    "first": seconds[0],
                    "total": sum(seconds.tolist()),
                    "evaluation": (run.evaluation or {}).get("seconds_total"),
                }
            )
    return pd.DataFrame(rows, columns=["title", *_TIMES]).astype(
        dict.fromkeys(_TIMES, float)
    )


def time_table(found: pd.DataFrame) -> Table | None:
    """Cost of a run of each model; `found` is what `times` returned."""
    rows = [
        [
            f"{title}\n{formatting.named(len(mine), 'run')}",
            *(spread(mine[column]) for column in _TIMES),
        ]
        for title, mine in found.groupby("title", sort=False)
    ]
    frame = pd.DataFrame(rows, columns=["Model", *_TIMES.values()])
    return Table("Time", frame) if rows else None


def time_told(study, found: pd.DataFrame) -> str:
    """Sentences on what was timed, on which machine, and how many runs shared it."""
    machines, workers = {}, set()
    for run in study.runs:
        for environment in run.record["environments"]:
            workers.add(environment.get("workers") or 1)
            machine = (
                f"{environment.get('processor')}, {environment.get('cores')} cores"
            )
            machines[formatting.listed(environment.get("gpus") or [machine])] = None
    sentences = [
        f"All training took {formatting.duration(found.total.sum())}, on "
        f"{formatting.listed(list(machines) or ['an unknown machine'])}.",
        "Seconds are those of training alone, without evaluation and pictures.",
    ]
    if len(workers) > 1:
        counts = formatting.listed([str(count) for count in sorted(workers)])
        sentences.append(
            f"Runs were timed with {counts} of them at once, which share the machine: "
            "seconds of different counts do not compare."
        )
    elif max(workers, default=1) > 1:
        sentences.append(
            f"Timed with {workers.pop()} runs at once, which share the machine: each "
            "is slower than alone, so only these numbers among themselves compare."
        )
    return " ".join(sentences)
