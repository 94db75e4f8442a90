"""Runs that a study is asked for: where each lies, and what is left to do."""

import collections
import dataclasses
import json
import pathlib
from collections.abc import Sequence

from kerasgen import export
from kerasgen import files
from kerasgen.study import json_files
from kerasgen.study import run
from kerasgen.study.comparison import NONE
from kerasgen.study.portable import portable_command
from kerasgen.study.records import PUBLISHED
from kerasgen.study.run_evaluation import is_evaluated
from kerasgen.study.settings import RunSettings


@dataclasses.dataclass(frozen=True)
class PlannedRun:
    """One run of a study."""

    settings: RunSettings
    directory: pathlib.Path
    export_to: pathlib.Path | None  # folder for the SavedModel
    num_samples: int  # that it is evaluated by

    @property
    def heading(self) -> str:
        """Name of the run on the display."""
        return f"{self.settings.title} seed {self.settings.seed}"

    @property
    def epochs_left(self) -> int:
        """Epochs that it has still to do."""
        return max(self.settings.epochs - run.epochs_done(self.directory), 0)

    @property
    def is_published(self) -> bool:
        """Whether only its records are here, without its weights."""
        return (self.directory / PUBLISHED).exists()

    @property
    def is_complete(self) -> bool:
        """Whether the run is trained, evaluated and exported."""
        return (
            run.is_trained(self.directory, self.settings)
            and is_evaluated(self.directory, self.settings, self.num_samples)
            # A model that is elsewhere was exported there, if at all.
            and (self.export_to is None or self.is_published or self._is_exported())
        )

    def _is_exported(self):
        settings = self.settings.to_dict()
        return json_files.holds(self.export_to / export.RECORD, settings=settings)

    def check_weights(self) -> None:
        """Raise a ValueError if something is left to do that needs missing weights.

        Records that were published and copied back count as a run that is complete,
        but none can be trained on, nor evaluated by another number of samples.
        """
        if self.is_published and not self.is_complete:
            raise ValueError(
                f"{self.directory} holds the records of a run without its weights, and "
                f"they are not of {self.settings.epochs} whole epochs evaluated by "
                f"{self.num_samples:,} samples. Remove it to train the run anew, or "
                "choose another runs directory."
            )


def plan(
    settings: Sequence[RunSettings],
    runs_dir: files.PathLike,
    saved_models_dir: files.PathLike | None,
    num_samples: int,
) -> list[PlannedRun]:
    """The runs of a study; the models of the first seed are to be exported.

    Args:
        settings: Those of the runs of one study.
        runs_dir: Folder of the studies.
        saved_models_dir: Folder of the exported SavedModels, or None.
        num_samples: Samples that each model is evaluated by.

    Raises:
        ValueError: If the settings are not of one study or name a run twice.
    """
    if not settings:
        raise ValueError("Got no runs; expected at least one. Name a model.")
    studies = sorted({one.study for one in settings})
    if len(studies) > 1:
        raise ValueError(
            f"Got runs of the studies {', '.join(studies)}; expected one. Run them one "
            "after the other."
        )
    counts = collections.Counter((one.name, one.seed) for one in settings)
    (name, seed), number = counts.most_common(1)[0]
    if number > 1:
        raise ValueError(f"Got {name} with seed {seed} twice; expected it once.")
    places = {}
    if saved_models_dir is not None:
        first = [one for one in settings if one.seed == settings[0].seed]
        places = {one.name: _export_path(one, saved_models_dir) for one in first}
    return [
        PlannedRun(
            one,
            files.user_path(runs_dir) / one.study / one.name / f"seed{one.seed}",
            places.get(one.name) if one.seed == settings[0].seed else None,
            num_samples,
        )
        for one in settings
    ]


def _export_path(settings, saved_models_dir):
    """Where to export to: beside, never over, a model made with other settings."""
    path = files.user_path(saved_models_dir) / settings.export_name
    if export.replaceable(path, settings.to_dict()):
        return path
    return path.with_name(f"{path.name}-{settings.digest()}")


def write(
    path: files.PathLike,
    settings: Sequence[RunSettings],
    command: str | None = None,
    comparison: str | None = None,
) -> None:
    """Add runs, and the command that asks for them, to the file of all that were.

    Args:
        path: Path of `study.json`, which `records.load_study` reads.
        settings: Those of the runs.
        command: The command; default that of this process.
        comparison: Name of the comparison whose claims are to be judged; default that
            of the file, or none.

    Raises:
        ValueError: If the file is damaged or of another version.
    """
    path = files.user_path(path)
    runs = {}
    try:
        if path.exists():
            there = json.loads(path.read_text())
            comparison = comparison or there.get("comparison")
            there = map(RunSettings.from_dict, there["runs"])
            runs = {(one.name, one.seed): one for one in there}
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} is no list of runs of this version ({error}). Remove it; the runs "
            "themselves are not touched."
        ) from error
    for one in settings:  # those asked for again go to the end
        runs.pop((one.name, one.seed), None)
        runs[one.name, one.seed] = one
    runs = [one.to_dict() for one in runs.values()]
    asked = {"command": portable_command(command), "comparison": comparison or NONE}
    json_files.write(path, {**asked, "runs": runs})
