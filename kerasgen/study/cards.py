"""Model cards of exported models, `README.md` in their folders, and a list of them."""

import shlex
import sys

import jinja2

from kerasgen import evaluation
from kerasgen import files
from kerasgen.core import preset_files
from kerasgen.study.portable import without_paths
from kerasgen.study.records import flat
from kerasgen.study.records import nested

CARD = "README.md"


def write_card(folder, name, each, metadata, records):
    """Writes the card of one model.

    Args:
        folder: `pathlib.Path` of the SavedModel.
        name: Name of the preset that it was exported from.
        each: `records.Run` that the preset was made of.
        metadata: The metadata that the preset is saved with.
        records: Dict from title to record of `evaluate`: the preset's, and others to
            set beside it.
    """
    context = without_paths(
        {
            "name": name,
            "model": each.settings.title.partition(",")[0],
            "metadata": metadata,
            "settings": each.settings.to_dict(),
            "arguments": each.record["arguments"],
            "source": each.record["data"]["source"],
            "environments": each.record["environments"],
            "training_command": training_command(each),
            "command": shlex.join(["python", *sys.argv]),
        }
    )
    context["table"] = evaluation.format_table(
        {
            title: _applying(record, metadata["metrics"])
            for title, record in records.items()
        }
    )
    _render("model_card.md", folder / CARD, context)


def _applying(record, metrics):
    """A record without the numbers that do not apply to the model."""
    left_out = {name for name in nested(record)["metrics"] if name not in metrics}
    return {k: value for k, value in flat(record).items() if k not in left_out}


def training_command(each):
    """The command that trains a run again, in the precision that it was trained in.

    Args:
        each: `records.Run`.
    """
    settings = each.settings
    values = {
        "model": settings.model,
        "dataset": settings.dataset,
        "epochs": settings.epochs,
        "batch_size": settings.batch_size,
        "seed": settings.seed,
        "precision": each.record["precision"],
    }
    if settings.limit is not None:
        values["limit"] = settings.limit
    flags = [f"--{name}={value}" for name, value in values.items()]
    flags += ["--conditional"] if settings.conditional else []
    return shlex.join(["python", "examples/train_one.py", *flags])


def write_list(saved_models_dir, presets_dir):
    """Writes the list of exported models, with a line for each that has a preset.

    Args:
        saved_models_dir: `pathlib.Path` of the folder of the SavedModels.
        presets_dir: `pathlib.Path` of the folder of the presets.
    """
    names = [path.parent.name for path in sorted(saved_models_dir.glob(f"*/{CARD}"))]
    models = {
        name: preset_files.read_metadata(presets_dir / name)
        for name in names
        if (presets_dir / name).exists()
    }
    rows = [
        (name, metadata["description"], distance(metadata["metrics"]))
        for name, metadata in models.items()
    ]
    context = {"rows": rows, "example": next(iter(models), "NAME")}
    _render("saved_models.md", saved_models_dir / CARD, context)


def distance(metrics):
    """The Fréchet distance with its name, as text."""
    known = ("fid_", "frechet_distance_")
    name = next((name for name in metrics if name.startswith(known)), None)
    return f"{name} {float(metrics[name]):.2f}" if name else "no Fréchet distance"


def _render(template, path, context):
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kerasgen.study"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    with files.replacing(path) as temporary:
        temporary.write_text(
            environment.get_template(template).render(context), encoding="utf-8"
        )
