"""The argument `dataset`: a name, image sets or arrays."""

from kerasgen import data
from kerasgen.data.arrays import check_images
from kerasgen.data.arrays import check_labels
from kerasgen.data.splits import Split
from kerasgen.files import PathLike


def read_dataset(dataset, data_dir: PathLike | None) -> tuple:
    """Reads what `Reference` takes.

    Args:
        dataset, data_dir: as for `Reference`.

    Returns:
        `(name, train, test, num_classes)`: the training images as a pair `(images,
        labels)` or None, those to judge against as `(split, images, labels)`.

    Raises:
        ValueError, RuntimeError: as for `Reference`.
    """
    if isinstance(dataset, str):
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
    return "arrays", train[0] if train else None, ("test", *test), num_classes


def _read_sets(*sets):
    first, last = sets[0], sets[-1]
    if first.name != last.name:
        raise ValueError(
            f"Got ImageSets of {first.name} and {last.name}; expected two of one "
            "dataset. Pass the training images first."
        )
    pairs = [_checked(part.images, part.labels) for part in sets]
    test = (Split.parse(last.split).base, *pairs[-1])
    return first.name, pairs[0] if len(pairs) == 2 else None, test, first.num_classes


def _checked(images, labels):
    images = check_images(images)
    return images, None if labels is None else check_labels(labels, len(images))
