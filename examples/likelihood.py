"""Likelihood: the bound on log p(x) of binarised images that papers on VAEs print.

    python examples/likelihood.py --models=cvae          # CVAE, 100 epochs
    python examples/likelihood.py --epochs=20            # all models below
    python examples/likelihood.py --models=cvae --epochs=30 --falling_rates

Grey images have a density, binary ones a probability, and papers compare the latter: a
model is trained on images that are binarised anew each time they come, every pixel 1
with the probability of its grey value (Salakhutdinov & Murray 2008), and judged on test
images that are binarised once in the same way, by a seed that is printed. The result is
minus the importance-weighted bound (Burda et al. 2016, arXiv:1509.00519) with 5,000
samples of each of the first 1,000 test images, in nats per image, its standard error,
and the negative ELBO of the same images. Both are bounds, and hold for all models:

- `iwae:5` is IWAE trained with 5 samples.
- The posterior of AVB has no density. Samples are drawn from the Gaussian of adaptive
  contrast instead, with its whole covariance, and weighted by it: a bound however good
  the discriminator is, which the loss of its training is not. The ELBO is that
  Gaussian's.
- AdversarialVAE has a Gaussian posterior; its game is only in its training.

The last column has what the papers print, of other networks and far longer trainings.
Their learning rates fall (Burda et al., section 5: by 10^(-1/7) at 3, 9, 27 … epochs);
with `--falling_rates` those of each model do, over all epochs, along half a cosine.

Interrupted, the same command goes on after the last epoch, with other noise than
without the interruption; more epochs go on, too, and a bound that is there is not taken
again. The result is a table, and for each model a folder with `likelihood.json` and
`model.keras`. Each line tells the time left; on a core an epoch of CVAE takes about 20
seconds, the bound 10 minutes.
"""

import functools
import json
import math
import re

import command_line  # noqa: F401  first: it answers slips at once
import keras
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
from kerasgen.study.progress import Progress
from kerasgen.study.worker import Reporter

FLAGS = flags.FLAGS
MODELS = ["vae", "cvae", "iwae:5", "iwae:50", "avb", "adversarial_vae"]
flags.DEFINE_list("models", MODELS, "Models to train, by comma; see above.")
flags.DEFINE_string("dataset", "mnist", "MNIST, or another image set of TFDS by name.")
flags.DEFINE_string("data_dir", None, "Folder of IDX files or of TFDS data.")
flags.DEFINE_integer("epochs", 100, "Passes over the training images.")
flags.DEFINE_integer("batch_size", 64, "Images in a batch.")
flags.DEFINE_bool("falling_rates", False, "Let learning rates fall to 0 by a cosine.")
flags.DEFINE_integer("seed", 0, "Seed of weights, noise and data order.")
flags.DEFINE_integer("importance_samples", 5000, "K of the bound.")
flags.DEFINE_integer("importance_images", 1000, "Test images for the bound.")
flags.DEFINE_string("output_dir", "likelihood", "Folder of the models' folders.")
SETTINGS = ("dataset", "batch_size", "seed")
# Seed of the test images' binarisation, equal for all models.
TEST_SEED = 0
# Nats by 5,000 importance samples of models with one layer of latents (Burda et al.
# 2016), and by annealed importance sampling (Mescheder et al. 2017).
PUBLISHED = {"vae": 86.8, "iwae:5": 85.5, "iwae:50": 84.8, "avb": 80.2}


def main(_):
    logging.set_verbosity(logging.WARNING)
    try:
        models = {name: check_name(name) for name in FLAGS.models}
        train, test = (
            data.load_arrays(FLAGS.dataset, split, data_dir=FLAGS.data_dir)
            for split in ("train", "test")
        )
        print(f"Test images are binarised once, by the seed {TEST_SEED}", flush=True)
        found = {}
        progress = Progress(
            list(models), list(models), len(models) * [FLAGS.epochs], len(train[0])
        )
        for index, (name, arguments) in enumerate(models.items()):
            place = f"{FLAGS.output_dir}/{name.replace(':', '-')}"
            folder = files.prepare_directory(place)
            progress.begin(index)
            reporter = Reporter(functools.partial(tell, progress, index))
            model = trained(name, arguments, train[0], folder, reporter)
            found[name] = bounds(model, train, test, folder)
            progress.close(index, is_done=True)
    except (ValueError, RuntimeError) as error:
        raise SystemExit(f"Error: {error}") from None
    print(table(found))
    print(f"\n{FLAGS.output_dir}")


