"""Fine-tuning: does a model of digits learn other images faster than a fresh one?

    python examples/fine_tune.py --model=dcgan_mnist
    python examples/fine_tune.py --model=runs/mnist/dcgan/seed0/model.keras \\
        --images=folder_of_pngs --features=mnist --epochs=30

The trained model and a fresh one of the same architecture learn Fashion-MNIST, or the
user's own images: same batches, fresh optimizers, equally many epochs. `--images` takes
a folder of PNG images or a `.npy` or `.npz` file of an array (num, height, width,
channels), of the size that the model makes; a tenth of them is held out to judge by.

After every epoch the Fréchet distance of samples to the test images is taken; epoch 0
is before training. The result is a table, `fine_tuning.svg` (the curves),
`fine_tuned.png` and `from_scratch.png` (samples), `fine_tuning.json`, and the tuned
model, `fine_tuned.keras`. Besides the training an epoch costs about 10 seconds on a
core for 10,000 samples. Interrupted, the same command goes on with the training that
was cut short; with more seeds it adds those.
"""

import json

import command_line  # noqa: F401  first: it answers slips at once
import keras
import numpy as np
from absl import app
from absl import flags
from absl import logging

import kerasgen
from kerasgen import callbacks
from kerasgen import data
from kerasgen import evaluation
from kerasgen import files
from kerasgen import study
from kerasgen.callbacks.evaluate_samples import read_evaluations
from kerasgen.study import statistics
from kerasgen.study.report import figures
from kerasgen.study.report import formatting

