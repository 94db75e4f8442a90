"""One run: a model trained with some settings and seed, in a directory of its own.

The directory describes itself and holds all that is needed to go on after an interrupt:
`settings.json`, `history.csv`, `losses.png`, `samples/`, `latent/`, `checkpoint/`,
`events.jsonl` and `evaluations.jsonl`; once the model is trained, `model.keras`,
`samples.npz`, `codes.npz` and `metrics.jsonl`; and what `run_evaluation.py` adds.
"""

import contextlib
import json
import pathlib
import shutil
import time

import keras
import numpy as np
from absl import logging

from kerasgen import callbacks
from kerasgen import data
from kerasgen import evaluation
from kerasgen import files
from kerasgen.core.registry import model_class
from kerasgen.study import environment
from kerasgen.study import lock
from kerasgen.study.portable import without_paths
from kerasgen.study.records import PUBLISHED
from kerasgen.study.run_evaluation import in_bytes
from kerasgen.study.run_evaluation import save_arrays
from kerasgen.study.settings import PRECISIONS
from kerasgen.study.settings import RunSettings
from kerasgen.study.settings import check_name

RESUMABLE = ("epochs",)
# Training images that evaluations in training are set against.
NUM_WATCHED_IMAGES = 10_000


class ForeignRunError(ValueError):
    """Raised where a directory belongs to a run with other settings."""


def train(
    settings,
    directory,
    images,
    test,
    *,
    extractor=None,
    resume=True,
    extra_callbacks=(),
    workers=1,
    is_held=False,
):
    """Trains a model in a run directory, or goes on with it where it was.

    Test images serve the scatter of their codes and, at the end, the test losses alone.

    Args:
        settings: `RunSettings`.
        directory: The run directory; created if need be.
        images: `kerasgen.data.ImageSet` to train on.
        test: `kerasgen.data.ImageSet` of test images.
        extractor: `FeatureExtractor` to watch samples with in training, or None.
        resume: Whether to go on with a run that is there; False starts over and removes
            what it had.
        extra_callbacks: Further Keras callbacks.
        workers: Runs that share the machine at the same time, for the record.
        is_held: Whether the caller holds the directory (`lock.held`) meanwhile.

    Returns:
        The trained model.

    Raises:
        ValueError: If the directory belongs to a run with other settings, or no
            checkpoint of a run with several epochs can be read.
        kerasgen.study.HeldError: If another process works in the directory.
        kerasgen.callbacks.DivergenceError: If a loss or a weight is not finite; it
            names the last good checkpoint.
    """
    directory = pathlib.Path(directory)
    with contextlib.nullcontext() if is_held else lock.held(directory):
        if not resume:
            remove(directory)
        check_owner(directory, settings)
        images = first_images(images, settings.limit)
        precision = _precision(directory, settings)
        model = build(settings, images, precision)
        record = _describe(settings, images, model, precision, workers)
        _check_record(directory, record)
        checkpoint = callbacks.Checkpoint(directory / "checkpoint")
        done = checkpoint.restore(model)
        _check_nothing_is_lost(directory, done)
        if done == settings.epochs and is_trained(directory, settings):
            return model
        _write_record(directory, record)
        watching = _watching(model, settings, directory, images, test, extractor)
        watching += [checkpoint, *extra_callbacks]
        # With no epoch left, too: callbacks end what a kill may have kept them from.
        _fit(model, settings, images, done, checkpoint, watching)
        _finish(model, directory, settings, test)
        return model


def _watching(model, settings, directory, images, test, extractor):
    return [
        # First, so that its seconds are those of training alone.
        callbacks.LossHistory(directory),
        # Before the checkpoint, so that none is made of a model that diverged.
        callbacks.TrainingMonitor(directory, features=extractor),
        callbacks.SampleGrid(directory / "samples"),
        *_evaluations(settings, directory, images, extractor),
        *_scatter(model, directory, test),
    ]


def _fit(model, settings, images, done, checkpoint, watching):
    """Trains the epochs that are left; says how to go on if that is cut short."""
    dataset = data.batches(
        images.images,
        images.labels,
        batch_size=settings.batch_size,
        seed=settings.seed,
        initial_epoch=done,
    )
    try:
        model.fit(
            dataset,
            epochs=settings.epochs,
            initial_epoch=done,
            verbose=0,
            callbacks=watching,
        )
    except KeyboardInterrupt:
        logging.warning(
            "Interrupted. The same call goes on from %s.",
            checkpoint.newest or "the beginning, since no epoch has ended",
        )
        raise
    except callbacks.DivergenceError as error:
        good = checkpoint.newest
        kept = f"The last good checkpoint is {good}" if good else "No epoch was good"
        raise callbacks.DivergenceError(f"{error} {kept}.") from error


