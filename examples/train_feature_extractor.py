"""The features that samples are judged by: trains a dataset's small classifier.

    python examples/train_feature_extractor.py --dataset=mnist    # 5 minutes, 2 cores
    python examples/train_feature_extractor.py --dataset=kmnist --output_dir=weights

The result is `<dataset>-v1.npz` and, beside it, `<dataset>-v1.json` with the accuracy
on the test images (reported, never used to choose), the seed, the time and the SHA-256
of the weights.
"""

import command_line  # noqa: F401  first: it answers slips at once
from absl import app
from absl import flags
from absl import logging

from kerasgen import data
from kerasgen import features

FLAGS = flags.FLAGS
flags.DEFINE_string("dataset", "mnist", "MNIST, or another image set of TFDS by name.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_integer("epochs", 8, "Passes over the training images.")
flags.DEFINE_integer("seed", 0, "Seed of weights, order, movements and dropout.")
flags.DEFINE_string("output_dir", "features", "Folder of the weights and their record.")


def main(_):
    logging.set_verbosity(logging.WARNING)
    try:
        train_set, test_set = (
            data.load_arrays(FLAGS.dataset, split, data_dir=FLAGS.data_dir)
            for split in ("train", "test")
        )
        record = features.train(
            FLAGS.dataset,
            train_set,
            test_set,
            FLAGS.output_dir,
            epochs=FLAGS.epochs,
            seed=FLAGS.seed,
        )
    except (ValueError, RuntimeError) as error:
        raise SystemExit(f"Error: {error}") from None
    for key, value in record.items():
        print(f"{key:14} {value}")


if __name__ == "__main__":
    app.run(main)
