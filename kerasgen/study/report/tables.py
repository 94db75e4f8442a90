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
from kerasgen.study import statistics
from kerasgen.study import table
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
    "Recall",
    "Coverage",
    "Laplacian variance",
    "k-means NMI",
)


@dataclasses.dataclass(frozen=True)
class Table:
    """A frame of text with its caption.

    Args:
        caption: Sentence above the table.
        frame: `pandas.DataFrame` of str; the first column holds the titles of the rows.
        best: Bool array of its shape: cells that no other in the column is better than
            by more than chance. Default none.
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


def numbers(study, stage: str = "final") -> pd.DataFrame:
    """Statistics over seeds, a row for each model and number.

    Beside those of `table.summary` there are `real_images`, the number of real images,
    and `best`, whether no other model is better by more than chance.

    Args:
        study: `Study`.
        stage: "final", or "fitted prior".
    """
    found = table.summary(study.table, stage)
    found = found.reindex(columns=["model", "metric", *_STATISTICS])
    real = study.real.get("final") or {}
    found["real_images"] = [real.get(name) for name in found.metric]
    found["best"] = False
    for name, mine in found.groupby("metric"):
        values = {
            title: np.array(table.values(study.table, title, name, stage))
            for title in mine.model
        }
        best = _best(specifications.describe(name).direction, values, real.get(name))
        found.loc[mine.index[mine.model.isin(best)], "best"] = True
    return found


_STATISTICS = [field.name for field in dataclasses.fields(statistics.Summary)]


def _best(direction, values, real):
    """Titles of the best models: all that the best one does not differ from.

    With too few seeds for a test, those with the best mean.
    """
    if not direction or (direction == specifications.REAL and real is None):
        return []
    loss = {
        specifications.LOWER: lambda found: found,
        specifications.HIGHER: lambda found: -found,
        specifications.REAL: lambda found: np.abs(found - float(real or 0.0)),
    }[direction]
    losses = {title: loss(found) for title, found in values.items()}
    least = min(losses.values(), key=np.mean)

    def differs(found):
        tested = statistics.compare(found, least)
        if tested is None:
            return found.mean() != least.mean()
        return tested.p_value < 1.0 - statistics.CONFIDENCE

    best = [title for title, found in losses.items() if not differs(found)]
    return best if len(best) < len(losses) else []


def metric_groups(study, found: pd.DataFrame) -> list[dict]:
    """The numbers of a study as tables, group by group.

    Args:
        study: `Study`.
        found: What `numbers` returned.

    Returns:
        List of dicts with the `key`, `title` and `intro` of the group, its `tables`,
        and the `meanings` of its metrics.
    """
    groups = []
    for key, (title, intro) in specifications.GROUPS.items():
        names = [n for n in found.metric.unique() if _described(n).group == key]
        count = math.ceil(len(names) / MAX_COLUMNS)
        parts = np.array_split(names, count) if names else []
        groups.append(
            {
                "key": key,
                "title": title,
                "intro": intro,
                "tables": [
                    metric_table(
                        study,
                        found,
                        part.tolist(),
                        title if count == 1 else f"{title}, {place} of {count}",
                    )
                    for place, part in enumerate(parts, 1)
                ],
                "meanings": dict.fromkeys(map(_described, names)),
            }
        )
    return [group for group in groups if group["tables"]]


def metric_table(study, found: pd.DataFrame, names: list[str], caption: str) -> Table:
    """One table of numbers, a row for each model and for real images.

    Args:
        study: `Study`.
        found: What `numbers` returned.
        names: Full names of numbers, a column each.
        caption: Sentence above the table.
    """
    mine = found[found.metric.isin(names)]
    seeds = mine.groupby("model", sort=False).n.max()
    by_place = {(row.model, row.metric): row for row in mine.itertuples()}
    rows, best = [], []
    for title, count in seeds.items():
        cells = [by_place.get((title, name)) for name in names]
        first = f"{title}\n{formatting.named(count, 'seed')}"
        rows.append([first, *(_cell(one, count) for one in cells)])
        best.append([False, *(one is not None and one.best for one in cells)])
    for title, key in ((REAL_IMAGES, "final"), (PIXELS, "pixels")):
        values = [(study.real.get(key) or {}).get(name) for name in names]
        if any(value is not None for value in values):
            values = [None if value is None else float(value) for value in values]
            rows.append([title, *map(formatting.number, values, map(_unit, names))])
            best.append([False] * len(rows[0]))
    notes = []
    without = [title for title in found.model.unique() if title not in seeds]
    if without:
        notes.append(f"No numbers of {formatting.listed(without)}.")
    if seeds.max() == 1:
        notes.append("One seed: there is no spread and no interval.")
    frame = pd.DataFrame(rows, columns=["Model", *map(_head, names)])
    return Table(caption, frame, np.array(best), tuple(notes))


def _described(name):
    return specifications.describe(name)


def _unit(name):
    """The unit in a cell; all but percent stand in the head of the column."""
    return "share" if _described(name).unit == "share" else ""


def _head(name):
    one = _described(name)
    unit = "" if one.unit == "share" else one.unit
    direction = specifications.DIRECTIONS[one.direction] if one.direction else ""
    return "\n".join(filter(None, (one.title, unit, direction, f"`{name}`")))


def _cell(row, count):
    if row is None:
        return NOT_APPLICABLE
    unit = _unit(row.metric)
    lines = [formatting.mean_and_deviation(row, unit)]
    if not pd.isna(row.low):
        lines.append(formatting.interval(row.low, row.high, unit))
    if row.n > 1:
        lines.append(f"median {formatting.number(row.median, unit)}")
    if row.n != count:
        lines.append(f"n = {row.n}")
    return "\n".join(lines)


def headline_table(study, found: pd.DataFrame, times: pd.DataFrame) -> Table | None:
    """The numbers that a reader asks for first, with seconds per epoch; or None.

    Args:
        study: `Study`.
        found: What `numbers` returned.
        times: What `provenance.times` returned.
    """
    titles = {
        _described(name).title: name
        for name in reversed(found.metric.unique())
        if _described(name).group != "inverted"
    }
    names = [titles[title] for title in HEADLINE if title in titles]
    if not names:
        return None
    shown = metric_table(
        study, found, names, "The numbers that a reader asks for first"
    )
    per_epoch = {title: spread(m.per_epoch) for title, m in times.groupby("title")}
    seconds = [
        per_epoch.get(first.partition("\n")[0], "") for first in shown.frame["Model"]
    ]
    shown.frame.insert(1, "s/epoch", seconds)
    best = np.insert(shown.best, 1, False, axis=1)
    return dataclasses.replace(shown, best=best)


def loss_table(study) -> Table | None:
    """The losses on the test images, or None without any."""
    keys = table.metric_names(study.table, "test")
    rows = [
        [
            title,
            *(spread(table.values(study.table, title, key, "test")) for key in keys),
        ]
        for title in study.models
    ]
    frame = pd.DataFrame(rows, columns=["Model", *map(formatting.spoken, keys)])
    frame = frame[(frame.iloc[:, 1:] != formatting.MISSING).any(axis=1)]
    caption = (
        "Losses on the test images after the last epoch, in inference mode; models "
        "minimise different things, so a column compares only models of one kind."
    )
    return Table(caption, frame) if len(frame) else None


def spread(values) -> str:
    """A cell of the mean of some numbers ± their standard deviation, with interval."""
    values = [value for value in values if math.isfinite(value)]
    if not values:
        return formatting.MISSING
    summary = statistics.summarise(values)
    text = formatting.mean_and_deviation(summary)
    if summary.low is None:
        return text
    return f"{text}\n{formatting.interval(summary.low, summary.high)}"


def not_applicable_table(study) -> Table | None:
    """Which metrics do not apply to which models, and why; or None."""
    said = {}
    for run in study.runs:
        if reason := (run.evaluation or {}).get("not_applicable"):
            said.setdefault(reason, {})[run.title] = None
    rows = [
        (formatting.listed(list(titles)), reason) for reason, titles in said.items()
    ]
    frame = pd.DataFrame(rows, columns=["Models", "Metrics: why not"])
    return Table("Not applicable", frame) if rows else None


def published_table(study, found: pd.DataFrame, comparison) -> Table | None:
    """Published figures of the same protocol beside ours; or None without any."""
    dataset = study.runs[0].settings.dataset
    figures = [f for f in comparison.published if f.dataset == dataset]
    rows = []
    for name, ours in found.groupby("metric", sort=False):
        beside = [f for f in figures if re.fullmatch(f.protocol, name)]
        for row in ours.itertuples() if beside else ():
            rows.append((f"{row.model}, here", _cell(row, row.n), name, ""))
        for figure in beside:
            source = f"{figure.reference.authors}; {figure.caveat}"
            rows.append((figure.model, figure.value, name, source))
    head = ["Model", "Value", "Number", "Source, and what differs"]
    frame = pd.DataFrame(rows, columns=head)
    return Table("Published figures beside ours", frame) if rows else None