def _check_nothing_is_lost(directory, done):
    """Refuses to begin anew, and overwrite, what has come farther than one epoch."""
    before = epochs_done(directory)
    # The first epoch is in the history before it is in a checkpoint.
    if done == 0 and before > 1:
        raise ValueError(
            f"{directory} has a history of {before} epochs, but no checkpoint there "
            "can be read (the log names each that is damaged). Bring one back from a "
            f"copy, or remove {directory} and start over."
        )


def build(settings, images, precision=None):
    """The model of a run, with weights and noise that its seed fixes.

    Args:
        settings: `RunSettings`.
        images: `kerasgen.data.ImageSet` that it is to learn.
        precision: Name of the dtype policy, or None for what the settings give here.
    """
    keras.utils.set_random_seed(settings.seed)
    cls = model_class(settings.model)
    # An arm takes the published settings, which the arguments can still change.
    make = cls.as_published if settings.arm == "published" else cls
    model = make(
        image_shape=images.images.shape[1:],
        num_classes=images.num_classes if settings.conditional else None,
        seed=settings.seed,
        dtype=precision or environment.resolve_precision(settings.precision),
        **settings.arguments,
    )
    if settings.learning_rate_factor != 1.0 or settings.optimizers:
        model.compile(optimizer=_changed_optimizers(model, settings))
    return model


def _changed_optimizers(model, settings):
    """The default optimizers with the changes of the settings."""
    optimizers = model.default_optimizers()
    for player in settings.optimizers:
        check_name("player", player, ("all", *optimizers))
    for player, optimizer in optimizers.items():
        changes = {
            **settings.optimizers.get("all", {}),
            **settings.optimizers.get(player, {}),
        }
        factor = settings.learning_rate_factor
        factor *= changes.pop("learning_rate_factor", 1.0)
        optimizer.learning_rate = float(optimizer.learning_rate) * factor
        for name, value in changes.items():
            if not hasattr(optimizer, name):
                raise ValueError(
                    f"Got {name}={value} for the {type(optimizer).__name__} of "
                    f"{player}, which has no {name}; expected one of its attributes."
                )
            setattr(optimizer, name, value)
    return optimizers


def first_images(images, limit):
    """The first `limit` images of an `ImageSet`, or all for None."""
    if limit is None:
        return images
    return images.take(slice(limit))


def seconds_per_epoch(settings, images, *, steps=32):
    """Expected seconds for an epoch, from a few timed steps of a fresh model.

    Args:
        settings: `RunSettings`.
        images: `kerasgen.data.ImageSet` to train on.
        steps: Number of steps to time at the most, after as many to warm up.
    """
    images = first_images(images, settings.limit)
    model = build(settings, images)
    size = settings.batch_size
    few = first_images(images, steps * size)
    few = data.batches(few.images, few.labels, batch_size=size)
    model.fit(few, verbose=0)
    start = time.perf_counter()
    model.fit(few, verbose=0)
    seconds = time.perf_counter() - start
    return seconds / int(few.cardinality()) * (len(images.images) // size)


def check_owner(directory, settings):
    """Raises ValueError if a directory belongs to a run with other settings.

    More epochs than a run had are no other settings: the run goes on. Fewer are.
    """
    owner = read_settings(directory)
    if owner is None:
        if any(pathlib.Path(directory).glob("checkpoint/*.weights.h5")):
            raise ValueError(
                f"{directory} holds checkpoints but no settings.json, so it is not "
                "known what they are of. Remove the directory, or choose another."
            )
        return
    different = settings.differences(owner, ignore=RESUMABLE)
    if epochs_done(directory) > settings.epochs:
        different.append(
            f"epochs: {epochs_done(directory)} done there, {settings.epochs} asked for"
        )
    _refuse(directory, different)


def _refuse(directory, different):
    if different:
        raise ForeignRunError(
            f"{directory} belongs to a run with other settings "
            f"({'; '.join(different)}). Choose another runs directory, or remove "
            f"{directory} to start that run over."
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
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{path} is not the settings of a run ({error}). Remove the run directory, "
            "or choose another."
        ) from error


def epochs_done(directory):
    """Number of epochs in a run's history."""
    rows, errors = callbacks.read_rows(directory)
    if errors and not rows:
        raise errors[0]
    return len(rows)


def is_trained(directory, settings):
    """Whether a run has done all its epochs and left what training leaves.

    The weights may be elsewhere, if its records were published.
    """
    path = pathlib.Path(directory) / "metrics.jsonl"
    weights = (path.parent / name for name in ("model.keras", PUBLISHED))
    if not path.exists() or not any(file.exists() for file in weights):
        return False
    try:
        return json.loads(path.read_text().splitlines()[-1])["epoch"] >= settings.epochs
    except (IndexError, KeyError, TypeError, ValueError):  # damaged: written anew
        return False


def check_removable(directory):
    """Raises ValueError if a directory holds something that is no run."""
    directory = pathlib.Path(directory)
    is_run = (directory / "settings.json").exists()
    # A run that failed at once has left nothing but the record of it.
    found = list(directory.iterdir()) if directory.exists() else []
    if any(path.name != "failure.json" for path in found) and not is_run:
        raise ValueError(
            f"{directory} holds files but no settings.json, so it is not a run; it is "
            "not removed. Choose another runs directory."
        )


def remove(directory):
    """Removes a run directory; refuses one that is not a run's."""
    check_removable(directory)
    directory = pathlib.Path(directory)
    # Renamed first, so that a kill does not leave half a run in its place.
    doomed = directory.with_name(f"{files.PARTIAL_PREFIX}{directory.name}")
    shutil.rmtree(doomed, ignore_errors=True)
    if directory.exists():
        directory.rename(doomed)
        shutil.rmtree(doomed)


def _precision(directory, settings):
    """What a run computes in: where it began, it was decided what "auto" is."""
    path = directory / "settings.json"
    if settings.precision == "auto" and path.exists():
        recorded = json.loads(path.read_text()).get("precision")
        if recorded in PRECISIONS:
            return recorded
    return environment.resolve_precision(settings.precision)


def _describe(settings, images, model, precision, workers):
    """All that the numbers of a run depend on, as settings.json keeps it."""
    return {
        "settings": settings.to_dict(),
        "arguments": json.loads(json.dumps(model.get_config())),
        "precision": precision,
        "data": {
            "source": without_paths(images.source),
            "num_images": len(images.images),
        },
        "environments": [{**environment.describe(), "workers": workers}],
    }


def _check_record(directory, record):
    """Refuses to go on with other images, precision or defaults than a run had."""
    path = directory / "settings.json"
    if not path.exists():
        return
    old = json.loads(path.read_text())
    try:
        there = old["data"]["num_images"], old["precision"], old["arguments"]
        list(old["environments"])
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is not the record of a run ({error!r}). Remove the run directory, "
            "or choose another."
        ) from error
    here = record["data"]["num_images"], record["precision"], record["arguments"]
    names = ("training images", "precision", "arguments of the model")
    _refuse(
        directory,
        [
            f"{name}: {before} there, {now} here"
            for name, before, now in zip(names, there, here, strict=True)
            if before != now
        ],
    )


