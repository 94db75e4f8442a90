"""Whether the fast path trains the same models: its results beside plain ones.

    python -m benchmarks.parity --data_dir=<folder> --seeds=0,1,2 --epochs=3
    python -m benchmarks.parity --models=dcgan --images=10000

Each model is trained twice from each seed: plainly, in float32 with one step an
execution and without XLA, and by the defaults, in the precision that
`precision="auto"` takes on this machine. After the last epoch its samples are judged
by their Fréchet distance to the test images, and its losses are the means over that
epoch. The bits differ from the first step on, so the two are two draws even from one
seed: what counts is whether their means differ by more than seeds do. The last column
is the p-value of Welch's t-test; of many of them some are small by chance.
"""

import keras
import numpy as np
from absl import app
from absl import flags
from absl import logging
from scipy import stats

import kerasgen
from benchmarks import measuring
from kerasgen import evaluation
from kerasgen.study import environment

FLAGS = flags.FLAGS
flags.DEFINE_list("models", list(measuring.MODELS), "Models, by comma.")
flags.DEFINE_list("seeds", [0, 1, 2], "Seeds, by comma; at least two.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_integer("images", None, "Train on the first so many images only.")
flags.DEFINE_integer("epochs", 3, "Epochs.", 1)
flags.DEFINE_integer("batch_size", 64, "Images in a batch.")
flags.DEFINE_integer("width", None, "Width of the networks; default the zoo's.")
flags.DEFINE_integer("samples", 10_000, "Samples that are judged.")
flags.DEFINE_string("output", "parity.json", "JSON file of all results.")


def main(_):
    logging.set_verbosity(logging.ERROR)
    if len(FLAGS.seeds) < 2:
        raise app.UsageError("--seeds: two at least, or there is no spread.")
    train = kerasgen.data.load_arrays("mnist", data_dir=FLAGS.data_dir)
    test = kerasgen.data.load_arrays("mnist", "test", data_dir=FLAGS.data_dir)
    reference = evaluation.Reference((train, test), features="mnist")
    images = train[0][: FLAGS.images]
    variants = {
        "plain": ("float32", {"jit_compile": False, "steps_per_execution": 1}),
        "default": (environment.resolve_precision("auto"), None),
    }
    runs, rows = [], []
    for key in FLAGS.models:
        name = measuring.MODELS[key]
        results = {
            variant: [
                trained(name, int(seed), images, reference, *how)
                for seed in FLAGS.seeds
            ]
            for variant, how in variants.items()
        }
        runs.append({"model": name, **results})
        rows += table_rows(name, results)
        print(f"{name} done", flush=True)
    precision = variants["default"][0]
    measuring.write(FLAGS.output, default_precision=precision, runs=runs, rows=rows)
    print(f"The default precision is {precision}.\n")
    print(measuring.table(rows))


def trained(name, seed, images, reference, dtype, compiled):
    """Dict of the losses over the last epoch and the distance of the samples after it.

    Args:
        name: Name of the class.
        seed: int.
        images: uint8 array of training images.
        reference: `kerasgen.evaluation.Reference` of the test images.
        dtype: Keras dtype policy.
        compiled: Arguments of `compile`, or None for the defaults.
    """
    keras.utils.set_random_seed(seed)
    model, _ = measuring.zoo(
        name,
        images,
        FLAGS.batch_size,
        compiled=compiled,
        dtype=dtype,
        width=FLAGS.width,
        seed=seed,
    )
    dataset = kerasgen.data.batches(images, batch_size=FLAGS.batch_size, seed=seed)
    history = model.fit(dataset, epochs=FLAGS.epochs, verbose=0).history
    distance = measuring.frechet_distance(model, reference, FLAGS.samples, seed)
    losses = {key: values[-1] for key, values in history.items()}
    return {"seed": seed, "fid": np.nan if distance is None else distance, **losses}


def table_rows(name, results):
    """A row for each quantity of a model."""
    quantities = [key for key in results["plain"][0] if key != "seed"]
    rows = []
    for quantity in quantities:
        values = {
            variant: [run[quantity] for run in runs]
            for variant, runs in results.items()
        }
        test = stats.ttest_ind(values["plain"], values["default"], equal_var=False)
        rows.append(
            {
                "model": name,
                "quantity": quantity,
                **{variant: spread(each) for variant, each in values.items()},
                "p": float(test.pvalue),
            }
        )
    return rows


def spread(values):
    """Mean and standard deviation over seeds."""
    return f"{np.mean(values):.4g} ± {np.std(values, ddof=1):.2g}"


if __name__ == "__main__":
    app.run(main)
