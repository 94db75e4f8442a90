"""One run: a model trained with some settings and seed, in a directory of its own.

The directory describes itself and holds all that is needed to go on after an interrupt:
`settings.json`, `history.csv`, `losses.png`, `samples/`, `latent/`, `checkpoint/`,
`events.jsonl` and `evaluations.jsonl`; once the model is trained, `model.keras` in the
place of the checkpoints, `samples.npz`, `codes.npz` and `metrics.jsonl`; and what
`run_evaluation.py` adds.
"""

import contextlib
import json
import shutil
from collections.abc import Sequence

import keras
import numpy as np
from absl import logging

from kerasgen import callbacks
from kerasgen import data
from kerasgen import evaluation
from kerasgen import files
from kerasgen.callbacks.json_lines import write_lines
from kerasgen.core.registry import model_class
from kerasgen.features import FeatureExtractor
from kerasgen.study import environment
from kerasgen.study import json_files
from kerasgen.study import lock
from kerasgen.study import model_file
from kerasgen.study.portable import without_paths
from kerasgen.study.records import PUBLISHED
from kerasgen.study.records import read_record
from kerasgen.study.run_evaluation import in_bytes
from kerasgen.study.run_evaluation import save_arrays
from kerasgen.study.settings import RunSettings
from kerasgen.study.settings import check_name

RESUMABLE = ("epochs",)
RECORD = "settings.json"
CHECKPOINTS = "checkpoint"
# Training images that evaluations in training are set against.
NUM_WATCHED_IMAGES = 10_000
# Test images whose codes are kept.
NUM_CODES = 2000


class ForeignRunError(ValueError):
    """Raised where a directory belongs to a run with other settings."""


def train(
    settings: RunSettings,
    directory: files.PathLike,
    images: data.ImageSet,
    test: data.ImageSet,
    *,
    extractor: FeatureExtractor | None = None,
    resume: bool = True,
    extra_callbacks: Sequence[keras.callbacks.Callback] = (),
    workers: int = 1,
    is_held: bool = False,
    auto_precision: str | None = None,
):
    """Train a model in a run directory, or go on with it where it was.

    Test images serve the scatter of their codes and, at the end, the test losses alone.

    Args:
        settings: Those of the run.
        directory: The run directory; created if need be.
        images, test: Images to train on, and test images.
        extractor: Features to watch samples with in training, or None.
        resume: Whether to go on with a run that is there; False removes it first.
        extra_callbacks: Further Keras callbacks.
        workers: Runs that share the machine at the same time, for the record.
        is_held: Whether the caller holds the directory (`lock.held`) meanwhile.
        auto_precision: Dtype policy that "auto" stands for in a run that is begun;
            default what it stands for on this machine.

    Returns:
        The trained model.

    Raises:
        ValueError: If the directory is of a run with other settings, neither a
            checkpoint nor the model of several epochs can be read, or "auto" stands for
            what this machine lacks.
        kerasgen.study.HeldError: If another process works in the directory.
        kerasgen.callbacks.DivergenceError: If a loss or a weight is not finite.
    """
    directory = files.user_path(directory)
    with contextlib.nullcontext() if is_held else lock.held(directory):
        if not resume:
            remove(directory)
        before = check_owner(directory, settings)
        images = first_images(images, settings.limit)
        precision = _precision(settings, before, auto_precision)
        model = build(settings, images, precision)
        record = _describe(settings, images, model, precision, workers)
        if before:
            _check_same(directory, before, record)
            record["environments"] = _merged(before, record)
        checkpoint = callbacks.Checkpoint(directory / CHECKPOINTS)
        done = checkpoint.restore(model) or model_file.restore(model, directory)
        _check_nothing_is_lost(directory, done)
        if done == settings.epochs and is_trained(directory, settings):
            return model
        json_files.write(directory / RECORD, record)
        watching = _watching(model, settings, directory, images, test, extractor)
        watching += [checkpoint, *extra_callbacks]
        # With no epoch left, too: callbacks end what a kill may have kept them from.
        _fit(model, settings, images, done, directory, watching)
        _finish(model, directory, settings, test)
        return model


def _precision(settings, before, auto):
    """The dtype policy of a run: where it began, it was decided what "auto" is."""
    if settings.precision != "auto":
        return settings.precision
    chosen = before["precision"] if before else auto
    if chosen is None:
        return environment.resolve_precision("auto")
    environment.check_precision(chosen)
    return chosen


