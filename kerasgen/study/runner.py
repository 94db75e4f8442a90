"""A study: many runs, each a job of an executor, then the report.

Every run is a job of its own, so that none sees another's state, memory or crash. One
that fails is recorded in its directory, and the others go on. `study.json` in the
folder of the study lists all runs that were ever asked for, so that the report can say
what is missing.
"""

import concurrent.futures
import dataclasses
import json
import pathlib
import queue
import time

from kerasgen import files
from kerasgen.study import lock
from kerasgen.study import plan
from kerasgen.study import run
from kerasgen.study.executors import INTERRUPTED
from kerasgen.study.executors import TERMINATED
from kerasgen.study.executors import Executor
from kerasgen.study.executors import LocalProcesses
from kerasgen.study.executors import Terminated
from kerasgen.study.executors import interrupted_by_termination
from kerasgen.study.portable import without_paths
from kerasgen.study.progress import Progress
from kerasgen.study.progress import clock
from kerasgen.study.records import PLAN
from kerasgen.study.report import write_report
from kerasgen.study.worker import HELD
from kerasgen.study.worker import Job

# Seconds until a run that another process works on is looked at again.
RETRY_SECONDS = 30.0


def run_study(
    settings,
    *,
    comparison=None,
    runs_dir="runs",
    saved_models_dir="saved_models",
    data_dir=None,
    num_samples=10_000,
    workers=1,
    executor: Executor | None = None,
    shard: tuple[int, int] | None = None,
    resume=True,
):
    """Train and evaluate the runs of a study, export its models, write its report.

    Complete runs are left as they are, interrupted ones go on, failed ones are tried
    again, held ones are sent again later. Models of the first seed are exported.

    Args:
        settings: List of `RunSettings` of one study, in the order of the runs.
        comparison: `Comparison` whose claims the report judges, its name, or None.
        runs_dir: Folder of the run directories, `<study>/<model>/seed<k>/`.
        saved_models_dir: Folder of the exported SavedModels, or None for no export.
        data_dir: Folder of the dataset, as `kerasgen.data.fetch` takes it.
        num_samples: Samples that each model is evaluated by, int of at least 2.
        workers: Runs at the same time on this machine, which share it; positive int.
        executor: Where the runs go; default `LocalProcesses(workers)`.
        shard: Pair (i, n): of all runs only every n-th, from the i-th on, counted from
            0; held runs are left to their holders, and no report is written.
        resume: Whether to go on with runs that are there; False starts them over.

    Returns:
        `(report, failures)`: `pathlib.Path` of the report, or None if there is none;
        and a dict from the heading of each run that failed to why.

    Raises:
        ValueError: If a directory belongs to a run with other settings, or images or
            folders do not fit; before anything is trained.
        RuntimeError: If the dataset or the features cannot be had.
        HeldError: With `resume=False`, if another process works on one of the runs.
        SystemExit: If interrupted (130) or terminated (143); all processes have ended.
    """
    settings = list(settings)
    study_dir = pathlib.Path(runs_dir) / (settings[0].study if settings else "")
    _check_count("num_samples", num_samples, 2)
    _check_count("workers", workers, 1)
    runs = plan.plan(settings, study_dir, saved_models_dir, num_samples)
    _check_directories(runs, resume)
    executor = executor or LocalProcesses(workers)
    parts = settings[0].to_dict(), str(study_dir), data_dir, num_samples
    job = Job("prepare", *parts, executor.workers)
    try:
        with interrupted_by_termination():
            progress = _begin(runs, study_dir, saved_models_dir, job, resume)
            with executor:
                _prepare(runs, job, executor, progress)
                failures = _run_all(runs, job, executor, progress, shard)
    except KeyboardInterrupt as signal:
        raise _interruption(signal, resume) from None
    return _report(study_dir, comparison, failures, progress, shard), failures


def _interruption(signal, resume):
    how = "" if resume else ", without --noresume,"
    print(f"\nInterrupted. The same command{how} goes on where it was.", flush=True)
    return SystemExit(TERMINATED if isinstance(signal, Terminated) else INTERRUPTED)


