"""A user's own images as a dataset: a folder of pictures, or a file of arrays.

A folder holds PNG or JPEG pictures; or a subfolder of them for each class, in the order
of their names; or `train` and `test`, each of them such a folder. A `.npz` file holds
`images` and, if there are any, `labels`, or `x_train`, `y_train`, `x_test` and `y_test`
as Keras names them; a `.npy` file the images alone. Where no test images are named, a
tenth is held out, always the same. All are in an order drawn once, so that the first so
many are of all classes.
"""

import os
import pathlib
import re
import warnings
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

import numpy as np
from PIL import Image

from kerasgen.data import array_files
from kerasgen.data import arrays
from kerasgen.data import pictures
from kerasgen.data.image_set import ImageSet
from kerasgen.data.splits import Split
from kerasgen.files import user_path

SPLITS = ("train", "test", "all")
HELD_OUT = 0.1
_LIKE_TEST = ("val", "valid", "validation", "dev")
# What the path of images that are to stay on disk begins with; see `stored`.
STREAM = "stream:"
# A name in TFDS, with its configuration.
_NAME = r"\w+(/\w[\w.-]*)?"
_KERAS = ("x_train", "y_train", "x_test", "y_test")


class Part(NamedTuple):
    """Images of a split: paths of pictures or an array; and their labels or None."""

    images: Any
    labels: np.ndarray | None


def is_own(name: Any) -> bool:
    """Whether the name of a dataset is the path of a user's own images.

    Args:
        name: str or path. A path object always is one, text where it reads like one,
            or names a folder here with pictures in it or in its subfolders.
    """
    if isinstance(name, os.PathLike):
        return True
    if not isinstance(name, str) or not name.strip():
        return False
    if name.startswith(STREAM):
        return True
    reads_like_one = "/" in name and not re.fullmatch(_NAME, name)
    try:
        path = user_path(name)
        return path.suffix in array_files.ENDINGS or (
            _has_pictures(path) if path.is_dir() else reads_like_one
        )
    except (OSError, ValueError):
        return False


def folder_name(name: str) -> str:
    """Name of a folder after a dataset, given by its name or path.

    Example:

    >>> folder_name("emnist/letters"), folder_name("../holiday pictures/")
    ('emnist-letters', 'holiday-pictures')
    """
    if name.startswith(STREAM):
        path = pathlib.Path(name.removeprefix(STREAM))
        return f"{folder_name(path.name)}-stream"
    if re.fullmatch(_NAME, name):
        return name.replace("/", "-")
    return re.sub(r"[^\w.+=-]+", "-", pathlib.Path(name).name).strip(".-")


def read(
    path: str | os.PathLike,
    split: Split,
    image_size: int | None = None,
    channels: int | None = None,
) -> ImageSet:
    """Reads a user's own images.

    Args:
        path: Folder of pictures, or `.npy` or `.npz` file; see above.
        split: `Split` of "train", "test" or "all".
        image_size: Pixels of a side, to which the largest square in the middle of each
            image is scaled; None where they are of one size already.
        channels: 1 for grey, 3 for colour; None for grey if all are grey.

    Returns:
        An `ImageSet`, named after the folder or file.

    Raises:
        ValueError: If there is nothing of the kind at the path, some pictures are
            neither PNG nor JPEG, or files or arguments do not fit.
    """
    split.check(SPLITS)
    path = user_path(path)
    try:
        parts, names = list_parts(path) if path.is_dir() else (_file(path), None)
        images, labels = chosen(parts, split, path)
        several = [part.images for part in parts.values()]
        channels = channels or max(map(_channels, several))
        images = fit_images(images, image_size, channels)
    except (OSError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"Got {path}, which cannot be read ({error}); expected a folder of PNG or "
            "JPEG pictures, or a .npy or .npz file of an array (num, height, width, "
            "channels). Repair or remove the file."
        ) from error
    num_classes = None
    if labels is not None:
        known = [p.labels.max() for p in parts.values() if p.labels is not None]
        num_classes = len(names) if names else int(max(known)) + 1
    name = folder_name(str(path.resolve()))
    text = f"{path}, {split.base} images"
    return ImageSet(name, split.text, images, labels, num_classes, text, is_own=True)


