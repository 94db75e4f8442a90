"""Presets, SavedModels and model cards of trained models, out of finished runs.

    python examples/make_presets.py --study=mnist
    python examples/make_presets.py --study=mnist-conditional --models=dcgan,cvae

Of every finished run of the seed it makes a preset (`<model>_<study>`, such as
`dcgan_mnist`, for `from_preset`) in the package's folder, and in `saved_models/` the
same as a SavedModel with a model card, `README.md`; with `--saved_models_dir=` (nothing
after it) the preset alone. The preset is judged as it is
loaded, by 10,000 samples, which takes some minutes a model on 2 cores. Interrupted, the
same command goes on where it was.
"""

import command_line  # noqa: F401  first: it answers slips at once
from absl import app
from absl import flags
from absl import logging

from kerasgen import study

FLAGS = flags.FLAGS
flags.DEFINE_string("study", "mnist", "Name of the study.")
flags.DEFINE_list("models", None, "Models of the study, by comma; default all.")
flags.DEFINE_integer("seed", 0, "The seed whose runs are taken.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_integer("num_samples", 10_000, "Samples that each preset is judged by.")
flags.DEFINE_string("runs_dir", "runs", "Folder of the run directories.")
flags.DEFINE_string("presets_dir", None, "Folder of presets; default the package's.")
flags.DEFINE_string("saved_models_dir", "saved_models", "SavedModels' folder, or ''.")


def main(_):
    logging.set_verbosity(logging.WARNING)
    try:
        study.make_presets(
            f"{FLAGS.runs_dir}/{FLAGS.study}",
            FLAGS.models,
            seed=FLAGS.seed,
            presets_dir=FLAGS.presets_dir,
            saved_models_dir=FLAGS.saved_models_dir or None,
            data_dir=FLAGS.data_dir,
            num_samples=FLAGS.num_samples,
        )
    except (ValueError, RuntimeError) as error:
        raise SystemExit(f"Error: {error}") from None


if __name__ == "__main__":
    app.run(main)