def _report(study_dir, comparison, failures, progress, shard):
    for heading, reason in failures.items():
        progress.say(f"{heading} failed: {reason}")
    nothing = failures and not any(study_dir.glob("*/seed*/settings.json"))
    if shard is not None or nothing:
        return None
    report = write_report(study_dir, comparison)
    progress.say(f"\nThe report is {report}.")
    return report


def parse_shard(text: str) -> tuple[int, int]:
    """The pair that `--shard=i/n` stands for.

    Raises:
        ValueError: If it is none, or i does not lie in 0 … n − 1.

    Example:
        >>> parse_shard("0/4")
        (0, 4)
    """
    index, slash, count = text.partition("/")
    if not (slash and index.isdecimal() and count.isdecimal()) or not (
        int(index) < int(count)
    ):
        raise ValueError(
            f"Got shard={text!r}; expected i/n with i from 0 to n − 1, such as 0/4."
        )
    return int(index), int(count)


def _check_count(name, value, least):
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(
            f"Got {name}={value!r}; expected an integer of at least {least}."
        )


def _check_directories(runs, resume):
    for each in runs:
        if resume:
            run.check_owner(each.directory, each.settings)
            each.check_weights()
        else:
            lock.check_free(each.directory)
            run.check_removable(each.directory)


def _begin(runs, study_dir, saved_models_dir, job, resume):
    """Fetch the data, write the plan, and return the `Progress`."""
    settings = [each.settings for each in runs]
    # Fetched here first, so that workers do not all download at the same time.
    images = settings[0].fetch("train", job.data_dir)
    settings[0].fetch("test", job.data_dir)
    num = len(run.first_images(images, settings[0].limit).images)
    files.prepare_directory(study_dir)
    if saved_models_dir is not None:
        files.prepare_directory(saved_models_dir)
    if not resume:
        for each in runs:
            with lock.held(each.directory):
                run.remove(each.directory)
    with lock.held(study_dir, wait=True):
        plan.write(study_dir / PLAN, settings)
    progress = Progress(
        [each.heading for each in runs],
        [each.settings.name for each in runs],
        [each.epochs_left for each in runs],
        num,
        job.workers,
    )
    progress.say(f"Training on {num:,} images of {images.name} from {images.source}.")
    for each in runs:
        if each.is_exported_elsewhere:
            usual = each.export_to.with_name(each.settings.export_name)
            progress.say(
                f"{usual} was made with other settings and stays; see {each.export_to}."
            )
    return progress


def _prepare(runs, job, executor, progress):
    """Measure how fast the models are, and evaluate the real images."""
    pending = {}
    for index, each in enumerate(runs):
        if each.epochs_left:
            pending.setdefault(each.settings.name, each.settings)
        elif each.is_complete:
            progress.close(index)
            where = ", its weights are elsewhere" if each.is_published else ""
            progress.say(f"{progress.heading(index)}: complete{where}")
    is_done = all(each.is_complete for each in runs)
    if is_done and _is_whole(job.directory, job.num_samples):
        return
    measured = tuple(one.to_dict() for one in pending.values())
    log = pathlib.Path(job.directory) / "prepare.log"

    def receive(message):
        if message["kind"] == "speed":
            progress.measured(message["name"], message["seconds"])
            return
        if progress.remaining() is not None:
            progress.say(_expectation(runs, progress))
        progress.say("Evaluating real images as models will be; some minutes, once.")

    job = dataclasses.replace(job, measured=measured)
    status, end = executor.run(job, log, receive)
    if status != 0:
        raise RuntimeError(
            f"Preparing the study failed; {log} has it all, and ends with\n{end}"
        )


def _is_whole(directory, num_samples):
    """Whether the real images are evaluated; a damaged record is made anew."""
    path = pathlib.Path(directory) / "real.json"
    try:
        return json.loads(path.read_text())["wanted"]["num_samples"] == num_samples
    except (FileNotFoundError, KeyError, TypeError, ValueError, RecursionError):
        return False


