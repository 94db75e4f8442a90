"""Tables of a report: their content, not their looks.

A `Table` is made of `Cell`s of text; the templates turn it into HTML or Markdown.
"""

import dataclasses
import math
import re

import numpy as np

from kerasgen.metrics import specifications
from kerasgen.study import statistics
from kerasgen.study import table
from kerasgen.study.endpoints import NoNumber
from kerasgen.study.endpoints import metric
from kerasgen.study.report import formatting

REAL_IMAGES = "Real images"
PIXELS = "Pixels as codes"
# More columns do not fit a page.
MAX_COLUMNS = 6
NOT_APPLICABLE = "n/a"
# Numbers that a reader asks for first, by name and space.
HEADLINE = (
    ("fid", "features"),
    ("precision_k5", "features"),
    ("recall_k5", "features"),
    ("coverage_k5", "features"),
    ("laplacian_variance", "pixels"),
    ("kmeans_normalized_mutual_information", ""),
)


@dataclasses.dataclass(frozen=True)
class Cell:
    """Content of one place of a table.

    Args:
        text: Text that is read first.
        small: Lines in small print beneath.
        best: Whether no other in the column is better by more than chance.
        name: Full name of the number that a column holds, or "".
    """

    text: str
    small: tuple = ()
    best: bool = False
    name: str = ""


@dataclasses.dataclass(frozen=True)
class Table:
    """A caption, a row of column heads, and rows that begin with their title.

    Args:
        caption: Sentence above the table.
        head: List of `Cell`s.
        rows: List of lists of `Cell`s, each as long as the head.
        notes: Sentences beneath the table.
    """

    caption: str
    head: list
    rows: list
    notes: tuple = ()


@dataclasses.dataclass(frozen=True)
class Group:
    """Metrics that answer one question.

    Args:
        key: Key of `specifications.GROUPS`.
        title: Heading.
        intro: How to read its numbers.
        tables: List of `Table`s.
        meanings: List of `(title, direction, meaning)` of its metrics.
    """

    key: str
    title: str
    intro: str
    tables: list
    meanings: list


def metric_groups(study, stage="final") -> list[Group]:
    """The numbers of a study as tables, group by group.

    Each cell is the mean over seeds ± the standard deviation, with a 95 % interval of
    the mean and the median beneath.

    Args:
        study: `Study`.
        stage: "final", or "fitted prior".
    """
    names = table.metric_names(study.table, stage)
    groups = []
    for key, (title, intro) in specifications.GROUPS.items():
        mine = [name for name in names if specifications.describe(name).group == key]
        if not mine:
            continue
        parts = math.ceil(len(mine) / MAX_COLUMNS)
        captions = [f"{title}, {i + 1} of {parts}" for i in range(parts)]
        tables = [
            metric_table(study, list(part), title if parts == 1 else caption, stage)
            for part, caption in zip(np.array_split(mine, parts), captions, strict=True)
        ]
        groups.append(Group(key, title, intro, tables, _meanings(mine)))
    return groups


def metric_table(study, names, caption, stage="final") -> Table:
    """One table of numbers, a row for each model and for real images.

    Args:
        study: `Study`.
        names: Full names of numbers, a column each.
        caption: Sentence above the table.
        stage: As of `metric_groups`.
    """
    metrics = [specifications.describe(name) for name in names]
    numbers = [
        {t: table.values(study.table, t, name, stage) for t in study.models}
        for name in names
    ]
    best = [
        _best(one, column, _real(study, "final", name))
        for one, column, name in zip(metrics, numbers, names, strict=True)
    ]
    rows, without = [], []
    for title in study.models:
        mine = [column[title] for column in numbers]
        count = max(map(len, mine))
        if not count:
            without.append(title)
            continue
        cells = [
            _cell(one, column, count, title in winners)
            for one, column, winners in zip(metrics, mine, best, strict=True)
        ]
        rows.append([Cell(title, (formatting.named(count, "seed"),)), *cells])
    rows += _real_rows(study, names, metrics)
    notes = []
    if without and stage == "final":
        notes.append(f"No numbers of {formatting.listed(without)}.")
    if rows and max(len(v) for column in numbers for v in column.values()) == 1:
        notes.append("One seed: there is no spread and no interval.")
    head = [Cell("Model"), *map(_head, metrics, names)]
    return Table(caption, head, rows, tuple(notes))


def headline_table(study) -> Table | None:
    """The numbers that a reader asks for first, with seconds per epoch; or None."""
    there = table.metric_names(study.table)
    record = next((run.metrics() for run in study.runs if run.numbers()), None)
    names = []
    for base, space in HEADLINE if record else ():
        # A model with an encoder has names that others lack.
        for run in study.runs:
            try:
                name = metric(run.metrics(), base, space)[0]
            except NoNumber:
                continue
            if name in there and name not in names:
                names.append(name)
    if not names:
        return None
    found = metric_table(study, names, "The numbers that a reader asks for first")
    seconds = {
        title: spread(
            [float(np.median(r.history["seconds"])) for r in runs if _is_timed(r)]
        )
        for title, runs in study.models.items()
    }
    head = [found.head[0], Cell("s/epoch"), *found.head[1:]]
    rows = [[r[0], seconds.get(r[0].text, Cell("")), *r[1:]] for r in found.rows]
    return dataclasses.replace(found, head=head, rows=rows)


