"""Judges samples, a model's or any program's, beside real images.

    kerasgen evaluate dcgan_mnist
    kerasgen evaluate runs/mnist/cvae/seed0/model.keras
    kerasgen evaluate folder_of_pngs --dataset=fashion_mnist
    kerasgen evaluate samples.npy --metrics=frechet_distance,precision_recall
    kerasgen evaluate made/ --dataset=real/     # two folders of pictures
    kerasgen evaluate runs/pets/dcgan/seed0/model.keras --dataset=pets/   # its own data

PATH is a preset's name, a .keras file, the folder of a SavedModel, a folder of PNG or
JPEG pictures, or a .npy or .npz file of an array (num, height, width, channels). The
result is a table, with the training images judged as if they were samples beside it,
and a JSON file. For 10,000 samples it takes some minutes on 2 cores; --noreal halves
that.
"""

import json

from absl import flags

from kerasgen.files import user_path

ARGUMENTS = "PATH"
COUNT = (1, 1)
FLAGS = flags.FlagValues()
flags.DEFINE_string(
    "dataset",
    "mnist",
    "MNIST, an image set of TFDS, or a folder of pictures or an array of one's own; "
    "stream:FOLDER leaves its images, pictures or TFRecord files, on disk.",
    FLAGS,
)
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.", FLAGS)
flags.DEFINE_string(
    "features", "auto", "auto, random, trained, inception, or a dataset's name.", FLAGS
)
flags.DEFINE_list(
    "metrics", ["all"], "Metrics by name, by comma, or all.", flag_values=FLAGS
)
for _name, _default, _least, _said in (
    ("num_samples", 10_000, 2, "Number of samples to judge."),
    ("seed", 0, 0, "Seed of the samples."),
    ("importance_samples", 50, 1, "K of the likelihood bound."),
    ("importance_images", 1000, 1, "Test images for that bound."),
):
    flags.DEFINE_integer(_name, _default, _said, _least, flag_values=FLAGS)
flags.DEFINE_bool("real", True, "Judge the training images, too.", FLAGS)
flags.DEFINE_string("output", "evaluation.json", "File to write.", FLAGS)


def main(arguments: list[str], values: flags.FlagValues) -> int:
    """Judge what is at the path, print the table, write the records."""
    from kerasgen import evaluation
    from kerasgen import files

    (path,) = arguments
    output = files.user_path(values.output)
    if output.is_dir():
        raise ValueError(f"Got --output={output}, a folder; expected a file's name.")
    files.prepare_directory(output.parent)
    records = judge(path, values)
    with files.replacing(values.output) as temporary:
        temporary.write_text(json.dumps(records, indent=2) + "\n")
    print(evaluation.format_titles(records))
    seconds = sum(record["seconds_total"] for record in records.values())
    print(f"All numbers by their names: {values.output} ({seconds:.0f} s)")
    return 0


def judge(path: str, values: flags.FlagValues) -> dict[str, dict]:
    """The records of what is at `path` and, unless --noreal, of training images.

    Args:
        path: as in the help of the command.
        values: The values of its flags.

    Returns:
        Dict from title to record of `kerasgen.evaluate`.

    Raises:
        ValueError: If there is nothing to judge at `path`, or a value does not fit.
        RuntimeError: If images or features cannot be had.
    """
    import tqdm

    from kerasgen import evaluation

    model = _load_model(path)
    reference = _reference(model, path, values)
    judged = model or evaluation.load_images(path, reference.image_shape[-1])
    metrics = "all" if values.metrics == ["all"] else values.metrics
    names = ("num_samples", "seed", "importance_samples", "importance_images")
    options = {name: values[name].value for name in names}
    common = {"dataset": reference, "metrics": metrics}
    with tqdm.tqdm(bar_format="{desc} {elapsed}", leave=False, disable=None) as bar:

        def tell(part):
            judged_now = "training images" if records else path
            bar.set_description_str(f"Judging {judged_now}: {part.replace('_', ' ')}")

        records = {}
        records[path] = evaluation.evaluate(judged, **common, **options, tell=tell)
        if values.real and reference.train is not None:
            num = records[path]["num_samples"]
            records["training images"] = evaluation.evaluate_real(
                **common, num_samples=num, tell=tell
            )
    return records


def _load_model(path):
    """The model at a path or of a preset's name, or None where pictures are."""
    from kerasgen import study
    from kerasgen.core import preset_files
    from kerasgen.core.base import GenerativeModel

    there = user_path(path)
    made = ("saved_model.pb", preset_files.METADATA)
    if there.suffix == ".keras" and there.exists():
        return study.load_model(there)
    if any((there / name).exists() for name in made):
        return study.load_model(there)
    if there.exists():
        return None
    if path in GenerativeModel.presets:
        return GenerativeModel.from_preset(path)
    near = [each.name for each in there.parent.glob(f"{there.name}*")]
    hint = f" Near it there is {', '.join(near)}." if near else ""
    raise ValueError(
        f"There is nothing at {path}, and no preset of that name.{hint} `kerasgen "
        "models` lists the presets."
    )


def _reference(model, path, values):
    from kerasgen import data
    from kerasgen import evaluation
    from kerasgen.data import own_images
    from kerasgen.data import pictures

    options = {"features": values.features, "data_dir": values.data_dir}
    where = {}
    if not own_images.is_own(values.dataset):
        found = evaluation.Reference(values.dataset, **options)
        if model is None or found.image_shape == tuple(model.image_shape):
            return found
        where = {"data_dir": values.data_dir}  # scaled, as the model's images were
    if model is None:
        # Pictures are judged as they are, against all of the others.
        folder = user_path(path)
        paths = pictures.find_pictures(folder) if folder.is_dir() else []
        shape = evaluation.load_images(path, pictures.count_channels(paths)).shape[1:]
    else:
        shape = model.image_shape
    side = shape[0] if shape[0] == shape[1] else None
    sets = [
        data.fetch(values.dataset, split, image_size=side, channels=shape[-1], **where)
        for split in (("all",) if model is None else ("train", "test"))
    ]
    return evaluation.Reference(sets, **options)
