"""Slips on the command line of these scripts, answered before TensorFlow is imported.

Each script imports this first. Flags are read from the script's own text, so that
nothing has to be imported, and a mistyped one is answered in a second.
"""

import ast
import difflib
import pathlib
import sys

from absl import app  # noqa: F401  which defines the flags that every script has
from absl import flags


def find_mistake(script, arguments):
    """Look for an argument that a script does not know.

    Args:
        script: Path of a script that defines flags by `flags.DEFINE_...`; its `main`
            takes `_` where it has no positional arguments.
        arguments: List of str, what follows the script's name.

    Returns:
        A sentence on the first unknown argument, or None.

    Example:

    >>> find_mistake("examples/train_one.py", ["wgan"])
    "Got the argument 'wgan'; expected flags alone. Did you mean --model=wgan?"
    """
    kinds, takes_others = _read(script)
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            return None
        if not argument.startswith("-"):
            if takes_others:
                continue
            return f"Got the argument {argument!r}; expected flags alone. " + (
                _nearest(argument, kinds, argument)
            )
        name, _, value = argument.lstrip("-").partition("=")
        known = name if name in kinds else name.removeprefix("no")
        if known not in kinds or (known != name and not kinds[known]):
            return f"Got the unknown flag --{name}; expected those of --help. " + (
                _nearest(name, kinds, value)
            )
        if "=" not in argument and not kinds[known]:
            next(waiting, None)  # its value
    return None


def _read(script):
    """Dict from flag to whether it is a switch, and whether `main` takes arguments."""
    kinds = {name: bool(flags.FLAGS[name].boolean) for name in flags.FLAGS}
    takes_others = True
    for node in ast.walk(ast.parse(pathlib.Path(script).read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name == "main":
            takes_others = node.args.args[0].arg != "_"
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr.startswith("DEFINE_"):
            is_switch = node.func.attr in ("DEFINE_bool", "DEFINE_boolean")
            kinds[node.args[0].value] = is_switch
    return kinds, takes_others


def _nearest(name, kinds, value):
    found = difflib.get_close_matches(name, kinds, n=1)
    if not found and name == value:  # a bare word is mostly the name of a model
        found = [known for known in ("model", "models", "preset") if known in kinds]
    if not found:
        return "Run with --help for a list."
    is_word = name == value and not kinds[found[0]]
    return f"Did you mean --{found[0]}{f'={value}' if is_word else ''}?"


_script = pathlib.Path(sys.argv[0])
if _script.parent.resolve() == pathlib.Path(__file__).parent.resolve():
    _mistake = find_mistake(_script, sys.argv[1:])
    if _mistake:
        sys.exit(f"Error: {_mistake}")