def _write_record(directory, record):
    """Writes settings.json; machines that a run was on before stay in it."""
    path = directory / "settings.json"
    if path.exists():
        before = json.loads(path.read_text())["environments"]
        new = [e for e in record["environments"] if e not in before]
        record = {**record, "environments": before + new}
    with files.replacing(path) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n")


def watched_reference(images, extractor):
    """The `Reference` of evaluations in training: training images, always the same.

    Args:
        images: `kerasgen.data.ImageSet` that is trained on.
        extractor: `kerasgen.features.FeatureExtractor`.
    """
    order = np.random.default_rng(0).permutation(len(images.images))
    rows = np.sort(order[:NUM_WATCHED_IMAGES])
    return evaluation.Reference(images.take(rows), features=extractor)


def _evaluations(settings, directory, images, extractor):
    if extractor is None:
        return []
    reference = watched_reference(images, extractor)
    return [
        callbacks.EvaluateSamples(directory, reference, every=settings.evaluated_every)
    ]


def _scatter(model, directory, test):
    if not hasattr(model, "encode"):
        return []
    return [callbacks.LatentScatter(directory / "latent", test.images, _classes(test))]


def _classes(images):
    """The labels of an `ImageSet`; without any, all images are of one class."""
    if images.labels is None:
        return np.zeros(len(images.images), np.int32)
    return images.labels


def _finish(model, directory, settings, test):
    """Writes the artefacts of a complete run; metrics.jsonl, the sign of it, last."""
    with files.replacing(directory / "model.keras") as temporary:
        model.save(temporary)
    samples = model.sample(100, seed=settings.seed)
    save_arrays(directory / "samples.npz", images=in_bytes(samples))
    if hasattr(model, "encode"):
        labels = _classes(test)[:2000]
        given = labels if settings.conditional else None
        codes = model.codes(test.images[:2000], given)
        save_arrays(directory / "codes.npz", codes=codes, labels=labels)
    arrays = (test.images, test.labels) if settings.conditional else (test.images,)
    losses = model.evaluate(
        *arrays, batch_size=min(500, len(arrays[0])), verbose=0, return_dict=True
    )
    record = {"epoch": settings.epochs, "split": "test", **losses}
    logging.info("%s on the test images: %s", settings.model, losses)
    with files.replacing(directory / "metrics.jsonl") as temporary:
        temporary.write_text(json.dumps(record) + "\n")
