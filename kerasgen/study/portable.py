"""Records without what only one machine has: absolute paths, folders of its own."""

import pathlib
import re
import shlex
import sys
from typing import Any

_FOLDER_FLAG = re.compile(r"\s--(?:data|runs|saved_models)_dir[=\s]('[^']*'|\S+)")
_SCRIPT = re.compile(r"\S+/(?=examples/\w+\.py)")
_PATH = re.compile(
    r"(?:(?<=stream:)|(?<![\w./:~-]))(?:~|(?=/))(?:/[^\s/:;,\"'()<>]+)+/([^\s/\"'()<>]*)"
)


def without_paths(value: Any) -> Any:
    """A record, text or lists and dicts, whose absolute paths keep their last part.

    Example:

    >>> without_paths("IDX files in /home/me/data/mnist")
    'IDX files in …/mnist'
    >>> without_paths("train dcgan --dataset=stream:/home/me/pets")
    'train dcgan --dataset=stream:…/pets'
    """
    if isinstance(value, dict):
        return {key: without_paths(each) for key, each in value.items()}
    if isinstance(value, list):
        return [without_paths(each) for each in value]
    if not isinstance(value, str):
        return value
    return _PATH.sub(r"…/\1", value.replace(f"{pathlib.Path.cwd()}/", ""))


def portable_command(command: str | None = None) -> str:
    """A command, default this process's, that repeats it in folders of one's own."""
    command = shlex.join(["python", *sys.argv]) if command is None else command
    return without_paths(_SCRIPT.sub("", _FOLDER_FLAG.sub("", command)))
