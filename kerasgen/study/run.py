"""One run: a model trained with some settings and seed, in a directory of its own.

The directory describes itself and holds all that is needed to go on after an interrupt:
`settings.json`, `history.csv`, `losses.png`, `samples/`, `latent/`, `checkpoint/`; and,
once the run is complete, `model.keras`, `samples.npz`, `codes.npz` and `metrics.jsonl`.
"""

import json
import pathlib
import shutil
import time

import keras
import numpy as np
from absl import logging

from kerasgen import callbacks
from kerasgen import data
from kerasgen import files
from kerasgen.study import environment
from kerasgen.study.settings import MODELS
from kerasgen.study.settings import RunSettings

RESUMABLE = ("epochs",)


def train(settings, directory, images, test, *, resume=True, extra_callbacks=()):
    """Trains a model in a run directory, or goes on with it where it was.

    The test images are used for nothing but the scatter of their codes and, once at the
    end, the test losses.

    Args:
        settings: `RunSettings`.
        directory: The run directory; created if need be.
        images: `kerasgen.data.ImageSet` to train on.
        test: `kerasgen.data.ImageSet` of test images.
        resume: Whether to go on with a run that is there; False starts over and removes
            what it had.
        extra_callbacks: Further Keras callbacks.

    Returns:
        The trained model.

    Raises:
        ValueError: If the directory belongs to a run with other settings.
    """
    directory = pathlib.Path(directory)
    if not resume:
        remove(directory)
    check_owner(directory, settings)
    model = build(settings, images)
    checkpoint = callbacks.Checkpoint(directory / "checkpoint")
    done = checkpoint.restore(model)
    _write_settings(directory, settings, images, model)
    if done < settings.epochs:
        dataset = data.batches(
            images.images[: settings.limit],
            images.labels[: settings.limit],
            batch_size=settings.batch_size,
            seed=settings.seed,
            initial_epoch=done,
        )
        model.fit(
            dataset,
            epochs=settings.epochs,
            initial_epoch=done,
            verbose=0,
            callbacks=[
                callbacks.SampleGrid(directory / "samples"),
                callbacks.LossHistory(directory),
                *_scatter(model, directory, test),
                checkpoint,
                *extra_callbacks,
            ],
        )
    if not is_complete(directory, settings):
        _finish(model, directory, settings, test)
    return model


def build(settings, images):
    """The model of a run, with weights and noise that its seed fixes.

    Args:
        settings: `RunSettings`.
        images: `kerasgen.data.ImageSet` that it is to learn.
    """
    keras.utils.set_random_seed(settings.seed)
    return MODELS[settings.model](
        image_shape=images.images.shape[1:],
        num_classes=images.num_classes if settings.conditional else None,
        seed=settings.seed,
        dtype=environment.resolve_precision(settings.precision),
    )


def seconds_per_epoch(settings, images, *, steps=32):
    """Expected seconds for an epoch, from a few timed steps of a fresh model.

    Args:
        settings: `RunSettings`.
        images: `kerasgen.data.ImageSet` to train on.
        steps: Number of steps to time at the most, after as many to warm up.
    """
    model = build(settings, images)
    pixels, labels = images.images[: settings.limit], images.labels[: settings.limit]
    size = settings.batch_size
    few = data.batches(pixels[: steps * size], labels[: steps * size], batch_size=size)
    model.fit(few, verbose=0)
    start = time.perf_counter()
    model.fit(few, verbose=0)
    seconds = time.perf_counter() - start
    return seconds / int(few.cardinality()) * (len(pixels) // size)


def check_owner(directory, settings):
    """Raises ValueError if a directory belongs to a run with other settings.

    More epochs than a run had are no other settings: the run goes on.
    """
    owner = read_settings(directory)
    if owner is None:
        return
    different = settings.differences(owner, ignore=RESUMABLE)
    if different:
        raise ValueError(
            f"{directory} belongs to a run with other settings "
            f"({'; '.join(different)}). Choose another runs directory, or start over "
            "with --noresume."
        )


def read_settings(directory):
    """The `RunSettings` of a run directory, or None if there is none yet.

    Raises:
        ValueError: If its settings.json cannot be read.
    """
    path = pathlib.Path(directory) / "settings.json"
    if not path.exists():
        return None
    try:
        return RunSettings.from_dict(json.loads(path.read_text())["settings"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} is not the settings of a run ({error}). Remove the run directory, "
            "or choose another."
        ) from error


def epochs_done(directory):
    """Number of epochs in a run's history."""
    path = pathlib.Path(directory) / "history.csv"
    return len(callbacks.read_history(path)["epoch"]) if path.exists() else 0


def is_complete(directory, settings):
    """Whether a run has done all its epochs and left all its artefacts."""
    path = pathlib.Path(directory) / "metrics.jsonl"
    if not path.exists() or not (path.parent / "model.keras").exists():
        return False
    return json.loads(path.read_text().splitlines()[-1])["epoch"] >= settings.epochs


def remove(directory):
    """Removes a run directory; refuses one that is not a run's."""
    directory = pathlib.Path(directory)
    if not directory.exists() or not any(directory.iterdir()):
        return
    if not (directory / "settings.json").exists():
        raise ValueError(
            f"{directory} holds files but no settings.json, so it is not a run; it is "
            "not removed. Choose another runs directory."
        )
    shutil.rmtree(directory)


def _write_settings(directory, settings, images, model):
    record = {
        "settings": settings.to_dict(),
        "arguments": model.get_config(),
        "precision": environment.resolve_precision(settings.precision),
        "data": {
            "source": images.source,
            "num_images": len(images.images[: settings.limit]),
        },
        "environment": environment.describe(),
    }
    with files.replacing(directory / "settings.json") as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n")


def _scatter(model, directory, test):
    if not hasattr(model, "encode"):
        return []
    return [callbacks.LatentScatter(directory / "latent", test.images, test.labels)]


def _finish(model, directory, settings, test):
    """Writes the artefacts of a complete run; metrics.jsonl, the sign of it, last."""
    with files.replacing(directory / "model.keras") as temporary:
        model.save(temporary)
    samples = model.sample(100, seed=settings.seed)
    _save_arrays(directory / "samples.npz", images=np.uint8(samples * 255.0 + 0.5))
    if hasattr(model, "encode"):
        labels = test.labels[:2000]
        given = labels if settings.conditional else None
        mean, _ = model.encode(test.images[:2000], given)
        _save_arrays(directory / "codes.npz", codes=mean, labels=labels)
    arrays = (test.images, test.labels) if settings.conditional else (test.images,)
    losses = model.evaluate(*arrays, batch_size=500, verbose=0, return_dict=True)
    record = {"epoch": settings.epochs, "split": "test", **losses}
    logging.info("%s on the test images: %s", settings.model, losses)
    with files.replacing(directory / "metrics.jsonl") as temporary:
        temporary.write_text(json.dumps(record) + "\n")


def _save_arrays(path, **arrays):
    with files.replacing(path) as temporary:
        np.savez_compressed(temporary, **arrays)
