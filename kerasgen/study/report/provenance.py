"""Settings, software, hardware and time of the runs of a study."""

import numpy as np
import pandas as pd

from kerasgen.metrics import specifications
from kerasgen.study import table
from kerasgen.study.report import formatting
from kerasgen.study.report.tables import Table

DISTANCE = "Fréchet distance"


def _of_environment(key):
    """A function that gives what the machines of a run say."""

    def take(run):
        said = (environment.get(key) for environment in run.record["environments"])
        return [", ".join(each) if isinstance(each, list) else each for each in said]

    return take


# What runs were made with; each function gives what a run says, one thing or several.
_CONDITIONS = {
    "Dataset": lambda run: run.settings.dataset,
    "Source of the images": lambda run: run.record["data"]["source"],
    "Training images": lambda run: run.record["data"]["num_images"],
    "Epochs": lambda run: run.settings.epochs,
    "Batch size": lambda run: run.settings.batch_size,
    "Precision": lambda run: run.record["precision"],
    "Conditional on labels": lambda run: "yes" if run.settings.conditional else "no",
    "Seeds": lambda run: run.seed,
    "Features": lambda run: (run.evaluation or {}).get("features"),
    "Samples evaluated": lambda run: (run.evaluation or {}).get("num_samples"),
    "Test images": lambda run: (run.evaluation or {}).get("num_test"),
    "Protocol of the numbers": lambda run: (run.evaluation or {}).get("protocol"),
    "Host": _of_environment("host"),
    "Processor": _of_environment("processor"),
    "Cores": _of_environment("cores"),
    "GPUs": _of_environment("gpus"),
    "Runs at once": _of_environment("workers"),
    "Python": _of_environment("python"),
    "TensorFlow": _of_environment("tensorflow"),
    "Keras": _of_environment("keras"),
    "Commit of kerasgen": _of_environment("commit"),
    "Platform": _of_environment("platform"),
}


def conditions(study) -> dict[str, str]:
    """Settings, software and hardware of all runs by their labels, each value once."""
    found = {}
    for label, take in _CONDITIONS.items():
        said = {}
        for run in study.runs:
            each = take(run)
            said.update(dict.fromkeys(each if isinstance(each, list) else [each]))
        there = [one for one in said if one not in (None, "")]
        texts = [f"{one:,}" if isinstance(one, int) else one for one in there]
        found[label] = formatting.listed(texts or [formatting.MISSING])
    return found


def arguments_table(study) -> Table:
    """The constructor arguments of each model, a row for each argument."""
    columns = {
        title: pd.Series(runs[0].record["arguments"], dtype=object).map(str)
        for title, runs in study.models.items()
    }
    frame = pd.DataFrame(columns).fillna(formatting.MISSING).sort_index()
    frame = frame.drop(index=["seed", "name", "dtype"], errors="ignore")
    caption = f"Constructor arguments of the models, first {study.each}"
    return Table(caption, frame.reset_index(names="Argument"))


def times(study) -> pd.DataFrame:
    """Seconds of each run that has them on record, as rows of a tidy table.

    The median of the epochs leaves alone the first, slow one, which compiles.
    """
    rows = []
    for run in study.runs:
        seconds = np.array(run.history.get("seconds", []), dtype=float)
        if not len(seconds):
            continue
        per_epoch = run.seconds_alone or float(np.median(seconds))
        numbers = {
            "seconds_per_epoch": per_epoch,
            "images_per_second": run.record["data"]["num_images"] / per_epoch,
            "seconds_of_first_epoch": seconds[0],
            "seconds_of_training": sum(seconds.tolist()),
            "seconds_of_evaluation": (run.evaluation or {}).get("seconds_total"),
        }
        rows += [(run.title, name, value) for name, value in numbers.items()]
    frame = pd.DataFrame(rows, columns=["title", "metric", "value"])
    return frame.astype({"value": float}).assign(stage="time", compared=True)


def progress(study) -> pd.DataFrame:
    """The tidy table's Fréchet distances in training, with the seconds `elapsed`.

    Of a study whose models were timed alone, those seconds; else the run's own. Rows of
    runs that are complete are `whole`.
    """
    there = study.table[study.table.compared]
    names = [
        name
        for name in table.metric_names(there, "training")
        if specifications.describe(name).title == DISTANCE
    ]
    found = there[(there.stage == "training") & there.metric.isin(names[:1])]
    seconds = there[(there.stage == "history") & (there.metric == "seconds")]
    keys = ["title", "variant", "seed", "epoch"]
    elapsed = seconds.astype({"value": float}).groupby(keys[:3]).value.cumsum()
    found = found.merge(seconds[keys].assign(elapsed=elapsed), "left", keys)
    alone = {
        (run.title, run.settings.variant, run.seed): run.seconds_alone
        for run in study.runs
    }
    places = list(zip(found.title, found.variant, found.seed, strict=True))
    whole = {
        (run.title, run.settings.variant, run.seed)
        for run in study.runs
        if run.status == "complete"
    }
    found["whole"] = pd.Series([p in whole for p in places], found.index, dtype=bool)
    each = [alone.get(place) for place in places]
    each = pd.Series(each, found.index, dtype=float)
    found["elapsed"] = (found.epoch * each).fillna(found.elapsed)
    # Before the first epoch nothing has elapsed.
    found.loc[found.epoch == 0, "elapsed"] = 0.0
    return found
