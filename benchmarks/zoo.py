"""Step time of every model of the zoo, beside DCGAN's and a plain Keras loop's.

    python -m benchmarks.zoo
    python -m benchmarks.zoo --models=wgan_gp,flow_matching --rounds=3

Each model at its defaults trains on images of its own size, with labels where it takes
them. DCGAN is timed in turn with each, in the same rounds, so that the ratio of the two
holds on a busy machine, too; where `reference/keras_guide.py` has the model as a plain
Keras loop, that is timed in turn as well. A step is one batch: a WGAN's critic takes
each of them, its generator every fifth. Models differ in the networks that their papers
ask for, so this is the cost of a model, not of its objective.
"""

import keras
import numpy as np
from absl import app
from absl import flags
from absl import logging

import kerasgen
from benchmarks import measuring
from kerasgen.core.registry import list_models
from kerasgen.core.registry import model_class

FLAGS = flags.FLAGS
flags.DEFINE_list("models", list_models(), "Models, by comma.")
flags.DEFINE_integer("batch_size", 64, "Images in a batch.")
flags.DEFINE_string("dtype", "float32", "float32, mixed_bfloat16 or mixed_float16.")
flags.DEFINE_integer("rounds", 5, "Times that each loop is measured.", 1)
flags.DEFINE_float("seconds", 3.0, "Length of one measurement.")
flags.DEFINE_string("output", "zoo.json", "JSON file of all rounds.")
DCGAN = "dcgan"


def main(_):
    logging.set_verbosity(logging.ERROR)
    names = [name for name in FLAGS.models if name != DCGAN]
    yardstick = prepared(*trainer(model_class(DCGAN)(dtype=FLAGS.dtype)))
    results = {}
    for name in [DCGAN, *names]:
        keras.utils.set_random_seed(0)
        results[name] = measure(name, yardstick)
        print(f"{name} done", flush=True)
        measuring.write(
            FLAGS.output,
            models=results,
            rows=[table_row(*result) for result in results.items()],
        )
    print(measuring.table([table_row(*result) for result in results.items()]))


def trainer(model):
    """A model and the function that trains it for a number of steps."""
    images = measuring.digits(model.image_shape)
    labels = None
    if model.num_classes is not None:
        labels = np.arange(len(images), dtype="int32") % model.num_classes

    def batches(num):
        cycled = [
            measuring.cycled(array, num)
            for array in (images, labels)
            if array is not None
        ]
        return kerasgen.data.batches(*cycled, batch_size=FLAGS.batch_size)

    return model, measuring.fitting(model, batches, FLAGS.batch_size)


def prepared(_, train):
    """What `measuring.interleaved` times: a compiled loop and its number of steps."""
    return train, measuring.calibrated(train, FLAGS.seconds)


def measure(name, yardstick):
    """Seconds per step of a model, of its plain loop and of DCGAN, in the same rounds.

    Args:
        name: Name of the model in the registry.
        yardstick: DCGAN's loop, as `prepared` returns it.
    """
    model = model_class(name)(dtype=FLAGS.dtype)
    variants = {DCGAN: yardstick}
    if name != DCGAN:
        variants[name] = prepared(*trainer(model))
    if name in measuring.MODELS:
        images = measuring.digits(model.image_shape)
        plain = measuring.keras_guide(model, images, FLAGS.batch_size)
        variants["keras_guide"] = prepared(model, plain)
    times = measuring.interleaved(variants, FLAGS.rounds)
    networks = {name for own in model.players.values() for name in own}
    return {
        "parameters": sum(getattr(model, name).count_params() for name in networks),
        "seconds_per_step": times,
    }


def table_row(name, result):
    times = result["seconds_per_step"]
    seconds = measuring.median(times[name])
    row = {
        "model": model_class(name).__name__,
        "ms/step": round(1000.0 * seconds, 2),
        "images/s": round(FLAGS.batch_size / seconds),
        "parameters": result["parameters"],
        "DCGAN's steps": measuring.ratio_text(
            measuring.ratios(times[name], times[DCGAN])
        ),
        "plain Keras loop's steps": None,
    }
    if "keras_guide" in times:
        ratios = measuring.ratios(times[name], times["keras_guide"])
        row["plain Keras loop's steps"] = measuring.ratio_text(ratios)
    return row


if __name__ == "__main__":
    app.run(main)
