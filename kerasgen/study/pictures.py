"""Pictures made with a trained model: samples, classes, interpolations."""

import math
from collections.abc import Sequence

import keras
import numpy as np

from kerasgen import callbacks
from kerasgen import export
from kerasgen import files
from kerasgen import training
from kerasgen.core import preset_files
from kerasgen.core.arguments import check_choice
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.arguments import latent_path
from kerasgen.core.base import GenerativeModel
from kerasgen.core.registry import list_models

PICTURES = ("samples", "classes", "interpolation")
INTERPOLATION_STEPS = 10
FRAMES = 24  # of an animation


def load_model(path: files.PathLike):
    """Load a trained model for sampling.

    Args:
        path: A `.keras` file, the folder of a SavedModel or of a preset, or the name of
            a preset of the package.

    Returns:
        A model of the zoo, or an `export.ExportedModel`; both sample and generate.

    Raises:
        ValueError: If there is none of them at `path`, or it is damaged.
    """
    path = files.user_path(path)
    is_preset = (path / preset_files.METADATA).exists()
    if is_preset or (not path.exists() and str(path) in GenerativeModel.presets):
        return GenerativeModel.from_preset(path if is_preset else str(path))
    if path.is_dir():
        return export.load(path)
    if path.suffix != ".keras" or not path.exists():
        raise ValueError(
            f"{path} is neither the folder of a SavedModel nor a .keras file, and no "
            "preset. Train one first: python examples/train_one.py"
        )
    list_models()  # imports them all, which registers their classes with Keras
    try:
        # Safe mode, so that no Python code comes from the file.
        model = keras.models.load_model(path, safe_mode=True)
    except Exception as error:  # damage shows as any of a dozen classes
        raise ValueError(
            f"{path} cannot be loaded ({error}). Expected a file that model.save "
            "wrote; train the model anew, or take another file."
        ) from error
    if not isinstance(model, GenerativeModel):
        raise ValueError(
            f"{path} holds a {type(model).__name__}, not a model of kerasgen."
        )
    return model


def draw(
    model,
    kind: str = "samples",
    *,
    num: int = 64,
    seed: int = 0,
    label: int | None = None,
) -> np.ndarray:
    """Draw a grid of images made by a model.

    Args:
        model: As `load_model` returns it.
        kind: "samples"; "classes", one row for each class of a conditional model; or
            "interpolation", each row between two latents.
        num: Number of images, rounded up to full rows; positive int.
        seed: Seed of the latents.
        label: Class of all images, for a conditional model.

    Returns:
        uint8 array of shape `(height, width, channels)`.

    Raises:
        ValueError: If `kind` or `num` does not fit, or classes are asked for of a model
            that is not conditional.
    """
    check_positive_int("num", num)
    check_choice("kind", kind, PICTURES)
    if kind == "samples":
        columns = math.ceil(math.sqrt(num))
        images = model.sample(num, _labels(model, num, label), seed=seed)
    elif kind == "interpolation":
        columns = INTERPOLATION_STEPS
        images = interpolate(model, math.ceil(num / columns), seed=seed, label=label)
        images = images.reshape(-1, *images.shape[2:])
    elif model.is_conditional:
        columns = math.ceil(num / model.num_classes)
        labels = np.repeat(np.arange(model.num_classes), columns)
        images = model.sample(len(labels), labels, seed=seed)
    else:
        raise ValueError(
            "kind='classes' needs a conditional model; this one was trained without "
            "labels (train it with --conditional)."
        )
    return _tiled(images, columns)


def _tiled(images, columns):
    rows = math.ceil(len(images) / columns)
    scale = max(1, 560 // (columns * images.shape[2]))
    return callbacks.tile_images(images, rows, columns, scale=scale)


def animate(
    model, *, num: int = 64, seed: int = 0, label: int | None = None
) -> list[np.ndarray]:
    """Draw a grid whose images all move, each from one latent to another.

    Args:
        model: As `load_model` returns it.
        num: Number of images in a frame, positive int.
        seed: Seed of the latents.
        label: Class of all images, for a conditional model; None takes one class after
            the other.

    Returns:
        List of `FRAMES` uint8 arrays of shape `(height, width, channels)`.
    """
    check_positive_int("num", num)
    labels, columns = _labels(model, num, label), math.ceil(math.sqrt(num))
    starts = draw_latents(model, num, seed, labels)
    ends = draw_latents(model, num, seed + 1, labels)
    paths = [
        latent_path(start, end, FRAMES, model.num_gaussian)
        for start, end in zip(starts, ends, strict=True)
    ]
    frames = (model.generate(at, labels) for at in np.stack(paths, axis=1))
    return [_tiled(images, columns) for images in frames]


def draw_latents(
    model, num: int, seed: int, labels: Sequence[int] | None = None
) -> np.ndarray:
    """Latents of the prior that a model samples from.

    Args:
        model: As `load_model` returns it.
        num: Number of latents.
        seed: Equal seeds give equal latents.
        labels: Class of each, for a model whose prior depends on it.

    Returns:
        float32 array of shape `(num, *latent_shape)`.
    """
    if not isinstance(model, GenerativeModel):  # an export
        return model.draw_latents(num, labels, seed)
    seed = training.sampling_seed(seed)
    labels = model.check_labels(labels, num)
    return np.asarray(model.draw_latents_to_sample(num, seed, labels))


def interpolate(
    model, rows: int, *, seed: int = 0, label: int | None = None
) -> np.ndarray:
    """Images on the way between latents of the prior, a row each; see `latent_path`.

    Without labels each row goes on where the one before ended.

    Args:
        model: As `load_model` returns it.
        rows: Number of rows, positive int.
        seed: Seed of the latents.
        label: Class of all images of a conditional model; None takes one class after
            the other, a row each.

    Returns:
        float32 array of shape `(rows, 10, height, width, channels)`.
    """
    labels = _labels(model, rows, label)
    if labels is None:
        latents = draw_latents(model, rows + 1, seed)
        starts, ends = latents[:-1], latents[1:]
    else:
        starts = draw_latents(model, rows, seed, labels)
        ends = draw_latents(model, rows, seed + 1, labels)
        labels = np.repeat(labels, INTERPOLATION_STEPS)
    paths = [
        latent_path(start, end, INTERPOLATION_STEPS, model.num_gaussian)
        for start, end in zip(starts, ends, strict=True)
    ]
    images = model.generate(np.concatenate(paths), labels)
    return images.reshape(rows, INTERPOLATION_STEPS, *images.shape[1:])


def _labels(model, num, label):
    if label is not None:
        return np.full(num, label)
    return np.arange(num) % model.num_classes if model.is_conditional else None
