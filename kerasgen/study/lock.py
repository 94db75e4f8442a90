"""One process at a time in a directory, and a name for the one that is there.

The lock is the kernel's (`flock`): it ends with the process that holds it, however that
ends, so a lock of the dead cannot stand in anyone's way. Who holds it is written in the
file `<directory>.lock` beside the directory, which can so be removed and begun anew.
"""

import contextlib
import datetime
import fcntl
import json
import os
import pathlib
import shlex
import socket
import sys
import time

from absl import logging

from kerasgen import files


class HeldError(RuntimeError):
    """Another process works in the directory."""


@contextlib.contextmanager
def held(directory, wait=False):
    """Holds a directory while the block runs; nobody else can.

    A thread is as another process: who holds a directory cannot hold it again.

    Args:
        directory: str or path; it need not exist.
        wait: Whether to wait for a process that holds it, or to refuse.

    Raises:
        HeldError: If another process holds it and `wait` is False. It names it.
        ValueError: If nothing can be written beside the directory.

    Example:
        >>> with held("runs/mnist/dcgan/seed0"):
        ...     train()
    """
    path = _lock_path(directory)
    files.prepare_directory(path.parent)
    file = _take(path, directory, wait)
    try:
        _write_holder(file)
        yield
    finally:
        try:
            # While it is held: who waits for this file then sees that it is gone.
            with contextlib.suppress(OSError):
                path.unlink()
        finally:
            os.close(file)


def check_free(directory):
    """Raises HeldError, which names the holder, if a process holds a directory.

    Nothing is written, so the folder may be one that nothing can be written to.
    """
    with contextlib.suppress(FileNotFoundError):
        file = os.open(_lock_path(directory), os.O_RDONLY)
        try:
            # Shared, as nothing is written: a file that is open for reading allows it.
            _lock(file, directory, wait=False, kind=fcntl.LOCK_SH)
        finally:
            os.close(file)


def _lock_path(directory):
    path = pathlib.Path(os.path.abspath(directory))
    return path.with_name(f"{path.name}.lock")


def _take(path, directory, wait):
    """An open file that is locked and still the one that stands at `path`."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(file, directory, wait)
            # Its last holder may have removed it between the two lines above.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file), path.stat()):
                    return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)


def _lock(file, directory, wait, kind=fcntl.LOCK_EX):
    try:
        _lock_at_once(file, kind)
    except BlockingIOError:
        holder = _read_holder(file)
        if not wait:
            raise HeldError(
                f"{directory} is in use by {holder}. Two processes would spoil each "
                "other's files. Wait for that one or end it, or choose another runs "
                "directory."
            ) from None
        logging.warning("%s is in use by %s; waiting for it.", directory, holder)
        fcntl.flock(file, kind)
    except OSError as error:  # Some network folders know no locks.
        logging.warning(
            "%s cannot be locked (%s). See to it yourself that no other process works "
            "in it.",
            directory,
            error,
        )


def _lock_at_once(file, kind):
    """Locks, or raises BlockingIOError: after the moments that `check_free` takes."""
    for _ in range(3):
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(file, kind | fcntl.LOCK_NB)
        time.sleep(0.05)
    fcntl.flock(file, kind | fcntl.LOCK_NB)


def _write_holder(file):
    if os.fstat(file).st_size:
        logging.warning(
            "Taking over from %s, which has ended without a word.", _read_holder(file)
        )
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.datetime.now().astimezone().isoformat(" ", "seconds"),
        "command": shlex.join(sys.argv),
    }
    os.ftruncate(file, 0)
    os.pwrite(file, json.dumps(holder).encode(), 0)


def _read_holder(file):
    try:
        holder = json.loads(os.pread(file, 65536, 0))
        return (
            f"process {holder['pid']} on {holder['host']} since {holder['since']} "
            f"({holder['command']})"
        )
    except (ValueError, KeyError, TypeError):
        return "another process"  # which has not yet written its name
