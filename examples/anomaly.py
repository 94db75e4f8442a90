"""Anomaly detection: does a model find a digit strange that it has never seen?

    python examples/anomaly.py --digits=1 --models=cvae,dcgan --epochs=10
    python examples/anomaly.py --digits=all               # five models, all ten digits

Each digit in turn is left out of the training images, the models are trained on the
nine others, and every test image gets scores, higher for stranger: the squared error of
its reconstruction by an encoder and a decoder, the negative ELBO (one draw of z) of a
VAE, and minus what a discriminator or critic says of it. Beside these stands what needs
no model: the distance to the nearest of 10,000 training images. The result is the area
under the ROC curve (AUROC) of the held-out digit against the others: 0.5 is chance, 1
is perfect, and below 0.5 the unseen digit looks more usual than those that were trained
on.

Interrupted, the same command goes on where it was. The result is a table,
`anomaly.json`, and a chart of ROC curves for each digit. A training costs its epochs,
the scores of a model half a minute on a core.
"""

import dataclasses
import json

import command_line  # noqa: F401  first: it answers slips at once
import keras
import numpy as np
from absl import app
from absl import flags
from absl import logging
from sklearn.metrics import roc_auc_score
from sklearn.metrics import roc_curve

import kerasgen
from kerasgen import data
from kerasgen import evaluation
from kerasgen import files
from kerasgen import metrics
from kerasgen import study
from kerasgen.core.arguments import in_batches
from kerasgen.metrics.distances import nearest_neighbours
from kerasgen.study.report import figures

FLAGS = flags.FLAGS
MODELS = ["vanilla_gan", "dcgan", "wgan", "cvae", "adversarial_vae"]
flags.DEFINE_list("digits", ["1"], "Classes to hold out, one at a time, or all.")
flags.DEFINE_list("models", MODELS, "Models to train, by comma.")
flags.DEFINE_string("dataset", "mnist", "MNIST, or another image set of TFDS by name.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_integer("epochs", 20, "Passes over the training images.")
flags.DEFINE_integer("batch_size", 64, "Images in a batch.")
flags.DEFINE_integer("seed", 0, "Seed of weights, noise and data order.")
flags.DEFINE_integer("limit", None, "Train on the first so many images only.")
flags.DEFINE_string("output_dir", "anomaly", "Folder of the runs, charts and record.")
flags.DEFINE_bool("resume", True, "Go on with interrupted runs, or start over.")
NUM_NEIGHBOURS = 10_000


def main(_):
    logging.set_verbosity(logging.WARNING)
    try:
        train, test = (
            data.fetch(FLAGS.dataset, split, data_dir=FLAGS.data_dir)
            for split in ("train", "test")
        )
        settings = {
            digit: [run_settings(model, digit) for model in FLAGS.models]
            for digit in held_out(train.num_classes)
        }
        folder = files.prepare_directory(FLAGS.output_dir)
        records = []
        for digit, runs in settings.items():
            records += judge(digit, runs, train, test, folder)
            with files.replacing(folder / "anomaly.json") as temporary:
                temporary.write_text(json.dumps(records, indent=2) + "\n")
    except (ValueError, RuntimeError) as error:
        raise SystemExit(f"Error: {error}") from None
    print(table(records))
    print(f"\n{folder / 'anomaly.json'}")


def held_out(num_classes):
    """The classes that the flag names.

    Raises:
        ValueError: If one of them is no class of the dataset.
    """
    if FLAGS.digits == ["all"]:
        return list(range(num_classes))
    known = [str(digit) for digit in range(num_classes)]
    for digit in FLAGS.digits:
        if digit not in known:
            raise ValueError(
                f"--digits={digit} came; expected all, or some of {', '.join(known)}."
            )
    return [int(digit) for digit in FLAGS.digits]


def run_settings(model, digit):
    return study.RunSettings(
        model=model,
        dataset=FLAGS.dataset,
        epochs=FLAGS.epochs,
        batch_size=FLAGS.batch_size,
        seed=FLAGS.seed,
        limit=FLAGS.limit,
        ablation="held_out",
        variant=f"without-{digit}",
    )


def judge(digit, runs, train, test, folder):
    """Trains the models without a digit; draws ROC curves, and a record of each score.

    Args:
        digit: int, the class to hold out.
        runs: List of `RunSettings`.
        train, test: `kerasgen.data.ImageSet`s with all classes.
        folder: Folder for runs and figures.
    """
    known = without(digit, train)
    found = {"nearest training image": distances(known, test.images)}
    for run in runs:
        print(f"{run.title}: {run.epochs} epochs", flush=True)
        place = files.user_path(folder).joinpath("runs", run.name, f"seed{run.seed}")
        model = study.train(
            run, place, known, without(digit, test), resume=FLAGS.resume
        )
        found |= scores(model, test.images)
    is_held_out = test.labels == digit
    curves = {
        name: (false_positives, [true_positives])
        for name, values in found.items()
        for false_positives, true_positives, _ in [roc_curve(is_held_out, values)]
    }
    figure = figures.curves(
        curves,
        title=f"Finding the digit {digit}, never seen",
        x_label="share of known digits reported",
        y_label="share of unseen found",
    )
    figures.save(figure, folder, f"roc-{digit}")
    return [
        {
            "held_out": digit,
            "score": name,
            "auroc": float(roc_auc_score(is_held_out, values)),
            "num_held_out": int(is_held_out.sum()),
            "num_known": int((~is_held_out).sum()),
            **{key: FLAGS[key].value for key in ("dataset", "epochs", "seed", "limit")},
        }
        for name, values in found.items()
    ]


def without(digit, images):
    """An `ImageSet` without one class."""
    kept = images.labels != digit
    return dataclasses.replace(
        images, images=images.images[kept], labels=images.labels[kept]
    )


def distances(known, images):
    """Euclidean distance of each image to the nearest training image, in pixels."""
    flat = [np.reshape(a, (len(a), -1)) / 255.0 for a in (images, known.images)]
    return nearest_neighbours(flat[0], flat[1][:NUM_NEIGHBOURS])[0]


def scores(model, images):
    """Dict from the name of a score to those of all images, higher for stranger."""
    kind, found = type(model).__name__, {}
    pixels = images.astype("float32") / 255.0
    if hasattr(model, "reconstruct"):
        restored = model.reconstruct(pixels)
        found["reconstruction error"] = metrics.mean_squared_error(pixels, restored)
    if getattr(model, "posterior", None) == "gaussian":
        noise = keras.random.SeedGenerator(FLAGS.seed)
        losses = in_batches(
            lambda batch: model.player_losses(batch, None, noise, training=False),
            pixels,
        )
        if {"reconstruction", "kl_divergence"} <= losses.keys():
            found["negative ELBO"] = losses["reconstruction"] + losses["kl_divergence"]
    if hasattr(model, "discriminate"):
        is_energy = isinstance(model, kerasgen.EBGAN)  # low for real images
        scored = model.discriminate(pixels)
        found[model.judge_name] = scored if is_energy else -scored
    return {f"{kind} {name}": values for name, values in found.items()}


def table(records):
    """AUROC: one row a score, one column a digit, and their mean."""
    columns = {}
    for record in records:
        column = columns.setdefault(f"{record['held_out']}", {"seconds_total": None})
        column[record["score"]] = record["auroc"]
    names = [record["score"] for record in records]
    means = {
        name: float(np.mean([c[name] for c in columns.values()])) for name in names
    }
    return evaluation.format_table(columns | {"mean": {"seconds_total": None, **means}})


if __name__ == "__main__":
    app.run(main)
