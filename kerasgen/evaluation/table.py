"""Records side by side, as text."""

from collections.abc import Mapping

_LAST_BEFORE_THE_NUMBERS = "seconds_total"


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
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = [":" + "-" * (widths[0] - 1), *("-" * (w - 1) + ":" for w in widths[1:])]
    lines = [
        [row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in rows
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])


def _text(value):
    if value is None:
        return "—"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
