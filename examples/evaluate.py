"""How good samples are: a model's, or any program's, beside real images.

    python examples/evaluate.py saved_models/dcgan_mnist
    python examples/evaluate.py runs/mnist/cvae/seed0/model.keras
    python examples/evaluate.py folder_of_pngs --dataset=fashion_mnist
    python examples/evaluate.py samples.npy --metrics=frechet_distance,precision_recall

The path is a .keras file, the folder of a SavedModel, a folder of PNG images, or a .npy
or .npz file of an array (num, height, width, channels). The result is a table, with the
training images judged as if they were samples beside it, and a JSON file. For 10,000
samples it takes about two minutes on 2 cores; --noreal halves that.
"""

import json
import pathlib

import command_line  # noqa: F401  first: it answers slips at once
from absl import app
from absl import flags
from absl import logging

from kerasgen import evaluation
from kerasgen import files
from kerasgen import study

FLAGS = flags.FLAGS
flags.DEFINE_string("dataset", "mnist", "MNIST, or another image set of TFDS by name.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_integer("num_samples", 10_000, "Number of samples to judge.")
flags.DEFINE_integer("seed", 0, "Seed of the samples.")
flags.DEFINE_string("features", "auto", "auto, inception, or a dataset's name.")
flags.DEFINE_list("metrics", ["all"], "Metrics by name, by comma, or all.")
flags.DEFINE_integer("importance_samples", 50, "K of the likelihood bound.")
flags.DEFINE_integer("importance_images", 1000, "Test images for that bound.")
flags.DEFINE_bool("real", True, "Judge the training images, too.")
flags.DEFINE_string("output", "evaluation.json", "File to write.")


def main(arguments):
    logging.set_verbosity(logging.WARNING)
    if len(arguments) != 2:
        raise app.UsageError("Give one path to evaluate.")
    path = pathlib.Path(arguments[1])
    if not path.exists():
        near = [each.name for each in path.parent.glob(f"{path.name}*")]
        hint = f" Near it there is {', '.join(near)}." if near else ""
        raise SystemExit(f"Error: There is nothing at {path}.{hint}")
    try:
        records = judge(path)
    except (ValueError, RuntimeError) as error:
        raise SystemExit(f"Error: {error}") from None
    with files.replacing(FLAGS.output) as temporary:
        temporary.write_text(json.dumps(records, indent=2) + "\n")
    print(evaluation.format_table(records))
    print(f"\n{FLAGS.output}: {records[str(path)]['seconds_total']:.0f} s")


def judge(path):
    """The records of what is at `path`, and of real images."""
    metrics = "all" if FLAGS.metrics == ["all"] else FLAGS.metrics
    reference = evaluation.Reference(
        FLAGS.dataset, features=FLAGS.features, data_dir=FLAGS.data_dir
    )
    if path.suffix == ".keras" or (path / "saved_model.pb").exists():
        judged = study.load_model(path)
    else:
        judged = evaluation.load_images(path, channels=reference.image_shape[-1])
    records = {
        str(path): evaluation.evaluate(
            judged,
            reference,
            num_samples=FLAGS.num_samples,
            seed=FLAGS.seed,
            metrics=metrics,
            importance_samples=FLAGS.importance_samples,
            importance_images=FLAGS.importance_images,
        )
    }
    if FLAGS.real:
        count = records[str(path)]["num_samples"]
        records["training images"] = evaluation.evaluate_real(
            reference, num_samples=count, metrics=metrics
        )
    return records


if __name__ == "__main__":
    app.run(main)