FLAGS = flags.FLAGS
flags.DEFINE_string("model", None, "Preset or .keras file.", required=True)
flags.DEFINE_string("dataset", "fashion_mnist", "Image set of TFDS to learn, by name.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_string("images", None, "Own images to learn: folder, .npy or .npz file.")
flags.DEFINE_string("features", "auto", "auto, inception, or a dataset's name.")
flags.DEFINE_integer("epochs", 10, "Passes over the training images.")
flags.DEFINE_integer("batch_size", 64, "Images in a batch.")
flags.DEFINE_integer("seed", 0, "First seed of fresh weights, noise and order.")
flags.DEFINE_integer("seeds", 1, "Number of seeds, each a training of both.")
flags.DEFINE_integer("limit", None, "Train on the first so many images only.")
flags.DEFINE_integer("num_samples", 10_000, "Samples that each epoch is judged by.")
flags.DEFINE_string("output_dir", "fine_tuning", "Folder of pictures and record.")
NAMES = ("fine_tuned", "from_scratch")
RECORD, DISTANCES = "fine_tuning.json", "frechet_distance_by_seed_and_epoch"
HELD_OUT = 0.1


def main(_):
    logging.set_verbosity(logging.WARNING)
    try:
        model = trained(FLAGS.model)
        train, test = sets(model)
        reference = evaluation.Reference((train, test), features=FLAGS.features)
        folder = files.prepare_directory(FLAGS.output_dir)
        record = begun(reference, folder)
        distances = record[DISTANCES]
        for seed in range(FLAGS.seed, FLAGS.seed + FLAGS.seeds):
            for name, one in zip(NAMES, pair(model, seed), strict=True):
                if seed < FLAGS.seed + len(distances[name]):  # it was done before
                    continue
                print(f"{name} {type(model).__name__}, seed {seed}", flush=True)
                watched = folder / f"{name}-seed{seed}"
                distances[name].append(fit(one, train, reference, watched, seed))
                if seed == FLAGS.seed:
                    picture = study.draw(one, num=64, seed=seed)
                    callbacks.write_png(folder / f"{name}.png", picture)
                    if name == "fine_tuned":
                        with files.replacing(folder / f"{name}.keras") as temporary:
                            one.save(temporary)
                with files.replacing(folder / RECORD) as temporary:
                    temporary.write_text(json.dumps(record, indent=2) + "\n")
    except (ValueError, RuntimeError) as error:
        raise SystemExit(f"Error: {error}") from None
    show(record, folder)


def begun(reference, folder):
    """The record of a call that was cut short, or one with nothing yet.

    Raises:
        ValueError: If that call had other settings.
    """
    names = ("model", "epochs", "batch_size", "seed", "limit", "num_samples")
    settings = {
        **{name: FLAGS[name].value for name in names},
        "learned": FLAGS.images or FLAGS.dataset,
        "features": reference.extractor.name,
        "num_train": reference.train.count,
        "num_test": reference.test.count,
    }
    if not (folder / RECORD).exists():
        return {**settings, DISTANCES: {name: [] for name in NAMES}}
    record = json.loads((folder / RECORD).read_text())
    made = {name: value for name, value in record.items() if name != DISTANCES}
    if made != settings:
        raise ValueError(
            f"{folder / RECORD} was made with {made}; {settings} came. Choose another "
            "--output_dir, or remove that file."
        )
    print(f"Going on from {folder / RECORD}; remove it to start over.", flush=True)
    return record


def trained(path):
    """The model of a preset or a `.keras` file.

    Raises:
        ValueError: If it is another artefact, which cannot be trained.
    """
    model = study.load_model(path)
    if not isinstance(model, kerasgen.GenerativeModel):
        raise ValueError(
            f"{path} holds an exported model, which cannot be trained. Pass a preset, "
            "or the .keras file of a run."
        )
    return model


def sets(model):
    """`(images, labels)` to learn, and to judge by; labels are None for own images."""
    if FLAGS.images is None:
        train, test = (
            data.load_arrays(FLAGS.dataset, split, data_dir=FLAGS.data_dir)
            for split in ("train", "test")
        )
    else:
        images = evaluation.load_images(FLAGS.images, channels=model.image_shape[-1])
        images = images[np.random.default_rng(0).permutation(len(images))]
        cut = int(HELD_OUT * len(images))
        train, test = (images[cut:], None), (images[:cut], None)
    train = tuple(None if array is None else array[: FLAGS.limit] for array in train)
    if train[0].shape[1:] != model.image_shape:
        raise ValueError(
            f"Images of shape {train[0].shape[1:]} came; the model makes "
            f"{model.image_shape}. Resize them, or take a model of their size."
        )
    return train, test


def pair(model, seed):
    """The trained model and a fresh one, both with new optimizers and noise."""
    keras.utils.set_random_seed(seed)
    config = model.get_config() | {"seed": seed}
    tuned, fresh = (type(model).from_config(config) for _ in range(2))
    tuned.set_weights(model.get_weights())
    return tuned, fresh


def fit(model, train, reference, folder, seed):
    """Trains a model; the Fréchet distances before it and after each epoch."""
    watch = callbacks.EvaluateSamples(
        folder,
        reference,
        every=1,
        num_samples=FLAGS.num_samples,
        metrics=("frechet_distance",),
    )
    batches = data.batches(*train, batch_size=FLAGS.batch_size, seed=seed)
    model.fit(batches, epochs=FLAGS.epochs, verbose=0, callbacks=[watch])
    return [distance(line) for line in read_evaluations(watch.path)]


def distance(record):
    """The Fréchet distance in a record.

    Raises:
        ValueError: If the samples were not finite.
    """
    if "failed" in record:
        raise ValueError(f"After epoch {record['epoch']}: {record['failed']}")
    return float(record[evaluation.find_name(record, "fid")])


def show(record, folder):
    """Writes the curves, and prints the table."""
    distances = record[DISTANCES]
    epochs = range(FLAGS.epochs + 1)
    figure = figures.curves(
        {name.replace("_", " "): (epochs, distances[name]) for name in NAMES},
        title=f"Learning {record['learned']}",
        x_label="epoch",
        y_label=f"Fréchet distance ({record['features']})",
    )
    figure.axes[0].set_yscale("log")
    figures.save(figure, folder, "fine_tuning")
    columns = {}
    for name, rows in distances.items():
        values = [statistics.summarise(v) for v in zip(*rows, strict=True)]
        texts = [formatting.mean_and_deviation(value) for value in values]
        numbered = {f"epoch {k}": text for k, text in enumerate(texts)}
        columns[name] = {"seconds_total": None, **numbered}
    print(evaluation.format_table(columns))
    print(f"\n{folder / RECORD}")


if __name__ == "__main__":
    app.run(main)
