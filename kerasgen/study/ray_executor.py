"""Runs of a study on the machines of a Ray cluster.

Every job is a Ray task in a process of its own, which starts the worker of a study as
`LocalProcesses` does and takes and returns plain values, so that the other machines
need kerasgen, and of the study's head nothing. All see the folders of the study, the
data and the exports at the same paths.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import threading
from collections.abc import Callable
from typing import Any

from absl import logging

from kerasgen import files
from kerasgen.study import lock
from kerasgen.study.executors import Job
from kerasgen.study.executors import LocalProcesses
from kerasgen.study.executors import read_message

RETRIES = 3  # of a task whose process or machine was lost
# Exit status of a job whose machine was lost once too often.
LOST = -9
POLL_SECONDS = 1.0
_ERROR = 40  # as Python's logging numbers it
# Of the head's variables, those that name where data and code are.
_PASSED_ON = ("KERASGEN_DATA_DIR", "TFDS_DATA_DIR", "PYTHONPATH")


class KilledError(RuntimeError):
    """A signal ended the worker of a task, which Ray sends again."""


class RayTasks:
    """Executor of a study on a Ray cluster; see `kerasgen.study.Executor`.

    Ray sends a task again whose process or machine is lost, and the run goes on from
    its directory. Where the first one lives on after all, the lock of the directory
    lets only one of them work; the other's job is sent again later.

    Args:
        address: Address of the cluster, "auto" for the one of this machine, or None to
            begin one here.
        workers: Jobs at the same time in the cluster, positive int.
        cpus: Cores that a job takes and computes on, positive number.
        gpus: GPUs that a job takes, at least 0; parts share one.

    Raises:
        ImportError: If Ray is not installed.
        ConnectionError: If there is no cluster at the address.
    """

    def __init__(
        self,
        address: str | None = "auto",
        workers: int = 1,
        cpus: float = 1,
        gpus: float = 0,
    ) -> None:
        try:
            import ray
        except ImportError as error:
            raise ImportError(
                "Got a study for Ray, which is not installed; expected it on every "
                "machine. Install it, in the clone of kerasgen: "
                'python -m pip install -e ".[ray]"'
            ) from error
        self.workers, self._cores = workers, max(1, int(cpus))
        self._ray, self._pending = ray, set()
        self._lock, self._stopped = threading.Lock(), False
        if not ray.is_initialized():
            ray.init(address=address, log_to_driver=False, logging_level=_ERROR)
        # A process for each task: TensorFlow frees no memory, and a crash stays in it.
        options: dict[str, Any] = {
            "num_cpus": cpus,
            "num_gpus": gpus,
            "max_calls": 1,
            "max_retries": RETRIES,
            "retry_exceptions": [KilledError],
        }
        self._task = ray.remote(**options)(work)
        wanted = {"CPU": cpus, "GPU": gpus}
        if not any(_has(node["Resources"], wanted) for node in ray.nodes()):
            logging.warning(
                "No machine of the cluster has %g cores and %g GPUs: jobs wait until "
                "one joins it.",
                cpus,
                gpus,
            )

    def run(
        self, job: Job, log: pathlib.Path, receive: Callable[[dict], None]
    ) -> tuple[int, str]:
        """Do a job in the cluster; see `kerasgen.study.Executor`.

        Raises:
            ValueError: If files cannot be locked in the folder of the log.
            KeyboardInterrupt: If `stop` was called.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        lock.check_works(log.parent)
        given = _portable(job)
        log, messages = log.resolve(), log.with_suffix(".messages").resolve()
        messages.unlink(missing_ok=True)
        place = {
            "cores": self._cores,
            "folder": os.getcwd(),
            "environment": {k: os.environ[k] for k in _PASSED_ON if k in os.environ},
        }
        with self._lock:
            if self._stopped:
                raise KeyboardInterrupt
            task = self._task.remote(given, str(log), str(messages), place)
            self._pending.add(task)
        try:
            return self._ended(task, messages, receive)
        finally:
            self._pending.discard(task)
            messages.unlink(missing_ok=True)

    def stop(self) -> None:
        """End all jobs; none is started any more."""
        with self._lock:
            self._stopped = True
            for task in list(self._pending):
                self._ray.cancel(task, force=True)

    def _ended(self, task, messages, receive):
        read = 0
        while True:
            done, _ = self._ray.wait([task], timeout=POLL_SECONDS)
            read = _pass_on(messages, read, receive)
            if self._stopped:
                raise KeyboardInterrupt
            if done:
                break
        try:
            return tuple(self._ray.get(task))
        except self._ray.exceptions.RayError as error:
            return LOST, f"Ray lost the job {RETRIES + 1} times: {error}"


def _has(resources, wanted):
    return all(resources.get(name, 0) >= number for name, number in wanted.items())


def _portable(job):
    """The fields of a job as plain values, with absolute paths."""
    given = json.loads(json.dumps(dataclasses.asdict(job)))
    for name in ("directory", "data_dir", "export_to"):
        if given[name] is not None:
            given[name] = os.path.abspath(given[name])
    return given


def _pass_on(path, begin, receive):
    """Pass on the messages after a place in a file; the place after the last."""
    if not path.exists():
        return begin
    with open(path, "rb") as file:
        file.seek(begin)
        for line in file:
            if not line.endswith(b"\n"):
                break  # not yet written to its end
            # Of one that was killed in the middle of a line, the next goes on in it.
            if (message := read_message(line)) is not None:
                receive(message)
            begin += len(line)
    return begin


def work(job: dict, log: str, messages: str, place: dict) -> tuple[int, str]:
    """Do one job on the machine that Ray chose.

    Args:
        job: The fields of a `Job`.
        log: Path of the file that what the job prints is appended to.
        messages: Path of the file that its messages are appended to, a line each.
        place: What the job finds as the head has it: `environment`, variables to set;
            `folder`, which relative paths begin in; `cores`, how many it computes on.

    Returns:
        `(status, end)`, as of `LocalProcesses.run`.

    Raises:
        KilledError: If a signal ended the worker.
    """
    os.environ.update(place["environment"])
    # Where the folder is not shared, all paths have to be absolute.
    with contextlib.suppress(OSError):
        os.chdir(place["folder"])
    processes = LocalProcesses(cores=place["cores"])
    with open(messages, "a") as file:

        def receive(message):
            file.write(json.dumps(message) + "\n")
            file.flush()

        status, end = processes.run(Job(**job), files.user_path(log), receive)
    if status < 0:
        raise KilledError(f"Signal {-status} ended the worker; its log ends with {end}")
    return status, end
