"""Scripts as a user runs them, each in a process of its own.

It is a fork of one that has imported what scripts import, and computed nothing: a new
process would take seven seconds to get there.
"""

import dataclasses
import multiprocessing
import os
import pathlib
import runpy
import sys
import tempfile

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["absl.app", "kerasgen.check", "kerasgen.metrics", "kerasgen.study.worker"]
)


@dataclasses.dataclass(frozen=True)
class Ended:
    """What a script leaves: its exit status and what it said."""

    returncode: int
    stdout: str
    stderr: str


def run(script, *flags, directory):
    """Runs a script in a directory, and waits for its end.

    Args:
        script: Path of the script.
        *flags: What follows it on the command line.
        directory: The working directory.

    Returns:
        `Ended`.
    """
    with tempfile.TemporaryDirectory() as said:
        paths = [pathlib.Path(said, name) for name in ("stdout", "stderr")]
        command = [str(script), *map(str, flags)]
        process = _CONTEXT.Process(
            target=_execute, args=(command, str(directory), dict(os.environ), paths)
        )
        process.start()
        process.join()
        return Ended(process.exitcode, *(path.read_text() for path in paths))


def _execute(command, directory, environment, paths):
    for descriptor, path in enumerate(paths, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), descriptor)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = command
    sys.path.insert(0, os.path.dirname(command[0]))
    runpy.run_path(command[0], run_name="__main__")
