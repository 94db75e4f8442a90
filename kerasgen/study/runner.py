"""A study: many runs, each a job of an executor, then the report.

Every run is a job of its own, so that none sees another's state, memory or crash. One
that fails is recorded in its directory, and the others go on. `study.json` in the
folder of the study lists all runs that were ever asked for, so that the report can say
what is missing.
"""

import concurrent.futures
import contextlib
import dataclasses
import os
import pathlib
import queue
import time
from collections.abc import Sequence

from kerasgen import files
from kerasgen.features.trained_extractor import cache_folder
from kerasgen.study import choices
from kerasgen.study import executors
from kerasgen.study import json_files
from kerasgen.study import lock
from kerasgen.study import plan
from kerasgen.study import run
from kerasgen.study.comparison import Comparison
from kerasgen.study.comparison import get_comparison
from kerasgen.study.portable import without_paths
from kerasgen.study.progress import Progress
from kerasgen.study.progress import clock
from kerasgen.study.records import PLAN
from kerasgen.study.report import write_report
from kerasgen.study.settings import RunSettings
from kerasgen.study.settings import check_int

# Seconds until a run that another process works on is looked at again.
RETRY_SECONDS = 30.0


def run_study(
    settings: Sequence[RunSettings],
    *,
    comparison: Comparison | str | None = None,
    runs_dir: files.PathLike = "runs",
    saved_models_dir: files.PathLike | None = "saved_models",
    data_dir: files.PathLike | None = None,
    num_samples: int = 10_000,
    workers: int = 1,
    executor: executors.Executor | None = None,
    shard: tuple[int, int] | None = None,
    resume: bool = True,
) -> tuple[pathlib.Path | None, dict[str, str]]:
    """Train and evaluate the runs of a study, export its models, write its report.

    Complete runs are left as they are, interrupted ones go on, failed ones are tried
    again, held ones are sent again later. Models of the first seed are exported.

    Args:
        settings: Those of the runs of one study, in the order of the runs.
        comparison: `Comparison` whose claims the report judges, its name, or None.
        runs_dir: Folder of the run directories, `<study>/<model>/seed<k>/`.
        saved_models_dir: Folder of the exported SavedModels, or None for no export.
        data_dir: Folder of the dataset, as `kerasgen.data.fetch` takes it.
        num_samples: Samples that each model is evaluated by, int of at least 2.
        workers: Runs at the same time on this machine, which share it; positive int.
        executor: Where the runs go; default `LocalProcesses(workers)`.
        shard: Pair (i, n): of all runs only every n-th, from the i-th on, counted from
            0; held runs are left to their holders, and no report is written.
            `study.json` lists those of all shards.
        resume: Whether to go on with runs that are there; False starts them over.

    Returns:
        `(report, failures)`: path of the report, or None if there is none; and a dict
        from the heading of each run that failed to why.

    Raises:
        ValueError: If a directory belongs to a run with other settings, images or
            folders do not fit, or there is a shard and the study's folder has no locks;
            before anything is trained.
        RuntimeError: If the dataset or the features cannot be had.
        HeldError: With `resume=False`, if another process works on one of the runs.
        SystemExit: If interrupted (130) or terminated (143); all jobs have ended.
    """
    check_int("num_samples", num_samples, 2)
    check_int("workers", workers, 1)
    runs = plan.plan(list(settings), runs_dir, saved_models_dir, num_samples)
    study_dir = runs[0].directory.parents[1]
    if shard is not None:
        first, step = shard
        runs = runs[first::step]
        if not runs:
            return None, {}
    _check_directories(runs, resume)
    executor = executor or executors.LocalProcesses(workers)
    first = runs[0].settings.to_dict()
    folder = None if data_dir is None else os.fspath(data_dir)
    parts = num_samples, executor.workers
    job = executors.Job("prepare", first, str(study_dir), folder, *parts)
    if shard is not None:
        lock.check_works(files.prepare_directory(study_dir))
    comparison = get_comparison(comparison)
    failures = _carry_out(settings, runs, job, executor, shard, resume, comparison)
    has_runs = any(study_dir.glob("*/seed*/settings.json"))
    if shard is not None or (failures and not has_runs):
        return None, failures
    print("\nWriting the report.", flush=True)
    report = write_report(study_dir, comparison)
    print(f"The report is {report}.", flush=True)
    return report, failures


def _check_directories(runs, resume):
    """Refuse directories that the runs cannot go on in, or start over in."""
    for each in runs:
        if resume:
            run.check_owner(each.directory, each.settings)
            each.check_weights()
        else:
            lock.check_free(each.directory)
            run.check_removable(each.directory)


def _carry_out(settings, runs, job, executor, shard, resume, comparison):
    """Do runs of the study; dict from heading to reason, of those that failed."""
    try:
        with executors.interrupted_by_termination():
            progress = _begin(settings, runs, job, resume, comparison)
            _prepare(runs, job, executor, progress)
            if progress.left and progress.remaining() is not None:
                progress.say(f"Expected for all runs: {clock(progress.remaining())}")
            failures = _run_all(runs, job, executor, progress, shard is None)
            _keep_timings(runs, job, progress)
    except KeyboardInterrupt as signal:
        how = "" if resume else ", without --noresume,"
        print(f"\nInterrupted. The same command{how} goes on where it was.", flush=True)
        raise SystemExit(executors.status_of(signal)) from None
    finally:
        executor.stop()
    for heading, reason in failures.items():
        progress.say(f"{heading} failed: {reason}")
    return failures


