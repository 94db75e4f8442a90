"""What a check says of one file or folder."""

import dataclasses
import pathlib


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        path: `pathlib.Path` of the file or folder.
        text: What was found and, of a problem, what to do.
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
