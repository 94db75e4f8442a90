"""Run directories read back: what is there, what went wrong, what is missing.

Nothing here needs a model or a dataset, so that a report can be made anywhere.
"""

import collections
import dataclasses
import functools
import json
import pathlib
import re
import zlib
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from absl import logging

from kerasgen import callbacks
from kerasgen import files
from kerasgen.callbacks.evaluate_samples import read_evaluations
from kerasgen.callbacks.training_monitor import read_events
from kerasgen.core.registry import list_models
from kerasgen.core.registry import model_class
from kerasgen.study import json_files
from kerasgen.study.settings import RunSettings
from kerasgen.study.table import tidy

# The file in a study's folder that lists all runs that were asked for.
PLAN = "study.json"
# Seconds of an epoch, each model alone on the machine: a round for each seed.
TIMING = "timing.json"
# The sign of a run whose records were published without its weights.
PUBLISHED = "published.json"
# What must be equal in two runs for their numbers to be set side by side.
PROTOCOL = ("dataset", "conditional", "limit", "epochs", "arm")
# What must be equal in two runs of one model, besides constructor arguments.
OF_A_MODEL = ("batch_size", "learning_rate_factor", "optimizers")
# Arguments of a model in which the runs of one model differ.
OWN_ARGUMENTS = ("seed", "name", "dtype")
# Arrays that a run has once it is evaluated; others it leaves when it is trained.
EVALUATED_ARRAYS = ("interpolations.npz", "neighbours.npz", "samples_fitted.npz")
# The last entry of a record before its numbers, in records without "metrics".
LAST_OF_A_HEADING = "seconds_total"


def nested(record: dict) -> dict:
    """A record of `evaluate` with its numbers in `metrics`; older ones are converted.

    Example:
        >>> nested({"seed": 0, "seconds_total": 3.0, "fid": 1.5})
        {'seed': 0, 'seconds_total': 3.0, 'metrics': {'fid': 1.5}}
    """
    if "metrics" in record or LAST_OF_A_HEADING not in record:
        return {"metrics": {}, **record}
    entries = list(record.items())
    cut = list(record).index(LAST_OF_A_HEADING) + 1
    return {**dict(entries[:cut]), "metrics": dict(entries[cut:])}


def flat(record: dict) -> dict:
    """A record with its numbers beside its heading, as `find_name` looks them up."""
    record = nested(record)
    return {k: v for k, v in record.items() if k != "metrics"} | record["metrics"]


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """One run directory."""

    directory: pathlib.Path
    settings: RunSettings
    # settings.json: `settings`, `arguments` of the model, `precision`, `environments`,
    # `data` (`source`, `num_images`).
    record: dict
    history: dict  # columns, as `read_history` returns them; {} if there is none
    evaluations: list  # records of the evaluations in training, by `epoch`
    events: list  # of `TrainingMonitor`: dicts with `epoch`, `kind`, `message`
    test_losses: dict  # from log key to the loss on the test images, or {}
    evaluation: dict | None  # at the end, its numbers in `metrics`
    # `kind` ("divergence", "crash" or "killed"), `epoch`, `message`, `log`.
    failure: dict | None
    problems: list  # sentences on files that are missing or damaged
    # Of an epoch of its model with nothing else on the machine, by `TIMING`.
    seconds_alone: float | None = None
    timed_on: dict = dataclasses.field(default_factory=dict)  # the machine of that

    @property
    def title(self) -> str:
        """Name of the model in tables and figures, which draws of settings share."""
        settings = self.settings
        is_draw = settings.is_draw
        return model_class(settings.model).__name__ if is_draw else settings.title

    @property
    def which(self) -> str:
        """Which of its model's runs it is, such as "seed 3" or "draw03"."""
        is_draw = self.settings.is_draw
        return self.settings.variant if is_draw else f"seed {self.seed}"

    @property
    def seed(self) -> int:
        """Seed of the run."""
        return self.settings.seed

    @property
    def epochs_done(self) -> int:
        """Epochs in its history."""
        return len(self.history.get("epoch", []))

    @property
    def status(self) -> str:
        """ "complete", "diverged", "failed", or "incomplete"."""
        if self.evaluation is not None and self.test_losses:
            return "complete"
        if self.failure is None:
            return "incomplete"
        return "diverged" if self.failure["kind"] == "divergence" else "failed"

    @property
    def is_published(self) -> bool:
        """Whether its weights were left out when its records were published."""
        return (self.directory / PUBLISHED).exists()

    @property
    def protocol(self) -> dict:
        """Settings that must be equal for two runs to be compared."""
        settings, varied = self.settings.to_dict(), self.settings.factors
        return {
            **{name: settings[name] for name in PROTOCOL if name not in varied},
            "precision": self.record["precision"],
            "training images": self.record["data"]["num_images"],
        }

    @property
    def arguments(self) -> dict:
        """Settings that must be equal for two runs to be of one model."""
        if self.settings.is_draw:  # which differ by these
            return {}
        arguments, settings = self.record["arguments"], self.settings.to_dict()
        own = {k: v for k, v in arguments.items() if k not in OWN_ARGUMENTS}
        return own | {name: settings[name] for name in OF_A_MODEL}

    def numbers(self, prior: str = "") -> dict:
        """Numbers of the evaluation at the end by their names; {} without one.

        Args:
            prior: "fitted" for samples from a fitted prior; {} where there are none.
        """
        record = self.evaluation or {}
        if prior:
            record = record.get("fitted_prior") or {}
        return record.get("metrics") or {}

    def metrics(self, prior: str = "") -> dict:
        """The record of the end, flat; with the numbers of a fitted prior if it has."""
        found = flat(self.evaluation) if self.evaluation else {}
        return found | self.numbers("fitted") if prior else found

    def has_arrays(self, name: str) -> bool:
        """Whether an .npz file is there that is of the end of the training.

        A run that was taken further still has those of its shorter training.
        """
        ended = self.evaluation if name in EVALUATED_ARRAYS else self.test_losses
        return bool(ended) and (self.directory / name).exists()

    def arrays(self, name: str) -> dict | None:
        """The arrays in an .npz file of the run, or None without that file."""
        if not self.has_arrays(name):
            return None
        path = self.directory / name
        try:
            with np.load(path, allow_pickle=False) as found:
                return dict(found)
        except (OSError, ValueError, EOFError, BadZipFile, zlib.error) as error:
            logging.warning("%s cannot be read: %s", path, error)
            return None