def tell(progress, index, **message):
    progress.receive(index, message)


def check_name(name):
    """Constructor arguments that the name of a model stands for.

    Raises:
        ValueError: If it is none that a likelihood can be had of.
    """
    match = re.fullmatch(r"vae|cvae|avb|adversarial_vae|iwae:([1-9]\d*)", name)
    if match is None:
        raise ValueError(
            f"--models={name} came; expected some of {', '.join(MODELS)}, or another "
            "number of samples for iwae. GANs and point encoders have no likelihood."
        )
    return {"num_samples": int(match[1])} if match[1] else {}


def trained(name, arguments, images, folder, reporter):
    """The model, trained on binarised images for what is left of the epochs.

    Raises:
        ValueError: If the folder holds a model of other settings, or more epochs.
    """
    dtype = environment.resolve_precision("auto")
    model_class = registry.model_class(name.partition(":")[0])
    keras.utils.set_random_seed(FLAGS.seed)
    model = model_class(images.shape[1:], seed=FLAGS.seed, dtype=dtype, **arguments)
    settings = {"model": name} | {key: FLAGS[key].value for key in SETTINGS}
    settings |= {"num_train": len(images), "precision": dtype}
    if FLAGS.falling_rates:
        settings["rates_fall_over_epochs"] = FLAGS.epochs
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
            verbose=0,
            callbacks=[*falling(model), reporter, checkpoint],
        )
    with files.replacing(folder / "model.keras") as temporary:
        model.save(temporary)
    return model


def falling(model):
    """What lets the rates of the players fall, if that is asked for."""
    if not FLAGS.falling_rates:
        return []
    # Those that a checkpoint brings back have fallen already.
    optimizers = model.default_optimizers()
    rates = {player: float(one.learning_rate) for player, one in optimizers.items()}

    def lower(epoch, logs):
        share = (1.0 + math.cos(math.pi * epoch / FLAGS.epochs)) / 2.0
        for player, rate in rates.items():
            model.optimizer[player].learning_rate = share * rate

    return [keras.callbacks.LambdaCallback(on_epoch_begin=lower)]


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


def bounds(model, train, test, folder):
    """`(bound, its standard error, negative ELBO)` in nats; kept in the folder."""
    settings = {
        **json.loads((folder / "settings.json").read_text()),
        "epochs": FLAGS.epochs,
        "binarisation_seed": TEST_SEED,
        "importance_samples": FLAGS.importance_samples,
        "importance_images": FLAGS.importance_images,
    }
    path = folder / "likelihood.json"
    if path.exists():
        record = json.loads(path.read_text())
        if all(record.get(name) == value for name, value in settings.items()):
            return tuple(record["bounds"].values())
    print(f"The bound, by {FLAGS.importance_samples} samples an image", flush=True)
    record = kerasgen.evaluate(
        model,
        (train, test),
        metrics=["importance_weighted_bound"],
        num_samples=FLAGS.importance_images,
        importance_samples=FLAGS.importance_samples,
        importance_images=FLAGS.importance_images,
        seed=TEST_SEED,
    )
    found = {key: value for key, value in record.items() if "binarised" in key}
    with files.replacing(path) as temporary:
        temporary.write_text(json.dumps({**settings, "bounds": found}, indent=2) + "\n")
    return tuple(found.values())


def table(found):
    """One row for each model."""
    rows = [
        f"| | -bound, K = {FLAGS.importance_samples} | s.e. | -ELBO | published |",
        "| :-- | --: | --: | --: | --: |",
    ]
    for name, (bound, error, elbo) in found.items():
        paper = PUBLISHED.get(name, "–")
        rows.append(f"| {name} | {bound:.2f} | {error:.2f} | {elbo:.2f} | {paper} |")
    return "\n".join(rows)


if __name__ == "__main__":
    app.run(main)
