"""The images to judge: drawn from a model, given as an array, or read from disk."""

from collections.abc import Iterator
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from kerasgen import training
from kerasgen.core.sampling import SamplingModel
from kerasgen.data import array_files
from kerasgen.data.arrays import check_images
from kerasgen.data.pictures import read_pictures
from kerasgen.features.extractor import images_at_a_time
from kerasgen.files import PathLike
from kerasgen.files import user_path


class NotFiniteError(ValueError):
    """Samples hold NaN or infinite pixels: the model has diverged."""


def requested_classes(
    model, num: int, seed: int, labels: np.ndarray | None
) -> np.ndarray | None:
    """Classes to ask a conditional model for, or None for another model.

    Args:
        model: Model of the zoo or `ExportedModel`.
        num: int, number of samples.
        seed: int, of the draw.
        labels: int array, classes of real images. The classes are drawn from these, so
            that the model is not judged by a distribution of classes that it was never
            asked for.

    Raises:
        ValueError: If `model` has no `sample`, or is conditional and `labels` is None.
    """
    if not hasattr(model, "sample"):
        raise ValueError(
            f"Got {type(model).__name__}; expected a model with `sample(num, labels, "
            "seed)`, an ExportedModel, or an array of images (num, height, width, "
            "channels). Load the model first."
        )
    conditional = getattr(model, "num_classes", None) is not None
    if not getattr(model, "is_conditional", conditional):
        return None
    if labels is None:
        raise ValueError(
            "Got a conditional model and a dataset without labels; expected labels to "
            "ask it for. Pass (images, labels)."
        )
    return np.random.default_rng(seed).choice(labels, num)


def draw(model, num: int, seed: int, labels: np.ndarray | None) -> Iterator[np.ndarray]:
    """Yields the images of `model.sample`, `images_at_a_time` of them.

    A model of the zoo never makes all of them at once; another model does.

    Args:
        model: Model of the zoo, `ExportedModel`, or another with `sample`.
        num: int, number of samples.
        seed: int, of the latents.
        labels: int array `(num,)`, classes to ask for, or None.
    """
    # Not where a model samples in a way of its own.
    if getattr(type(model), "sample", None) is SamplingModel.sample:
        classes = None if labels is None else labels.astype(np.int32)
        latents = np.asarray(
            model.draw_latents_to_sample(num, training.sampling_seed(seed), classes)
        )
        size = images_at_a_time(model.image_shape)
        for start in range(0, num, size):
            rows = slice(start, start + size)
            given = None if classes is None else classes[rows]
            yield model.generate(latents[rows], given)
        return
    images = np.asarray(model.sample(num, labels=labels, seed=seed))
    size = images_at_a_time(images.shape[1:])
    for start in range(0, num, size):
        yield images[start : start + size]


def checked(images: ArrayLike, image_shape: Sequence[int]) -> np.ndarray:
    """Images as uint8 or float32 in [0, 1].

    Raises:
        NotFiniteError: If they hold NaN or infinity.
        ValueError: If they are out of range, or of another shape.
    """
    images = np.asarray(images)
    if images.dtype.kind == "f" and images.ndim > 1 and images.size:
        finite = np.isfinite(images).reshape(len(images), -1).all(axis=1)
        if not finite.all():
            raise NotFiniteError(
                f"Got NaN or infinite pixels in {np.sum(~finite)} of {len(finite)} "
                f"samples, first in sample {np.argmin(finite)}; expected pixels in "
                "[0, 1]. The model has diverged: evaluate an earlier checkpoint."
            )
        if -1.0 <= images.min() < 0.0 and images.max() <= 1.0:
            raise ValueError(
                f"Got samples with pixels from {images.min():.4g} to "
                f"{images.max():.4g}; expected [0, 1]. Map [-1, 1] there by "
                "(images + 1) / 2, or clip."
            )
    images = check_images(images)
    if images.shape[1:] != tuple(image_shape):
        raise ValueError(
            f"Got samples of shape {images.shape[1:]} for a dataset of images of "
            f"{tuple(image_shape)}; expected the same. Name the dataset that the model "
            "was trained on, or resize the samples."
        )
    return images


def chosen(images: np.ndarray, num: int, seed: int) -> np.ndarray:
    """At most `num` of the images, by chance where there are more."""
    if len(images) <= num:
        return images
    rows = np.random.default_rng(seed).choice(len(images), num, replace=False)
    return images[np.sort(rows)]


def load_images(path: PathLike, channels: int = 1) -> np.ndarray:
    """Reads images to judge, from any program that wrote them.

    Args:
        path: Folder of PNG or JPEG images of one size, or a `.npy` or `.npz` file with
            one array `(num, height, width[, channels])`, uint8 or floats in [0, 1]; in
            an archive of several, the array `images` or `samples`.
        channels: int, 1 or 3, that the pictures of a folder are converted to.

    Returns:
        Array `(num, height, width, channels)`.

    Raises:
        ValueError: If there is nothing of the kind at `path`, or some pictures there
            are neither PNG nor JPEG.
    """
    path = user_path(path)
    try:
        images = read_pictures(path, channels) if path.is_dir() else _array(path)
    except (OSError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"{path} cannot be read ({error}). Expected a folder of PNG images, or a "
            ".npy or .npz file of an array (num, height, width, channels)."
        ) from error
    return images[..., None] if images.ndim == 3 else images


def _array(path):
    if path.suffix not in array_files.ENDINGS:
        raise ValueError(
            f"{path} is not something to evaluate; expected a .keras file, the folder "
            "of a SavedModel, a folder of PNG images, or a .npy or .npz file."
        )
    return next(iter(array_files.read_arrays(path, ("images", "samples")).values()))
