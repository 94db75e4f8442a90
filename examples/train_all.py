"""The whole comparison: trains and evaluates its models, exports them, and reports.

    python examples/train_all.py             # 100 epochs each: some hours on 2 cores
    python examples/train_all.py --seeds=5   # five seeds: numbers with their spread
    python examples/train_all.py --quick     # 2 epochs on 10,000 images: minutes
    python examples/train_all.py --arm=modern          # one arm of the comparison
    python examples/train_all.py --seeds=5 --shard=0/2 # half of it, the rest elsewhere

Interrupted, the same command goes on where it was. Shards share the runs directory and
write no report; `examples/report.py` does when they are done. The result is
`report.html` in `runs/mnist/` (a verdict on each claim of the comparison, its figures,
tables, curves), run directories with sample grids, loss curves and latent plots, and a
SavedModel of every model.
"""

import command_line  # noqa: F401  first: it answers slips at once
from absl import app
from absl import flags
from absl import logging

from kerasgen import comparisons
from kerasgen import study
from kerasgen.study import arms

FLAGS = flags.FLAGS
flags.DEFINE_enum("comparison", "jaiswal", comparisons.COMPARISONS, "Comparison.")
flags.DEFINE_list("models", None, "Models, by comma; default: the comparison's.")
flags.DEFINE_string("arm", None, "Arm of the comparison, with its epochs and seeds.")
flags.DEFINE_string("shard", None, "i/n: every n-th run from the i-th on, from 0.")
flags.DEFINE_string("dataset", "mnist", "MNIST, or another image set of TFDS by name.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_integer("epochs", 100, "Passes over the training images.", lower_bound=1)
flags.DEFINE_integer("batch_size", 64, "Images in a batch.", lower_bound=1)
flags.DEFINE_integer("seed", 0, "The first seed of weights, noise and data order.")
flags.DEFINE_integer(
    "seeds", 1, "Number of seeds, each a run of every model.", lower_bound=1
)
flags.DEFINE_enum("precision", "auto", study.PRECISIONS, "Numbers to compute in.")
flags.DEFINE_bool("conditional", False, "Condition the models on labels.")
flags.DEFINE_integer(
    "num_samples", 10_000, "Samples to evaluate each model by.", lower_bound=1
)
flags.DEFINE_integer("workers", 1, "Runs at the same time.", lower_bound=1)
flags.DEFINE_string("runs_dir", "runs", "Folder of the run directories.")
flags.DEFINE_string("saved_models_dir", "saved_models", "Folder of the SavedModels.")
flags.DEFINE_bool("resume", True, "Go on with interrupted runs, or start over.")
flags.DEFINE_bool("quick", False, "2 epochs, 10,000 images, 2,000 samples.")


def main(_):
    logging.set_verbosity(logging.WARNING)
    quick = {"epochs": 2, "num_samples": 2000} if FLAGS.quick else {}
    values = {
        name: quick[name]
        if name in quick and not FLAGS[name].present
        else FLAGS[name].value
        for name in ("epochs", "num_samples")
    }
    try:
        comparison = comparisons.get_comparison(FLAGS.comparison)
        common = {
            "dataset": FLAGS.dataset,
            "precision": FLAGS.precision,
            "limit": 10_000 if FLAGS.quick else None,
        }
        if FLAGS.arm is not None:
            settings = arms.arm_settings(comparison, FLAGS.arm, FLAGS.models, **common)
        else:
            common |= {
                name: FLAGS[name].value for name in ("batch_size", "conditional")
            }
            settings = [
                study.RunSettings(
                    model=model, epochs=values["epochs"], seed=seed, **common
                )
                for seed in range(FLAGS.seed, FLAGS.seed + FLAGS.seeds)
                for model in FLAGS.models or comparison.models
            ]
        _, failures = study.run_study(
            settings,
            comparison=comparison,
            runs_dir=FLAGS.runs_dir,
            saved_models_dir=FLAGS.saved_models_dir,
            data_dir=FLAGS.data_dir,
            num_samples=values["num_samples"],
            workers=FLAGS.workers,
            shard=FLAGS.shard and study.parse_shard(FLAGS.shard),
            resume=FLAGS.resume,
        )
    except (ValueError, RuntimeError) as error:
        raise SystemExit(f"Error: {error}") from None
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    app.run(main)
