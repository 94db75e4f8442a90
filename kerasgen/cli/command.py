"""The command `kerasgen`: finds the command that is meant, and reads its flags.

A module of a command holds `ARGUMENTS` (how its positional arguments read in the help),
`COUNT` (how few and how many they may be), `FLAGS` and `main(arguments, values)`, which
returns the exit status. Nothing heavy is imported before the arguments are right, so
that help and slips are answered at once.
"""

import contextlib
import difflib
import importlib
import sys
from collections.abc import Iterator
from collections.abc import Sequence
from types import ModuleType

from absl import flags
from absl import logging

COMMANDS = (
    *("train", "compare", "sample", "evaluate", "export", "explore", "check", "models"),
)
_HELP = ("--help", "-h", "-help", "help")


class UsageError(ValueError):
    """A command line that cannot be understood."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line.

    Args:
        arguments: List of str, what follows `kerasgen`; default that of the process.

    Returns:
        Exit status: 0 if all went well, 1 if not, 2 if the line was not understood.

    Example:

    >>> main(["sample", "--preset=dcgan_mnist", "--num=64", "--output=samples.png"])
    """
    name, *others = [*(sys.argv[1:] if arguments is None else arguments)] or ["--help"]
    if name in _HELP:
        print(overview())
        return 0
    try:
        module = find(name)
        if not set(_HELP[:3]).isdisjoint(others):
            print(help_text(module))
            return 0
        positional = parse(module, others)
    except UsageError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    logging.set_verbosity(logging.WARNING)
    with answered_errors():
        return module.main(positional, module.FLAGS)


@contextlib.contextmanager
def answered_errors() -> Iterator[None]:
    """Context whose errors of use end the process with their message alone."""
    try:
        yield
    except (ValueError, RuntimeError, OSError, ImportError) as error:
        raise SystemExit(f"Error: {error}") from None


def find(name: str) -> ModuleType:
    """The module of a command; a UsageError names the nearest."""
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else "Run kerasgen --help."
        raise UsageError(
            f"Got the command {name!r}; expected one of {', '.join(COMMANDS)}. {hint}"
        )
    return importlib.import_module(f"kerasgen.cli.{name}")


def parse(module: ModuleType, arguments: Sequence[str]) -> list[str]:
    """Read flags into `module.FLAGS`.

    Args:
        module: Module of a command.
        arguments: List of str, what follows the command.

    Returns:
        The positional arguments.

    Raises:
        UsageError: If a flag is unknown, a value does not fit, or there are too few or
            too many positional arguments.
    """
    command = _title(module)
    known = module.FLAGS
    known.unparse_flags()
    try:
        positional = known([command, *arguments])[1:]
    except flags.UnrecognizedFlagError as error:
        near = difflib.get_close_matches(error.flagname, known, n=1)
        hint = f"Did you mean --{near[0]}?" if near else f"Run {command} --help."
        raise UsageError(
            f"Got the unknown flag --{error.flagname}; expected those of {command} "
            f"--help. {hint}"
        ) from None
    except flags.Error as error:
        said = str(error).rstrip(".")
        raise UsageError(f"Got {said}. See {command} --help.") from None
    least, most = module.COUNT
    if least <= len(positional) and (most is None or len(positional) <= most):
        return positional
    raise UsageError(_miscounted(module, positional, most))


def _miscounted(module, positional, most):
    command = _title(module)
    wanted = f"{command} {module.ARGUMENTS}".strip()
    if most is None or len(positional) <= most:
        return f"Got nothing after {command}; expected {wanted}. Name one."
    extra = positional[most]
    name = extra.partition("=")[0].lstrip("-")
    near = difflib.get_close_matches(name, module.FLAGS, n=1)
    value = "=" + extra.partition("=")[2] if "=" in extra else ""
    hint = f"Did you mean --{near[0]}{value}?" if near else f"See {command} --help."
    return f"Got the argument {extra!r}; expected {wanted} and flags. {hint}"


def overview() -> str:
    """Text of `kerasgen --help`."""
    lines = [(name, (find(name).__doc__ or "").partition("\n")[0]) for name in COMMANDS]
    return "\n".join(
        [
            "A model zoo of generative image models: train, compare, sample, judge.",
            "",
            "    kerasgen COMMAND [arguments] [--flags]",
            "",
            *(f"    {name:10}{said}" for name, said in lines),
            "",
            "kerasgen COMMAND --help says more of each.",
        ]
    )


def help_text(module: ModuleType) -> str:
    """Text of `kerasgen COMMAND --help`: its docstring and its flags."""
    # absl files a flag under the module that defined it, its own first here.
    files = sorted(
        module.FLAGS.flags_by_module_dict(), key=lambda name: name != module.__name__
    )
    helps = [module.FLAGS.module_help(name).partition("\n")[2] for name in files]
    listed = "\n".join(helps)
    title = f"{_title(module)} {module.ARGUMENTS}".strip()
    return f"{title} [--flags]\n\n{module.__doc__ or ''}\n{listed}".rstrip()


def _title(module):
    return f"kerasgen {module.__name__.rpartition('.')[2]}"
