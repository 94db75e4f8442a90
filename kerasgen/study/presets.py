"""Presets of finished runs, SavedModels of them, and a card on each.

The preset is evaluated as it is loaded, not the run: it has the averaged generator and
16 bits. The SavedModel is exported from it, so one card holds for both.
"""

import functools
import json
import pathlib
import re
import tempfile

import numpy as np

from kerasgen import evaluation
from kerasgen import export
from kerasgen.core import preset_files
from kerasgen.core import presets
from kerasgen.study import cards
from kerasgen.study import run
from kerasgen.study.pictures import load_model
from kerasgen.study.records import flat
from kerasgen.study.records import load_run
from kerasgen.study.records import nested

LICENCE = "Apache-2.0"
# Samples by which a preset is compared with the model that it was rounded from.
NUM_COMPARED = 1000


def make_presets(
    study_dir,
    models=None,
    *,
    seed=0,
    presets_dir=None,
    saved_models_dir="saved_models",
    data_dir=None,
    num_samples=10_000,
    tell=None,
):
    """Makes a preset, a SavedModel and a model card of each finished run of a seed.

    Those that are there, of the same weights, are left as they are.

    Args:
        study_dir: The folder `runs/<study>`, which holds `<model>/seed<k>/`.
        models: Names of the models' folders in it; default all that have the seed.
        seed: The seed whose runs are taken.
        presets_dir: Folder of the presets; default the package's.
        saved_models_dir: Folder of the SavedModels.
        data_dir: Folder of the dataset, as `data.fetch` takes it.
        num_samples: Samples that each preset is evaluated by.
        tell: Function of a line of text; default print.

    Returns:
        List of the names of the presets.

    Raises:
        ValueError: If a run is not there or not finished, or a folder is taken by a
            model made with other settings; before anything is made.

    Example:

    >>> make_presets("runs/mnist", ["dcgan"])
    ['dcgan_mnist']
    """
    study_dir, saved_models_dir = map(pathlib.Path, (study_dir, saved_models_dir))
    presets_dir = pathlib.Path(presets_dir or presets.FOLDER)
    tell = tell or functools.partial(print, flush=True)
    runs = _finished(study_dir, models, seed)
    for each in runs:
        _check_places(each, presets_dir, saved_models_dir)
    real = _real(study_dir, num_samples)
    reference = None
    for number, each in enumerate(runs, start=1):
        name = preset_name(each.settings)
        folder, exported = presets_dir / name, saved_models_dir / name
        heading = f"[{number}/{len(runs)}] {name}"
        if _is_made(folder, exported, each, num_samples):
            tell(f"{heading}: complete")
            continue
        tell(f"{heading}: evaluating {num_samples:,} samples of the preset")
        if reference is None:
            reference = _reference(each, data_dir)
        told = _make(each, reference, num_samples, folder, exported, real)
        tell(f"{heading}: {told}")
    presets.write_registry(presets_dir)
    cards.write_list(saved_models_dir, presets_dir)
    return [preset_name(each.settings) for each in runs]


def _make(each, reference, num_samples, folder, exported, real):
    """Write preset, SavedModel and card of one run; returns what to tell of them."""
    preset, metadata, record = _evaluated_preset(each, reference, num_samples)
    preset.save_to_preset(folder, metadata)
    presets.write_registry(folder.parent)
    export.save(preset, exported, each.settings.to_dict(), half=True)
    # Last, as the sign that all of it is there.
    metadata = preset_files.read_metadata(folder)
    records = {folder.name: record, **real}
    cards.write_card(exported, folder.name, each, metadata, records)
    sizes = f"preset {_megabytes(folder)}, SavedModel {_megabytes(exported)}"
    return f"{cards.distance(metadata['metrics'])}, {sizes}"


def preset_name(settings):
    """Name of the preset of a run, such as "dcgan_mnist" or "cvae_mnist_conditional".

    Args:
        settings: `RunSettings`.
    """
    return re.sub(r"\W+", "_", f"{settings.name}_{settings.study}")


def _finished(study_dir, models, seed):
    """The runs of a seed, each of which must be finished and have its weights."""
    if models is None:
        models = sorted(path.parent.name for path in study_dir.glob(f"*/seed{seed}"))
    problems, runs = [], []
    for model in models:
        directory = study_dir / model / f"seed{seed}"
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


def _check_places(each, presets_dir, saved_models_dir):
    """Refuses to replace what was made with other settings."""
    name, settings = preset_name(each.settings), each.settings.to_dict()
    places = {
        presets_dir / name: _replaceable(presets_dir / name, settings),
        saved_models_dir / name: export.replaceable(saved_models_dir / name, settings),
    }
    for place, is_replaceable in places.items():
        if not is_replaceable:
            raise ValueError(
                f"{place} holds another model or one made with other settings; it is "
                "not replaced. Remove it, or choose another folder."
            )


def _replaceable(folder, settings):
    """Whether a preset is not there yet, or of the same training, or less of it."""
    if not folder.exists():
        return True
    try:
        made_with = preset_files.read_metadata(folder)["settings"]
        return export.taken_further(made_with, settings)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False  # it is not known what is lost


def _reference(each, data_dir):
    """What a run was judged against: its training images, and the test images."""
    train, test = (each.settings.fetch(split, data_dir) for split in ("train", "test"))
    return evaluation.Reference((run.first_images(train, each.settings.limit), test))


def _real(study_dir, num_samples):
    """The record of real images judged alike, by its title, if the study has one."""
    path = study_dir / "real.json"
    try:
        record = flat(json.loads(path.read_text())["final"]) if path.exists() else {}
        is_alike = record.get("num_samples") == num_samples
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{path} is damaged ({error!r}). Remove it, and give the command of the "
            "study again: it is made anew."
        ) from error
    return {"real images": record} if is_alike else {}


def _is_made(folder, exported, each, num_samples):
    """Whether preset, SavedModel and card are there, of these very weights."""
    card, made_from = exported / cards.CARD, _made_from(each)
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
    trained = load_model(each.directory / "model.keras").in_float32()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "preset"
        trained.save_to_preset(path)
        preset = type(trained).from_preset(path, dtype="float32")
    settings = each.settings
    record = evaluation.evaluate(
        preset, reference, num_samples=num_samples, seed=settings.seed
    )
    change = np.abs(
        trained.sample(NUM_COMPARED, seed=settings.seed)
        - preset.sample(NUM_COMPARED, seed=settings.seed)
    )
    num_images = each.record["data"]["num_images"]
    conditional = "conditional on labels, " if settings.conditional else ""
    metrics = nested(record)["metrics"]
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
        "metrics": {name: v for name, v in metrics.items() if v is not None},
        "protocol": record["protocol"],
        "pixel_change": {
            "samples": NUM_COMPARED,
            "mean": float(change.mean()),
            "largest": float(change.max()),
        },
    }
    return preset, metadata, record


def _made_from(each):
    content = (each.directory / "model.keras").read_bytes()
    return {"model.keras": preset_files.sha256(content)}


def _megabytes(folder):
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return f"{size / 1e6:.1f} MB"
