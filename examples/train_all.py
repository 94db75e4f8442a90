"""The whole comparison: trains and evaluates its models, exports them, and reports.

    python examples/train_all.py             # 100 epochs each: some hours on 2 cores
    python examples/train_all.py --seeds=5   # five seeds: numbers with their spread
    python examples/train_all.py --quick     # 2 epochs on 10,000 images: minutes
    python examples/train_all.py --arm=modern          # one arm of the comparison
    python examples/train_all.py --comparison=none --models=vae,wae  # any, side by side
    python examples/train_all.py --seeds=5 --shard=0/2 # half of it, the rest elsewhere

Interrupted, the same command goes on where it was. Shards share the runs directory and
write no report; `examples/report.py` does when they are done. The result is
`report.html` in `runs/mnist/` (a verdict on each claim of the comparison, its figures,
tables, curves), run directories with sample grids, loss curves and latent plots, and a
SavedModel of every model. The command `kerasgen compare` does the same.
"""

import command_line  # noqa: F401  first: it answers slips at once
from absl import app
from absl import flags
from absl import logging

from kerasgen import comparisons
from kerasgen.cli import command
from kerasgen.cli import compare
from kerasgen.cli import train

FLAGS = flags.FLAGS
CLAIMS = [*comparisons.COMPARISONS, comparisons.NONE]
flags.DEFINE_enum("comparison", "jaiswal", CLAIMS, "Comparison whose claims to judge.")
flags.DEFINE_list("models", None, "Models, by comma; default: the comparison's.")
flags.DEFINE_string("arm", None, "Arm of the comparison, with its epochs and seeds.")
flags.DEFINE_string("shard", None, "i/n: every n-th run from the i-th on, from 0.")
flags.DEFINE_string(
    "dataset", "mnist", "A name of TFDS, a folder, a file, or stream:…."
)
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_integer("image_size", None, "Scale images to squares of so many pixels.")
flags.DEFINE_integer("channels", None, "1 for grey, 3 for colour images.")
flags.DEFINE_integer("epochs", 100, "Passes over the training images.", lower_bound=1)
flags.DEFINE_integer("batch_size", 64, "Images in a batch.", lower_bound=1)
flags.DEFINE_integer("seed", 0, "The first seed of weights, noise and data order.")
flags.DEFINE_integer(
    "seeds", 1, "Number of seeds, each a run of every model.", lower_bound=1
)
flags.DEFINE_enum("precision", "auto", train.PRECISIONS, "Numbers to compute in.")
flags.DEFINE_bool("conditional", False, "Condition the models on labels.")
flags.DEFINE_bool("published", False, "Settings as each paper has them.")
flags.DEFINE_integer(
    "num_samples", 10_000, "Samples to evaluate each model by.", lower_bound=1
)
flags.DEFINE_integer("workers", 1, "Runs at the same time.", lower_bound=1)
flags.DEFINE_enum("executor", "local", ["local", "ray"], "Where the runs go.")
flags.DEFINE_string("ray_address", "auto", "Address of a Ray cluster.")
flags.DEFINE_float("cpus_per_run", 1.0, "Cores of a run on Ray.", 0.01)
flags.DEFINE_float("gpus_per_run", 0.0, "GPUs of a run on Ray, or a part.", 0.0)
flags.DEFINE_string("runs_dir", "runs", "Folder of the run directories.")
flags.DEFINE_string("saved_models_dir", "saved_models", "Folder of the SavedModels.")
flags.DEFINE_bool("resume", True, "Go on with interrupted runs, or start over.")
flags.DEFINE_bool(
    "quick", False, "2 epochs, 10,000 images, 2,000 samples, 2 at a time."
)


def main(_):
    logging.set_verbosity(logging.WARNING)
    with command.answered_errors():
        raise SystemExit(compare.main([], FLAGS))


if __name__ == "__main__":
    app.run(main)
