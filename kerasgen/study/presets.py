"""Presets of finished runs, and SavedModels of them with a card on each.

The preset is evaluated as it is loaded, not the run: it has the averaged generator and
16 bits. The SavedModel is exported from it, so one card holds for both.
"""

import functools
import pathlib
import re
import tempfile
from collections.abc import Callable
from collections.abc import Iterable

import numpy as np

from kerasgen import callbacks
from kerasgen import evaluation
from kerasgen import export
from kerasgen import files
from kerasgen.core import preset_files
from kerasgen.core import presets
from kerasgen.study import cards
from kerasgen.study import json_files
from kerasgen.study import pictures
from kerasgen.study import run
from kerasgen.study.records import flat
from kerasgen.study.records import load_run
from kerasgen.study.records import nested
from kerasgen.study.settings import RunSettings

LICENCE = "Apache-2.0"
# Samples by which a preset is compared with the model that it was rounded from.
NUM_COMPARED = 1000


def make_presets(
    study_dir: files.PathLike,
    models: Iterable[str] | None = None,
    *,
    seed: int = 0,
    presets_dir: files.PathLike | None = None,
    saved_models_dir: files.PathLike | None = "saved_models",
    data_dir: files.PathLike | None = None,
    num_samples: int = 10_000,
    tell: Callable[[str], None] | None = None,
) -> list[str]:
    """Make a preset, a SavedModel and a model card of each finished run of a seed.

    Those of the same weights that are there stay. Returns the names of the presets.

    Args:
        study_dir: The folder `runs/<study>`.
        models: Names of the models' folders in it; default all that have the seed.
        seed: The seed whose runs are taken.
        presets_dir: Folder of the presets; default the package's.
        saved_models_dir: Folder of the SavedModels, or None for presets alone.
        data_dir: Folder of the dataset, as `data.fetch` takes it.
        num_samples: Samples that each preset is evaluated by.
        tell: Function of a line of text; default print.

    Raises:
        ValueError: If a run is not there or not finished, or a folder is taken by a
            model made with other settings; before anything is made.

    Example:

    >>> make_presets("runs/mnist", ["dcgan"])
    ['dcgan_mnist']
    """
    tell = tell or functools.partial(print, flush=True)
    study_dir = files.user_path(study_dir)
    presets_dir = files.user_path(presets_dir or presets.FOLDER)
    runs = {preset_name(r.settings): r for r in _finished(study_dir, models, seed)}
    exports = {
        name: saved_models_dir and files.user_path(saved_models_dir) / name
        for name in runs
    }
    for name, each in runs.items():
        _check_places(presets_dir / name, exports[name], each.settings)
    real, reference = _real(study_dir, num_samples), None
    for number, (name, each) in enumerate(runs.items(), start=1):
        folder, exported = presets_dir / name, exports[name]
        heading = f"[{number}/{len(runs)}] {name}"
        if _is_made(folder, exported, each, num_samples):
            tell(f"{heading}: complete")
            continue
        tell(f"{heading}: evaluating {num_samples:,} samples of the preset")
        reference = reference or _reference(each.settings, data_dir)
        preset, metadata, record = _evaluated_preset(each, reference, num_samples)
        preset.save_to_preset(folder, metadata)
        presets.write_registry(presets_dir)
        metadata = preset_files.read_metadata(folder)
        sizes = f"preset {_megabytes(folder)}"
        if exported:
            _export(preset, exported, name, each, metadata, {name: record, **real})
            sizes += f", SavedModel {_megabytes(exported)}"
        tell(f"{heading}: {cards.distance(metadata['metrics'])}, {sizes}")
    presets.write_registry(presets_dir)
    if saved_models_dir:
        cards.write_list(files.user_path(saved_models_dir), presets_dir)
    return list(runs)


def preset_name(settings: RunSettings) -> str:
    """Name of a run's preset, such as "dcgan_mnist" or "cvae_mnist_conditional"."""
    return re.sub(r"\W+", "_", f"{settings.name}_{settings.study}")


def _finished(study_dir, models, seed):
    """The runs of a seed, each of which must be finished and have its weights."""
    if models is None:
        models = sorted(path.parent.name for path in study_dir.glob(f"*/seed{seed}"))
    problems, runs = [], []
    for directory in (study_dir / model / f"seed{seed}" for model in models):
        if not (directory / "settings.json").exists():
            problems.append(f"{directory} holds no run")
            continue
        runs.append(load_run(directory))
        if runs[-1].status != "complete":
            problems.append(f"{directory} is {runs[-1].status}")
        elif not (directory / "model.keras").exists():
            problems.append(f"{directory} lacks model.keras")
        elif runs[-1].settings.ablation:  # no command trains such a run alone
            problems.append(f"{directory} is of an ablation")
    if problems or not runs:
        said = "; ".join(problems) or f"{study_dir} has no run of seed {seed}"
        raise ValueError(
            f"{said}. Expected finished runs with their weights; train them first: "
            "python examples/train_all.py"
        )
    return runs


