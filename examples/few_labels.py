"""Few labels: the error of semi-supervised models, beside a judge of the labels alone.

    python examples/few_labels.py --labels=100 --draws=1 --epochs=5
    python examples/few_labels.py --published --draws=10 --epochs=300   # as the paper

SGAN learns from all training images, of which 20, 50, 100, 200 or 1,000 have a label,
equally many of each class, and its discriminator classifies the test images. Compared
are its two objectives (feature matching, Salimans et al. 2016, arXiv:1606.03498; Odena
2016, arXiv:1606.01583); two autoencoders of Makhzani et al. 2015 (arXiv:1511.05644),
SSAAE, by the class in its code, and AAE with a mode for each class, by the mode that is
nearest to a code; and "labels alone": SGAN's discriminator, trained by cross-entropy on
the labelled half of the same batches, for as many steps, with averaged weights like
theirs. Each draw has other labelled images, weights and noise, and at 20 labels the
draws carry much of the spread: all of them are in the files.

Epochs are fixed beforehand, the last one counts, and no test image chooses anything.
`--published` takes the dense networks and settings of the papers, with noise in SGAN's;
default are the convolutional models of the package. The two are different leagues.

Interrupted, the same command goes on after the last epoch that ended. The result is a
table, `few_labels.svg`, `few_labels.csv` and `few_labels.json`. Each line tells the
time left; an epoch takes some 40 seconds on a core for each of the 5 x 5 trainings of
a draw.
"""

import shutil

import command_line  # noqa: F401  first: it answers slips at once
import keras
import numpy as np
import pandas as pd
import records
from absl import app
from absl import flags
from absl import logging

import kerasgen
from kerasgen import callbacks
from kerasgen import data
from kerasgen import files
from kerasgen.study import environment
from kerasgen.study.progress import Progress
from kerasgen.study.report import figures
from kerasgen.study.worker import Reporter