def _watching(model, settings, directory, images, test, extractor):
    found = [
        # First, so that its seconds are those of training alone.
        callbacks.LossHistory(directory),
        # Before the checkpoint, so that none is made of a model that diverged.
        callbacks.TrainingMonitor(directory, features=extractor),
        callbacks.SampleGrid(directory / "samples"),
    ]
    if extractor is not None:
        reference = watched_reference(images, extractor)
        every = settings.evaluated_every
        found.append(callbacks.EvaluateSamples(directory, reference, every=every))
    if model.has_codes():
        folder = directory / "latent"
        found.append(callbacks.LatentScatter(folder, test.images, _classes(test)))
    return found


def _classes(images):
    """The labels of an `ImageSet`; without any, all images are of one class."""
    if images.labels is None:
        return np.zeros(len(images.images), np.int32)
    return images.labels


def _fit(model, settings, images, done, directory, watching):
    """Train the epochs that are left; say how to go on if that is cut short."""
    dataset = data.batches(
        images.images,
        images.labels,
        batch_size=settings.batch_size,
        seed=settings.seed,
        initial_epoch=done,
    )
    epochs = {"initial_epoch": done, "epochs": settings.epochs}
    try:
        model.fit(dataset, **epochs, verbose=0, callbacks=watching)
    except KeyboardInterrupt:
        newest = _newest(directory) or "the beginning, since no epoch has ended"
        logging.warning("Interrupted. The same call goes on from %s.", newest)
        raise
    except callbacks.DivergenceError as error:
        good = _newest(directory)
        kept = f"The last good checkpoint is {good}" if good else "No epoch was good"
        raise callbacks.DivergenceError(f"{error} {kept}.") from error


def _newest(directory):
    """The file that a run would go on from, or None."""
    model = directory / model_file.NAME
    kept = callbacks.Checkpoint(directory / CHECKPOINTS).newest
    return kept or (model if model.exists() else None)


def _finish(model, directory, settings, test):
    """Write the artefacts of a complete run; metrics.jsonl, the sign of it, last."""
    model_file.save(model, directory, settings.epochs)
    samples = model.sample(100, seed=settings.seed)
    save_arrays(directory / "samples.npz", images=in_bytes(samples))
    if model.has_codes():
        labels = _classes(test)[:NUM_CODES]
        given = labels if model.takes_labels("encoder") else None
        codes = model.codes(test.images[:NUM_CODES], given)
        save_arrays(directory / "codes.npz", codes=codes, labels=labels)
    arrays = (test.images, test.labels) if settings.conditional else (test.images,)
    size = min(500, len(test.images))
    losses = model.evaluate(*arrays, batch_size=size, verbose=0, return_dict=True)
    logging.info("%s on the test images: %s", settings.model, losses)
    record = {"epoch": settings.epochs, "split": "test", **losses}
    # They hold what model.keras holds, and are most of what a run would leave.
    shutil.rmtree(directory / CHECKPOINTS)
    write_lines(directory / "metrics.jsonl", [record])


