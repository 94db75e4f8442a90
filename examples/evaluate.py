"""How good samples are: a model's, or any program's, beside real images.

    python examples/evaluate.py saved_models/dcgan_mnist
    python examples/evaluate.py runs/mnist/cvae/seed0/model.keras
    python examples/evaluate.py folder_of_pngs --dataset=fashion_mnist
    python examples/evaluate.py samples.npy --metrics=frechet_distance,precision_recall

The path is a preset's name, a .keras file, the folder of a SavedModel, a folder of PNG
images, or a .npy or .npz file of an array (num, height, width, channels). The result is
a table, with the training images judged as if they were samples beside it, and a JSON
file. For 10,000 samples it takes about two minutes on 2 cores; --noreal halves that.
The command `kerasgen evaluate` does the same.
"""

import command_line  # noqa: F401  first: it answers slips at once
from absl import app
from absl import flags
from absl import logging

from kerasgen.cli import command
from kerasgen.cli import evaluate

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
    with command.answered_errors():
        raise SystemExit(evaluate.main(arguments[1:], FLAGS))


if __name__ == "__main__":
    app.run(main)
