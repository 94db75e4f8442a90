"""A study: many runs, one process each, then the report.

Every run has a process of its own, so that none sees another's state, memory or crash.
One that fails is recorded in its directory, and the others go on. `study.json` in the
folder of the study lists all runs that were ever asked for, so that the report can say
what is missing.
"""

import concurrent.futures
import dataclasses
import json
import pathlib

from kerasgen import data
from kerasgen import files
from kerasgen.study import lock
from kerasgen.study import plan
from kerasgen.study import run
from kerasgen.study.processes import INTERRUPTED
from kerasgen.study.processes import TERMINATED
from kerasgen.study.processes import Processes
from kerasgen.study.processes import Terminated
from kerasgen.study.processes import interrupted_by_termination
from kerasgen.study.progress import Progress
from kerasgen.study.progress import clock
from kerasgen.study.records import PLAN
from kerasgen.study.report import write_report
from kerasgen.study.worker import HELD
from kerasgen.study.worker import Job


def carry_out(
    settings,
    *,
    runs_dir="runs",
    saved_models_dir="saved_models",
    data_dir=None,
    num_samples=10_000,
    workers=1,
    resume=True,
):
    """Trains and judges the runs of a study, exports its models, writes its report.

    Runs that are complete are left as they are, one that was interrupted goes on where
    it was, one that failed is tried again. The models of the first seed are exported.

    Args:
        settings: List of `RunSettings` of one study, in the order of the runs.
        runs_dir: Folder of the run directories, `<study>/<model>/seed<k>/`.
        saved_models_dir: Folder of the exported SavedModels, or None for no export.
        data_dir: Folder of the dataset, as `kerasgen.data.fetch` takes it.
        num_samples: Samples that each model is judged by, int of at least 2.
        workers: Runs at the same time, positive int. They share the machine, so that
            each is slower than alone, which the report says.
        resume: Whether to go on with runs that are there; False starts them over.

    Returns:
        `(report, failures)`: `pathlib.Path` of the report, or None if all runs failed
        before they began; and a dict from the heading of each run that failed to why.

    Raises:
        ValueError: If a directory belongs to a run with other settings, or images or
            folders do not fit; before anything is trained.
        RuntimeError: If the dataset or the features cannot be had.
        HeldError: If another process works on one of the runs; before anything is
            trained. One that begins to do so later makes that run fail alone.
        SystemExit: If interrupted, with status 130, or terminated, with 143. All
            processes have ended then.
    """
    for name, value, least in (
        ("num_samples", num_samples, 2),
        ("workers", workers, 1),
    ):
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError(
                f"{name}={value!r}; expected an integer of at least {least}."
            )
    study_dir = pathlib.Path(runs_dir) / (settings[0].study if settings else "")
    runs = plan.plan(settings, study_dir, saved_models_dir, num_samples)
    for each in runs:
        lock.check_free(each.directory)
        if resume:
            run.check_owner(each.directory, each.settings)
            each.check_weights()
        else:
            run.check_removable(each.directory)
    try:
        with interrupted_by_termination():
            return _carry_out(
                runs,
                study_dir,
                saved_models_dir,
                data_dir,
                num_samples,
                workers,
                resume,
            )
    except KeyboardInterrupt as signal:
        how = "" if resume else ", without --noresume,"
        print(f"\nInterrupted. The same command{how} goes on where it was.", flush=True)
        status = TERMINATED if isinstance(signal, Terminated) else INTERRUPTED
        raise SystemExit(status) from None


