"""Tables of a report: frames of text, which the templates turn into HTML or Markdown.

The first line of a cell, or of a column's name, is read first; further lines are small
print, and one in backticks is the full name of a number.
"""

import dataclasses
import math
import re

import numpy as np
import pandas as pd

from kerasgen.metrics import specifications
from kerasgen.metrics.specifications import describe
from kerasgen.study import statistics
from kerasgen.study import table
from kerasgen.study.endpoints import OF_CODES
from kerasgen.study.report import formatting

REAL_IMAGES = "Real images"
PIXELS = "Pixels as codes"
# More columns do not fit a page.
MAX_COLUMNS = 6
NOT_APPLICABLE = "n/a"
# Titles of the numbers that a reader asks for first.
HEADLINE = (
    "Fréchet distance",
    "Precision",
    "Coverage",
    "Laplacian variance",
    "k-means NMI",
    "seconds per epoch",
)
_STATISTICS = [field.name for field in dataclasses.fields(statistics.Summary)]
_LOSS = {
    specifications.LOWER: lambda values, real: values,
    specifications.HIGHER: lambda values, real: -values,
    specifications.REAL: lambda values, real: np.abs(values - float(real)),
}


@dataclasses.dataclass(frozen=True)
class Table:
    """A frame of str with its caption.

    Args:
        caption: Sentence above the table.
        frame: `pandas.DataFrame`; the first column holds the titles of the rows.
        best: Bool array of its shape: cells to mark. Default none.
        notes: Sentences beneath the table.
    """

    caption: str
    frame: pd.DataFrame
    best: np.ndarray | None = None
    notes: tuple = ()

    @property
    def rows(self) -> list:
        """Rows of pairs: the text of a cell, and whether it is among the best."""
        best = np.zeros(self.frame.shape, bool) if self.best is None else self.best
        return [
            list(zip(*row, strict=True))
            for row in zip(self.frame.to_numpy(), best, strict=True)
        ]


def numbers(tidy: pd.DataFrame, stage: str, real: dict | None = None) -> pd.DataFrame:
    """Statistics over seeds, a row for each model and number of a stage.

    Beside those of `table.summary` there are `real_images`, the number of real images;
    `loss`, how far the model is from the best that there could be; and `best`, whether
    tests tell it from others, and from no better one. Without three seeds none is best.

    Args:
        tidy: Tidy table.
        stage: Such as "final", "fitted prior", "test" or "time".
        real: Numbers of real images by their names.
    """
    real = real or {}
    found = table.summary(tidy, stage)
    found = found.reindex(columns=["model", "metric", *_STATISTICS])
    found.insert(2, "stage", stage)
    found["real_images"] = [real.get(name) for name in found.metric]
    found["loss"], found["best"] = np.nan, False
    for name, mine in found.groupby("metric"):
        direction, beside = describe(name).direction, real.get(name)
        if not direction or (direction == specifications.REAL and beside is None):
            continue
        losses = [
            _LOSS[direction](np.array(table.values(tidy, title, name, stage)), beside)
            for title in mine.model
        ]
        found.loc[mine.index, "loss"] = [each.mean() for each in losses]
        found.loc[mine.index, "best"] = best_of(losses)
    return found


def best_of(losses: list) -> list[bool]:
    """Which models the best does not differ from; none if no test tells any apart."""
    least = min(range(len(losses)), key=lambda place: losses[place].mean())
    # An infinite number is no better than any, and nothing to compute with.
    tests = [
        statistics.compare(each, losses[least]) if np.isfinite(each).all() else None
        for each in losses
    ]
    differs = [test and test.p_value < 1.0 - statistics.CONFIDENCE for test in tests]
    return [
        any(differs) and (place == least or differs[place] is False)
        for place in range(len(losses))
    ]


def metric_groups(found: pd.DataFrame, beside: dict, each: str) -> list[dict]:
    """The numbers of a study as tables, group by group, with what they mean."""
    groups = []
    for key, (title, intro) in specifications.GROUPS.items():
        names = [name for name in found.metric.unique() if describe(name).group == key]
        if not names:
            continue
        parts = np.array_split(names, math.ceil(len(names) / MAX_COLUMNS))
        tables = [
            metric_table(found, title, part.tolist(), beside, each) for part in parts
        ]
        metrics = dict.fromkeys(map(describe, names))
        groups.append(
            {"key": key, "title": title, "intro": intro}
            | {"tables": tables, "metrics": metrics}
        )
    return groups


