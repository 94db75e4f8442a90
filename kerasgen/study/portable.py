"""Records without what only one machine has: absolute paths, folders of its own."""

import pathlib
import re
import shlex
import sys

_FOLDER_FLAG = re.compile(r"\s--(?:data|runs|saved_models)_dir[=\s]('[^']*'|\S+)")
_SCRIPT = re.compile(r"\S+/(?=examples/\w+\.py)")
_PATH = re.compile(r"(?<![\w./:~-])(?:~|(?=/))(?:/[^\s/:;,\"'()<>]+)+/([^\s/\"'()<>]*)")


def without_paths(value):
    """A record whose absolute paths keep their last part only.

    Args:
        value: Content of a JSON file: a str, or lists and dicts of such.

    Example:

    >>> without_paths("IDX files in /home/me/data/mnist")
    'IDX files in …/mnist'
    """
    if isinstance(value, dict):
        return {key: without_paths(each) for key, each in value.items()}
    if isinstance(value, list):
        return [without_paths(each) for each in value]
    if not isinstance(value, str):
        return value
    return _PATH.sub(r"…/\1", value.replace(f"{pathlib.Path.cwd()}/", ""))


def portable_command(command: str | None = None) -> str:
    """A command by which anyone can repeat it, in a folder of their own.

    Args:
        command: The command; default that of this process.
    """
    if command is None:
        command = shlex.join(["python", *sys.argv])
    return without_paths(_SCRIPT.sub("", _FOLDER_FLAG.sub("", command)))
