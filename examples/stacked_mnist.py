"""Stacked MNIST: how many of 1,000 modes does a GAN reach?

    python examples/stacked_mnist.py --models=dcgan,r3gan --epochs=5
    python examples/stacked_mnist.py --seeds=10           # all models, as papers report

Three digits are the channels of an image, 1,000 combinations in all. Each model draws
26,000 samples, a classifier of digits reads each channel (the most probable class, no
threshold), and two numbers come of it (Srivastava et al. 2017, arXiv:1705.07761; Lin et
al. 2018, arXiv:1712.04086): the modes that were reached, and KL(samples ‖ uniform) in
nats. So many exactly uniform draws have 999 / 52,000 = 0.0192 nats on average, and as
digits are unevenly many, real triples have about 0.0235: that is the floor, measured on
26,000 training triples and printed in the first row. A third column is the share of
samples with a channel that the classifier is less than 90 % sure of.

`MODEL:published` is the model with its paper's settings. Interrupted, the same command
goes on where it was; further models and seeds join those of the record. The result is a
table, `stacked_mnist.json`, and a run directory for each model and seed. A training
costs its epochs, of 128,000 triples each, and each line tells the time left; judging
takes two minutes on a core.
"""

import dataclasses

import command_line  # noqa: F401  first: it answers slips at once
import numpy as np
import records
from absl import app
from absl import flags
from absl import logging

from kerasgen import callbacks
from kerasgen import data
from kerasgen import features
from kerasgen import files
from kerasgen import metrics
from kerasgen import study
from kerasgen.data import stacked
from kerasgen.study.progress import Progress
from kerasgen.study.worker import Reporter

