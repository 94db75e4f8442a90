"""One tidy table of a study, behind its tables, CSV files and plots.

A row is one number: of a run (`model`, `title`, `variant`, `seed`, …), in a `stage`
("final", "fitted prior", "training", "history" or "test"), at an `epoch`, with the name
that carries its protocol as `metric`.
"""

import dataclasses

import numpy as np
import pandas as pd

from kerasgen.core.registry import model_class
from kerasgen.study import statistics

COLUMNS = ("model", "title", "family", "arm", "variant", "seed", "compared")
STAGES = ("final", "fitted prior", "training", "history", "test")


def tidy(study) -> pd.DataFrame:
    """All numbers of all runs of a study.

    Args:
        study: `kerasgen.study.records.Study`; runs that are left aside are in the
            table, too, with `compared` False.

    Example:

    >>> table = tidy(load_study("results/mnist-20"))
    >>> table[table.stage == "final"].groupby(["title", "metric"]).value.mean()
    """
    frames = [_of_run(run, True) for run in study.runs]
    frames += [_of_run(run, False) for run in study.others]
    return pd.concat(frames, ignore_index=True)


def _of_run(run, compared):
    rows = []
    last = run.settings.epochs

    def add(stage, epoch, numbers):
        for name, value in numbers.items():
            value = np.nan if value is None else float(value)
            rows.append((stage, epoch, name, value))

    add("final", last, run.numbers())
    add("fitted prior", last, run.numbers("fitted"))
    add("test", last, run.test_losses)
    for record in run.evaluations:
        add("training", record["epoch"], record.get("metrics") or {})
    for name, values in run.history.items():
        if name != "epoch":
            for epoch, value in zip(run.history["epoch"], values, strict=True):
                add("history", epoch, {name: value})
    frame = pd.DataFrame(rows, columns=["stage", "epoch", "metric", "value"])
    settings = run.settings
    family = model_class(settings.model).family
    who = (settings.model, run.title, family, settings.arm, settings.variant)
    for name, value in zip(COLUMNS, (*who, run.seed, compared), strict=True):
        frame[name] = value
    return frame


def values(table: pd.DataFrame, title: str, metric: str, stage: str = "final") -> list:
    """The numbers of a model in one stage, a seed each, without those that are NaN."""
    mine = table[
        (table.title == title)
        & (table.metric == metric)
        & (table.stage == stage)
        & table.compared
    ]
    return mine.value.dropna().tolist()


def metric_names(table: pd.DataFrame, stage: str = "final") -> list[str]:
    """Names of the numbers that some run has, in the order of their records."""
    there = table[(table.stage == stage) & table.value.notna() & table.compared]
    return there.metric.unique().tolist()


def summary(table: pd.DataFrame, stage: str = "final") -> pd.DataFrame:
    """Statistics over seeds, a row for each model and number."""
    there = table[(table.stage == stage) & table.value.notna() & table.compared]
    rows = [
        {
            "model": title,
            "metric": metric,
            **dataclasses.asdict(statistics.summarise(group.value.to_numpy())),
        }
        for (title, metric), group in there.groupby(["title", "metric"], sort=False)
    ]
    return pd.DataFrame(rows)
