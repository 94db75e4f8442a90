"""Records of a study without its weights: a folder small enough to be committed.

It holds all that a report needs, so that `write_report` works there, too. Each
run has `published.json` as the sign that its weights are elsewhere.
"""

import dataclasses
import functools
import hashlib
import json
import pathlib
import shutil

from kerasgen import files
from kerasgen.study import json_files
from kerasgen.study import plan
from kerasgen.study import run
from kerasgen.study.comparison import Comparison
from kerasgen.study.comparison import get_comparison
from kerasgen.study.portable import portable_command
from kerasgen.study.portable import without_paths
from kerasgen.study.records import EVALUATED_ARRAYS
from kerasgen.study.records import PLAN
from kerasgen.study.records import PUBLISHED
from kerasgen.study.records import TIMING
from kerasgen.study.records import load_study
from kerasgen.study.records import read_record
from kerasgen.study.report import write_report
from kerasgen.study.report.claims import PREREGISTRATION

RECORDS = ("settings.json", "metrics.jsonl", "evaluation.json", "failure.json")
LINES = ("evaluations.jsonl", "events.jsonl")
# Pixels and codes, which name no place and are copied byte for byte.
ARRAYS = ("samples.npz", "codes.npz", *EVALUATED_ARRAYS)


def publish(
    study_dir: files.PathLike,
    to: files.PathLike,
    comparison: Comparison | str | None = None,
) -> pathlib.Path:
    """Copy the runs of a study that have ended, and write the report on them.

    A run that goes on is left for the next time; one that failed is published, since
    that is a result. Runs that were published before stay or are replaced, so that a
    study can be published run by run, and from several machines. Absolute paths lose
    all but their last part, and the command its flags that name folders.

    Args:
        study_dir: The folder `runs/<study>`, which holds `<model>/seed<k>/`.
        to: The folder to publish in; created if need be.
        comparison: `Comparison` whose claims the report judges, its name, or None.

    Returns:
        Path of the report.

    Raises:
        ValueError: If there is no run that has ended, or `to` holds other files, runs
            with other settings, or real images judged otherwise.

    Example:

    >>> publish("runs/mnist", "results/mnist-100")
    PosixPath('results/mnist-100/report.html')
    """
    study_dir, to = files.user_path(study_dir), files.user_path(to)
    study = load_study(study_dir)
    all_runs = [*study.runs, *study.others]
    ended = [each for each in all_runs if each.status != "incomplete"]
    if not ended:
        raise ValueError(
            f"No run in {study_dir} has ended yet. Publish when one has; the same "
            "command then adds the others."
        )
    places = {to / each.directory.relative_to(study_dir): each for each in ended}
    _check_folder(study, to)
    for place, each in places.items():
        _check_place(place, each)
    files.prepare_directory(to)
    asked = [each.settings for each in all_runs]
    asked += [missing.settings for missing in study.missing]
    asked = [_portable(settings) for settings in asked]
    # First, as the sign of a published study: what comes may be interrupted.
    judged = get_comparison(comparison)
    name = study.comparison if judged is None else judged.name
    plan.write(to / PLAN, asked, portable_command(study.command or ""), name)
    for place, each in places.items():
        files.write_folder(place, functools.partial(_write_run, each))
    for missing in study.missing:
        if missing.failure:
            settings = missing.settings
            name = f"{settings.name}/seed{settings.seed}/failure.json"
            _copy_record(study_dir / name, to / name)
    for name in ("real.json", TIMING):
        if (study_dir / name).exists():
            _copy_record(study_dir / name, to / name)
    return write_report(to, comparison)


def _portable(settings):
    """Settings whose dataset, where it is a path, is that of no machine."""
    dataset = without_paths(settings.dataset.rstrip("/"))
    return dataclasses.replace(settings, dataset=dataset)


def _check_folder(study, to):
    """Refuse a folder of something else, or of real images judged otherwise."""
    found = {path.name for path in to.glob("*")} - {PREREGISTRATION}
    if found and PLAN not in found:
        raise ValueError(
            f"{to} holds files but no {PLAN}, so it is no published study. Publish in "
            "another folder."
        )
    there = json_files.read(to / "real.json").get("wanted")
    here = study.real.get("wanted")
    if there and here and there != here:
        raise ValueError(
            f"{to} was evaluated otherwise than {study.directory}: {there} there, "
            f"{here} here. Publish in another folder."
        )


def _check_place(place, ended):
    """Refuse to publish a damaged history, or over another run."""
    if not ended.history and (ended.directory / "history.csv").exists():
        raise _damaged(ended.directory / "history.csv", "; ".join(ended.problems))
    if not (place / "settings.json").exists():
        return
    if not (place / PUBLISHED).exists():
        raise ValueError(
            f"{place} has its weights, so it is a run itself. Publish in another "
            "folder."
        )
    owner, _ = read_record(place)
    different = _portable(ended.settings).differences(owner, ignore=run.RESUMABLE)
    if different:
        raise ValueError(
            f"{place} is of a run with other settings ({'; '.join(different)}). "
            "Publish in another folder."
        )


def _write_run(ended, temporary):
    """Fill a folder with the records of a `Run`."""
    source, target = ended.directory, pathlib.Path(temporary)
    target.mkdir()
    for name in (*RECORDS, *LINES):
        is_overcome = name == "failure.json" and ended.failure is None
        if (source / name).exists() and not is_overcome:
            _copy_record(source / name, target / name)
    record = json_files.read(target / "settings.json")
    record["settings"]["dataset"] = _portable(ended.settings).dataset
    json_files.write(target / "settings.json", record)
    # Many draws of settings stand for one model; of each its samples are enough.
    arrays = ARRAYS[:1] if ended.settings.is_draw else ARRAYS
    copied = [name for name in arrays if ended.has_arrays(name)]
    copied += ["history.csv"] if ended.history else []
    copied += [PUBLISHED] if ended.is_published else []  # published again
    for name in copied:
        shutil.copyfile(source / name, target / name)
    if not ended.is_published:
        weights, digest = source / "model.keras", None
        if weights.exists():  # not of a run that failed
            with open(weights, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        json_files.write(target / PUBLISHED, {"sha256": {"model.keras": digest}})


def _copy_record(source, target):
    """Copy a file of JSON, or of a JSON a line, without paths."""
    text = source.read_text()
    try:
        if source.suffix == ".jsonl":
            values = [json.loads(line) for line in text.splitlines()]
            text = "".join(json.dumps(without_paths(each)) + "\n" for each in values)
        else:
            text = json.dumps(without_paths(json.loads(text)), indent=2) + "\n"
    except ValueError as error:
        raise _damaged(source, error) from error
    with files.replacing(target) as temporary:
        temporary.write_text(text)


def _damaged(path, error):
    return ValueError(
        f"{path} is damaged ({error}). `kerasgen check` says what to do about it; then "
        "publish again."
    )
