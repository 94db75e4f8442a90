"""The whole comparison: trains all five models, exports them, draws them side by side.

    python examples/train_all.py             # 100 epochs each: about 3 hours on 2 cores
    python examples/train_all.py --quick     # 2 epochs on 10,000 images: minutes

Interrupted, the same command goes on where it was. The result is a table, run
directories with sample grids, loss curves and latent plots, `comparison.png`, and a
SavedModel of every model.
"""

from absl import app
from absl import flags
from absl import logging

from kerasgen import study

FLAGS = flags.FLAGS
flags.DEFINE_list("models", list(study.MODELS), "Models to train, by comma.")
flags.DEFINE_string("dataset", "mnist", "MNIST, or another image set of TFDS by name.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_integer("epochs", 100, "Passes over the training images.")
flags.DEFINE_integer("batch_size", 64, "Images in a batch.")
flags.DEFINE_integer("seed", 0, "Seed of weights, noise and data order.")
flags.DEFINE_enum("precision", "auto", study.PRECISIONS, "Numbers to compute in.")
flags.DEFINE_bool("conditional", False, "Condition the models on labels.")
flags.DEFINE_string("runs_dir", "runs", "Folder of the run directories.")
flags.DEFINE_string("saved_models_dir", "saved_models", "Folder of the SavedModels.")
flags.DEFINE_bool("resume", True, "Go on with interrupted runs, or start over.")
flags.DEFINE_bool("quick", False, "2 epochs on the first 10,000 images.")


def main(_):
    logging.set_verbosity(logging.WARNING)
    try:
        epochs = 2 if FLAGS.quick and not FLAGS["epochs"].present else FLAGS.epochs
        settings = [
            study.RunSettings(
                model=model,
                dataset=FLAGS.dataset,
                epochs=epochs,
                batch_size=FLAGS.batch_size,
                seed=FLAGS.seed,
                precision=FLAGS.precision,
                conditional=FLAGS.conditional,
                limit=10_000 if FLAGS.quick else None,
            )
            for model in FLAGS.models
        ]
        study.compare(
            settings,
            runs_dir=FLAGS.runs_dir,
            saved_models_dir=FLAGS.saved_models_dir,
            data_dir=FLAGS.data_dir,
            resume=FLAGS.resume,
        )
    except (ValueError, RuntimeError) as error:
        raise SystemExit(f"Error: {error}") from None


if __name__ == "__main__":
    app.run(main)
