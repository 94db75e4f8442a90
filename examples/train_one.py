"""One model: trains it, judges it, exports it, and reports.

    python examples/train_one.py --model=dcgan --epochs=10
    python examples/train_one.py --model=cvae --conditional --limit=10000 --epochs=2

Interrupted, the same command goes on where it was. The result is a run directory, a
SavedModel and a report on all runs of the study that are there, as of `train_all.py`.
The command `kerasgen train` does the same.
"""

import command_line  # noqa: F401  first: it answers slips at once
from absl import app
from absl import flags
from absl import logging

from kerasgen.cli import command
from kerasgen.cli import train
from kerasgen.core.registry import list_models

FLAGS = flags.FLAGS
flags.DEFINE_string("model", "dcgan", f"One of {', '.join(list_models())}.")
flags.DEFINE_string(
    "dataset", "mnist", "A name of TFDS, a folder, a file, or stream:…."
)
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_integer("image_size", None, "Scale images to squares of so many pixels.")
flags.DEFINE_integer("channels", None, "1 for grey, 3 for colour images.")
flags.DEFINE_integer("epochs", 100, "Passes over the training images.", lower_bound=1)
flags.DEFINE_integer("batch_size", 64, "Images in a batch.", lower_bound=1)
flags.DEFINE_integer("seed", 0, "Seed of weights, noise and data order.")
flags.DEFINE_enum("precision", "auto", train.PRECISIONS, "Numbers to compute in.")
flags.DEFINE_bool("conditional", False, "Condition the model on labels.")
flags.DEFINE_bool("published", False, "Settings as each paper has them.")
flags.DEFINE_integer("limit", None, "Train on the first so many images only.")
flags.DEFINE_integer(
    "num_samples", 10_000, "Samples that the model is judged by.", lower_bound=1
)
flags.DEFINE_string("runs_dir", "runs", "Folder of the run directories.")
flags.DEFINE_string("saved_models_dir", "saved_models", "Folder of the SavedModels.")
flags.DEFINE_bool("resume", True, "Go on with an interrupted run, or start over.")


def main(_):
    logging.set_verbosity(logging.WARNING)
    with command.answered_errors():
        raise SystemExit(train.main([FLAGS.model], FLAGS))


if __name__ == "__main__":
    app.run(main)
