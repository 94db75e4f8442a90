"""Likelihood: the bound on log p(x) of binarised images that papers on VAEs print.

    python examples/likelihood.py                        # CVAE, 100 epochs
    python examples/likelihood.py --model=adversarial_vae --epochs=20

Grey images have a density, binary ones a probability, and papers compare the latter: a
model is trained on images that are binarised anew each time they come, every pixel 1
with the probability of its grey value (Salakhutdinov & Murray 2008), and judged on test
images that are binarised once in the same way. The result is minus the
importance-weighted bound (Burda et al. 2016, arXiv:1509.00519, equation 8) with 5,000
samples of each of the first 1,000 test images, in nats per image, its standard error,
and the negative ELBO of the same images.

Interrupted, the same command goes on after the last epoch, with other noise than
without the interruption; more epochs go on, too. The result is `likelihood.json` and
`model.keras` in the folder of the model. On a core an epoch of CVAE takes about 20
seconds, the bound 10 minutes.
"""

import json

import command_line  # noqa: F401  first: it answers slips at once
import tensorflow as tf
from absl import app
from absl import flags
from absl import logging

import kerasgen
from kerasgen import callbacks
from kerasgen import data
from kerasgen import files
from kerasgen.core import registry
from kerasgen.study import environment

FLAGS = flags.FLAGS
flags.DEFINE_enum("model", "cvae", ["cvae", "adversarial_vae"], "Model to train.")
flags.DEFINE_string("dataset", "mnist", "MNIST, or another image set of TFDS by name.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_integer("epochs", 100, "Passes over the training images.")
flags.DEFINE_integer("batch_size", 64, "Images in a batch.")
flags.DEFINE_integer("seed", 0, "Seed of weights, noise and data order.")
flags.DEFINE_integer("importance_samples", 5000, "K of the bound.")
flags.DEFINE_integer("importance_images", 1000, "Test images for the bound.")
flags.DEFINE_string("output_dir", "likelihood", "Folder of the models' folders.")
SETTINGS = ("model", "dataset", "batch_size", "seed")


def main(_):
    logging.set_verbosity(logging.WARNING)
    try:
        train, test = (
            data.load_arrays(FLAGS.dataset, split, data_dir=FLAGS.data_dir)
            for split in ("train", "test")
        )
        folder = files.prepare_directory(f"{FLAGS.output_dir}/{FLAGS.model}")
        model = trained(train[0], folder)
        print(f"The bound, by {FLAGS.importance_samples} samples an image", flush=True)
        record = kerasgen.evaluate(
            model,
            (train, test),
            metrics=["importance_weighted_bound"],
            num_samples=FLAGS.importance_images,
            importance_samples=FLAGS.importance_samples,
            importance_images=FLAGS.importance_images,
        )
    except (ValueError, RuntimeError) as error:
        raise SystemExit(f"Error: {error}") from None
    record = {
        **json.loads((folder / "settings.json").read_text()),
        "epochs": FLAGS.epochs,
        "bounds": {key: value for key, value in record.items() if "binarised" in key},
    }
    with files.replacing(folder / "likelihood.json") as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n")
    for name, value in record["bounds"].items():
        print(f"{value:8.2f}  {name}")
    print(f"\n{folder / 'likelihood.json'}")


def trained(images, folder):
    """The model, trained on binarised images for what is left of the epochs.

    Raises:
        ValueError: If the folder holds a model of other settings, or more epochs.
    """
    dtype = environment.resolve_precision("auto")
    model_class = registry.model_class(FLAGS.model)
    model = model_class(images.shape[1:], seed=FLAGS.seed, dtype=dtype)
    settings = {key: FLAGS[key].value for key in SETTINGS}
    settings |= {"num_train": len(images), "precision": dtype}
    path = folder / "settings.json"
    there = json.loads(path.read_text()) if path.exists() else settings
    if there != settings:
        raise ValueError(
            f"{folder} holds a model of {there}; asked for are {settings}. Choose "
            "another --output_dir."
        )
    with files.replacing(path) as temporary:
        temporary.write_text(json.dumps(settings, indent=2) + "\n")
    checkpoint = callbacks.Checkpoint(folder / "checkpoint")
    epochs_done = checkpoint.restore(model)
    if epochs_done > FLAGS.epochs:
        raise ValueError(
            f"{folder} holds a model of {epochs_done} epochs; --epochs={FLAGS.epochs} "
            "asks for fewer. Choose another --output_dir."
        )
    if epochs_done < FLAGS.epochs:
        model.fit(
            binarised(images, epochs_done),
            initial_epoch=epochs_done,
            epochs=FLAGS.epochs,
            verbose=2,
            callbacks=[checkpoint],
        )
    with files.replacing(folder / "model.keras") as temporary:
        model.save(temporary)
    return model


def binarised(images, epochs_done):
    """Batches of images, each binarised anew whenever it comes."""
    batches = data.batches(
        images,
        batch_size=FLAGS.batch_size,
        seed=FLAGS.seed,
        initial_epoch=epochs_done,
    )
    seeds = tf.data.Dataset.random(
        seed=FLAGS.seed + epochs_done, rerandomize_each_iteration=True
    ).batch(2, drop_remainder=True)

    def draw(grey, seed):
        uniform = tf.random.stateless_uniform(tf.shape(grey), seed)
        return tf.cast(uniform < grey, tf.float32)

    return tf.data.Dataset.zip(batches, seeds).map(draw).prefetch(2)


if __name__ == "__main__":
    app.run(main)
