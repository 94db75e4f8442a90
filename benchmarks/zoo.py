"""The cost of every model of the zoo: a step, 1,000 samples, memory.

    python -m benchmarks.zoo
    python -m benchmarks.zoo --models=wgan_gp,iwae:num_samples=50 --rounds=3

Each model at its defaults, or with the argument that follows its name, trains on images
of its own size, with labels where it takes them. DCGAN is timed in turn with each, in
the same rounds, so that the ratio of the two holds on a busy machine, too, and so is a
plain Keras loop: that of `reference/keras_guide.py` where it has the model, else the
model on Keras' own parts (`reference/stock.py`). A step is one batch: the critic of
WGAN-GP takes each of them, its generator every fifth. Models differ in the networks
that their papers ask for, so this is the cost of a model, not of its objective. Memory
is the highest of some steps in a process of their own, above that of the imports.

The record is written after each model, and a model that it has is not measured again.
"""

import ast
import json
import pathlib

import keras
import numpy as np
from absl import app
from absl import flags
from absl import logging

import kerasgen
from benchmarks import measuring
from benchmarks.reference import stock
from kerasgen.core.registry import list_models
from kerasgen.core.registry import model_class

FLAGS = flags.FLAGS
MODELS = [*list_models(), "iwae:num_samples=50"]
flags.DEFINE_list("models", MODELS, "Models, by comma.")
flags.DEFINE_integer("batch_size", 64, "Images in a batch.")
flags.DEFINE_string("dtype", "float32", "float32, mixed_bfloat16 or mixed_float16.")
flags.DEFINE_integer("rounds", 5, "Times that each loop is measured.", 1)
flags.DEFINE_float("seconds", 3.0, "Length of one measurement.")
flags.DEFINE_integer("num_samples", 200, "Samples that are timed, 0 for none.", 0)
flags.DEFINE_integer("memory_steps", 10, "Steps whose memory is taken, 0 for none.", 0)
flags.DEFINE_string("output", "zoo.json", "JSON file of all rounds.")
DCGAN = "dcgan"
SETTINGS = ("batch_size", "dtype", "rounds", "seconds", "num_samples", "memory_steps")


def main(_):
    logging.set_verbosity(logging.ERROR)
    names = [DCGAN, *(name for name in FLAGS.models if name != DCGAN)]
    results = measured_before()
    left = [name for name in names if name not in results]
    yardstick = prepared(trainer(make(DCGAN))) if left else None
    for name in left:
        keras.utils.set_random_seed(0)
        results[name] = measure(name, yardstick)
        print(f"{name} done", flush=True)
        rows = [table_row(*result) for result in results.items()]
        measuring.write(FLAGS.output, models=results, rows=rows)
    print(measuring.table([table_row(name, results[name]) for name in names]))


def measured_before():
    """Results of a call with the same settings that was cut short, by model."""
    path = pathlib.Path(FLAGS.output)
    if not path.exists():
        return {}
    record = json.loads(path.read_text())
    same = all(record["settings"][name] == FLAGS[name].value for name in SETTINGS)
    return record["models"] if same else {}


def make(name):
    """The model of a name, with the argument that may follow it."""
    name, _, argument = name.partition(":")
    key, _, value = argument.partition("=")
    arguments = {key: ast.literal_eval(value)} if argument else {}
    return model_class(name)(dtype=FLAGS.dtype, **arguments)


def trainer(model):
    """The function that trains a model for a number of steps."""
    return measuring.fitting(
        model,
        lambda num: kerasgen.data.batches(
            *arrays_for(model, num), batch_size=FLAGS.batch_size
        ),
        FLAGS.batch_size,
    )


def arrays_for(model, num):
    """Images, and labels where the model takes them, as many as are asked for."""
    images = measuring.digits(model.image_shape)
    found = [images]
    if model.num_classes is not None:
        found.append(np.arange(len(images), dtype="int32") % model.num_classes)
    return [measuring.cycled(array, num) for array in found]


def plain_loop(name, model):
    """The function that trains the model so in a plain Keras loop."""
    if name in measuring.MODELS:
        images = measuring.digits(model.image_shape)
        return measuring.keras_guide(model, images, FLAGS.batch_size)
    like = stock.like(model)
    return measuring.fitting(
        like,
        lambda num: stock.batches(*arrays_for(like, num), batch_size=FLAGS.batch_size),
        FLAGS.batch_size,
    )


def prepared(train):
    """A compiled loop and its number of steps, for `measuring.interleaved`."""
    return train, measuring.calibrated(train, FLAGS.seconds)


def measure(name, yardstick):
    """The cost of a model.

    Args:
        name: Name of the model in the registry, and an argument of it.
        yardstick: DCGAN's loop, as `prepared` returns it.

    Returns:
        Dict of its parameters, of the seconds per step of the model, of its plain loop
        and of DCGAN, in the same rounds, and of the cost of samples and memory.
    """
    model = make(name)
    variants = {DCGAN: yardstick}
    if name != DCGAN:
        variants[name] = prepared(trainer(model))
    variants["plain"] = prepared(plain_loop(name, model))
    times = measuring.interleaved(variants, FLAGS.rounds)
    networks = {name for own in model.players.values() for name in own}
    result = {
        "parameters": sum(getattr(model, name).count_params() for name in networks),
        "seconds_per_step": times,
    }
    if FLAGS.num_samples:
        model.sample(FLAGS.num_samples, seed=0)
        seconds = measuring.timed(lambda: model.sample(FLAGS.num_samples, seed=1))
        result["seconds_per_1000_samples"] = 1000 * seconds / FLAGS.num_samples
    if FLAGS.memory_steps:
        settings = {key: FLAGS[key].value for key in ("batch_size", "dtype")}
        result["peak_above_imports_mb"] = measuring.in_fresh_process(
            peak_memory, name, settings, FLAGS.memory_steps
        )
    return result


def peak_memory(name, settings, steps):
    """Highest resident memory of so many steps above that of the imports, MB."""
    FLAGS(["zoo", *(f"--{key}={value}" for key, value in settings.items())])
    imported = measuring.resident_mb("VmHWM")
    trainer(make(name))(steps)
    peak = measuring.resident_mb("VmHWM")
    return None if peak is None else peak - imported


def table_row(name, result):
    times = result["seconds_per_step"]
    seconds = measuring.median(times[name])
    model, _, argument = name.partition(":")
    title = model_class(model).__name__
    return {
        "model": f"{title}, {argument}" if argument else title,
        "ms/step": round(1000.0 * seconds, 2),
        "images/s": round(FLAGS.batch_size / seconds),
        "parameters": result["parameters"],
        "DCGAN's steps": ratio(times, name, DCGAN),
        "plain Keras loop's steps": ratio(times, name, "plain"),
        "s per 1,000 samples": result.get("seconds_per_1000_samples"),
        "peak memory, MB": result.get("peak_above_imports_mb"),
    }


def ratio(times, name, other):
    return measuring.ratio_text(measuring.ratios(times[name], times[other]))


if __name__ == "__main__":
    app.run(main)