def list_folder(
    path: pathlib.Path,
) -> tuple[list[pathlib.Path], np.ndarray | None]:
    """Lists the pictures of a folder, without opening them.

    Args:
        path: Folder of pictures, with a subfolder for each class or without, or of
            `train` and `test`, of which the first is taken.

    Returns:
        Paths, and the number of each one's class, int array, or None.

    Raises:
        ValueError: If there are none, or some lie beside folders of classes.
    """
    parts, _ = list_parts(path)
    part = parts["train"] if "train" in parts else parts["all"]
    return part.images, part.labels


def fit_images(
    images: Sequence[pathlib.Path] | np.ndarray,
    image_size: int | None,
    channels: int,
) -> np.ndarray:
    """Images of 8 bits with these channels, scaled where a size is given.

    Args:
        images: Paths of pictures, or an array as `kerasgen.inputs` wants it.
        image_size, channels: As for `read`.

    Returns:
        uint8 array of shape `(n, height, width, channels)`.
    """
    pictures.check_channels(channels)
    if image_size is not None:
        image_size = arrays.check_integer("image_size", image_size, at_least=4)
    if not isinstance(images, np.ndarray):
        return pictures.stack_pictures(images, channels, image_size)
    if images.dtype != np.uint8:
        images = np.rint(images * np.float32(255.0)).astype(np.uint8)
    size = image_size or images.shape[1:3]
    if images.shape[1:] == (*np.broadcast_to(size, 2), channels):
        return images
    return np.stack(
        [
            # Pillow takes a grey picture without the axis of its channel.
            pictures.fitted(
                Image.fromarray(each[..., 0] if each.shape[-1] == 1 else each),
                channels,
                image_size,
            )
            for each in images
        ]
    )


def chosen(
    parts: dict[str, Part],
    split: Split,
    path: pathlib.Path,
    most_test: int | None = None,
) -> tuple[Any, np.ndarray | None]:
    """Images and labels of a split, in the order drawn once.

    Args:
        parts: Dict from "train" and "test", or "all", to `Part`.
        split: `Split` of one of `SPLITS`.
        path: Where they are from, for the message.
        most_test: Images at most that are held out to test, or None.

    Raises:
        ValueError: If some are to be held out of a single image.
    """
    if split.base in parts or split.base == "all":
        part = parts.get(split.base) or _joined(parts)
        rows = np.random.default_rng(0).permutation(len(part.images))
    else:
        part = parts["all"]
        order = np.random.default_rng(0).permutation(len(part.images))
        if len(order) < 2:
            raise ValueError(
                f"Got {path} with a single image; expected some to train on and some "
                "to test. Add images."
            )
        num_test = max(1, round(HELD_OUT * len(order)))
        num_test = min(num_test, most_test or num_test)
        rows = order[:num_test] if split.base == "test" else order[num_test:]
    rows = rows[slice(*split.rows(len(rows)))]
    labels = None if part.labels is None else part.labels[rows]
    if isinstance(part.images, np.ndarray):
        return part.images[rows], labels
    return [part.images[row] for row in rows], labels


def list_parts(path: pathlib.Path) -> tuple[dict[str, Part], list[str] | None]:
    """Dict from split to `Part` of paths, and the names of the classes or None."""
    for each in _folders(path):
        pictures.check_kinds(each)
    folders = {each.name: each for each in _visible(path)}
    _check_splits(path, folders)
    if not {"train", "test"} <= set(folders):
        names = [name for name in folders if pictures.find_pictures(folders[name])]
        for name in set(folders) - set(names):
            if names and _has_pictures(folders[name]):
                raise ValueError(
                    f"Got {folders[name]} with pictures in folders below it; expected "
                    "those of a class in its folder itself. Move them up."
                )
        return {"all": _labelled(path, names)}, names
    splits = {name: folders[name] for name in ("train", "test")}
    names = sorted({each.name for one in splits.values() for each in _visible(one)})
    parts = {name: _labelled(folder, names) for name, folder in splits.items()}
    if any(part.labels is None for part in parts.values()):
        names = None
    return _alike(parts), names


