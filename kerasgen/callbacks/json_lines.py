"""Files of one JSON record a line, each with its `epoch`."""

import json
from collections.abc import Sequence

from absl import logging

from kerasgen.files import PathLike
from kerasgen.files import replacing
from kerasgen.files import user_path


def write_lines(path: PathLike, records: Sequence[dict]) -> None:
    """Writes a list of JSON-serialisable dicts, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text("".join(f"{json.dumps(r)}\n" for r in records))


def read_lines(path: PathLike) -> list[dict]:
    """Reads such a file.

    Args:
        path: str or path.

    Returns:
        List of dicts in order of `epoch`; empty if there is no file. A damaged line is
        left out, with a warning in the log.
    """
    path = user_path(path)
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            record = json.loads(line)
            record["epoch"] = int(record["epoch"])
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            logging.warning("Line %d of %s is damaged and left out.", number, path)
        else:
            found.append(record)
    return sorted(found, key=lambda record: record["epoch"])
