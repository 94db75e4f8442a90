"""Files that hold one JSON object, written whole or not at all."""

import json

from kerasgen import files


def read(path: files.PathLike, problems: list | None = None) -> dict:
    """The object that a file holds; {} if there is no file, or it is damaged.

    Args:
        path: str or path.
        problems: List that a sentence on a damaged file is added to, or None.
    """
    problems = [] if problems is None else problems
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        problems.append(f"{path} cannot be read ({error}).")
        return {}
    if not isinstance(found, dict):
        problems.append(f"{path} holds a {type(found).__name__}; expected an object.")
        return {}
    return found


def write(path: files.PathLike, record: dict) -> None:
    """Write an object."""
    with files.replacing(path) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def holds(path: files.PathLike, **wanted) -> bool:
    """Whether a file is there, whole, and has these values."""
    found = read(path)
    return all(name in found and found[name] == wanted[name] for name in wanted)