FLAGS = flags.FLAGS
MODELS = ["dcgan:published", "dcgan", "wgan", "wgan_gp", "r3gan"]
flags.DEFINE_list("models", MODELS, "Models to train, by comma; see above.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_integer("epochs", 20, "Passes over the triples.")
flags.DEFINE_integer("batch_size", 64, "Images in a batch, where none is published.")
flags.DEFINE_integer("seed", 0, "The first seed of weights, noise and data order.")
flags.DEFINE_integer("seeds", 1, "Number of seeds.", lower_bound=1)
flags.DEFINE_integer("limit", 128_000, "Train on the first so many triples only.")
flags.DEFINE_integer("num_samples", 26_000, "Samples to count modes in.")
flags.DEFINE_string("output_dir", "stacked_mnist", "Folder of the runs and record.")
flags.DEFINE_bool("resume", True, "Go on with interrupted runs, or start over.")
SURE = 0.9
REAL = "real triples"
SETTINGS = ("epochs", "batch_size", "limit", "num_samples")


@dataclasses.dataclass(frozen=True)
class Modes:
    """Modes and divergence of 26,000 samples."""

    modes: int
    kl_divergence: float
    share_unsure: float


def main(_):
    logging.set_verbosity(logging.WARNING)
    try:
        runs = [(name, one) for name in FLAGS.models for one in run_settings(name)]
        count = max(FLAGS.limit, FLAGS.num_samples)
        digits, test = (
            data.fetch(stacked.NAME, split, data_dir=FLAGS.data_dir)
            for split in (f"train[:{count}]", "test[:1000]")
        )
        classifier = features.load("mnist")
        folder = files.prepare_directory(FLAGS.output_dir)
        path = folder / "stacked_mnist.json"
        if not FLAGS.resume:
            path.unlink(missing_ok=True)
        settings = {name: FLAGS[name].value for name in SETTINGS}
        record = records.begin(path, settings, found=[])
        if not found_of(record, REAL):
            real = count_modes(digits.images[: FLAGS.num_samples], classifier)
            keep(record, path, REAL, None, real)
        left = [
            (name, one) for name, one in runs if not found_of(record, name, one.seed)
        ]
        progress = Progress(
            [f"{name}, seed {one.seed}" for name, one in left],
            [name for name, _ in left],
            len(left) * [FLAGS.epochs],
            min(FLAGS.limit, len(digits.images)),
        )
        for index, (name, settings) in enumerate(left):
            model = trained(name, settings, digits, test, progress, index)
            if model is None:
                continue
            samples = model.sample(FLAGS.num_samples, seed=settings.seed)
            modes = count_modes(samples, classifier)
            keep(record, path, name, settings.seed, modes)
            progress.close(index, is_done=True)
    except (ValueError, RuntimeError) as error:
        raise SystemExit(f"Error: {error}") from None
    print(table(record))
    print(f"\n{path}")


def found_of(record, name, seed=None):
    """The record's dicts of a model: of one seed, or of all."""
    return [
        one
        for one in record["found"]
        if one["model"] == name and seed in (None, one["seed"])
    ]


def keep(record, path, name, seed, modes):
    """Adds the `Modes` of a model and seed to the record and to its file."""
    place = {"model": name, "seed": seed}
    record["found"].append(place | dataclasses.asdict(modes))
    records.save(path, record)


def run_settings(name):
    """Settings of the runs of a model, or of one as published, seed after seed.

    Raises:
        ValueError: If there is no such model, or what follows it is not "published".
    """
    model, _, arm = name.partition(":")
    if arm not in ("", "published"):
        raise ValueError(
            f"--models={name} came; expected {model} or {model}:published."
        )
    return [
        study.RunSettings(
            model=model,
            dataset=stacked.NAME,
            epochs=FLAGS.epochs,
            batch_size=None if arm else FLAGS.batch_size,
            seed=seed,
            limit=FLAGS.limit,
            arm=arm,
        )
        for seed in range(FLAGS.seed, FLAGS.seed + FLAGS.seeds)
    ]


def trained(name, settings, digits, test, progress, index):
    """The model of a run, trained for what is left of its epochs; None if it fails."""
    progress.begin(index)
    place = files.user_path(FLAGS.output_dir).joinpath("runs", name.replace(":", "-"))
    reporter = Reporter(lambda **message: progress.receive(index, message))
    directory = place / f"seed{settings.seed}"
    options = {"resume": FLAGS.resume, "extra_callbacks": [reporter]}
    try:
        return study.train(settings, directory, digits, test, **options)
    except callbacks.DivergenceError as error:
        progress.close(index)
        progress.say(f"{progress.heading(index)} failed: {error}")
        return None


def count_modes(images, classifier):
    """`Modes` of images of three channels, each of which the classifier reads."""
    read = [
        classifier(images[..., channel : channel + 1]).probabilities
        for channel in range(3)
    ]
    digits = np.stack([one.argmax(axis=1) for one in read], axis=1)
    least_sure = np.min([one.max(axis=1) for one in read], axis=0)
    labels = stacked.stacked_labels(digits)
    # Any one sample counts.
    least = 1.0 / max(len(labels), stacked.NUM_CLASSES)
    entropy = metrics.label_entropy(labels, stacked.NUM_CLASSES)
    return Modes(
        metrics.class_coverage(labels, stacked.NUM_CLASSES, min_share=least),
        float(np.log(stacked.NUM_CLASSES) - entropy),
        float(np.mean(least_sure < SURE)),
    )


def table(record):
    """One row for each model: means over seeds, ± standard errors with several."""
    rows = ["| | modes of 1,000 | KL, nats | unsure |", "| :-- | --: | --: | --: |"]
    forms = {"modes": ".0f", "kl_divergence": ".4f", "share_unsure": ".3f"}
    for name in [REAL, *FLAGS.models]:
        found = found_of(record, name)
        cells = [text([one[key] for one in found], form) for key, form in forms.items()]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    least = (stacked.NUM_CLASSES - 1) / (2 * FLAGS.num_samples)
    rows.append(f"\nExactly uniform draws have {least:.4f} nats on average.")
    return "\n".join(rows)


def text(values, form):
    if not values:
        return "–"
    if len(values) == 1:
        return f"{values[0]:{form}}"
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    return f"{np.mean(values):{form}} ± {error:{form}}"


if __name__ == "__main__":
    app.run(main)