def _is_timed(run):
    return bool(run.history.get("seconds")) and None not in run.history["seconds"]


def _real(study, key, name):
    value = (study.real.get(key) or {}).get(name)
    return None if value is None else float(value)


def _real_rows(study, names, metrics):
    for title, key in ((REAL_IMAGES, "final"), (PIXELS, "pixels")):
        row = [_real(study, key, name) for name in names]
        if any(value is not None for value in row):
            units = [_printed_unit(one) for one in metrics]
            yield [Cell(title), *map(Cell, map(formatting.number, row, units))]


def _printed_unit(one):
    """The unit in a cell; all but percent stand in the head of the column."""
    return one.unit if one.unit == "share" else ""


def _head(one, name):
    unit = "" if one.unit == "share" else one.unit
    direction = specifications.DIRECTIONS[one.direction] if one.direction else ""
    described = tuple(text for text in (unit, direction) if text)
    return Cell(one.title, described, name=name)


def _cell(one, numbers, count, best):
    if not numbers:
        return Cell(NOT_APPLICABLE)
    unit = _printed_unit(one)
    summary = statistics.summarise(numbers)
    small = []
    if summary.low is not None:
        small.append(formatting.interval(summary.low, summary.high, unit))
    if summary.n > 1:
        small.append(f"median {formatting.number(summary.median, unit)}")
    if summary.n != count:
        small.append(f"n = {summary.n}")
    text = formatting.mean_and_deviation(summary, unit)
    return Cell(text, tuple(small), best)


def _best(one, numbers, real):
    """Titles of the best models: all that the best one does not differ from.

    With too few seeds for a test, those with the best mean.
    """
    needs_real = one.direction == specifications.REAL
    if not one.direction or (needs_real and real is None):
        return []
    losses = {
        title: {
            specifications.LOWER: np.array(found),
            specifications.HIGHER: -np.array(found),
            specifications.REAL: np.abs(np.array(found) - (real or 0.0)),
        }[one.direction]
        for title, found in numbers.items()
        if found
    }
    if not losses:
        return []
    first = min(losses, key=lambda title: losses[title].mean())
    best = [first]
    for title, found in losses.items():
        if title == first:
            continue
        tested = statistics.compare(found, losses[first])
        is_equal = found.mean() == losses[first].mean()
        if (
            is_equal
            if tested is None
            else tested.p_value >= 1.0 - statistics.CONFIDENCE
        ):
            best.append(title)
    return best if len(best) < len(losses) else []


def _meanings(names):
    metrics = dict.fromkeys(map(specifications.describe, names))
    return [
        (one.title, specifications.DIRECTIONS[one.direction], one.meaning)
        for one in metrics
        if one.meaning
    ]


def loss_table(study) -> Table | None:
    """The losses on the test images, or None without any."""
    keys = table.metric_names(study.table, "test")
    rows = []
    for title in study.models:
        found = [table.values(study.table, title, key, "test") for key in keys]
        row = [spread([v for v in values if math.isfinite(v)]) for values in found]
        if any(cell.text != formatting.MISSING for cell in row):
            rows.append([Cell(title), *row])
    head = [Cell("Model"), *(Cell(formatting.spoken(key)) for key in keys)]
    caption = (
        "Losses on the test images after the last epoch, in inference mode; models "
        "minimise different things, so a column compares only models of one kind."
    )
    return Table(caption, head, rows) if rows else None


def spread(numbers) -> Cell:
    """A cell of the mean of some numbers ± their standard deviation."""
    if not numbers:
        return Cell(formatting.MISSING)
    summary = statistics.summarise(numbers)
    small = ()
    if summary.low is not None:
        small = (formatting.interval(summary.low, summary.high),)
    return Cell(formatting.mean_and_deviation(summary), small)


def not_applicable_table(study) -> Table | None:
    """Which metrics do not apply to which models, and why; or None."""
    found = {}
    for title, runs in study.models.items():
        for run in runs:
            said = (run.evaluation or {}).get("not_applicable")
            if said:
                found.setdefault(said, dict.fromkeys([title]))[title] = None
    rows = [
        [Cell(formatting.listed(list(titles))), Cell(said)]
        for said, titles in found.items()
    ]
    head = [Cell("Models"), Cell("Metrics: why not")]
    return Table("Not applicable", head, rows) if rows else None


def published_table(study, comparison) -> Table | None:
    """Published figures of the same protocol beside ours; or None without any."""
    dataset = study.runs[0].settings.dataset
    figures = [f for f in comparison.published if f.dataset == dataset]
    rows = []
    for name in table.metric_names(study.table):
        beside = [f for f in figures if re.fullmatch(f.protocol, name)]
        for title in study.models if beside else ():
            if found := table.values(study.table, title, name):
                mean = _cell(specifications.describe(name), found, len(found), False)
                rows.append([Cell(f"{title}, here"), mean, Cell(name), Cell("")])
        for figure in beside:
            source = f"{figure.reference.authors}; {figure.caveat}"
            rows.append(list(map(Cell, (figure.model, figure.value, name, source))))
    head = list(map(Cell, ("Model", "Value", "Number", "Source, and what differs")))
    return Table("Published figures beside ours", head, rows) if rows else None
