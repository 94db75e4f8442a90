"""An epoch of two replicas beside that of one device, for every model of the zoo.

    python -m benchmarks.replicas
    python -m benchmarks.replicas --models=cvae,dcgan

Each model, as small as the tests make it, trains one epoch of digits with its own
optimizers in float32: on one device, by `tf.distribute.MirroredStrategy` on two logical
processors, and on one device again from weights that differ by one rounding. The last
is the measure: two replicas add in another order than one device does, so they should
come some times as far from it as one rounding at the beginning does. Where they come
farther, a rectifier fell on the other side of zero for an image, or Adam, which divides
a gradient by its size, met one that is nothing but rounding: then a few weights carry
the difference, which the table counts. Replicas take Adam's step in Keras' order of
computing, one device in that of TensorFlow's kernel; the column "same Adam" is against
one device in Keras' order. Replicas cannot share the last batch of the epoch evenly.

A difference is the length of the vector of all weights from one model to the other, in
parts of the way that training went. A step and an epoch of plain descent, where little
makes small differences great, are in the table, too.
"""

import contextlib
import os

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
import tensorflow as tf
from absl import app
from absl import flags
from absl import logging
from sklearn.datasets import load_digits

from benchmarks import measuring
from kerasgen.core.registry import list_models
from kerasgen.core.registry import model_class

FLAGS = flags.FLAGS
flags.DEFINE_list("models", list_models(), "Models, by comma.")
flags.DEFINE_integer("images", 71, "Images in the epoch.", 3)
flags.DEFINE_integer("batch_size", 16, "Images in a batch.", 2)
flags.DEFINE_integer("perturbed", 3, "Trainings from weights that differ.", 1)
flags.DEFINE_string("output", "replicas.json", "JSON file of the results.")
MOST = 0.9  # of a squared difference, carried by so many weights


def two_devices():
    """A strategy of two logical processors; TensorFlow must not have started."""
    (processor,) = tf.config.list_physical_devices("CPU")
    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(processor, halves)
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def compare(name, strategy):
    """The differences of a model, or the sentence that refuses replicas.

    Returns:
        Dict of `step` and `descent`, by plain descent, `epoch` and the number of
        weights that carry it, `carriers`, `same_adam`, `rounding` (a list, by
        training), `logs`, and `drift` (whether the replicas' own copies differ); or of
        `refused`.
    """
    try:
        step = trained(name, strategy, "sgd", num=15)
        several = trained(name, strategy)
    except ValueError as error:
        return {"refused": str(error)}
    one = trained(name)
    in_keras_order = trained(name, tf.distribute.OneDeviceStrategy("CPU:0"))
    perturbed = [trained(name, seed=seed) for seed in range(1, FLAGS.perturbed + 1)]
    return {
        "step": difference(trained(name, None, "sgd", num=15), step),
        "descent": difference(
            trained(name, None, "sgd"), trained(name, strategy, "sgd")
        ),
        "epoch": difference(one, several),
        "same_adam": difference(in_keras_order, several),
        "carriers": carriers(one, several),
        "weights": len(one["after"]),
        "rounding": [difference(one, each) for each in perturbed],
        "logs": max(
            abs(values[0] - several["logs"][key][0]) / (abs(values[0]) + 1e-3)
            for key, values in one["logs"].items()
        ),
        "drift": several["drift"],
    }


def trained(name, strategy=None, optimizer=None, seed=None, num=None):
    """Trains a model for an epoch.

    Args:
        name: Name of the model in the registry.
        strategy: `tf.distribute.Strategy`, or None for one device.
        optimizer: "sgd", or None for the model's own.
        seed: Of the weights that are rounded otherwise to begin with; None for none.
        num: Images of a single batch; None for the epoch of the flags.

    Returns:
        Dict of `before` and `after`, arrays of all weights; `logs`; and `drift`.
    """
    # Small models, and arguments without which replicas are refused, are the tests'.
    from tests.contract import contract_of

    contract = contract_of(model_class(name))
    keras.utils.set_random_seed(0)
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = contract().make(**contract.on_replicas)
        if optimizer == "sgd":
            model.compile(keras.optimizers.SGD(0.01))
    before = flat(model)
    if seed is not None:
        round_otherwise(model, seed)
    images, labels = digits(num or FLAGS.images, model.image_shape)
    history = model.fit(
        images,
        labels if model.num_labels else None,
        batch_size=num or FLAGS.batch_size,
        shuffle=False,
        verbose=0,
    )
    drift = False
    if strategy and strategy.num_replicas_in_sync > 1:
        copies = [strategy.experimental_local_results(w.value) for w in model.weights]
        drift = any(not np.array_equal(*(c.numpy() for c in each)) for each in copies)
    return {
        "before": before,
        "after": flat(model),
        "logs": history.history,
        "drift": drift,
    }


def flat(model):
    """All weights of a model as one float64 array."""
    return np.concatenate([w.numpy().astype(float).ravel() for w in model.weights])


def round_otherwise(model, seed):
    """Moves every weight that learns by one unit in its last place, up or down."""
    random = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        values = weight.numpy()
        ends = np.where(random.random(values.shape) < 0.5, -np.inf, np.inf)
        weight.assign(np.nextafter(values, ends.astype(values.dtype)))


def difference(first, second):
    """Length of the way between two trained models, in parts of the first one's way."""
    way = np.linalg.norm(first["after"] - first["before"])
    return float(np.linalg.norm(second["after"] - first["after"]) / way)


def carriers(first, second):
    """The least number of weights that carry most of a squared difference."""
    squares = np.sort((second["after"] - first["after"]) ** 2)[::-1]
    return int(np.searchsorted(np.cumsum(squares), MOST * squares.sum())) + 1


def digits(num, image_shape):
    """Real digits and their labels, as large as a model takes them."""
    bunch = load_digits()
    images = tf.image.resize(bunch.images[:num, ..., None] / 16.0, image_shape[:2])
    return images.numpy(), bunch.target[:num].astype("int32")


def row(name, found):
    """The line of a model in the table."""
    title = model_class(name).__name__
    if "refused" in found:
        return {"model": title, "one step, SGD": "refused"}
    rounding = max(found["rounding"])
    return {
        "model": title,
        "one step, SGD": f"{found['step']:.1e}",
        "epoch, SGD": f"{found['descent']:.1e}",
        "epoch, its own": f"{found['epoch']:.1e}",
        "same Adam": f"{found['same_adam']:.1e}",
        "one rounding": f"{rounding:.1e}",
        "carried by": f"{found['carriers']:,} of {found['weights']:,}",
        "losses": f"{found['logs']:.1e}",
        "copies differ": "yes" if found["drift"] else "no",
    }


def main(_):
    logging.set_verbosity(logging.ERROR)
    strategy, results = two_devices(), {}
    for name in FLAGS.models:
        results[name] = compare(name, strategy)
        print(name, results[name], flush=True)
        keras.backend.clear_session()
    rows = [row(*result) for result in results.items()]
    print(measuring.table(rows))
    measuring.write(FLAGS.output, models=results, rows=rows)


if __name__ == "__main__":
    app.run(main)