def build(settings: RunSettings, images: data.ImageSet, precision: str | None = None):
    """The model of a run, with weights and noise that its seed fixes.

    Args:
        settings: `RunSettings`.
        images: Images that it is to learn.
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
    optimizers, changes = model.default_optimizers(), settings.optimizers
    for player in changes:
        check_name("player", player, ("all", *optimizers))
    for player, optimizer in optimizers.items():
        mine = {**changes.get("all", {}), **changes.get(player, {})}
        factor = settings.learning_rate_factor * mine.pop("learning_rate_factor", 1.0)
        optimizer.learning_rate = float(optimizer.learning_rate) * factor
        for name, value in mine.items():
            if not hasattr(optimizer, name):
                raise ValueError(
                    f"Got {name}={value} for the {type(optimizer).__name__} of "
                    f"{player}, which has no {name}; expected one of its attributes."
                )
            setattr(optimizer, name, value)
    return optimizers


def first_images(images: data.ImageSet, limit: int | None) -> data.ImageSet:
    """The first `limit` images, or all for None."""
    return images if limit is None else images.take(slice(limit))


def watched_reference(
    images: data.ImageSet, extractor: FeatureExtractor
) -> evaluation.Reference:
    """The reference of evaluations in training: training images, always the same."""
    order = np.random.default_rng(0).permutation(len(images.images))
    watched = images.take(np.sort(order[:NUM_WATCHED_IMAGES]))
    return evaluation.Reference(watched, features=extractor)


def check_owner(directory: files.PathLike, settings: RunSettings) -> dict | None:
    """The record of the run that is in a directory, or None; refuses another run.

    More epochs than a run had are no other settings: the run goes on. Fewer are.

    Raises:
        ForeignRunError: If it was made with other settings.
        ValueError: If its settings.json is missing or cannot be read.
    """
    directory = files.user_path(directory)
    if not (directory / RECORD).exists():
        weights = (f"{CHECKPOINTS}/*.weights.h5", model_file.NAME)
        if any(path for name in weights for path in directory.glob(name)):
            raise ValueError(
                f"{directory} holds weights but no settings.json, so it is not "
                "known what they are of. Remove the directory, or choose another."
            )
        return None
    owner, record = read_record(directory)
    different = settings.differences(owner, ignore=RESUMABLE)
    done = epochs_done(directory)
    if done > settings.epochs:
        different.append(f"epochs: {done} done there, {settings.epochs} asked for")
    _refuse(directory, different)
    return record


def _check_same(directory, before, record):
    """Refuse to go on with other images, precision or defaults than a run had."""
    old, new = (
        {
            "training images": one["data"]["num_images"],
            "precision": one["precision"],
            "arguments of the model": one["arguments"],
        }
        for one in (before, record)
    )
    changed = [name for name in old if old[name] != new[name]]
    _refuse(directory, [f"{n}: {old[n]} there, {new[n]} here" for n in changed])


def _merged(before, record):
    """The machines that a run was on before, and this one."""
    machines = before["environments"]
    return machines + [one for one in record["environments"] if one not in machines]


def _refuse(directory, different):
    if different:
        raise ForeignRunError(
            f"{directory} belongs to a run with other settings "
            f"({'; '.join(different)}). Choose another runs directory, or start the "
            f"run over: pass --noresume (resume=False), or remove {directory}."
        )


def _check_nothing_is_lost(directory, done):
    """Refuse to begin anew, and overwrite, what has come farther than one epoch."""
    before = epochs_done(directory)
    # The first epoch is in the history before it is in a checkpoint.
    if done == 0 and before > 1:
        raise ValueError(
            f"{directory} has a history of {before} epochs, but neither a checkpoint "
            f"nor {model_file.NAME} there can be read (the log names each that is "
            f"damaged). Bring one back from a copy, or remove {directory} and start "
            "over."
        )


def epochs_done(directory: files.PathLike) -> int:
    """Number of epochs in a run's history."""
    rows, errors = callbacks.read_rows(directory)
    if errors and not rows:
        raise errors[0]
    return len(rows)


def is_trained(directory: files.PathLike, settings: RunSettings) -> bool:
    """Whether a run has done all its epochs and left what training leaves.

    The weights may be elsewhere, if its records were published.
    """
    directory = files.user_path(directory)
    weights = any((directory / one).exists() for one in (model_file.NAME, PUBLISHED))
    return weights and json_files.holds(
        directory / "metrics.jsonl", epoch=settings.epochs
    )


def check_removable(directory: files.PathLike) -> None:
    """Raise a ValueError if a directory holds something that is no run."""
    directory = files.user_path(directory)
    # A run that failed at once has left nothing but the record of it.
    found = {path.name for path in directory.glob("*")} - {"failure.json"}
    if found and RECORD not in found:
        raise ValueError(
            f"{directory} holds files but no settings.json, so it is not a run; it is "
            "not removed. Choose another runs directory."
        )


def remove(directory: files.PathLike) -> None:
    """Remove a run directory; refuses one that is not a run's."""
    check_removable(directory)
    directory = files.user_path(directory)
    # Renamed first, so that a kill does not leave half a run in its place.
    doomed = directory.with_name(f"{files.PARTIAL_PREFIX}{directory.name}")
    shutil.rmtree(doomed, ignore_errors=True)
    if directory.exists():
        directory.rename(doomed)
        shutil.rmtree(doomed)


def _describe(settings, images, model, precision, workers):
    """All that the numbers of a run depend on, as settings.json keeps it."""
    source, num_images = without_paths(images.source), len(images.images)
    return {
        "settings": settings.to_dict(),
        "arguments": json.loads(json.dumps(model.get_config())),
        "precision": precision,
        "data": {"source": source, "num_images": num_images},
        "environments": [{**environment.describe(), "workers": workers}],
    }
