"""Factors of the models, varied one by one: runs, numbers over seeds, a report.

    python examples/ablation.py --factor=normalization --models=dcgan --epochs=10
    python examples/ablation.py --factor=width --models=dcgan,cvae --seeds=3
    python examples/ablation.py --factor=beta,epochs --models=cvae --levels=beta=0.25x

Every model is trained with its defaults and with each level of the factor; without
`--models` that is most of the zoo. Several factors make one study, whose runs with
defaults they share. Interrupted, the same command goes on where it was, and one with
further levels, models or seeds adds theirs.
The result is `report.html` in `runs/mnist-ablation-<factor>/`.
"""

import command_line  # noqa: F401  first: it answers slips at once
from absl import app
from absl import flags
from absl import logging

from kerasgen import comparisons
from kerasgen import study

FLAGS = flags.FLAGS
flags.DEFINE_enum("comparison", "jaiswal", comparisons.COMPARISONS, "Comparison.")
flags.DEFINE_list(
    "factor",
    None,
    f"Factors to vary, one by one, by comma: {', '.join(study.FACTORS)}.",
    required=True,
)
flags.DEFINE_list(
    "levels",
    None,
    "Levels to train beside the defaults, by comma, as the report names them, such as "
    "width=2x; default: all.",
)
flags.DEFINE_list("models", None, "Models to train, by comma; default: all it fits.")
flags.DEFINE_string("dataset", "mnist", "MNIST, or another image set of TFDS by name.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_integer("epochs", 20, "Passes over the training images.", lower_bound=1)
flags.DEFINE_integer("batch_size", 64, "Images in a batch.", lower_bound=1)
flags.DEFINE_integer("seed", 0, "The first seed of weights, noise and data order.")
flags.DEFINE_integer(
    "seeds", 1, "Number of seeds, each a run of every level.", lower_bound=1
)
flags.DEFINE_enum("precision", "auto", study.PRECISIONS, "Numbers to compute in.")
flags.DEFINE_bool("conditional", False, "Condition the models on labels.")
flags.DEFINE_integer("limit", None, "Train on the first so many images only.")
flags.DEFINE_integer(
    "num_samples", 10_000, "Samples to evaluate each model by.", lower_bound=1
)
flags.DEFINE_integer("workers", 1, "Runs at the same time.", lower_bound=1)
flags.DEFINE_string("runs_dir", "runs", "Folder of the run directories.")
flags.DEFINE_bool("resume", True, "Go on with interrupted runs, or start over.")


def main(_):
    logging.set_verbosity(logging.WARNING)
    try:
        settings = study.ablation_settings(
            FLAGS.factor,
            FLAGS.models,
            range(FLAGS.seed, FLAGS.seed + FLAGS.seeds),
            FLAGS.levels,
            dataset=FLAGS.dataset,
            epochs=FLAGS.epochs,
            batch_size=FLAGS.batch_size,
            precision=FLAGS.precision,
            conditional=FLAGS.conditional,
            limit=FLAGS.limit,
        )
        _, failures = study.run_study(
            settings,
            comparison=FLAGS.comparison,
            runs_dir=FLAGS.runs_dir,
            saved_models_dir=None,
            data_dir=FLAGS.data_dir,
            num_samples=FLAGS.num_samples,
            workers=FLAGS.workers,
            resume=FLAGS.resume,
        )
    except (ValueError, RuntimeError) as error:
        raise SystemExit(f"Error: {error}") from None
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    app.run(main)
