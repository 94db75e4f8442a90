"""Choices that machines would make each for itself, made once for all runs of a study.

What `precision="auto"` stands for depends on the processor, and features that are
trained on the images on the machine that trains them. The first job of a study decides,
and leaves `choices.json`, and features that it trained, in the folder of the study,
where runs on other machines find them.
"""

import pathlib
import socket

from kerasgen import data
from kerasgen import evaluation
from kerasgen import features
from kerasgen import files
from kerasgen.study import environment
from kerasgen.study import json_files

RECORD = "choices.json"
WEIGHTS = "features.npz"


def decide(directory: files.PathLike, reference: evaluation.Reference) -> None:
    """Decide for a study, unless that is done; the caller holds its folder.

    Args:
        directory: Folder of the study.
        reference: `Reference` of its images, with features as this machine has them.
    """
    directory = files.user_path(directory)
    if json_files.read(directory / RECORD):
        return
    extractor = reference.extractor
    if features.is_trained_here(extractor):
        features.save(extractor.model, directory / WEIGHTS)
    # Runs may have been begun before there was such a record.
    precision = _precision_of_runs(directory) or environment.resolve_precision("auto")
    chosen = {"precision": precision, "features": extractor.name}
    json_files.write(directory / RECORD, {**chosen, "host": socket.gethostname()})


def forget(directory: files.PathLike) -> None:
    """Leave it to the next run to decide, if no run of a study is there any more."""
    directory = files.user_path(directory)
    if not any(directory.glob("*/seed*/settings.json")):
        for name in (RECORD, WEIGHTS):
            (directory / name).unlink(missing_ok=True)


def precision(directory: files.PathLike) -> str | None:
    """The dtype policy that "auto" stands for in a study; None if nothing is decided.

    Args:
        directory: Folder of the study.
    """
    return json_files.read(files.user_path(directory) / RECORD).get("precision")


def reference(
    directory: files.PathLike, images: data.ImageSet, test: data.ImageSet
) -> evaluation.Reference:
    """The images of a study as a `Reference` with the features decided on.

    Args:
        directory: Folder of the study.
        images, test: Training and test images.

    Raises:
        ValueError: If this machine would take other features, or those that another
            trained cannot be read.
    """
    path = files.user_path(directory)
    name = json_files.read(path / RECORD).get("features")
    if name is not None and (path / WEIGHTS).exists():
        trained = features.from_bytes(name, (path / WEIGHTS).read_bytes())
        return evaluation.Reference((images, test), features=trained)
    found = evaluation.Reference((images, test))
    if name not in (None, found.extractor.name):
        raise ValueError(
            f"Got the features {found.extractor.name} on this machine; expected "
            f"{name}, which the study in {directory} was begun with. Install the same "
            "version of kerasgen as there, or choose another runs directory."
        )
    return found


def _precision_of_runs(directory: pathlib.Path):
    """The precision of the first run that is there and was to choose, or None."""
    for path in sorted(directory.glob("*/seed*/settings.json")):
        record = json_files.read(path)
        if record.get("settings", {}).get("precision") == "auto":
            return record.get("precision")
    return None
