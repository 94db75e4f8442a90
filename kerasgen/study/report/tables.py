"""The tables of a report: what they say, not how they look.

A `Table` is made of `Cell`s of text; the templates turn it into HTML or Markdown.
"""

import dataclasses
import math

import numpy as np

from kerasgen import evaluation
from kerasgen.metrics import specifications
from kerasgen.study import statistics
from kerasgen.study.report import bibliography
from kerasgen.study.report import formatting

REAL_IMAGES = "Real images"
PIXELS = "Pixels as codes"
# More columns do not fit a page.
MAX_COLUMNS = 6
NOT_APPLICABLE = "n/a"
# What the table of an ablation shows first.
OVERVIEW = (
    "fid",
    "classifier_score",
    "coverage_k5",
    "laplacian_variance",
    "negative_elbo_bernoulli",
    "kmeans_normalized_mutual_information",
)


@dataclasses.dataclass(frozen=True)
class Cell:
    """What stands in one place of a table.

    Args:
        text: What is read first.
        small: Lines in small print beneath.
        best: Whether no other in the column is better.
        name: Full name of the number that a column holds, or "".
    """

    text: str
    small: tuple = ()
    best: bool = False
    name: str = ""


@dataclasses.dataclass(frozen=True)
class Table:
    """A table: a caption, a row of column heads, rows that begin with their title.

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
        intro: What a reader must know first.
        tables: List of `Table`s.
        meanings: List of `(label, direction, meaning)` of its metrics.
    """

    key: str
    title: str
    intro: str
    tables: list
    meanings: list


def values(runs, name):
    """The numbers of one name, in the order of the runs that have it; NaN is none.

    Args:
        runs: List of `Run`s.
        name: Full name of a number.
    """
    found = (run.evaluation.get(name) for run in runs if run.evaluation is not None)
    numbers = (float(value) for value in found if value is not None)
    return [value for value in numbers if not math.isnan(value)]


def numbers_of(record):
    """The names of the numbers in a record of `evaluate`; none if it is damaged."""
    return evaluation.metric_names(record) if "seconds_total" in record else []


def metric_names(study):
    """The names of all numbers that some run has, in the order of their records."""
    records = [run.evaluation for run in study.runs if run.evaluation is not None]
    names = dict.fromkeys(name for record in records for name in numbers_of(record))
    return [name for name in names if any(r.get(name) is not None for r in records)]


def metric_groups(study):
    """The numbers of a study as tables, group by group.

    Each cell is the mean over seeds ± the standard deviation, with a 95 % interval of
    the mean and the median beneath.

    Args:
        study: `Study`.

    Returns:
        List of `Group`s, without those that no run has numbers of.
    """
    names = metric_names(study)
    groups = []
    for key, (title, intro) in specifications.GROUPS.items():
        mine = [name for name in names if specifications.describe(name).group == key]
        parts = math.ceil(len(mine) / MAX_COLUMNS)
        chunks = [list(part) for part in np.array_split(mine, parts)] if mine else []
        captions = [f"{title}, {i + 1} of {parts}" for i in range(parts)]
        captions = [title] if parts == 1 else captions
        if chunks:
            tables = list(map(metric_table, [study] * parts, chunks, captions))
            groups.append(Group(key, title, intro, tables, _meanings(mine)))
    return groups


def metric_table(study, names, caption):
    """One table of the numbers of these names, a row for each model and real images.

    Args:
        study: `Study`.
        names: Full names of numbers, a column each.
        caption: Sentence above the table.
    """
    metrics = [specifications.describe(name) for name in names]
    numbers = [
        {title: values(runs, name) for title, runs in study.models.items()}
        for name in names
    ]
    real = [_real(study, "final", name) for name in names]
    best = list(map(_best, metrics, numbers, real))
    rows, without = [], []
    for title in study.models:
        mine = [column[title] for column in numbers]
        count = max(map(len, mine))
        if not count:
            without.append(title)
            continue
        cells = [
            _cell(metric, column, count, title in winners)
            for metric, column, winners in zip(metrics, mine, best, strict=True)
        ]
        rows.append([Cell(title, (formatting.named(count, "seed"),)), *cells])
    rows += _real_rows(study, names, metrics)
    notes = []
    if without:
        notes.append(f"No numbers of {formatting.listed(without)}.")
    if rows and max(len(v) for column in numbers for v in column.values()) == 1:
        notes.append("One seed: there is no spread and no interval.")
    head = [Cell("Model"), *map(_head, metrics, names)]
    return Table(caption, head, rows, tuple(notes))


