"""Settings, software, hardware and time of the runs of a study."""

import numpy as np

from kerasgen.study.report import formatting
from kerasgen.study.report.tables import Cell
from kerasgen.study.report.tables import Table
from kerasgen.study.report.tables import spread


def settings_table(study):
    """Settings that all runs have in common."""
    rows = [
        ("Dataset", lambda run: run.settings.dataset),
        ("Source of the images", lambda run: run.record["data"]["source"]),
        ("Training images", lambda run: f"{run.record['data']['num_images']:,}"),
        ("Epochs", lambda run: str(run.settings.epochs)),
        ("Batch size", lambda run: str(run.settings.batch_size)),
        ("Precision", lambda run: run.record["precision"]),
        (
            "Conditional on labels",
            lambda run: "yes" if run.settings.conditional else "no",
        ),
        ("Seeds", lambda run: str(run.seed)),
        ("Features", lambda run: _evaluated(run, "features")),
        ("Samples evaluated", lambda run: _evaluated(run, "num_samples")),
        ("Protocol of the numbers", lambda run: _evaluated(run, "protocol")),
    ]
    cells = [[Cell(label), Cell(in_common(study, take))] for label, take in rows]
    return Table("Settings of all runs", [Cell("Setting"), Cell("Value")], cells)


def arguments_table(study):
    """The constructor arguments of each model, a row for each argument."""
    arguments = {t: runs[0].record["arguments"] for t, runs in study.models.items()}
    names = sorted({name for values in arguments.values() for name in values})
    rows = [
        [
            Cell(name),
            *(
                Cell(str(values[name]) if name in values else formatting.MISSING)
                for values in arguments.values()
            ),
        ]
        for name in names
        if name not in ("seed", "name", "dtype")
    ]
    head = [Cell("Argument"), *map(Cell, arguments)]
    return Table("Constructor arguments of the models, first seed", head, rows)


def environment_table(study):
    """Software and hardware of the runs, a column for each machine and version."""
    found = {}
    for run in study.runs:
        for environment in run.record["environments"]:
            shown = tuple(map(_shown, map(environment.get, _ENVIRONMENT.values())))
            found.setdefault(shown, []).append(run)
    rows = [
        [Cell(label), *(Cell(shown[index]) for shown in found)]
        for index, label in enumerate(_ENVIRONMENT)
    ]
    counts = (formatting.named(len(runs), "run") for runs in found.values())
    return Table("Software and hardware", [Cell("Property"), *map(Cell, counts)], rows)


def _shown(value):
    if isinstance(value, list):
        return formatting.listed(value) if value else "none"
    return formatting.MISSING if value is None else str(value)


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


def _evaluated(run, key):
    value = (run.evaluation or {}).get(key)
    return f"{value:,}" if isinstance(value, int) else value


def time_table(study):
    """Cost of a run of each model."""
    rows = []
    for title, runs in study.models.items():
        runs = [run for run in runs if run.history.get("seconds")]
        if not runs:
            continue
        per_epoch = [seconds_per_epoch(run) for run in runs]
        images = [
            run.record["data"]["num_images"] / seconds
            for run, seconds in zip(runs, per_epoch, strict=True)
        ]
        first = [run.history["seconds"][0] for run in runs]
        total = [sum(run.history["seconds"]) for run in runs]
        evaluating = [
            run.evaluation["seconds_total"]
            for run in runs
            if run.evaluation and run.evaluation.get("seconds_total") is not None
        ]
        count = Cell(title, (formatting.named(len(runs), "run"),))
        cells = map(spread, (per_epoch, images, first, total, evaluating))
        rows.append([count, *cells])
    head = [
        Cell("Model"),
        Cell("Seconds per epoch", ("median of the epochs of a run",)),
        Cell("Images per second"),
        Cell("First epoch, s", ("with compilation",)),
        Cell("Training, s", ("all epochs of a run",)),
        Cell("Evaluation, s"),
    ]
    return Table("Time", head, rows) if rows else None


def seconds_per_epoch(run):
    """Median seconds of the epochs of a run, which the first, slow one leaves alone."""
    return float(np.median(run.history["seconds"]))


def time_told(study):
    """Sentences on what was timed, on which machine, and how many runs shared it."""
    seconds = sum(sum(run.history.get("seconds", [])) for run in study.runs)
    machines, workers = {}, set()
    for run in study.runs:
        for environment in run.record["environments"]:
            workers.add(environment.get("workers") or 1)
            gpus = environment.get("gpus") or []
            cores = environment.get("cores")
            machines[
                formatting.listed(gpus)
                if gpus
                else f"{environment.get('processor')}, {cores} cores"
            ] = None
    sentences = [
        f"All training took {formatting.duration(seconds)}, on "
        f"{formatting.listed(list(machines)) if machines else 'an unknown machine'}.",
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


def in_common(study, take):
    """What the runs say, once each."""
    said = dict.fromkeys(take(run) for run in study.runs)
    return formatting.listed([text for text in said if text is not None] or ["–"])
