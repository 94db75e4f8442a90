"""Flow: the quality of samples against the evaluations of the network they cost.

    python examples/train_one.py --model=flow_matching --epochs=20
    python examples/flow_steps.py --model=runs/mnist/flow_matching/seed0/model.keras

A flow's samples solve a differential equation, whose steps are chosen when sampling:
Euler's method evaluates the network once in a step, Heun's twice. The same noise goes
through 1, 2, 5, 10, 20, 50 and 100 evaluations, Heun's where they are even, and the
images are judged by the Fréchet distance to the test images, beside as many training
images as a floor. With guidance on a conditional model an evaluation is two.

The result is a table, `flow_steps.svg` and `flow_steps.json`. The 370 evaluations of
10,000 images take up to two hours on a core.
"""

import json

import command_line  # noqa: F401  first: it answers slips at once
from absl import app
from absl import flags
from absl import logging

from kerasgen import data
from kerasgen import evaluation
from kerasgen import files
from kerasgen import study
from kerasgen.models import FlowMatching
from kerasgen.study.report import figures

FLAGS = flags.FLAGS
EVALUATIONS = ["1", "2", "5", "10", "20", "50", "100"]
flags.DEFINE_string("model", None, "A .keras file of a FlowMatching.", required=True)
flags.DEFINE_string("dataset", "mnist", "The image set that the model was trained on.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_list("evaluations", EVALUATIONS, "Numbers of evaluations, by comma.")
flags.DEFINE_integer("num_samples", 10_000, "Samples that are judged.", lower_bound=2)
flags.DEFINE_integer("seed", 0, "Seed of the noise, the same for all.")
flags.DEFINE_string("output_dir", "flow_steps", "Folder of the results.")
REAL = "training images"
PER_STEP = {"euler": 1, "heun": 2}


def main(_):
    logging.set_verbosity(logging.WARNING)
    try:
        model = study.load_model(FLAGS.model)
        if not isinstance(model, FlowMatching):
            raise ValueError(f"{FLAGS.model} is no FlowMatching; expected one.")
        train, test = (
            data.fetch(FLAGS.dataset, split, data_dir=FLAGS.data_dir)
            for split in ("train", "test")
        )
        reference = evaluation.Reference((train, test))
        folder = files.prepare_directory(FLAGS.output_dir)
        found = {REAL: distance(train.images, reference)}
        for solver, each in PER_STEP.items():
            counts = [int(one) for one in FLAGS.evaluations if int(one) % each == 0]
            found[solver] = {
                str(count): distance(drawn(model, solver, count // each), reference)
                for count in counts
            }
    except (ValueError, RuntimeError) as error:
        raise SystemExit(f"Error: {error}") from None
    finish(found, folder)


def drawn(model, solver, steps):
    """Samples by so many steps of a solver, from the same noise each time."""
    print(f"{solver}, {steps} steps", flush=True)
    return model.sample(FLAGS.num_samples, seed=FLAGS.seed, solver=solver, steps=steps)


def distance(images, reference):
    """Fréchet distance of images to the test images."""
    record = evaluation.evaluate(
        images, reference, num_samples=FLAGS.num_samples, metrics=["frechet_distance"]
    )
    (value,) = (v for k, v in record.items() if k.startswith("frechet_distance"))
    return value


def finish(found, folder):
    """Writes the record and the curves, and prints the table."""
    settings = {k: FLAGS[k].value for k in ("model", "dataset", "num_samples", "seed")}
    record = {"settings": settings, "frechet_distance": found}
    with files.replacing(folder / "flow_steps.json") as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n")
    counts = [int(count) for count in FLAGS.evaluations]
    figure = figures.curves(
        {
            solver: (
                [int(count) for count in found[solver]],
                [[*found[solver].values()]],
            )
            for solver in PER_STEP
            if found[solver]
        },
        title="Quality against evaluations of the network",
        x_label="evaluations of the network",
        y_label="Fréchet distance to the test images",
        ticks=counts,
    )
    figures.save(figure, folder, "flow_steps")
    rows = ["| evaluations | Euler | Heun |", "| --: | --: | --: |"]
    for count in FLAGS.evaluations:
        cells = [found[solver].get(count) for solver in PER_STEP]
        texts = ["–" if value is None else f"{value:.3f}" for value in cells]
        rows.append(f"| {count} | {' | '.join(texts)} |")
    print("\n".join(rows))
    print(f"\n{REAL}: {found[REAL]:.3f}\n{folder / 'flow_steps.json'}")


if __name__ == "__main__":
    app.run(main)
