"""One process at a time in a directory, and a name for the one that is there.

The lock is the operating system's: it ends with the process that holds it, however that
ends. It is the file `<directory>.lock` beside the directory, which can so be removed
and begun anew; who holds it is written in `<directory>.holder`.
"""

import contextlib
import datetime
import json
import os
import pathlib
import shlex
import socket
import sys
from collections.abc import Iterator

import filelock
from absl import logging

from kerasgen import files

# Seconds that another process may take for a look at a lock.
GLANCE = 0.2


class HeldError(RuntimeError):
    """Another process works in the directory."""


@contextlib.contextmanager
def held(directory: str | os.PathLike, wait: bool = False) -> Iterator[None]:
    """Hold a directory while the block runs; nobody else can.

    A thread is as another process: who holds a directory cannot hold it again.

    Args:
        directory: Path; it need not exist.
        wait: Whether to wait for a process that holds it, or to refuse.

    Raises:
        HeldError: If another process holds it and `wait` is False. It names it.
        ValueError: If nothing can be written beside the directory.

    Example:
        >>> with held("runs/mnist/dcgan/seed0"):
        ...     train()
    """
    path, holder = _paths(directory)
    files.prepare_directory(path.parent)
    lock = filelock.FileLock(path)
    try:
        _acquire(lock, directory, wait)
        if holder.exists():
            ended = _read_holder(holder)
            logging.warning("Taking over from %s, which ended without a word.", ended)
        since = datetime.datetime.now().astimezone().isoformat(" ", "seconds")
        who = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
        holder.write_text(json.dumps({**who, "command": shlex.join(sys.argv)}))
        yield
    finally:
        if lock.is_locked:
            for file in (holder, path):
                # Where an open file cannot be removed, the next holder overwrites it.
                with contextlib.suppress(OSError):
                    file.unlink()
            lock.release()


def check_free(directory: str | os.PathLike) -> None:
    """Raise HeldError, which names the holder, if a process holds a directory."""
    path, _ = _paths(directory)
    if path.exists():
        lock = filelock.FileLock(path)
        # A folder that nothing can be written to is no process' that works in it.
        with contextlib.suppress(OSError), _refusal(directory):
            lock.acquire(timeout=GLANCE)
        lock.release()


def check_works(folder: str | os.PathLike) -> None:
    """Raise ValueError where files cannot be locked, as on some network folders.

    Processes of one machine go on there with a warning; of several machines a job that
    is sent again could meet one that still lives, and nothing would part them.
    """
    lock = filelock.FileLock(files.user_path(folder) / f".locks-{os.getpid()}")
    try:
        lock.acquire(timeout=GLANCE)
    except (NotImplementedError, OSError) as error:
        raise ValueError(
            f"Got {folder}, whose files cannot be locked ({error}); expected a folder "
            "with locks: a study on many machines parts its runs by them. Mount "
            "it with locks (Lustre: the option flock), or choose another runs folder."
        ) from error
    finally:
        lock.release()
        with contextlib.suppress(OSError):
            os.unlink(lock.lock_file)


def _paths(directory):
    path = pathlib.Path(os.path.abspath(files.user_path(directory)))
    return path.with_name(f"{path.name}.lock"), path.with_name(f"{path.name}.holder")


def _acquire(lock, directory, wait):
    try:
        with _refusal(directory):
            lock.acquire(timeout=GLANCE)
    except HeldError:
        if not wait:
            raise
        who = _read_holder(_paths(directory)[1])
        logging.warning("%s is in use by %s; waiting for it.", directory, who)
        lock.acquire()
    except (NotImplementedError, OSError) as error:  # some network folders know none
        logging.warning(
            "%s cannot be locked (%s). See to it yourself that no other process works "
            "in it.",
            directory,
            error,
        )


@contextlib.contextmanager
def _refusal(directory):
    try:
        yield
    except filelock.Timeout:
        raise HeldError(
            f"{directory} is in use by {_read_holder(_paths(directory)[1])}. Two "
            "processes would spoil each other's files. Wait for that one or end it, or "
            "choose another runs directory."
        ) from None


def _read_holder(path):
    try:
        return "process {pid} on {host} since {since} ({command})".format(
            **json.loads(path.read_text())
        )
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"  # which has not yet written its name
