"""The whole comparison: trains and judges all five models, exports them, and reports.

    python examples/train_all.py             # 100 epochs each: some hours on 2 cores
    python examples/train_all.py --seeds=5   # five seeds: numbers with their spread
    python examples/train_all.py --quick     # 2 epochs on 10,000 images: minutes

Interrupted, the same command goes on where it was. The result is `report.html` in
`runs/mnist/` (a verdict on each claim of the paper, its figures, tables, curves), run
directories with sample grids, loss curves and latent plots, and a SavedModel of every
model.
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
flags.DEFINE_integer("seed", 0, "The first seed of weights, noise and data order.")
flags.DEFINE_integer("seeds", 1, "Number of seeds, each a run of every model.")
flags.DEFINE_enum("precision", "auto", study.PRECISIONS, "Numbers to compute in.")
flags.DEFINE_bool("conditional", False, "Condition the models on labels.")
flags.DEFINE_integer("num_samples", 10_000, "Samples that each model is judged by.")
flags.DEFINE_integer("workers", 1, "Runs at the same time.")
flags.DEFINE_string("runs_dir", "runs", "Folder of the run directories.")
flags.DEFINE_string("saved_models_dir", "saved_models", "Folder of the SavedModels.")
flags.DEFINE_bool("resume", True, "Go on with interrupted runs, or start over.")
flags.DEFINE_bool("quick", False, "2 epochs, 10,000 images, judged by 2,000 samples.")


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
        settings = [
            study.RunSettings(
                model=model,
                dataset=FLAGS.dataset,
                epochs=values["epochs"],
                batch_size=FLAGS.batch_size,
                seed=seed,
                precision=FLAGS.precision,
                conditional=FLAGS.conditional,
                limit=10_000 if FLAGS.quick else None,
            )
            for seed in range(FLAGS.seed, FLAGS.seed + FLAGS.seeds)
            for model in FLAGS.models
        ]
        _, failures = study.carry_out(
            settings,
            runs_dir=FLAGS.runs_dir,
            saved_models_dir=FLAGS.saved_models_dir,
            data_dir=FLAGS.data_dir,
            num_samples=values["num_samples"],
            workers=FLAGS.workers,
            resume=FLAGS.resume,
        )
    except (ValueError, RuntimeError) as error:
        raise SystemExit(f"Error: {error}") from None
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    app.run(main)
