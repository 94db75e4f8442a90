"""Flows and diffusion: quality of samples against evaluations of the network.

    python examples/train_one.py --model=flow_matching --epochs=20
    python examples/sampling_steps.py --model=runs/mnist/flow_matching/seed0/model.keras

Such a model takes many steps from noise to an image, and how many is chosen when
sampling. A flow's samples solve a differential equation: Euler's method evaluates the
network once in a step, Heun's twice. DDPM's take a step for each evaluation, without
new noise (DDIM) or with it (the paper's sampler). The same noise goes through 1, 2, 5,
10, 20, 50 and 100 evaluations, Heun's where they are even, and the images are judged by
the Fréchet distance to the test images, beside as many training images as a floor. With
guidance on a conditional model an evaluation is two.

Interrupted, the same command goes on where it was. The result is a table,
`sampling_steps.svg` and `sampling_steps.json`. The 370 evaluations of 10,000 images
take up to two hours on a core, an epoch of the training five minutes; each line tells
the time left.
"""

import hashlib
import shutil
import time

import command_line  # noqa: F401  first: it answers slips at once
import numpy as np
import records
from absl import app
from absl import flags
from absl import logging

from kerasgen import data
from kerasgen import evaluation
from kerasgen import files
from kerasgen import study
from kerasgen.models import DDPM
from kerasgen.models import FlowMatching
from kerasgen.study.progress import clock
from kerasgen.study.report import figures

