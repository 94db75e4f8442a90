"""Data augmentation: do samples help a classifier that has seen few real digits?

    python examples/train_one.py --model=cvae --conditional
    python examples/augmentation.py \\
        --model=runs/mnist-conditional/cvae/seed0/model.keras

The model is a conditional one that was trained on all training images. A classifier is
trained on a few real digits of each class, alone and with `--num_samples` samples,
beside which the real digits are repeated until they are half of what it sees. The
samples come from two models of one architecture:

- `few-shot model`: trained anew on the same few digits. Nothing else is known to it, so
  a gain is one from augmentation.
- `model of all images`: the one that is given. It carries what it learned of all
  training images and their labels, so a gain says how well it compresses them, not
  that few images would have been enough.

The classifier is that of `kerasgen.features`: its images are moved, turned and scaled
in any case, so a gain comes on top of the usual augmentation. All classifiers take
equally many steps. Accuracies are those on the test images; gains are paired by seed,
with the p-value of the t-test, corrected by Holm for all gains in the table.

With `--epochs`, a classifier trained on samples alone, as many as there are training
images, stands beside one trained on these (the classification accuracy score of Ravuri
& Vinyals 2019, arXiv:1905.10887).

The result is two tables, `augmentation.svg`, a picture of few-shot samples for each
number of digits, and `augmentation.json`. By default 5 x 3 few-shot models and 45
classifiers take some 75 minutes on a core, the last two classifiers 25. Interrupted,
the same command goes on after the last seed that was done.
"""

import math

import command_line  # noqa: F401  first: it answers slips at once
import keras
import numpy as np
import records
from absl import app
from absl import flags
from absl import logging

import kerasgen
from kerasgen import callbacks
from kerasgen import data
from kerasgen import evaluation
from kerasgen import features
from kerasgen import files
from kerasgen import study
from kerasgen.features.extractor import accuracy
from kerasgen.study import statistics
from kerasgen.study.report import figures
from kerasgen.study.report import formatting

