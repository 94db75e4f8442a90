"""Runs that a study is asked for: where each lies, and what is left to do."""

import dataclasses
import json
import pathlib

from kerasgen import export
from kerasgen import files
from kerasgen.study import run
from kerasgen.study.portable import portable_command
from kerasgen.study.records import PUBLISHED
from kerasgen.study.run_evaluation import is_evaluated
from kerasgen.study.settings import RunSettings


@dataclasses.dataclass(frozen=True)
class PlannedRun:
    """One run of a study.

    Args:
        settings: `RunSettings`.
        directory: `pathlib.Path` of the run.
        export_to: `pathlib.Path` for the SavedModel, or None for no export.
        num_samples: Samples that it is evaluated by.
    """

    settings: RunSettings
    directory: pathlib.Path
    export_to: pathlib.Path | None
    num_samples: int

    @property
    def heading(self):
        return f"{self.settings.title} seed {self.settings.seed}"

    @property
    def epochs_left(self):
        return max(self.settings.epochs - run.epochs_done(self.directory), 0)

    @property
    def is_complete(self):
        """Whether the run is trained, evaluated and exported."""
        return (
            run.is_trained(self.directory, self.settings)
            and is_evaluated(self.directory, self.settings, self.num_samples)
            # A model that is elsewhere was exported there, if at all.
            and (self.export_to is None or self.is_published or self._is_exported())
        )

    @property
    def is_published(self):
        """Whether only its records are here, without its weights."""
        return (self.directory / PUBLISHED).exists()

    def check_weights(self):
        """Raises ValueError if something is left to do that the weights are needed for.

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

    @property
    def is_exported_elsewhere(self):
        """Whether its folder is taken by a model that was made with other settings."""
        return self.export_to and self.export_to.name != self.settings.export_name

    def _is_exported(self):
        try:
            record = export.read_record(self.export_to)
        except ValueError:  # damaged: the model is exported anew
            return False
        return record.get("settings") == self.settings.to_dict()


def plan(settings, study_dir, saved_models_dir, num_samples):
    """The runs of a study; the models of the first seed are to be exported.

    Args:
        settings: List of `RunSettings` of one study.
        study_dir: `pathlib.Path` of the study.
        saved_models_dir: Folder of the exported SavedModels, or None.
        num_samples: Samples that each model is evaluated by.

    Returns:
        List of `PlannedRun`.

    Raises:
        ValueError: If the settings are not of one study or name a run twice.
    """
    if not settings:
        raise ValueError("Got no runs; expected at least one. Name a model.")
    studies = {one.study for one in settings}
    if len(studies) > 1:
        raise ValueError(
            f"Got runs of the studies {', '.join(sorted(studies))}; expected one. Run "
            "them one after the other."
        )
    places = [(one.name, one.seed) for one in settings]
    for place in places:
        if places.count(place) > 1:
            raise ValueError(
                f"Got {place[0]} with seed {place[1]} twice; expected it once."
            )
    return [
        PlannedRun(
            one,
            study_dir / one.name / f"seed{one.seed}",
            _export_path(one, saved_models_dir)
            if saved_models_dir is not None and one.seed == settings[0].seed
            else None,
            num_samples,
        )
        for one in settings
    ]


def write(path, settings, command=None):
    """Adds runs, and the command that asks for them, to the file of all that were.

    Args:
        path: `pathlib.Path` of `study.json`, which `records.load_study` reads.
        settings: List of `RunSettings`.
        command: The command; default that of this process.
    """
    mine = {(one.name, one.seed) for one in settings}
    others = []
    for one in _read(path):
        if (one.name, one.seed) not in mine:
            others.append(one)
    record = {
        "command": portable_command(command),
        "runs": [one.to_dict() for one in (*others, *settings)],
    }
    with files.replacing(path) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n")


def _read(path):
    if not path.exists():
        return []
    try:
        return [RunSettings.from_dict(v) for v in json.loads(path.read_text())["runs"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} is no list of runs of this version ({error}). Remove it; the runs "
            "themselves are not touched."
        ) from error


def _export_path(settings, saved_models_dir):
    """Where to export to: beside, never over, a model made with other settings."""
    path = pathlib.Path(saved_models_dir) / settings.export_name
    if export.replaceable(path, settings.to_dict()):
        return path
    return path.with_name(f"{path.name}-{settings.digest()}")