FLAGS = flags.FLAGS
NUM_LABELS = ["20", "50", "100", "200", "1000"]
flags.DEFINE_list("labels", NUM_LABELS, "Numbers of labels, by comma.")
flags.DEFINE_integer("draws", 3, "Draws of labelled images.", lower_bound=1)
flags.DEFINE_string("dataset", "mnist", "MNIST, or another image set of TFDS by name.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_bool("published", False, "The paper's networks and settings.")
flags.DEFINE_integer("epochs", 50, "Passes over the training images.", lower_bound=1)
flags.DEFINE_integer("batch_size", 200, "Images in a batch; half of them labelled.")
flags.DEFINE_integer("seed", 0, "Seed of the first draw, its weights and noise.")
flags.DEFINE_integer("limit", None, "Train on the first so many images only.")
flags.DEFINE_string("output_dir", "few_labels", "Folder of the results.")
ALONE = "labels alone"
MODELS = {
    "feature_matching": (kerasgen.SGAN, {"objective": "feature_matching"}),
    "odena": (kerasgen.SGAN, {"objective": "odena"}),
    "ssaae": (kerasgen.SSAAE, {}),
    "aae": (kerasgen.AAE, {"label_modes": True}),
}
METHODS = [*MODELS, ALONE]
flags.DEFINE_list("methods", METHODS, "Methods to compare, by comma.")
flags.register_validator(
    "methods", set(METHODS).issuperset, f"Expected some of {', '.join(METHODS)}."
)
PLACE = ("method", "num_labels", "draw")
SETTINGS = ("dataset", "published", "epochs", "batch_size", "limit")
RECORD = "few_labels.json"


def main(_):
    logging.set_verbosity(logging.WARNING)
    try:
        train, test = (
            data.load_arrays(FLAGS.dataset, split, data_dir=FLAGS.data_dir)
            for split in ("train", "test")
        )
        train = [array[: FLAGS.limit] for array in train]
        labels = [asked(number, train[1]) for number in FLAGS.labels]
        folder = files.prepare_directory(FLAGS.output_dir)
        settings = {name: FLAGS[name].value for name in SETTINGS}
        record = records.begin(folder / RECORD, settings, found=[])
        save(record, folder)
        left = trainings_left(record, labels)
        progress = Progress(
            [f"{method}, {n} labels, draw {draw}" for method, n, draw in left],
            [method for method, _, _ in left],
            len(left) * [FLAGS.epochs],
            len(train[0]),
        )
        for index, training in enumerate(left):
            measure(record, train, test, training, folder, (progress, index))
            save(record, folder)
            shutil.rmtree(checkpoints(folder, training), ignore_errors=True)
    except (ValueError, RuntimeError) as error:
        raise SystemExit(f"Error: {error}") from None
    finish(record, labels, folder)


def asked(number, labels):
    """A number of labels, once it is known that they can be drawn.

    Raises:
        ValueError: If it is no number, or there cannot be so many of each class.
    """
    if not number.isdigit():
        raise ValueError(f"--labels={number} came; expected whole numbers.")
    data.draw_labelled(labels, int(number))
    return int(number)


def trainings_left(record, labels):
    """`(method, num_labels, draw)` of each training that is not in the record."""
    done = {tuple(one[name] for name in PLACE) for one in record["found"]}
    return [
        (method, num_labels, draw)
        for draw in range(FLAGS.seed, FLAGS.seed + FLAGS.draws)
        for num_labels in labels
        for method in FLAGS.methods
        if (method, num_labels, draw) not in done
    ]


def checkpoints(folder, training):
    """Folder of the checkpoints of a training that goes on."""
    name = "-".join(map(str, training)).replace(" ", "_")
    return folder / "checkpoints" / name


def measure(record, train, test, training, folder, place):
    """Adds the test errors of a training to the record."""
    method, num_labels, draw = training
    progress, index = place
    keras.utils.set_random_seed(draw)
    progress.begin(index)
    checkpoint = callbacks.Checkpoint(checkpoints(folder, training))
    reporter = Reporter(lambda **message: progress.receive(index, message))
    fit = fit_alone if method == ALONE else fit_model
    classes = fit(method, train, num_labels, draw, test[0], [reporter, checkpoint])
    wrong = int(np.sum(classes != test[1]))
    found = dict(zip(PLACE, training, strict=True))
    record["found"].append(found | {"errors": wrong, "num_test": len(test[1])})
    progress.close(index, is_done=True)
    progress.say(f"{progress.heading(index)}: {wrong} of {len(test[1])} errors")


def make(method, train, seed):
    """An untrained model for the images, of the settings that the flags name."""
    cls, special = MODELS[method]
    return (cls.as_published if FLAGS.published else cls)(
        image_shape=train[0].shape[1:],
        num_classes=int(train[1].max()) + 1,
        seed=seed,
        dtype=environment.resolve_precision("auto"),
        **special,
    )


def fit_model(method, train, num_labels, seed, images, watching):
    """Classes of images by a model trained with so many labels."""
    model = make(method, train, seed)
    epochs = begin_with(watching[-1].restore(model))
    order = {"batch_size": FLAGS.batch_size, "seed": seed}
    batches = data.few_labels(
        *train, num_labels, **order, initial_epoch=epochs["initial_epoch"]
    )
    model.fit(batches, **epochs, verbose=0, callbacks=watching)
    if method != "aae":
        return model.classify(images).argmax(axis=1)
    offsets = model.codes(images)[:, None, :2] - model.mode_centres()
    return np.linalg.norm(offsets, axis=2).argmin(axis=1)


def begin_with(epochs_done):
    """Arguments of `fit` that train what is left."""
    return {"initial_epoch": epochs_done, "epochs": FLAGS.epochs}


def fit_alone(_, train, num_labels, seed, images, watching):
    """Classes of images by SGAN's discriminator trained on the labels alone."""
    sgan = make("feature_matching", train, seed)
    judge = keras.Model(sgan.discriminator.input, sgan.discriminator.outputs[0])
    adam = sgan.optimizer["discriminator"]
    rates = {name: adam.get_config()[name] for name in ("learning_rate", "beta_1")}
    half = FLAGS.batch_size // 2
    steps = FLAGS.epochs * (len(train[0]) // half)
    judge.compile(
        # As the SGAN is judged by the average of its weights, whose momentum warms up:
        # at a constant one near 1 few steps would leave the first weights.
        keras.optimizers.Adam(
            **rates,
            use_ema=sgan.average_momentum is not None,
            ema_momentum=min(sgan.average_momentum or 0.0, (1 + steps) / (10 + steps)),
        ),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    judge.optimizer.build(judge.trainable_variables)  # a checkpoint holds its state
    epochs = begin_with(watching[-1].restore(judge))
    rows = np.resize(data.draw_labelled(train[1], num_labels, seed), len(train[0]))
    order = {"batch_size": half, "seed": seed + 1}  # that of the labelled half
    batches = data.batches(
        *(one[rows] for one in train), **order, initial_epoch=epochs["initial_epoch"]
    )
    judge.fit(batches, **epochs, verbose=0, callbacks=watching)
    logits = judge.predict(np.float32(images) / 255.0, batch_size=500, verbose=0)
    return logits.argmax(axis=1)


def save(record, folder):
    records.save(folder / RECORD, record)
    with files.replacing(folder / "few_labels.csv") as temporary:
        pd.DataFrame(record["found"]).to_csv(temporary, index=False)


def finish(record, labels, folder):
    """Draws the curve and prints the table of the draws that were asked for."""
    draws = range(FLAGS.seed, FLAGS.seed + FLAGS.draws)
    percent = {
        (one["method"], one["num_labels"], one["draw"]): 100
        * (one["errors"] / one["num_test"])
        for one in record["found"]
    }
    columns = {
        method: [[percent[method, number, draw] for number in labels] for draw in draws]
        for method in FLAGS.methods
    }
    figure = figures.curves(
        {method: (labels, each) for method, each in columns.items()},
        title="Error with few labels",
        x_label="labelled images",
        y_label="error on the test images, %",
        ticks=labels,
    )
    figures.save(figure, folder, "few_labels")
    print(table(labels, columns))
    print(f"\n{folder / RECORD}")


def table(labels, columns):
    """Mean error in percent, ± standard deviation over draws, by labels and method."""
    rows = [f"| labels | {' | '.join(columns)} |", "| --: " * (len(columns) + 1) + "|"]
    for index, number in enumerate(labels):
        cells = []
        for each in columns.values():
            errors = np.array(each)[:, index]
            spread = f" ± {np.std(errors, ddof=1):.2f}" if len(errors) > 1 else ""
            cells.append(f"{np.mean(errors):.2f}{spread}")
        rows.append(f"| {number} | {' | '.join(cells)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    app.run(main)
