"""Finding of a check on one file or folder."""

import dataclasses
import pathlib


@dataclasses.dataclass(frozen=True)
class Finding:
    """Result of looking at one path.

    Args:
        path: `pathlib.Path` of the file or folder.
        text: The finding and, of a problem, what to do.
        is_problem: Whether something is wrong.
    """

    path: pathlib.Path
    text: str
    is_problem: bool

    def __str__(self):
        return f"{'PROBLEM' if self.is_problem else 'ok'}  {self.path}: {self.text}"


def fine(path, text):
    return Finding(path, text, is_problem=False)


def problem(path, text):
    return Finding(path, text, is_problem=True)


def first_line(error):
    """Message of an error, without the trace that some put into it."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
