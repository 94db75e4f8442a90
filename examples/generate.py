"""Pictures from a trained model: samples, one row a class, or interpolations.

    python examples/generate.py --preset=dcgan_mnist --num=64 --seed=7
    python examples/generate.py --path=saved_models/dcgan_mnist --num=64 --seed=7
    python examples/generate.py --path=saved_models/dcgan_mnist --kind=interpolation
    python examples/generate.py --path=runs/mnist-conditional/cvae/seed0/model.keras \\
        --kind=classes

The command `kerasgen sample` does the same.

`--preset` takes the name of a trained model of the package, or a folder of such a
preset; `--path` a SavedModel folder or a `.keras` file. The result is one PNG.
"""

import command_line  # noqa: F401  first: it answers slips at once
from absl import app
from absl import flags
from absl import logging

from kerasgen.cli import command
from kerasgen.cli import sample

FLAGS = flags.FLAGS
flags.DEFINE_string("preset", None, "Preset of the package by name, or its folder.")
flags.DEFINE_string("path", None, "SavedModel folder or .keras file.")
flags.mark_flags_as_mutual_exclusive(["preset", "path"], required=True)
flags.DEFINE_enum("kind", "samples", sample.PICTURES, "What to draw.")
flags.DEFINE_integer("num", 64, "Number of images.")
flags.DEFINE_integer("seed", 0, "Seed of the latents.")
flags.DEFINE_integer("label", None, "Class of all images, of a conditional model.")
flags.DEFINE_string("output", "generated.png", "File to write.")


def main(_):
    logging.set_verbosity(logging.WARNING)
    with command.answered_errors():
        raise SystemExit(sample.main([FLAGS.path] if FLAGS.path else [], FLAGS))


if __name__ == "__main__":
    app.run(main)
