"""The history of a training run as a file: one row per epoch, CSV or JSON."""

import csv
import io
import json
import math
from collections.abc import Mapping

from absl import logging

from kerasgen.files import PathLike
from kerasgen.files import replacing
from kerasgen.files import user_path


def read_history(path: PathLike) -> dict[str, list]:
    """Reads `history.csv` or `history.json`.

    A last CSV line that was cut off by a crash is left out, with a warning in the log.

    Args:
        path: str or path that ends in `.csv` or `.json`.

    Returns:
        Dict of columns, each a list with one value per epoch: `epoch` (int, counted
        from 1), `seconds` and every log key (float). NaN and infinity come back as
        such; None stands where an epoch has no value, as validation every few
        epochs gives. `numpy.array(column, dtype=float)` makes NaN of None.

    Raises:
        ValueError: If the file is damaged elsewhere or is no history.
        FileNotFoundError: If there is no such file.

    Example:
        >>> read_history("run/history.csv")["generator_loss"]
        [1.31, 1.12, 0.98]
    """
    path = user_path(path)
    if path.suffix not in (".csv", ".json"):
        raise ValueError(
            f"Got {str(path)!r}; expected a .csv or .json file. Pass the path of "
            "history.csv or history.json."
        )
    text = path.read_text(encoding="utf-8", errors="replace")
    return _from_csv(text, path) if path.suffix == ".csv" else _from_json(text, path)


def write_history(path: PathLike, columns: Mapping) -> None:
    """Writes what `read_history` reads; by write-then-rename.

    JSON has no NaN and no infinity: they are written as the strings "NaN",
    "Infinity" and "-Infinity".

    Args:
        path: str or path that ends in `.csv` or `.json`.
        columns: Dict of lists of equal length, as `read_history` returns it.
    """
    path = user_path(path)
    text = _to_csv(columns) if path.suffix == ".csv" else _to_json(columns)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _to_csv(columns):
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    # csv writes None as an empty field and a float with all its digits.
    writer.writerows(zip(*columns.values(), strict=True))
    return file.getvalue()


def _from_csv(text, path):
    whole, _, rest = text.rpartition("\n")
    lines = list(csv.reader(io.StringIO(whole)))
    header, lines = (lines[0], lines[1:]) if lines else ([], [])
    if lines and not rest and _row(header, lines[-1]) is None:
        rest = lines.pop()
    if rest:
        logging.warning("%s ends with an incomplete line, which is left out.", path)
    rows = [_row(header, line) for line in lines]
    if None in rows or (header and header[0] != "epoch"):
        number = rows.index(None) + 2 if None in rows else 1
        raise ValueError(
            f"Line {number} of '{path}' is not a row of a history: expected the "
            f"columns {header} with one number each. Repair or remove that line, or "
            "move the file away."
        )
    values = zip(*rows, strict=True) if rows else ([] for _ in header)
    return {key: list(column) for key, column in zip(header, values, strict=True)}


def _row(header, fields):
    try:
        values = [float(field) if field else None for field in fields]
        return [int(values[0]), *values[1:]] if len(fields) == len(header) else None
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _to_json(columns):
    def encode(value):
        is_special = isinstance(value, float) and not math.isfinite(value)
        names = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}
        return names[repr(value)] if is_special else value

    encoded = {key: [encode(v) for v in values] for key, values in columns.items()}
    return json.dumps(encoded, allow_nan=False, indent=None) + "\n"


def _from_json(text, path):
    def decode(value):
        return float(value) if isinstance(value, str) else value

    try:
        columns = json.loads(text)
        columns = {key: [decode(v) for v in values] for key, values in columns.items()}
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise ValueError(
            f"'{path}' is not a history in JSON ({error}); read the history.csv beside "
            "it, or move the file away."
        ) from error
    if "epoch" not in columns or len({len(values) for values in columns.values()}) > 1:
        raise ValueError(
            f"'{path}' is not a history: expected a dict of equally long lists with "
            "the key 'epoch'. Read the history.csv beside it, or move the file away."
        )
    return columns
