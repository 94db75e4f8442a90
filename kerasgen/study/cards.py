"""Model cards of exported models, `README.md` in their folders, and a list of them."""

import pathlib
import shlex
import sys

from kerasgen import evaluation
from kerasgen import files
from kerasgen.core import preset_files
from kerasgen.study.portable import without_paths
from kerasgen.study.records import Run
from kerasgen.study.records import flat
from kerasgen.study.records import nested
from kerasgen.study.rendering import rendered

CARD = "README.md"
PICTURE = "samples.png"  # beside the card


def write_card(
    folder: pathlib.Path, name: str, each: Run, metadata: dict, records: dict
) -> None:
    """Write the card of one model.

    Args:
        folder: That of the SavedModel.
        name: Name of the preset that it was exported from.
        each: The run that the preset was made of.
        metadata: The metadata that the preset is saved with.
        records: Dict from title to record of `evaluate`: the preset's, and others to
            set beside it.
    """
    context = without_paths(
        {
            "name": name,
            "model": each.settings.title.partition(",")[0],
            "metadata": metadata,
            "picture": PICTURE,
            "settings": each.settings.to_dict(),
            "arguments": each.record["arguments"],
            "source": each.record["data"]["source"],
            "environments": each.record["environments"],
            "training_command": training_command(each),
            "command": shlex.join(["python", *sys.argv]),
        }
    )
    applying = {}
    for title, record in records.items():
        other = nested(record)["metrics"].keys() - metadata["metrics"]
        applying[title] = {k: v for k, v in flat(record).items() if k not in other}
    tables = {
        "titles": evaluation.format_titles(applying).partition("\n\n")[0],
        "table": evaluation.format_table(applying),
    }
    _write(folder / CARD, rendered("model_card.md", **tables, **context))


def training_command(each: Run) -> str:
    """The command that trains a run again, in the precision that it was trained in.

    Of an arm of a comparison, which has settings of its own, the one for all seeds.
    """
    settings, precision = each.settings, each.record["precision"]
    known = {**settings.to_dict(), "models": settings.model, "precision": precision}
    if settings.arm in ("", "published"):
        script = "examples/train_one.py"
        names = ["model", "dataset", "epochs", "batch_size", "seed", "limit"]
        switches = {"conditional": settings.conditional, "published": settings.arm}
    else:
        script, switches = "examples/train_all.py", {}
        names = ["arm", "models", "dataset", "epochs"]
    names += ["image_size", "channels", "precision"]
    flags = [f"--{name}={known[name]}" for name in names if known[name] is not None]
    flags += [f"--{name}" for name, is_on in switches.items() if is_on]
    return shlex.join(["python", script, *flags])


def write_list(saved_models_dir: pathlib.Path, presets_dir: pathlib.Path) -> None:
    """Write the list of exported models, with a line for each that has a preset."""
    names = [path.parent.name for path in sorted(saved_models_dir.glob(f"*/{CARD}"))]
    rows = []
    for name in names:
        if (presets_dir / name).exists():
            metadata = preset_files.read_metadata(presets_dir / name)
            how_good = distance(metadata["metrics"])
            rows.append((name, metadata["description"], how_good))
    example = rows[0][0] if rows else "NAME"
    text = rendered("saved_models.md", rows=rows, example=example)
    _write(saved_models_dir / CARD, text)


def distance(metrics: dict) -> str:
    """The Fréchet distance with its name, as text."""
    known = ("fid_", "frechet_distance_")
    name = next((name for name in metrics if name.startswith(known)), None)
    return f"{name} {float(metrics[name]):.2f}" if name else "no Fréchet distance"


def _write(path, text):
    with files.replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
