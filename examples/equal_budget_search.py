"""Settings of all models of a comparison, searched with one budget; then frozen.

    python examples/equal_budget_search.py
    python examples/equal_budget_search.py --models=wgan --trials=2 --epochs=1

Every model gets 13 trials of 5 epochs over as many knobs, which the comparison names:
its defaults, and 12 that a tree-structured Parzen estimator proposes.
Trials train on 50,000 training images of MNIST and are scored by the Fréchet distance
to the other 10,000; test images are never read. All trials are in
`results/search/equal_budget.sqlite`, from which the same command goes on after an
interrupt, and in a CSV file beside it. It takes some hours on two cores and prints the
best settings of each model.
"""

import json
import pathlib

import command_line  # noqa: F401  first: it answers slips at once
from absl import app
from absl import flags

from kerasgen import comparisons
from kerasgen import data
from kerasgen.study import check_models
from kerasgen.study import search

FLAGS = flags.FLAGS
flags.DEFINE_enum("comparison", "jaiswal", comparisons.COMPARISONS, "Comparison.")
flags.DEFINE_list("models", None, "Models, by comma; default: the comparison's.")
flags.DEFINE_string("storage", "results/search/equal_budget.sqlite", "SQLite file.")
flags.DEFINE_integer("trials", 13, "Trials of each model.", 1)
flags.DEFINE_integer("epochs", 5, "Epochs of a trial.", 1)
flags.DEFINE_integer("held_out", 10_000, "Training images to score by.", 10)
flags.DEFINE_integer("num_samples", 10_000, "Samples to score by.", 2)
flags.DEFINE_integer("seed", 0, "Seed of the search and of every trial.", 0)
flags.DEFINE_string("dataset", "mnist", "MNIST, or another image set of TFDS by name.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")


def main(_):
    try:
        comparison = comparisons.get_comparison(FLAGS.comparison)
        models = check_models(FLAGS.models or comparison.models)
        images = data.fetch(FLAGS.dataset, "train", data_dir=FLAGS.data_dir)
        for model in models:
            best = search.search(
                comparison,
                model,
                images,
                FLAGS.storage,
                trials=FLAGS.trials,
                epochs=FLAGS.epochs,
                held_out=FLAGS.held_out,
                num_samples=FLAGS.num_samples,
                seed=FLAGS.seed,
            )
            search.write_records(
                FLAGS.storage, pathlib.Path(FLAGS.storage).with_suffix(".csv")
            )
            print(f"{model}: {json.dumps(best)}", flush=True)
    except (ValueError, RuntimeError) as error:
        raise SystemExit(f"Error: {error}") from None


if __name__ == "__main__":
    app.run(main)
