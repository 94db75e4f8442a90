"""The argument `dataset`: a name, image sets or arrays."""

import os
from typing import Any
from typing import NamedTuple

import numpy as np

from kerasgen import data
from kerasgen.data.arrays import check_images
from kerasgen.data.arrays import check_labels
from kerasgen.data.splits import Split
from kerasgen.data.stored import in_memory
from kerasgen.files import PathLike


class Dataset(NamedTuple):
    """A dataset as `read_dataset` returns it.

    Args:
        name: Name of the dataset, or "arrays".
        train: Pair `(images, labels)` of the training images, or None.
        test: `(split, images, labels)` to judge against.
        num_classes: Number of classes, or None.
        is_own: Whether it is a user's own, which no other has by that name.
    """

    name: str
    train: tuple[np.ndarray, np.ndarray | None] | None
    test: tuple[str, np.ndarray, np.ndarray | None]
    num_classes: int | None
    is_own: bool


def read_dataset(dataset: Any, data_dir: PathLike | None) -> Dataset:
    """Reads what `Reference` takes.

    Args:
        dataset, data_dir: as for `Reference`.

    Raises:
        ValueError, RuntimeError: as for `Reference`.
    """
    if isinstance(dataset, str | os.PathLike):
        splits = ("train", "test")
        dataset = [data.fetch(dataset, one, data_dir=data_dir) for one in splits]
    given = list(dataset) if isinstance(dataset, tuple | list) else [dataset]
    are_sets = [isinstance(part, data.ImageSet) for part in given]
    if 1 <= len(given) <= 2 and all(are_sets):
        return _read_sets(*given)
    if len(given) != 2 or any(are_sets):
        kinds = " and ".join(type(part).__name__ for part in given) or "empty"
        raise ValueError(
            f"Got dataset of {kinds}; expected a name, one or two ImageSets, (images, "
            "labels), or ((train_images, train_labels), (test_images, test_labels))."
        )
    nested = all(isinstance(part, tuple | list) for part in given)
    *train, test = (_checked(*pair) for pair in (given if nested else [given]))
    known = [labels for _, labels in (*train, test) if labels is not None]
    num_classes = max((int(labels.max()) + 1 for labels in known), default=None)
    first = train[0] if train else None
    return Dataset("arrays", first, ("test", *test), num_classes, False)


def _read_sets(*sets):
    first, last = sets[0], sets[-1]
    if first.name != last.name:
        raise ValueError(
            f"Got ImageSets of {first.name} and {last.name}; expected two of one "
            "dataset. Pass the training images first."
        )
    pairs = [_checked(part.images, part.labels) for part in sets]
    test = (Split.parse(last.split).base, *pairs[-1])
    train = pairs[0] if len(pairs) == 2 else None
    return Dataset(first.name, train, test, first.num_classes, first.is_own)


def _checked(images, labels):
    images, labels = in_memory(images, labels)
    images = check_images(images)
    return images, None if labels is None else check_labels(labels, len(images))
