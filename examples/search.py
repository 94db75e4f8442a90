"""Settings of the models compared on held-out training images; the test set stays shut.

    python examples/search.py --trials=results/search/trials.json
    python examples/search.py --trials=mine.json --models=dcgan --output=mine.jsonl

Each trial trains a model on all training images but the last 10,000 and judges it, at
the epochs in `--marks`, by the Fréchet distance of 10,000 samples to those 10,000. A
trial is what differs from the model's defaults:

    {"model": "dcgan", "epochs": 10, "batch_size": 64, "seed": 0,
     "arguments": {"width": 48},
     "optimizer": {"generator": {"class_name": "Adam", "learning_rate": 1e-3}}}

`class_name` is an optimizer of Keras, its other entries are that optimizer's arguments;
everything but `model` can be left out. Each finished trial is a line of the output
file, and one that is there is not run again. All records stand in a table beside it.
"""

import json
import time

import command_line  # noqa: F401  first: it answers slips at once
import keras
from absl import app
from absl import flags

import kerasgen
from kerasgen import evaluation
from kerasgen import files
from kerasgen import training
from kerasgen.core.registry import list_models
from kerasgen.core.registry import model_class
from kerasgen.study import environment

FLAGS = flags.FLAGS
flags.DEFINE_string("trials", None, "JSON file of a list of trials.", required=True)
flags.DEFINE_string("output", "results/search/records.jsonl", "File of the records.")
flags.DEFINE_list("models", list_models(), "Trials of these models only.")
flags.DEFINE_list("marks", ["5", "10", "20", "40"], "Epochs to judge after.")
flags.DEFINE_integer("held_out", 10_000, "Training images to judge by.", 10)
flags.DEFINE_integer("num_samples", 10_000, "Samples that each model is judged by.")
flags.DEFINE_string("dataset", "mnist", "MNIST, or another image set of TFDS by name.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
DEFAULTS = {"epochs": 10, "batch_size": 64, "seed": 0, "arguments": {}, "optimizer": {}}


def main(_):
    output = files.user_path(FLAGS.output)
    try:
        check_models(FLAGS.models)
        trials = read_trials(FLAGS.trials)
        marks = [int(mark) for mark in FLAGS.marks]
        # Only the training images are loaded: the test images are never read.
        images, labels = kerasgen.data.load_arrays(
            FLAGS.dataset, "train", data_dir=FLAGS.data_dir
        )
        kept = len(images) - FLAGS.held_out
        if kept < 1:
            raise ValueError(
                f"--held_out={FLAGS.held_out} came; expected fewer than the "
                f"{len(images)} training images, since models learn the others."
            )
        train = (images[:kept], labels[:kept])
        held_out = (images[kept:], labels[kept:])
        reference = evaluation.Reference((train, held_out), features=FLAGS.dataset)
        for trial in trials:
            done = [record["trial"] for record in read(output)]
            if trial["model"] in FLAGS.models and trial not in done:
                record = {"trial": trial, **run(trial, train[0], reference, marks)}
                append(output, record)
        output.with_suffix(".md").write_text(table(read(output)))
    except (OSError, RuntimeError, ValueError) as error:
        raise SystemExit(f"Error: {error}") from None


def check_models(names):
    """Raises ValueError if a name is none of a model."""
    for name in names:
        if name not in list_models():
            raise ValueError(
                f"--models={name} came; expected some of {', '.join(list_models())}."
            )


def read_trials(path):
    """The trials of a file, complete.

    Raises:
        ValueError: If there is no such file, or it is no JSON list of trials.
    """
    if not files.user_path(path).is_file():
        raise ValueError(
            f"trials={str(path)!r} is no file; expected a JSON file with a list of "
            "trials, such as results/search/trials.json."
        )
    trials = json.loads(files.user_path(path).read_text())
    if not isinstance(trials, list):
        raise ValueError(f"{path} holds a {type(trials).__name__}; expected a list.")
    return [complete(trial) for trial in trials]


def complete(trial):
    """A trial with what it leaves out.

    Raises:
        ValueError: If it names no known model, or something that trials do not have.
    """
    if not isinstance(trial, dict) or trial.get("model") not in list_models():
        raise ValueError(
            f"{trial!r} came for a trial; expected a dict with a 'model' of "
            f"{', '.join(list_models())}."
        )
    unknown = sorted(set(trial) - {"model", *DEFAULTS})
    if unknown:
        raise ValueError(
            f"A trial has no {', '.join(unknown)}; known are model, "
            f"{', '.join(DEFAULTS)}."
        )
    return {"model": trial["model"], **DEFAULTS, **trial}


def run(trial, images, reference, marks):
    """Trains and judges; the record of one trial.

    Returns:
        Dict of `marks` (dicts of `epoch`, `seconds` of training so far and
        `frechet_distance`), `precision`, `commit`, and `failed` if the training
        diverged.
    """
    print(json.dumps(trial), flush=True)
    precision = environment.resolve_precision("auto")
    keras.utils.set_random_seed(trial["seed"])
    model = model_class(trial["model"])(
        image_shape=images.shape[1:],
        seed=trial["seed"],
        dtype=precision,
        **trial["arguments"],
    )
    model.compile(optimizer={p: optimizer(o) for p, o in trial["optimizer"].items()})
    dataset = kerasgen.data.batches(
        images, batch_size=trial["batch_size"], seed=trial["seed"]
    )
    commit = environment.describe()["commit"]
    record = {"commit": commit, "precision": precision, "marks": []}
    ends = sorted({*marks, trial["epochs"]})
    begun, seconds = 0, 0.0
    for end in (end for end in ends if end <= trial["epochs"]):
        start = time.perf_counter()
        try:
            model.fit(dataset, initial_epoch=begun, epochs=end, verbose=0)
        except training.DivergenceError as error:
            return record | {"failed": str(error)}
        seconds += time.perf_counter() - start
        begun = end
        record["marks"].append(
            {
                "epoch": end,
                "seconds": round(seconds, 1),
                "frechet_distance": frechet_distance(model, reference),
            }
        )
        print(json.dumps(record["marks"][-1]), flush=True)
    return record


def optimizer(config):
    arguments = {name: value for name, value in config.items() if name != "class_name"}
    if config["class_name"] == "Adam":
        return training.Adam(**arguments)
    return keras.optimizers.get(
        {"class_name": config["class_name"], "config": arguments}
    )


def frechet_distance(model, reference):
    record = kerasgen.evaluate(
        model, reference, num_samples=FLAGS.num_samples, metrics="frechet_distance"
    )
    (value,) = (record[name] for name in record if name.startswith("frechet_distance_"))
    return value


def table(records):
    """Markdown: a row for each trial, of each model the best first."""
    lines = [
        "| model | differs from the defaults by | epochs | Fréchet | seconds |",
        "|---|---|---|---|---|",
    ]
    for record in sorted(records, key=rank):
        trial, marks = record["trial"], record["marks"]
        different = {
            name: value
            for name, value in trial.items()
            if name not in ("model", "epochs") and value != DEFAULTS[name]
        }
        last = marks[-1] if marks and "failed" not in record else None
        cells = (
            trial["model"],
            f"`{json.dumps(different)}`" if different else "nothing",
            trial["epochs"],
            f"{last['frechet_distance']:.2f}" if last else "diverged",
            f"{last['seconds']:.0f}" if last else "",
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def rank(record):
    trial = record["trial"]
    failed = "failed" in record
    distance = 0.0 if failed else record["marks"][-1]["frechet_distance"]
    return list_models().index(trial["model"]), trial["epochs"], failed, distance


def read(path):
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def append(path, record):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(one) + "\n" for one in (*read(path), record)]
    with files.replacing(path) as temporary:
        temporary.write_text("".join(lines))


if __name__ == "__main__":
    app.run(main)