def _carry_out(
    runs, study_dir, saved_models_dir, data_dir, num_samples, workers, resume
):
    settings = [each.settings for each in runs]
    # Fetched here first, so that workers do not all download at the same time.
    dataset, limit = settings[0].dataset, settings[0].limit
    images = data.fetch(dataset, "train", data_dir=data_dir)
    data.fetch(dataset, "test", data_dir=data_dir)
    num = len(run.first_images(images, limit).images)
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
        workers,
    )
    progress.say(f"Training on {num:,} images of {dataset} from {images.source}.")
    for each in runs:
        if each.is_exported_elsewhere:
            usual = each.export_to.with_name(each.settings.export_name)
            progress.say(
                f"{usual} was made with other settings and stays; see {each.export_to}."
            )
    first = settings[0].to_dict()
    job = Job("prepare", first, str(study_dir), data_dir, num_samples, workers)
    with Processes(workers) as processes:
        _prepare(runs, job, processes, progress)
        failures = _run_all(runs, job, processes, progress)
    for heading, reason in failures.items():
        progress.say(f"{heading} failed: {reason}")
    if failures and not any(study_dir.glob("*/seed*/settings.json")):
        return None, failures
    report = write_report(study_dir)
    progress.say(f"\nThe report is {report}.")
    return report, failures


def _prepare(runs, job, processes, progress):
    """Measures how fast the models are, and judges the real images."""
    pending = {}
    for index, each in enumerate(runs):
        if each.epochs_left:
            pending.setdefault(each.settings.name, each.settings)
        elif each.is_complete:
            progress.close(index)
            where = ", its weights are elsewhere" if each.is_published else ""
            progress.say(f"{progress.heading(index)}: complete{where}")
    if all(each.is_complete for each in runs) and _is_whole(
        job.directory, job.num_samples
    ):
        return
    measured = tuple(one.to_dict() for one in pending.values())
    job = dataclasses.replace(job, measured=measured)
    log = pathlib.Path(job.directory) / "prepare.log"

    def receive(message):
        if message["kind"] == "speed":
            progress.measured(message["name"], message["seconds"])
            return
        if progress.remaining() is not None:
            progress.say(_expectation(runs, progress))
        progress.say("Judging real images as models will be; some minutes, once.")

    status, end = processes.run(job, log, receive)
    if status != 0:
        raise RuntimeError(
            f"Preparing the study failed; {log} has it all, and ends with\n{end}"
        )


def _is_whole(directory, num_samples):
    """Whether the real images are judged; a damaged record is made anew."""
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


def _run_all(runs, job, processes, progress):
    """Dict from heading to reason, of the runs that failed."""

    def one(index):
        if runs[index].is_complete:
            (runs[index].directory / "failure.json").unlink(missing_ok=True)
            return None
        return _run(runs[index], index, job, processes, progress)

    order = range(len(runs))
    if job.workers > 1:
        # Of a seed the longest first, so that none is left to one worker at the end.
        seeds = list(dict.fromkeys(each.settings.seed for each in runs))
        order = sorted(
            order,
            key=lambda k: (seeds.index(runs[k].settings.seed), -progress.expected(k)),
        )
    with concurrent.futures.ThreadPoolExecutor(job.workers) as pool:
        futures = {index: pool.submit(one, index) for index in order}
        try:
            reasons = [futures[index].result() for index in range(len(runs))]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            processes.stop()
            raise
    return {
        progress.heading(index): reason
        for index, reason in enumerate(reasons)
        if reason is not None
    }


def _run(planned, index, job, processes, progress):
    """Carries out one run in a process; why it failed, or None."""
    directory = planned.directory
    directory.mkdir(parents=True, exist_ok=True)
    failure_path = directory / "failure.json"
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

    status, end = processes.run(job, log, receive)
    progress.close(index)
    if status == 0:
        failure_path.unlink(missing_ok=True)
        return None
    if status == HELD:  # The directory is another's, its records, too.
        progress.say(f"{progress.heading(index)}: {failure['message']}")
        return failure["message"]
    if not failure:
        signal = f"by signal {-status}" if status < 0 else f"with status {status}"
        failure = {
            "kind": "killed" if status < 0 else "crash",
            "epoch": run.epochs_done(directory),
            "message": f"The process ended {signal}: {_last_line(end)}",
        }
    record = {name: failure[name] for name in ("kind", "epoch", "message")}
    with files.replacing(failure_path) as temporary:
        temporary.write_text(json.dumps({**record, "log": end}, indent=2) + "\n")
    progress.say(f"{progress.heading(index)}: {failure['message']} (see {log})")
    return failure["message"]


def _last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it said nothing"