@dataclasses.dataclass(frozen=True)
class Missing:
    """A run that was asked for and is not there; `failure` as of a `Run`, or None."""

    settings: RunSettings
    failure: dict | None


@dataclasses.dataclass(frozen=True, eq=False)
class Study:
    """All runs in the folder of a study."""

    directory: pathlib.Path
    runs: list[Run]  # that can be compared, by the order of models, then seed
    # With another protocol than most, or of a model with other arguments than most runs
    # of it: left aside.
    others: list[Run]
    # Records that models are read beside, each a flat dict or None: `final`, training
    # images evaluated as the samples at the end are; `during`, as those in training
    # are; `pixels`, the images themselves taken as codes.
    real: dict
    missing: list[Missing]
    command: str | None  # that last asked for runs
    comparison: str | None  # name of that whose claims it asked to be judged, or "none"
    problems: list  # sentences on directories that could not be read

    @property
    def name(self) -> str:
        """Name of its folder."""
        return self.directory.name

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of the study, by which claims are chosen: see `comparison.Claim`."""
        settings = self.runs[0].settings
        usual = "conditional" if settings.conditional else "comparison"
        return settings.factors or ("robustness" if settings.is_draw else usual,)

    @property
    def each(self) -> str:
        """Name for a run of a model: "seed", or "draw" of settings."""
        return "draw" if self.runs[0].settings.is_draw else "seed"

    @functools.cached_property
    def table(self) -> pd.DataFrame:
        """The tidy table of all numbers, see `kerasgen.study.table`."""
        return tidy(self)

    @functools.cached_property
    def models(self) -> dict:
        """Dict from title to the list of runs, in order of seed."""
        found = collections.defaultdict(list)
        for run in self.runs:
            found[run.title].append(run)
        return dict(found)


def load_study(directory: files.PathLike) -> Study:
    """Read every run of a study.

    Args:
        directory: The folder `runs/<study>`, which holds `<model>/seed<k>/`.

    Returns:
        `Study`. What cannot be read is named in `problems` of the study or of the run.

    Raises:
        ValueError: If there is no run in the folder.
    """
    directory = files.user_path(directory)
    runs, problems = [], []
    for path in sorted(directory.glob("*/seed*/settings.json")):
        try:
            runs.append(load_run(path.parent))
        except ValueError as error:
            problems.append(str(error))
    if not runs:
        said = f" ({'; '.join(problems)})" if problems else ""
        raise ValueError(
            f"{directory} holds no run{said}; expected folders <model>/seed<k>/ with a "
            "settings.json. Train some first: python examples/train_all.py"
        )
    plan = json_files.read(directory / PLAN, problems)
    runs = sorted(_timed(runs, json_files.read(directory / TIMING)), key=_order)
    compared = _alike(runs, lambda run: run.protocol)
    for title in dict.fromkeys(run.title for run in compared):
        same = [run for run in compared if run.title == title]
        same = _alike(same, lambda run: run.arguments)
        compared = [run for run in compared if run.title != title or run in same]
    real = json_files.read(directory / "real.json", problems)
    return Study(
        directory=directory,
        runs=compared,
        others=[run for run in runs if run not in compared],
        real={
            key: flat(value) if isinstance(value, dict) and key != "wanted" else value
            for key, value in real.items()
        },
        missing=_missing(directory, plan.get("runs", []), problems),
        command=plan.get("command"),
        comparison=plan.get("comparison"),
        problems=problems,
    )


def _timed(runs, timing):
    """Runs with their model's seconds of an epoch alone, where these were measured."""
    for run in runs:
        rounds = timing.get("seconds_per_epoch", {}).get(run.settings.name, {})
        yield dataclasses.replace(
            run,
            seconds_alone=rounds.get(str(run.seed)),
            timed_on=timing.get("machine", {}),
        )