def overview_table(study):
    """The numbers that say most, in one table; or None without any."""
    record = next((r.evaluation for r in study.runs if r.evaluation is not None), None)
    if record is None or "features" not in record:
        return None
    names = [evaluation.find_name(record, base) for base in OVERVIEW]
    names = [name for name in names if name in metric_names(study)]
    return metric_table(study, names, "The numbers that say most") if names else None


def _real(study, key, name):
    value = (study.real.get(key) or {}).get(name)
    return None if value is None else float(value)


def _real_rows(study, names, metrics):
    for title, key in ((REAL_IMAGES, "final"), (PIXELS, "pixels")):
        row = [_real(study, key, name) for name in names]
        if any(value is not None for value in row):
            units = [_printed_unit(metric) for metric in metrics]
            yield [Cell(title), *map(Cell, map(formatting.number, row, units))]


def _printed_unit(metric):
    """The unit in a cell; all but percent stand in the head of the column."""
    return metric.unit if metric.unit == "share" else ""


def _head(metric, name):
    unit = "" if metric.unit == "share" else metric.unit
    direction = specifications.DIRECTIONS[metric.direction] if metric.direction else ""
    described = tuple(text for text in (unit, direction) if text)
    return Cell(metric.title, described, name=name)


def _cell(metric, numbers, count, best):
    if not numbers:
        return Cell(NOT_APPLICABLE)
    unit = _printed_unit(metric)
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


def _best(metric, numbers, real):
    """Titles of the models whose mean is best, if not all are equal."""
    means = {title: np.mean(found) for title, found in numbers.items() if found}
    losses = {
        specifications.LOWER: lambda mean: mean,
        specifications.HIGHER: lambda mean: -mean,
        specifications.REAL: lambda mean: abs(mean - real),
    }
    known = metric.direction in losses and (
        real is not None or metric.direction != specifications.REAL
    )
    if not known:
        return []
    loss = {title: losses[metric.direction](mean) for title, mean in means.items()}
    found = [title for title in loss if loss[title] == min(loss.values())]
    return found if len(found) < len(loss) else []


def _meanings(names):
    metrics = dict.fromkeys(map(specifications.describe, names))
    return [
        (metric.title, specifications.DIRECTIONS[metric.direction], metric.meaning)
        for metric in metrics
        if metric.meaning
    ]


def loss_table(study):
    """The losses on the test images, or None without any."""
    keys = list(dict.fromkeys(k for run in study.runs for k in run.test_losses))
    rows = []
    for title, runs in study.models.items():
        row = []
        for key in keys:
            found = [run.test_losses.get(key) for run in runs]
            found = [v for v in found if v is not None and math.isfinite(v)]
            row.append(spread(found))
        if any(cell.text != formatting.MISSING for cell in row):
            rows.append([Cell(title), *row])
    head = [Cell("Model"), *(Cell(formatting.spoken(key)) for key in keys)]
    caption = (
        "Losses on the test images after the last epoch, in inference mode; models "
        "minimise different things, so a column compares only models of one kind."
    )
    return Table(caption, head, rows) if rows else None


def spread(numbers):
    """A cell of the mean of some numbers ± their standard deviation."""
    if not numbers:
        return Cell(formatting.MISSING)
    summary = statistics.summarise(numbers)
    small = ()
    if summary.low is not None:
        small = (formatting.interval(summary.low, summary.high),)
    return Cell(formatting.mean_and_deviation(summary), small)


def not_applicable_table(study):
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


def published_table(study):
    """Published figures of the same protocol beside ours; or None without any."""
    dataset = study.runs[0].settings.dataset
    found = bibliography.published(metric_names(study), dataset)
    rows = []
    for name in dict.fromkeys(name for name, _ in found):
        for title, runs in study.models.items():
            if found_here := values(runs, name):
                mean = _cell(
                    specifications.describe(name), found_here, len(found_here), False
                )
                rows.append([Cell(f"{title}, here"), mean, Cell(name), Cell("")])
        for figure in (figure for n, figure in found if n == name):
            authors = bibliography.PAPERS[figure.paper][0]
            cells = (figure.model, figure.value, name, f"{authors}; {figure.caveat}")
            rows.append(list(map(Cell, cells)))
    head = list(map(Cell, ("Model", "Value", "Number", "Source, and what differs")))
    return Table("Published figures beside ours", head, rows) if rows else None