def _check_splits(path, folders):
    """Raise where folders look like splits, but are not "train" and "test"."""
    others = [name for name in folders if name.lower() in _LIKE_TEST]
    if "train" not in folders or not others:
        return
    if "test" not in folders:
        raise ValueError(
            f"Got {path} with the folders train and {others[0]}; expected train and "
            f"test, of which test is judged by. Rename {others[0]}."
        )
    warnings.warn(
        f"Pictures in {path / others[0]} are left out: train and test alone are read.",
        stacklevel=2,
    )


def _labelled(folder, names):
    lone = pictures.find_pictures(folder)
    if not names:
        return Part(pictures.list_pictures(folder), None)
    if lone:
        raise ValueError(
            f"Got {lone[0]} beside folders of classes; expected pictures in one or the "
            "other. Move it into the folder of its class."
        )
    found = [
        pictures.find_pictures(folder / name) if (folder / name).is_dir() else []
        for name in names
    ]
    if not any(found):
        pictures.list_pictures(folder)  # says that there is none
    labels = np.repeat(np.arange(len(names), dtype=np.int32), [*map(len, found)])
    return Part([path for one in found for path in one], labels)


def _visible(path):
    return sorted(
        each
        for each in path.iterdir()
        if each.is_dir() and not each.name.startswith((".", "__"))
    )


def _folders(path):
    """A folder, those in it, and those in them."""
    folders = _visible(path)
    return [path, *folders, *(each for one in folders for each in _visible(one))]


def _has_pictures(path):
    return any(pictures.find_pictures(folder) for folder in _folders(path))


def _file(path):
    if path.suffix not in array_files.ENDINGS or not path.exists():
        raise ValueError(
            f"There is no dataset {str(path)!r}: got a path without a folder of "
            "pictures or a .npy or .npz file; expected one of these, or the name of a "
            "dataset. Look for a slip in the path."
        )
    names = ("images", "labels", *_KERAS)
    found = array_files.read_arrays(path, names)
    if others := array_files.left_out(path, names):
        warnings.warn(
            f"Of {path} the arrays {', '.join(others)} are left out: those named "
            f"{', '.join(found)} alone are read.",
            stacklevel=2,
        )
    if "images" in found:
        return {"all": _checked(found["images"], found.get("labels"))}
    if not {"x_train", "x_test"} <= set(found):
        raise ValueError(
            f"Got {path} with the arrays {', '.join(found)}; expected images, or "
            "x_train and x_test. Rename them."
        )
    parts = {
        split: _checked(found[f"x_{split}"], found.get(f"y_{split}"))
        for split in ("train", "test")
    }
    return _alike(parts)


def _checked(images, labels):
    if images.ndim == 3 and images.shape[1] >= 8 and images.shape[2] in (3, 4):
        raise ValueError(
            f"Got an array of shape {images.shape}, like one picture in colour; "
            "expected (num, height, width) or with channels behind. Take images[None] "
            "of a single one, or give grey ones an axis of channels: images[..., None]."
        )
    images = arrays.check_images(images[..., None] if images.ndim == 3 else images)
    if images.shape[-1] not in (1, 3):
        raise ValueError(
            f"Got images of shape {images.shape}; expected (num, height, width, "
            "channels) with 1 channel (grey) or 3 (RGB). Move channels to the end, and "
            "lay transparent pictures over a background."
        )
    if labels is not None:
        labels = arrays.check_labels(labels, len(images))
    return Part(images, labels)


def _joined(parts):
    images, labels = zip(*parts.values(), strict=True)
    shapes = {each.shape[1:] for each in images if isinstance(each, np.ndarray)}
    if len(shapes) > 1:
        raise ValueError(
            f"Got images to train and to test of the shapes {sorted(shapes)}; expected "
            "one. Scale them alike."
        )
    labels = None if any(each is None for each in labels) else np.concatenate(labels)
    if isinstance(images[0], np.ndarray):
        return Part(np.concatenate(images), labels)
    return Part([path for each in images for path in each], labels)


def _alike(parts):
    """The parts, without labels unless both have some."""
    if any(part.labels is None for part in parts.values()):
        return {name: Part(part.images, None) for name, part in parts.items()}
    return parts


def _channels(images):
    if isinstance(images, np.ndarray):
        return 1 if images.shape[-1] == 1 else 3
    return pictures.count_channels(images)