def _check_places(folder, exported, settings):
    """Refuse to replace what was made with other settings."""
    settings = settings.to_dict()
    made_with = json_files.read(folder / preset_files.METADATA).get("settings")
    is_ours = isinstance(made_with, dict) and export.taken_further(made_with, settings)
    for place, is_replaceable in (
        (folder, is_ours or not folder.exists()),
        (exported, exported is None or export.replaceable(exported, settings)),
    ):
        if not is_replaceable:
            raise ValueError(
                f"{place} holds another model or one made with other settings; it is "
                "not replaced. Remove it, or choose another folder."
            )


def _reference(settings, data_dir):
    """The reference of a run: its training images, and the test images."""
    train, test = (settings.fetch(split, data_dir) for split in ("train", "test"))
    return evaluation.Reference((run.first_images(train, settings.limit), test))


def _real(study_dir, num_samples):
    """The record of real images judged alike, by its title, if the study has one."""
    problems = []
    record = json_files.read(study_dir / "real.json", problems).get("final")
    if problems:
        raise ValueError(
            f"{problems[0]} Remove it, and give the command of the study again: it is "
            "made anew."
        )
    is_alike = isinstance(record, dict) and record.get("num_samples") == num_samples
    return {"real images": flat(record)} if is_alike else {}


def _is_made(folder, exported, each, num_samples):
    """Whether preset, SavedModel and card are there, of these very weights."""
    made_from = _made_from(each)
    if exported:
        card = exported / cards.CARD
        if not card.exists() or made_from["model.keras"] not in card.read_text():
            return False
    try:
        metadata = preset_files.read_metadata(folder)
        for name, sha in metadata["sha256"].items():
            preset_files.read(folder, name, sha)
        made = metadata["made_from"], metadata["num_samples"]
    except (KeyError, ValueError):  # it is made anew
        return False
    return made == (made_from, num_samples)


def _evaluated_preset(each, reference, num_samples):
    """The preset of a run as it is loaded, its metadata, and the record on it."""
    settings, num_images = each.settings, each.record["data"]["num_images"]
    trained = pictures.load_model(each.directory / "model.keras").in_float32()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "preset"
        trained.save_to_preset(path)
        preset = type(trained).from_preset(path, dtype="float32")
    judged = {"num_samples": num_samples, "seed": settings.seed}
    record = evaluation.evaluate(preset, reference, **judged)
    samples = [
        one.sample(NUM_COMPARED, seed=settings.seed) for one in (trained, preset)
    ]
    change = np.abs(samples[0] - samples[1])
    conditional = "conditional on labels, " if settings.conditional else ""
    metrics = nested(record)["metrics"].items()
    metadata = {
        "description": f"{settings.title}, {conditional}trained on {num_images:,} "
        f"images of {settings.dataset} for {settings.epochs} epochs",
        "licence": LICENCE,
        "dataset": settings.dataset,
        "num_images": num_images,
        "epochs": settings.epochs,
        "settings": settings.to_dict(),
        "precision": each.record["precision"],
        "made_from": _made_from(each),
        "num_samples": num_samples,
        "metrics": {name: value for name, value in metrics if value is not None},
        "protocol": record["protocol"],
        "pixel_change": {
            "samples": NUM_COMPARED,
            "mean": float(change.mean()),
            "largest": float(change.max()),
        },
    }
    return preset, metadata, record


def _export(preset, exported, name, each, metadata, records):
    """Write a preset's SavedModel, a picture of its samples, and its card."""
    preset.export(exported, settings=each.settings.to_dict(), half=True)
    kind = "classes" if preset.is_conditional else "samples"
    picture = pictures.draw(preset, kind, num=100, seed=each.settings.seed)
    callbacks.write_png(exported / cards.PICTURE, picture)
    # Last, as the sign that all of it is there.
    cards.write_card(exported, name, each, metadata, records)


def _made_from(each):
    content = (each.directory / "model.keras").read_bytes()
    return {"model.keras": preset_files.sha256(content)}


def _megabytes(folder):
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return f"{size / 1e6:.1f} MB"