def _expectation(runs, progress):
    lines = []
    for name, seconds in progress.seconds.items():
        same = [each for each in runs if each.settings.name == name]
        left = sum(each.epochs_left for each in same)
        title = same[0].settings.title
        epochs = "1 epoch" if left == 1 else f"{left} epochs"
        lines.append(f"{title}: {epochs} to go, about {seconds:.0f} s each")
    expected = clock(progress.remaining())
    return "\n".join([*lines, f"Expected time of training in all: {expected}\n"])


def _order(runs, job, progress, shard):
    """Indices of the runs that this process takes, in the order in which they start."""
    order = list(range(len(runs)))
    if job.workers > 1:
        # Of a seed the longest first, so that none is left to one worker at the end.
        seeds = list(dict.fromkeys(each.settings.seed for each in runs))
        order.sort(
            key=lambda k: (seeds.index(runs[k].settings.seed), -progress.expected(k))
        )
    index, count = shard or (0, 1)
    return [k for k in order if k % count == index]


def _run_all(runs, job, executor, progress, shard):
    """Dict from heading to reason, of the runs that failed."""
    waiting, reasons = queue.SimpleQueue(), {}
    order = _order(runs, job, progress, shard)
    for index in order:
        waiting.put((index, 0.0))

    def work():
        while True:
            try:
                index, due = waiting.get_nowait()
            except queue.Empty:
                return
            time.sleep(max(0.0, due - time.monotonic()))
            each = runs[index]
            if each.is_complete:
                (each.directory / "failure.json").unlink(missing_ok=True)
                progress.close(index)
                continue
            is_held, reason = _run(each, index, job, executor, progress)
            if is_held and shard is None:
                waiting.put((index, time.monotonic() + RETRY_SECONDS))
            elif not is_held and reason is not None:
                reasons[index] = reason

    with concurrent.futures.ThreadPoolExecutor(job.workers) as pool:
        futures = [pool.submit(work) for _ in range(job.workers)]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            executor.stop()
            raise
    return {progress.heading(index): reasons[index] for index in sorted(reasons)}


def _run(planned, index, job, executor, progress):
    """Do one run; whether another process holds it, and why it failed, or None."""
    directory = planned.directory
    directory.mkdir(parents=True, exist_ok=True)
    log = directory.with_suffix(".log")
    job = dataclasses.replace(
        job,
        task="run",
        settings=planned.settings.to_dict(),
        directory=str(directory),
        export_to=planned.export_to and str(planned.export_to),
    )
    failure = {}
    if planned.epochs_left and run.epochs_done(directory):
        done = run.epochs_done(directory)
        progress.say(f"{progress.heading(index)} goes on after epoch {done}")

    def receive(message):
        if message["kind"] in ("divergence", "held"):
            failure.update(message)
        elif message["kind"] == "epoch":
            progress.receive(index, {**message, "total": planned.settings.epochs})
        else:
            progress.receive(index, message)

    status, end = executor.run(job, log, receive)
    if status == HELD:
        progress.say(f"{progress.heading(index)}: {failure['message']}")
        return True, failure["message"]
    progress.close(index)
    if status == 0:
        (directory / "failure.json").unlink(missing_ok=True)
        return False, None
    if failure.get("kind") != "held":  # else the directory is of another run
        failure = failure or _crash(status, end, directory)
        _record_failure(directory / "failure.json", failure, end)
    progress.say(f"{progress.heading(index)}: {failure['message']} (see {log})")
    return False, failure["message"]


def _crash(status, end, directory):
    how = f"by signal {-status}" if status < 0 else f"with status {status}"
    lines = end.strip().splitlines()
    return {
        "kind": "killed" if status < 0 else "crash",
        "epoch": run.epochs_done(directory),
        "message": f"The process ended {how}: {lines[-1] if lines else 'no output'}",
    }


def _record_failure(path, failure, end):
    record = {name: failure[name] for name in ("kind", "epoch", "message")}
    text = json.dumps(without_paths({**record, "log": end}), indent=2)
    with files.replacing(path) as temporary:
        temporary.write_text(text + "\n")
