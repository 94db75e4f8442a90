"""Executors: where the jobs of a study run. The runner knows only `Executor`."""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from kerasgen.study import environment

INTERRUPTED = 130  # exit status after Ctrl-C, of workers and of the study
TERMINATED = 143  # exit status of the study after SIGTERM
LOG_LINES = 30  # of the end of a log, to be kept with a failure


class Terminated(KeyboardInterrupt):
    """Raised at SIGTERM."""


class Executor(Protocol):
    """What the runner asks of an executor, local or on many machines.

    Attributes:
        workers: Number of jobs at the same time.
    """

    workers: int

    def __enter__(self) -> "Executor": ...

    def __exit__(self, *_) -> None: ...

    def run(self, job, log: Path, receive: Callable[[dict], None]) -> tuple[int, str]:
        """Do a job and return when it has ended; called from one thread a worker.

        Args:
            job: `kerasgen.study.worker.Job`.
            log: File that what the job prints is appended to.
            receive: Function of each message, a dict.

        Returns:
            `(status, end)`: exit status as of `kerasgen.study.worker`, negative if a
            signal ended it, and the last lines of its log.
        """

    def stop(self) -> None:
        """End all jobs; none is started any more."""


class LocalProcesses:
    """Runs each job in a process of this machine; none outlives the `with` block.

    Args:
        workers: Processes at the same time, which share the cores.
    """

    def __init__(self, workers: int = 1):
        self.workers = workers
        self.environment = {**os.environ, "TF_FORCE_GPU_ALLOW_GROWTH": "true"}
        threads = _threads(environment.available_cores(), workers)
        for name, number in threads.items():
            self.environment.setdefault(name, str(number))
        self._alive, self._stopped = set(), False
        self._lock = threading.Lock()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def run(self, job, log, receive):
        """Do a job in a process of its own; see `Executor`.

        Raises:
            KeyboardInterrupt: If `stop` was called, or the process was interrupted.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "ab") as output:
            begin = output.tell()
            process = self._start(output)
            try:
                process.stdin.write(json.dumps(dataclasses.asdict(job)) + "\n")
                process.stdin.flush()
                for line in process.stdout:
                    message = _message(line)
                    if message is not None:
                        receive(message)
                status = process.wait()
            except BrokenPipeError:
                status = process.wait()
            finally:
                self._end(process)
        # Ctrl-C reaches the workers too, and one may end before `stop` is called.
        if self._stopped or status == INTERRUPTED:
            raise KeyboardInterrupt
        with open(log, "rb") as output:
            output.seek(begin)
            lines = output.read().decode(errors="replace").splitlines()
        return status, "\n".join(lines[-LOG_LINES:])

    def stop(self):
        """End all processes; none is started any more."""
        with self._lock:
            self._stopped = True
            for process in self._alive:
                process.terminate()

    def _start(self, output):
        with self._lock:
            if self._stopped:
                raise KeyboardInterrupt
            process = subprocess.Popen(
                [sys.executable, "-m", "kerasgen.study.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                env=self.environment,
            )
            self._alive.add(process)
        return process

    def _end(self, process):
        with self._lock:
            self._alive.discard(process)
        process.kill()
        process.wait()
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()


def _message(line):
    """A worker's message; None for what a library prints, or a line that is cut."""
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def _threads(cores, workers):
    """Settings of TensorFlow by which workers that share the cores do not fight.

    On one core or two, operations side by side fill them. To split each operation as
    well, as TensorFlow does by default, makes threads wait for one another: without it
    a step on two cores took 0.7 to 0.8 of the time, and judging 1.5 times as long.
    """
    own = max(1, cores // workers)
    settings = {}
    if own <= 2:
        settings |= {"TF_NUM_INTEROP_THREADS": own, "TF_NUM_INTRAOP_THREADS": 1}
    elif workers > 1:
        settings |= {"TF_NUM_INTRAOP_THREADS": own}
    return settings | {"OMP_NUM_THREADS": own}


@contextlib.contextmanager
def interrupted_by_termination():
    """Raise `Terminated` at SIGTERM, as Ctrl-C raises, so that processes are ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_):
        raise Terminated

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