def metric_table(
    found: pd.DataFrame, caption, names=None, beside=None, each="seed"
) -> Table | None:
    """One table of numbers, a row for each model and for real images; or None.

    Args:
        found: What `numbers` returned.
        caption: Sentence above the table.
        names: Full names of numbers, a column each. Default all.
        beside: Dict from title to the numbers of further rows by their names.
        each: What a run of a model is, as of a `Study`.
    """
    names = found.metric.unique().tolist() if names is None else names
    if not names:
        return None
    mine = found[found.metric.isin(names)]
    seeds = mine.groupby("model", sort=False).n.max()
    by_place = {(row.model, row.metric): row for row in mine.itertuples()}
    rows, best = [], []
    for title, count in seeds.items():
        cells = [by_place.get((title, name)) for name in names]
        first = f"{title}\n{formatting.named(count, each)}"
        rows.append([first, *(_cell(one, count) for one in cells)])
        best.append([False, *(one is not None and one.best for one in cells)])
    for title, record in (beside or {}).items():
        values = [record.get(name) for name in names]
        if any(value is not None for value in values):
            values = [None if value is None else float(value) for value in values]
            rows.append([title, *map(formatting.number, values, map(unit, names))])
            best.append([False] * len(rows[0]))
    notes = []
    if without := [title for title in found.model.unique() if title not in seeds]:
        notes.append(f"No numbers of {formatting.listed(without)}.")
    if seeds.max() == 1:
        notes.append(f"One {each}: there is no spread and no interval.")
    frame = pd.DataFrame(rows, columns=["Model", *map(_head, names)])
    return Table(caption, frame, np.array(best), tuple(notes))


def unit(name) -> str:
    """The unit that is printed in cells; all but percent stand in heads of columns."""
    return "share" if describe(name).unit == "share" else ""


def _head(name):
    one = describe(name)
    direction = specifications.DIRECTIONS[one.direction] if one.direction else ""
    other_unit = "" if unit(name) else one.unit
    return "\n".join(filter(None, (one.title, other_unit, direction, f"`{name}`")))


def _cell(row, count):
    if row is None:
        return NOT_APPLICABLE
    shown = unit(row.metric)
    lines = [formatting.mean_and_deviation(row, shown)]
    if not pd.isna(row.low):
        lines.append(formatting.interval(row.low, row.high, shown))
    nears_real = describe(row.metric).direction == specifications.REAL
    if nears_real and row.loss >= 0 and row.real_images:
        ratio = row.mean / float(row.real_images)
        # Beside nearly nothing, or of another sign, a multiple says nothing.
        if 0.1 < ratio < 10.0:
            lines.append(f"{formatting.number(ratio)} × real")
    if row.n != count:
        lines.append(f"n = {row.n}")
    return "\n".join(lines)


def headline_table(
    found: pd.DataFrame, beside: dict, conditional, each: str
) -> Table | None:
    """The numbers that a reader asks for first; or None without any.

    Codes of conditional models need not hold the labels, which are given.
    """
    names = {
        describe(name).title: name
        for name in reversed(found.metric.unique())
        if describe(name).group != "inverted"
        and not (conditional and name.startswith(OF_CODES))
    }
    chosen = [names[title] for title in HEADLINE if title in names]
    if "Fréchet distance" not in names:
        return None
    caption = "The numbers that a reader asks for first"
    return metric_table(found, caption, chosen, beside, each)


def published_table(found: pd.DataFrame, comparison, dataset) -> Table | None:
    """Published figures of the same protocol beside ours; or None without any."""
    rows = []
    for name, ours in found.groupby("metric", sort=False):
        beside = [
            figure
            for figure in (comparison.published if comparison else ())
            if figure.dataset == dataset and re.fullmatch(figure.protocol, name)
        ]
        for row in ours.itertuples() if beside else ():
            rows.append((f"{row.model}, here", _cell(row, row.n), name, ""))
        for figure in beside:
            source = f"{figure.reference.authors}; {figure.caveat}"
            rows.append((figure.model, figure.value, name, source))
    head = ["Model", "Value", "Number", "Source, and what differs"]
    frame = pd.DataFrame(rows, columns=head)
    return Table("Published figures beside ours", frame) if rows else None
