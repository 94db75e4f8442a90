"""One tidy table of a study, behind its tables, CSV files and plots.

A row is one number: of a run (`model`, `title`, `variant`, `seed`, …), in a `stage`
("final", "fitted prior", "training", "history" or "test"), at an `epoch`, with the name
that carries its protocol as `metric`.
"""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from kerasgen.core.registry import model_class
from kerasgen.study import statistics


def tidy(study: Any) -> pd.DataFrame:
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
    rows, last, settings = [], run.settings.epochs, run.settings

    def add(stage, epoch, numbers):
        for name, value in numbers.items():
            rows.append((stage, epoch, name, np.nan if value is None else float(value)))

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
    return frame.assign(
        model=settings.model,
        title=run.title,
        family=model_class(settings.model).family,
        arm=settings.arm,
        variant=settings.variant,
        seed=run.seed,
        compared=compared,
    )


def _compared(table, stage):
    """The numbers of a stage that runs are compared by."""
    return table[(table.stage == stage) & table.value.notna() & table.compared]


def values(table: pd.DataFrame, title: str, metric: str, stage: str = "final") -> list:
    """The numbers of a model in one stage, a seed each, without those that are NaN."""
    there = _compared(table, stage)
    return there[(there.title == title) & (there.metric == metric)].value.tolist()


def metric_names(table: pd.DataFrame, stage: str = "final") -> list[str]:
    """Names of the numbers that some run has, in the order of their records."""
    return _compared(table, stage).metric.unique().tolist()


def summary(table: pd.DataFrame, stage: str = "final") -> pd.DataFrame:
    """Statistics over seeds, a row for each model and number."""
    groups = _compared(table, stage).groupby(["title", "metric"], sort=False)
    rows = []
    for (title, metric), group in groups:
        found = dataclasses.asdict(statistics.summarise(group.value.to_numpy()))
        rows.append({"model": title, "metric": metric, **found})
    return pd.DataFrame(rows)
