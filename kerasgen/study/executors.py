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
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from kerasgen.study import environment

# Exit statuses of a job, besides 0. `HELD`: another process works in the directory,
# send it again later. `FOREIGN`: the directory is of a run with other settings.
DIVERGED, HELD, FOREIGN = 3, 4, 5
INTERRUPTED = 130  # after Ctrl-C, of jobs and of the study
TERMINATED = 143  # of the study after SIGTERM
LOG_LINES = 30  # of the end of a log, to be kept with a failure


class Terminated(KeyboardInterrupt):
    """Raised at SIGTERM."""


def status_of(signal: KeyboardInterrupt) -> int:
    """Exit status of a study that a signal ended."""
    return TERMINATED if isinstance(signal, Terminated) else INTERRUPTED


@dataclasses.dataclass(frozen=True)
class Job:
    """Task of a worker, which `kerasgen.study.worker.do` carries out."""

    task: str  # "prepare" (evaluate the real images of a study) or "run"
    settings: dict  # of the `RunSettings` of the run; for "prepare" of any
    directory: str  # of the run; for "prepare" of the study
    data_dir: str | None
    num_samples: int
    workers: int  # runs that share the machine
    export_to: str | None = None  # folder for the SavedModel


class Executor(Protocol):
    """Where jobs run, locally or on many machines.

    Attributes:
        workers: Number of jobs at the same time.
    """

    workers: int

    def run(
        self, job: Job, log: Path, receive: Callable[[dict], None]
    ) -> tuple[int, str]:
        """Do a job and return when it has ended; called from one thread a worker.

        Args:
            job: The job.
            log: File that what the job prints is appended to.
            receive: Function of each message that `do` tells, a dict.

        Returns:
            `(status, end)`: exit status, negative if a signal ended it, and the last
            lines of its log.

        Raises:
            KeyboardInterrupt: If `stop` was called.
        """

    def stop(self) -> None:
        """End all jobs, at the end of a study or before; none is started any more."""


class LocalProcesses:
    """Runs each job in a process of this machine.

    Args:
        workers: Processes at the same time, which share the cores.
        cores: Cores to share, positive int; default all that this process may use.
    """

    def __init__(self, workers: int = 1, cores: int | None = None) -> None:
        self.workers = workers
        self.environment = {**os.environ, "TF_FORCE_GPU_ALLOW_GROWTH": "true"}
        threads = _threads(cores or environment.available_cores(), workers)
        for name, number in threads.items():
            self.environment.setdefault(name, str(number))
        self._alive, self._stopped = set(), False
        self._lock = threading.Lock()

    def run(
        self, job: Job, log: Path, receive: Callable[[dict], None]
    ) -> tuple[int, str]:
        """Do a job in a process of its own; see `Executor`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "ab") as output:
            begin = output.tell()
            process = self._start(output)
            try:
                process.stdin.write(json.dumps(dataclasses.asdict(job)) + "\n")
                process.stdin.flush()
                for line in process.stdout:
                    if (message := read_message(line)) is not None:
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

    def stop(self) -> None:
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


def read_message(line: str) -> dict | None:
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
    settings = {"OMP_NUM_THREADS": own}
    if own <= 2:
        settings |= {"TF_NUM_INTEROP_THREADS": own, "TF_NUM_INTRAOP_THREADS": 1}
    elif workers > 1:
        settings |= {"TF_NUM_INTRAOP_THREADS": own}
    return settings


@contextlib.contextmanager
def interrupted_by_termination() -> Iterator[None]:
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
