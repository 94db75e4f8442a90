"""One job in a process of its own: `python -m kerasgen.study.worker`.

The parent writes a job as one line of JSON to the standard input and keeps it open; the
worker answers by lines of JSON on its standard output. Whatever else is printed goes to
the standard error, which the parent keeps as the log of the run. When the parent dies,
the input ends, and the worker with it.
"""

import json
import os
import pathlib
import sys
import threading
import time
from collections.abc import Callable

import keras

from kerasgen import callbacks
from kerasgen import evaluation
from kerasgen.study import choices
from kerasgen.study import executors
from kerasgen.study import lock
from kerasgen.study import pictures
from kerasgen.study import run
from kerasgen.study import run_evaluation
from kerasgen.study.executors import Job
from kerasgen.study.settings import RunSettings

SECONDS_BETWEEN_REPORTS = 0.5


class Reporter(keras.callbacks.Callback):
    """Reports the progress of a training, as `Progress.receive` takes it.

    Args:
        tell: Function that is given each message as keyword arguments.
    """

    def __init__(self, tell: Callable) -> None:
        super().__init__()
        self.tell = tell

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.epoch, self.start = epoch, time.perf_counter()
        self.told = self.start

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        now = time.perf_counter()
        if now - self.told >= SECONDS_BETWEEN_REPORTS:
            self.told = now
            # The last execution of many steps may be a short one.
            share = min((batch + 1) / self.params["steps"], 1.0)
            self.tell(kind="batch", epoch=self.epoch, share=share)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        seconds = time.perf_counter() - self.start
        losses = {name: float(value) for name, value in (logs or {}).items()}
        done = {"epoch": epoch + 1, "total": self.params["epochs"]}
        self.tell(kind="epoch", **done, seconds=seconds, losses=losses)


def do(job: Job, tell: Callable) -> int:
    """Do a job.

    Args:
        job: The job.
        tell: Function that passes a message, given as keyword arguments, to the parent.

    Returns:
        The exit status: 0, `DIVERGED`, `HELD` or `FOREIGN`.
    """
    settings = RunSettings.from_dict(job.settings)
    images, test = (settings.fetch(each, job.data_dir) for each in ("train", "test"))
    images = run.first_images(images, settings.limit)
    if job.task == "prepare":
        # What studies have in common they make one after the other.
        with lock.held(job.directory, wait=True):
            _prepare(job, images, test, tell)
        return 0
    try:
        with lock.held(job.directory):
            _train_and_evaluate(job, settings, images, test, tell)
    except (lock.HeldError, run.ForeignRunError) as error:
        tell(kind="held", message=str(error))
        return (
            executors.HELD if isinstance(error, lock.HeldError) else executors.FOREIGN
        )
    except (callbacks.DivergenceError, evaluation.NotFiniteError) as error:
        epoch = run.epochs_done(job.directory)
        tell(kind="divergence", epoch=epoch, message=str(error))
        return executors.DIVERGED
    return 0


def _prepare(job, images, test, tell):
    """Do for a study what its runs have in common."""
    reference = choices.reference(job.directory, images, test)
    choices.decide(job.directory, reference)
    run_evaluation.evaluate_real_images(
        reference,
        run.watched_reference(images, reference.extractor),
        os.path.join(job.directory, "real.json"),
        num_samples=job.num_samples,
        tell=lambda part: tell(kind="stage", what=f"judged: {part}"),
    )


def _train_and_evaluate(job, settings, images, test, tell):
    study_dir = pathlib.Path(job.directory).parents[1]
    reference = choices.reference(study_dir, images, test)
    model = run.train(
        settings,
        job.directory,
        images,
        test,
        extractor=reference.extractor,
        extra_callbacks=[Reporter(tell)],
        workers=job.workers,
        is_held=True,
        auto_precision=choices.precision(study_dir),
    )
    run_evaluation.evaluate_run(
        model,
        settings,
        job.directory,
        reference,
        num_samples=job.num_samples,
        tell=lambda part: tell(kind="stage", what=f"judged: {part}"),
    )
    if job.export_to is not None:
        tell(kind="stage", what="exported")
        with lock.held(job.export_to, wait=True):
            # From the file, since the evaluation may have fitted a prior to the model.
            trained = pictures.load_model(os.path.join(job.directory, "model.keras"))
            trained.export(job.export_to, settings=settings.to_dict())


def main() -> None:
    """Do the job of the standard input; the process ends with its status."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What libraries print belongs to the log.
    sys.stdout = sys.stderr

    def tell(**message):
        channel.write(json.dumps(message) + "\n")
        channel.flush()

    job = Job(**json.loads(sys.stdin.readline()))
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    try:
        status = do(job, tell)
    except KeyboardInterrupt:
        status = executors.INTERRUPTED
    sys.exit(status)


def _end_with_the_parent():
    # Not through sys.stdin, whose lock would be held when the interpreter ends.
    while os.read(0, 1024):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
