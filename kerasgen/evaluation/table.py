"""Records side by side, as text."""

from collections.abc import Mapping

from kerasgen.metrics.specifications import DIRECTIONS
from kerasgen.metrics.specifications import HIDDEN
from kerasgen.metrics.specifications import describe

_LAST_BEFORE_THE_NUMBERS = "seconds_total"
# What a reader of a table must know of how its numbers were made.
_HEADING = ("dataset", "features", "num_samples", "split", "num_test")


def metric_names(record: Mapping) -> list[str]:
    """The names of the numbers in a record of `evaluate`, without all else."""
    keys = list(record)
    if _LAST_BEFORE_THE_NUMBERS not in keys:
        raise ValueError(
            f"Got a record with the keys {keys}; expected one that `evaluate` "
            f"returned, which has {_LAST_BEFORE_THE_NUMBERS!r}."
        )
    return keys[keys.index(_LAST_BEFORE_THE_NUMBERS) + 1 :]


def format_table(records: Mapping[str, dict]) -> str:
    """A table of records, one row for each number, one column for each record.

    Args:
        records: Dict from the title of a column to a record of `evaluate`.

    Returns:
        str, Markdown that is also readable as it is; a dash stands for what does not
        apply.

    Raises:
        ValueError: If one is no record of `evaluate`.

    Example:
        >>> gan = {"seconds_total": 3.0, "frechet_distance_mnist_v1_10k_test": 1.5}
        >>> print(format_table({"GAN": gan, "real": gan}))
        | metric                             | GAN | real |
        | :--------------------------------- | --: | ---: |
        | frechet_distance_mnist_v1_10k_test | 1.5 |  1.5 |
    """
    names = dict.fromkeys(name for r in records.values() for name in metric_names(r))
    rows = [["metric", *records]]
    for name in names:
        rows.append([name, *(_text(record.get(name)) for record in records.values())])
    return _aligned(rows)


def _aligned(rows):
    """Rows of text as a table in Markdown; the first is its head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = [":" + "-" * (widths[0] - 1), *("-" * (w - 1) + ":" for w in widths[1:])]
    lines = [
        [row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in rows
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])


def format_titles(records: Mapping[str, dict]) -> str:
    """The table for a reader: titles in place of names, without what does not apply.

    Numbers of one title whose names differ, as by the count of images, share a row.

    Args:
        records: As for `format_table`.

    Returns:
        str, with the protocol and what does not apply in lines below.

    Raises:
        ValueError: If one is no record of `evaluate`.

    Example:
        >>> gan = {"seconds_total": 3.0, "recall_k5_mnist_v1_10k_test": 0.5}
        >>> print(format_titles({"GAN": gan}))
        |                            |   GAN |
        | :------------------------- | ----: |
        | Recall  ↑ higher is better | 50.0% |
        <BLANKLINE>
    """
    rows: dict[str, dict[str, str]] = {}
    for column, record in records.items():
        for name in metric_names(record):
            told = describe(name)
            if told.group == HIDDEN or record[name] is None:
                continue
            title = told.title
            if told.group == "inverted":
                title = f"{title}, inverted"
            if told.direction:
                title = f"{title}  {DIRECTIONS[told.direction]}"
            value = record[name]
            is_share = told.unit == "share" and isinstance(value, float)
            text = f"{value:.1%}" if is_share else _text(value)
            rows.setdefault(title, {})[column] = text
    lines = [["", *records]]
    for title, values in rows.items():
        lines.append([title, *(values.get(column, "—") for column in records)])
    first = next(iter(records.values()))
    heading = [_heading(key, records) for key in _HEADING if first.get(key) is not None]
    if first.get("not_applicable"):
        heading.append(f"does not apply: {first['not_applicable']}")
    return "\n".join([_aligned(lines), "", *heading])


def _heading(key, records):
    """A part of the protocol, once where it holds for all columns, else for each."""
    said = {column: record.get(key) for column, record in records.items()}
    if len(set(said.values())) == 1:
        return f"{key}: {next(iter(said.values()))}"
    each = ", ".join(f"{column} {value}" for column, value in said.items())
    return f"{key}: {each}; rows that rest on it do not compare"


def _text(value):
    if value is None:
        return "—"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