def _alike(runs, what):
    """The runs that agree with most others in what a function says of them."""
    said = [json.dumps(what(run), sort_keys=True) for run in runs]
    common = collections.Counter(said).most_common(1)[0][0]
    return [run for run, text in zip(runs, said, strict=True) if text == common]


def _missing(directory, planned, problems):
    found = []
    for values in planned:
        try:
            settings = RunSettings.from_dict(values)
        except (TypeError, ValueError) as error:
            problems.append(f"{directory / PLAN} names no run of this version: {error}")
            continue
        path = directory / settings.name / f"seed{settings.seed}"
        if not (path / "settings.json").exists():
            failure = json_files.read(path / "failure.json", problems)
            found.append(Missing(settings, failure or None))
    return found


def read_record(directory: files.PathLike) -> tuple[RunSettings, dict]:
    """Settings and whole record of a run, from its settings.json.

    Raises:
        ValueError: If it is missing, damaged, or of another version.
    """
    path, problems = files.user_path(directory) / "settings.json", []
    record = json_files.read(path, problems)
    try:
        settings = RunSettings.from_dict(record["settings"])
        record["precision"], record["data"]["num_images"], record["arguments"].items()
        list(record["environments"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} is not the settings of a run ({'; '.join(problems) or error!r}). "
            "Remove the run directory, or choose another."
        ) from error
    return settings, record


def load_run(directory: files.PathLike) -> Run:
    """Read one run directory, whole or not.

    Raises:
        ValueError: If its settings.json cannot be read.
    """
    directory, problems = files.user_path(directory), []
    settings, record = read_record(directory)
    history = {}
    try:
        history = callbacks.read_history(directory / "history.csv")
    except FileNotFoundError:
        pass
    except ValueError as error:
        problems.append(str(error))
    losses, evaluation, failure = (
        json_files.read(directory / name, problems)
        for name in ("metrics.jsonl", "evaluation.json", "failure.json")
    )
    # What was evaluated before the run went on to more epochs says nothing of its end.
    losses, evaluation = (
        record if record.get("epoch") == settings.epochs else {}
        for record in (losses, evaluation)
    )
    # A run that was tried again and has ended has overcome it, even if a kill came
    # before that record was removed.
    is_overcome = bool(evaluation and losses)
    return Run(
        directory=directory,
        settings=settings,
        record=record,
        history=history,
        evaluations=list(
            map(nested, read_evaluations(directory / "evaluations.jsonl"))
        ),
        events=read_events(directory / "events.jsonl"),
        test_losses={k: v for k, v in losses.items() if k not in ("epoch", "split")},
        evaluation=nested(evaluation) if evaluation else None,
        failure=None if is_overcome else failure or None,
        problems=problems,
    )


def _order(run):
    """Defaults first, then variants by name, their numbers by size; then seeds."""
    parts = re.split(r"(\d+(?:\.\d+)?)", run.settings.variant)
    variant = [(float(p), "") if i % 2 else (0.0, p) for i, p in enumerate(parts)]
    return list_models().index(run.settings.model), variant, run.seed