FLAGS = flags.FLAGS
EVALUATIONS = ["1", "2", "5", "10", "20", "50", "100"]
flags.DEFINE_string("model", None, "A .keras file of either.", required=True)
flags.DEFINE_string("dataset", "mnist", "The image set that the model was trained on.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_list("evaluations", EVALUATIONS, "Numbers of evaluations, by comma.")
flags.DEFINE_integer("num_samples", 10_000, "Samples that are judged.", lower_bound=2)
flags.DEFINE_integer("seed", 0, "Seed of the noise, the same for all.")
flags.DEFINE_string("output_dir", "sampling_steps", "Folder of the results.")
REAL = "training images"
# From the way of sampling to evaluations in a step and options of `sample`.
WAYS = {
    FlowMatching: {"euler": (1, {"solver": "euler"}), "heun": (2, {"solver": "heun"})},
    DDPM: {"ddim": (1, {"eta": 0.0}), "ddpm": (1, {"eta": 1.0})},
}
NAMES = {"euler": "Euler", "heun": "Heun", "ddim": "DDIM", "ddpm": "DDPM"}
# Samples that are drawn at a time, and kept until all are.
PART, PARTS = 1000, "parts"


def main(_):
    logging.set_verbosity(logging.WARNING)
    try:
        counts = [evaluations(text) for text in FLAGS.evaluations]
        model = study.load_model(FLAGS.model)
        ways = ways_of(model)
        train, test = (
            data.fetch(FLAGS.dataset, split, data_dir=FLAGS.data_dir)
            for split in ("train", "test")
        )
        reference = evaluation.Reference((train, test))
        folder = files.prepare_directory(FLAGS.output_dir)
        path = folder / "sampling_steps.json"
        if not path.exists():
            shutil.rmtree(folder / PARTS, ignore_errors=True)  # of what is not known
        empty = {way: {} for way in ways}
        record = records.begin(path, settings(), frechet_distance=empty)
        found = record["frechet_distance"]
        if REAL not in found:
            found[REAL] = distance(train.images, reference)
            records.save(path, record)
        left = [
            (way, count)
            for count in counts
            for way, (each, _) in ways.items()
            if count % each == 0 and str(count) not in found[way]
        ]
        for index, (way, count) in enumerate(left):
            parts = folder / PARTS / f"{way}-{count}"
            coming = sum(further for _, further in left[index + 1 :])
            each, options = ways[way]
            options = {"steps": count // each, **options}
            images = drawn(model, way, count, options, parts, coming)
            found[way][str(count)] = distance(images, reference)
            records.save(path, record)
            shutil.rmtree(folder / PARTS)
    except (ValueError, RuntimeError) as error:
        raise SystemExit(f"Error: {error}") from None
    finish(found, counts, folder)
    print(path)


def evaluations(text):
    """A number of evaluations.

    Raises:
        ValueError: If it is no positive whole number.
    """
    if not text.isdigit() or int(text) < 1:
        raise ValueError(f"--evaluations={text} came; expected positive numbers.")
    return int(text)


def ways_of(model):
    """The ways in which a model samples, by name.

    Raises:
        ValueError: If its samples take no steps.
    """
    for cls, ways in WAYS.items():
        if isinstance(model, cls):
            return ways
    raise ValueError(
        f"{FLAGS.model} is a {type(model).__name__}; expected one of "
        f"{', '.join(cls.__name__ for cls in WAYS)}, whose samples take steps."
    )


def settings():
    """All that the numbers depend on: flags, and the content of the model's file."""
    found = {k: FLAGS[k].value for k in ("model", "dataset", "num_samples", "seed")}
    content = files.user_path(FLAGS.model).read_bytes()
    return found | {"sha256": hashlib.sha256(content).hexdigest()}


def drawn(model, way, count, options, folder, coming):
    """Samples by so many evaluations, from the same noise each time.

    Args:
        model: The model.
        way: Name of the way of sampling, such as "heun".
        count: Evaluations of each sample.
        options: Keyword arguments of `sample`.
        folder: Folder where parts are kept until all are drawn.
        coming: Evaluations of each sample that come after these, for the time left.
    """
    files.prepare_directory(folder)
    sizes = [PART] * (FLAGS.num_samples // PART) + [FLAGS.num_samples % PART]
    found = []
    for index, size in enumerate(filter(None, sizes)):
        path = folder / f"{index:03}.npy"
        if not path.exists():
            start = time.monotonic()
            images = model.sample(size, seed=FLAGS.seed * len(sizes) + index, **options)
            with files.replacing(path) as temporary:
                np.save(temporary, images)
            each = (time.monotonic() - start) / (size * count)
            further = FLAGS.num_samples - sum(sizes[: index + 1])
            left = each * (count * further + coming * FLAGS.num_samples)
            print(
                f"{way}, {count} evaluations: {sum(sizes[: index + 1]):,} samples, "
                f"left {clock(left)}",
                flush=True,
            )
        found.append(np.load(path))
    return np.concatenate(found)


def distance(images, reference):
    """Fréchet distance of images to the test images."""
    record = evaluation.evaluate(
        images, reference, num_samples=FLAGS.num_samples, metrics=["frechet_distance"]
    )
    (value,) = (v for k, v in record.items() if k.startswith("frechet_distance"))
    return value


def finish(found, counts, folder):
    """Draws the curves, and prints the table."""
    ways = [way for way in found if way != REAL]
    lines = {}
    for way in ways:
        asked = [count for count in counts if str(count) in found[way]]
        if asked:
            values = [found[way][str(count)] for count in asked]
            lines[NAMES[way]] = (asked, [values])
    lines[REAL.capitalize()] = (counts, [[found[REAL]] * len(counts)])
    figure = figures.curves(
        lines,
        title="Quality against evaluations of the network",
        x_label="evaluations of the network",
        y_label="Fréchet distance",
        ticks=counts,
    )
    (axes,) = figure.axes
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    figures.save(figure, folder, "sampling_steps")
    names = " | ".join(NAMES[way] for way in ways)
    rows = [f"| evaluations | {names} |", "| --: |" + " --: |" * len(ways)]
    for count in map(str, counts):
        cells = [found[way].get(count) for way in ways]
        texts = ["–" if value is None else f"{value:.3f}" for value in cells]
        rows.append(f"| {count} | {' | '.join(texts)} |")
    print("\n".join(rows))
    print(f"\n{REAL}: {found[REAL]:.3f}")


if __name__ == "__main__":
    app.run(main)