FLAGS = flags.FLAGS
flags.DEFINE_string("model", None, "Conditional preset or .keras.", required=True)
flags.DEFINE_string("dataset", "mnist", "The image set that the model was trained on.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_list("shots", ["10", "50", "100"], "Real images of each class, by comma.")
flags.DEFINE_integer("seed", 0, "The first seed of images, weights and noise.")
flags.DEFINE_integer("seeds", 5, "Number of seeds, each with other real images.")
flags.DEFINE_integer("num_samples", 1000, "Samples to add to the real images.")
flags.DEFINE_integer("model_steps", 2000, "Steps that few-shot models are trained.")
flags.DEFINE_integer("classifier_steps", 500, "Steps that classifiers are trained.")
flags.DEFINE_integer("epochs", 8, "Passes over as many samples as images; 0: none.")
flags.DEFINE_string("output_dir", "augmentation", "Folder of pictures and record.")
ALONE, FEW, ALL = "real alone", "few-shot model", "model of all images"
MODEL_BATCH, CLASSIFIER_BATCH = 64, features.classifier.BATCH_SIZE
SETTINGS = ("model", "dataset", "seed", "seeds", "num_samples")
SETTINGS += ("model_steps", "classifier_steps", "epochs")


def main(_):
    logging.set_verbosity(logging.WARNING)
    try:
        model = conditional(FLAGS.model)
        train, test = (
            data.load_arrays(FLAGS.dataset, split, data_dir=FLAGS.data_dir)
            for split in ("train", "test")
        )
        folder = files.prepare_directory(FLAGS.output_dir)
        path = folder / "augmentation.json"
        settings = {name: FLAGS[name].value for name in SETTINGS}
        empty = {"accuracy_by_seed": {}, "accuracy_of_many": None}
        record = records.begin(path, settings, **empty)
        for shots in FLAGS.shots:
            of_names = {name: [] for name in (ALONE, FEW, ALL)}
            found = record["accuracy_by_seed"].setdefault(shots, of_names)
            for seed in range(FLAGS.seed + len(found[ALL]), FLAGS.seed + FLAGS.seeds):
                few = chosen(*train, int(shots), seed)
                for name, value in few_shot(model, few, test, folder, seed).items():
                    found[name].append(value)
                records.save(path, record)
        if FLAGS.epochs and record["accuracy_of_many"] is None:
            record["accuracy_of_many"] = samples_alone(model, train, test)
    except (ValueError, RuntimeError) as error:
        raise SystemExit(f"Error: {error}") from None
    finish(record, path)


def conditional(path):
    """The conditional model of a preset or a `.keras` file.

    Raises:
        ValueError: If it is another.
    """
    model = study.load_model(path)
    if not isinstance(model, kerasgen.GenerativeModel) or not model.is_conditional:
        raise ValueError(
            f"{path} holds no conditional model that can be trained; expected a preset "
            "or .keras file of one. Make it: python examples/train_one.py --conditional"
        )
    return model


def chosen(images, labels, shots, seed):
    """So many images of each class, by chance, and their labels.

    Raises:
        ValueError: If a class has fewer.
    """
    generator = np.random.default_rng(seed)
    counts = np.bincount(labels)
    if not 1 <= shots <= counts.min():
        raise ValueError(
            f"--shots={shots} came; expected 1 to {counts.min()}, the number of "
            "training images of the rarest class."
        )
    rows = [
        generator.choice(np.flatnonzero(labels == c), shots, replace=False)
        for c in range(len(counts))
    ]
    rows = np.concatenate(rows)
    return images[rows], labels[rows]


def few_shot(model, few, test, folder, seed):
    """The accuracies of one seed: with real images alone, and with samples added."""
    few_model = fitted(model, few, seed)
    shots = len(few[0]) // model.num_classes
    if seed == FLAGS.seed:
        picture = study.draw(few_model, "classes", num=100, seed=seed)
        callbacks.write_png(folder / f"samples-of-{shots}.png", picture)
    found = {ALONE: taught(few, test, seed)}
    for name, source in ((FEW, few_model), (ALL, model)):
        more = mixed(few, drawn(source, FLAGS.num_samples, seed))
        found[name] = taught(more, test, seed)
    numbers = ", ".join(f"{name} {value:.4f}" for name, value in found.items())
    print(f"{shots} a class, seed {seed}: {numbers}", flush=True)
    return found


def fitted(model, few, seed):
    """A model of the same architecture, trained on few images."""
    keras.utils.set_random_seed(seed)
    fresh = type(model).from_config(model.get_config() | {"seed": seed})
    # Repeated, because an epoch of two steps would mostly be its overhead.
    size = max(len(few[0]), min(FLAGS.model_steps, 100) * MODEL_BATCH)
    rows = np.resize(np.arange(len(few[0])), size)
    repeated = [array[rows] for array in few]
    batches = data.batches(*repeated, batch_size=MODEL_BATCH, seed=seed)
    epochs = math.ceil(FLAGS.model_steps / int(batches.cardinality()))
    fresh.fit(batches, epochs=epochs, verbose=0)
    return fresh


def drawn(model, num, seed):
    """Samples as uint8, the classes in turn, and their labels."""
    labels = np.arange(num, dtype=np.int32) % model.num_classes
    images = model.sample(num, labels, seed=seed)
    return np.uint8(np.rint(255.0 * images)), labels


def mixed(real, made):
    """Real images, repeated until they are half, and samples."""
    rows = np.resize(np.arange(len(real[0])), max(len(real[0]), len(made[0])))
    return tuple(np.concatenate([r[rows], m]) for r, m in zip(real, made, strict=True))


def taught(pair, test, seed):
    """Accuracy on the test images of a classifier trained for the steps of the flag."""
    order = np.random.default_rng(seed).permutation(len(pair[0]))
    rows = np.resize(order, FLAGS.classifier_steps * CLASSIFIER_BATCH)
    return judged([array[rows] for array in pair], test, 1, seed)


def judged(pair, test, epochs, seed):
    """Accuracy on the test images of a classifier trained for so many epochs."""
    classes = int(test[1].max()) + 1
    network = features.train_classifier(*pair, classes, epochs=epochs, seed=seed)
    return accuracy(features.FeatureExtractor("classifier", network), *test)


def samples_alone(model, train, test):
    """Accuracies of classifiers trained on all images, and on as many samples."""
    made = drawn(model, len(train[0]), FLAGS.seed)
    return {
        name: judged(pair, test, FLAGS.epochs, FLAGS.seed)
        for name, pair in (("training images", train), ("samples alone", made))
    }


def finish(record, path):
    """Writes the whole record and the chart, and prints the tables."""
    accuracies = {int(s): record["accuracy_by_seed"][s] for s in FLAGS.shots}
    gains = record["gains"] = gains_of(accuracies)
    records.save(path, record)
    shots = list(accuracies)
    figure = figures.curves(
        {
            name: (shots, np.transpose([accuracies[s][name] for s in shots]))
            for name in (ALONE, FEW, ALL)
        },
        title="Real digits alone, and with samples added",
        x_label="real images of each class",
        y_label="accuracy on the test images",
        ticks=shots,
    )
    figures.save(figure, path.parent, "augmentation")
    print(table(accuracies, gains))
    for name, value in (record["accuracy_of_many"] or {}).items():
        print(f"trained on {name}, {FLAGS.epochs} epochs: {value:.4f}")
    print(f"\n{path}")


def gains_of(accuracies):
    """Gains in accuracy by samples: a dict for each number of images and source."""
    gains = []
    for shots, found in accuracies.items():
        for name in (FEW, ALL):
            # Paired by seed: a one-sample test of the differences.
            differences = np.subtract(found[name], found[ALONE])
            tested = statistics.compare(differences, 0.0)
            gains.append(
                {
                    "shots": shots,
                    "samples": name,
                    "difference": float(differences.mean()),
                    "low": tested and tested.low,
                    "high": tested and tested.high,
                    "t_test_p": tested and tested.p_value,
                }
            )
    corrected = statistics.holm([gain["t_test_p"] for gain in gains])
    for gain, p_value in zip(gains, corrected, strict=True):
        gain["t_test_p_holm"] = p_value
    return gains


def table(accuracies, gains):
    """Accuracies and gains, one column for each number of images."""
    columns = {}
    for shots, found in accuracies.items():
        column = columns.setdefault(f"{shots} a class", {"seconds_total": None})
        for name, values in found.items():
            summary = statistics.summarise(values)
            column[name] = formatting.mean_and_deviation(summary, "share")
        for gain in (gain for gain in gains if gain["shots"] == shots):
            column[f"gain by {gain['samples']}"] = 100 * gain["difference"]
            column[f"p of it ({gain['samples']})"] = gain["t_test_p_holm"]
    return evaluation.format_table(columns)


if __name__ == "__main__":
    app.run(main)
