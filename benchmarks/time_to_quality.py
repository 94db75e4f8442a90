"""Seconds of training, compilation included, until samples reach a Fréchet distance.

    python -m benchmarks.time_to_quality --data_dir=<folder> --target=20
    python -m benchmarks.time_to_quality --models=dcgan --images=10000 --epochs=5

Each model is built, compiled and trained in each precision; after each epoch samples
are judged by `kerasgen.evaluate`. The clock runs from before the model is built and
stands still while samples are judged. With few samples the distance is biased upwards:
compare distances of one number of samples only. One seed is one draw: give several to
see the spread. Loading the data and importing are not counted.
"""

import time

import keras
from absl import app
from absl import flags
from absl import logging

import kerasgen
from benchmarks import measuring
from kerasgen import evaluation

FLAGS = flags.FLAGS
flags.DEFINE_list("models", list(measuring.MODELS), "Models, by comma.")
flags.DEFINE_list("precisions", ["float32", "mixed_bfloat16"], "Keras dtype policies.")
flags.DEFINE_list("seeds", [0], "Seeds, by comma.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_integer("images", None, "Train on the first so many images only.")
flags.DEFINE_integer("epochs", 10, "Epochs at most.", 1)
flags.DEFINE_integer("batch_size", 64, "Images in a batch.")
flags.DEFINE_integer("width", None, "Width of the networks; default the zoo's.")
flags.DEFINE_integer("samples", 2000, "Samples that are judged.")
flags.DEFINE_float("target", 20.0, "Fréchet distance to reach; training stops there.")
flags.DEFINE_string("output", "time_to_quality.json", "JSON file of all marks.")


def main(_):
    logging.set_verbosity(logging.ERROR)
    train = kerasgen.data.load_arrays("mnist", data_dir=FLAGS.data_dir)
    test = kerasgen.data.load_arrays("mnist", "test", data_dir=FLAGS.data_dir)
    reference = evaluation.Reference((train, test), features="mnist")
    runs, rows = [], []
    for seed in FLAGS.seeds:
        for key in FLAGS.models:
            for precision in FLAGS.precisions:
                name = measuring.MODELS[key]
                run = train_to_target(
                    name, precision, int(seed), train[0][: FLAGS.images], reference
                )
                runs.append(run)
                rows.append(table_row(run))
                print(measuring.table(rows[-1:]), "\n", flush=True)
    measuring.write(FLAGS.output, runs=runs, rows=rows)
    print(measuring.table(rows))


def train_to_target(name, precision, seed, images, reference):
    """Trains until the target is reached, or for all epochs.

    Returns:
        Dict of the run and its marks: epoch, seconds of training so far and distance.
    """
    keras.utils.set_random_seed(seed)
    run = {"model": name, "precision": precision, "seed": seed, "marks": []}
    start = time.perf_counter()
    model, _ = measuring.zoo(
        name,
        images,
        FLAGS.batch_size,
        dtype=precision,
        width=FLAGS.width,
        seed=seed,
    )
    dataset = kerasgen.data.batches(images, batch_size=FLAGS.batch_size, seed=seed)
    spent = time.perf_counter() - start
    for epoch in range(FLAGS.epochs):
        spent += measuring.timed(lambda: model.fit(dataset, verbose=0))
        distance = measuring.frechet_distance(model, reference, FLAGS.samples, seed)
        run["marks"].append({"epoch": epoch + 1, "seconds": spent, "fid": distance})
        if is_reached(run["marks"][-1]):
            break
    return run


def is_reached(mark):
    return mark["fid"] is not None and mark["fid"] <= FLAGS.target


def table_row(run):
    marks = run["marks"]
    distances = [mark["fid"] for mark in marks if mark["fid"] is not None]
    reached = [mark for mark in marks if is_reached(mark)]
    return {
        "model": run["model"],
        "precision": run["precision"],
        "seed": run["seed"],
        "seconds to target": reached[0]["seconds"] if reached else "not reached",
        "first epoch, s": marks[0]["seconds"],
        "epochs": len(marks),
        "best distance": min(distances, default=None),
        "seconds in all": marks[-1]["seconds"],
    }


if __name__ == "__main__":
    app.run(main)