def parse_shard(text: str) -> tuple[int, int]:
    """The pair that `--shard=i/n` stands for.

    Raises:
        ValueError: If it is none, or i does not lie in 0 … n − 1.

    Example:
        >>> parse_shard("0/4")
        (0, 4)
    """
    index, _, count = text.partition("/")
    if index.isdecimal() and count.isdecimal() and int(index) < int(count):
        return int(index), int(count)
    raise ValueError(
        f"Got shard={text!r}; expected i/n with i from 0 to n − 1, such as 0/4."
    )


def _begin(settings, runs, job, resume, comparison):
    """Fetch the data, write the plan of all, and return the `Progress` of the runs."""
    study_dir = pathlib.Path(job.directory)
    # Fetched here first, so that workers do not all download at the same time.
    first = runs[0].settings
    images, _ = (first.fetch(split, job.data_dir) for split in ("train", "test"))
    num = len(run.first_images(images, first.limit).images)
    for folder in {study_dir, *(e.export_to.parent for e in runs if e.export_to)}:
        files.prepare_directory(folder)
    if not resume:
        for each in runs:
            with lock.held(each.directory):
                run.remove(each.directory)
    with lock.held(study_dir, wait=True):
        name = None if comparison is None else comparison.name
        plan.write(study_dir / PLAN, settings, comparison=name)
        # Another shard may already be at work after what was decided.
        if not resume and len(runs) == len(settings):
            choices.forget(study_dir)
    path, name = _timings(runs, job)
    progress = Progress(
        [each.heading for each in runs],
        [each.settings.name for each in runs],
        [each.epochs_left for each in runs],
        num,
        job.workers,
        json_files.read(path).get(name),
    )
    progress.say(f"Training on {num:,} images of {images.name} from {images.source}.")
    for each in runs:
        if each.export_to and each.export_to.name != each.settings.export_name:
            usual = each.export_to.with_name(each.settings.export_name)
            progress.say(
                f"{usual} was made with other settings and stays; see {each.export_to}."
            )
    return progress


def _timings(runs, job):
    """The file with seconds that runs took on this machine, and the name of these."""
    name = f"{runs[0].settings.study}, {job.num_samples} samples, {job.workers} workers"
    return cache_folder() / "timings.json", name


def _keep_timings(runs, job, progress):
    path, name = _timings(runs, job)
    with contextlib.suppress(OSError, ValueError):  # the display can do without
        path.parent.mkdir(parents=True, exist_ok=True)
        json_files.write(path, json_files.read(path) | {name: progress.learned()})


def _prepare(runs, job, executor, progress):
    """Name the runs that are complete, and evaluate the real images."""
    complete = [index for index, each in enumerate(runs) if each.is_complete]
    for index in complete:
        progress.close(index)
        where = ", its weights are elsewhere" if runs[index].is_published else ""
        progress.say(f"{progress.heading(index)}: complete{where}")
    wanted = json_files.read(f"{job.directory}/real.json").get("wanted")
    is_whole = isinstance(wanted, dict) and wanted.get("num_samples") == job.num_samples
    if is_whole and len(complete) == len(runs):
        return
    progress.say("Evaluating real images as models will be; some minutes, once.")
    log = pathlib.Path(job.directory) / "prepare.log"
    status, end = executor.run(job, log, lambda told: progress.receive(None, told))
    progress.prepared()
    if status != 0:
        raise RuntimeError(
            f"Preparing the study failed; {log} has it all, and ends with\n{end}"
        )


def _run_all(runs, job, executor, progress, again):
    """Dict from heading to reason, of the runs that failed.

    Those that another process holds are sent `again` later.
    """
    waiting, reasons = queue.SimpleQueue(), {}
    for index in range(len(runs)):
        waiting.put((index, 0.0))

    def work():
        while True:
            try:
                index, due = waiting.get_nowait()
            except queue.Empty:
                return
            time.sleep(max(0.0, due - time.monotonic()))
            is_held, reason = _run(runs[index], index, job, executor, progress)
            if is_held and again:
                waiting.put((index, time.monotonic() + RETRY_SECONDS))
            elif reason is not None and not is_held:
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
    directory, heading = planned.directory, progress.heading(index)
    failed, log = directory / "failure.json", directory.with_suffix(".log")
    if planned.is_complete:
        failed.unlink(missing_ok=True)
        progress.close(index)
        return False, None
    directory.mkdir(parents=True, exist_ok=True)
    job = dataclasses.replace(
        job,
        task="run",
        settings=planned.settings.to_dict(),
        directory=str(directory),
        export_to=planned.export_to and str(planned.export_to),
    )
    progress.begin(index)
    done = run.epochs_done(directory)
    if done and planned.epochs_left:
        progress.say(f"{heading} goes on after epoch {done}")
    failure = {}

    def receive(message):
        if message["kind"] in ("divergence", "held"):
            failure.update(message)
            return
        progress.receive(index, message)

    status, end = executor.run(job, log, receive)
    if status == executors.HELD:
        # Its message may come later, over a shared folder.
        why = (failure or {}).get("message", "another process works on it")
        progress.say(f"{heading}: {why}")
        return True, None
    progress.close(index, is_done=status == 0)
    if status == 0:
        failed.unlink(missing_ok=True)
        return False, None
    failure = failure or _crash(status, end, directory)
    if failure["kind"] != "held":  # else the directory is of another run
        record = {name: failure[name] for name in ("kind", "epoch", "message")}
        json_files.write(failed, without_paths({**record, "log": end}))
    progress.say(f"{heading}: {failure['message']} (see {log})")
    return False, failure["message"]


def _crash(status, end, directory):
    how = f"by signal {-status}" if status < 0 else f"with status {status}"
    lines = end.strip().splitlines()
    return {
        "kind": "killed" if status < 0 else "crash",
        "epoch": run.epochs_done(directory),
        "message": f"The process ended {how}: {lines[-1] if lines else 'no output'}",
    }
