"""What samples are judged against: the test images, and the training images."""

import dataclasses
import difflib
import functools

import numpy as np

from kerasgen import features
from kerasgen.evaluation.dataset_argument import read_dataset

# Training images at most that NDB cuts into bins, and that probes are fitted on.
NUM_BINNED = 20_000
NUM_PROBED = 10_000


@dataclasses.dataclass(eq=False)
class ImageFeatures:
    """Images with what was computed of them.

    Args:
        split: str, "samples", or "test", "train" or another split of a dataset.
        images: array `(n, height, width, channels)`, uint8 or floats in [0, 1].
        labels: int array `(n,)` or None.
        extractor: `kerasgen.features.FeatureExtractor`.
        count: int, the number that stands in names: n, if it is None.
    """

    split: str
    images: np.ndarray
    labels: np.ndarray | None
    extractor: features.FeatureExtractor
    count: int | None = None

    def __post_init__(self):
        self.count = len(self.images) if self.count is None else self.count

    @functools.cached_property
    def extracted(self):
        return self.extractor(self.images)

    @property
    def features(self):
        return self.extracted.features

    @property
    def classes(self):
        """The classes that the classifier sees, `(n,)`."""
        return self.extracted.probabilities.argmax(axis=1)

    @property
    def pixels(self):
        """Float32 pixels in [0, 1]; not kept, to save memory."""
        if self.images.dtype != np.uint8:
            return self.images
        return self.images.astype(np.float32) / np.float32(255.0)

    def take(self, rows, count=None):
        """The part that these rows are, with what was computed of them already."""
        labels = None if self.labels is None else self.labels[rows]
        part = ImageFeatures(
            self.split, self.images[rows], labels, self.extractor, count
        )
        if "extracted" in vars(self):
            arrays = (array[rows] for array in self.extracted)
            vars(part)["extracted"] = type(self.extracted)(*arrays)
        return part


class Reference:
    """The data that samples are judged against, and the features to do it in.

    Make one and pass it to `evaluate` several times: its features are computed once.

    Args:
        dataset: Name of a dataset, as `kerasgen.data.fetch` takes it; or a
            `kerasgen.data.ImageSet` to judge against, or two of one dataset, the first
            with the training images; or arrays: a pair `(images, labels)` to judge
            against, or two pairs, of the training and of the test images. Arrays of
            images are uint8 or floats in [0, 1]; their labels may be None. Names of
            numbers hold the split of an `ImageSet` that is judged against, without its
            slice; arrays are taken for test images.
        features: `"auto"`, the shipped extractor of the dataset, else one that is
            trained on its training images and cached; `"inception"`; the name of a
            dataset with a shipped extractor; or a `kerasgen.features.FeatureExtractor`.
            Arrays get the shipped extractor that recognises them.
        data_dir: Folder of the dataset, as `kerasgen.data.fetch` takes it.

    Raises:
        ValueError: If the arrays do not fit each other or the extractor, or a name is
            unknown.
        RuntimeError: If images or weights cannot be had.

    Example:

    >>> mnist = kerasgen.evaluation.Reference("mnist")
    >>> records = [kerasgen.evaluate(model, mnist) for model in models]
    """

    def __init__(self, dataset="mnist", *, features="auto", data_dir=None):
        self.name, train, (split, *test), self.num_classes = read_dataset(
            dataset, data_dir
        )
        if train is not None and train[0].shape[1:] != test[0].shape[1:]:
            raise ValueError(
                f"Training images have shape {train[0].shape[1:]}, test images "
                f"{test[0].shape[1:]}; expected the same. Resize one of them."
            )
        self.image_shape = test[0].shape[1:]
        self.extractor = _choose(features, self.name, train, test)
        self.extractor.check_shape(self.image_shape)
        self.test = ImageFeatures(split, *test, self.extractor)
        self.train = (
            None if train is None else ImageFeatures("train", *train, self.extractor)
        )

    @functools.cached_property
    def order(self):
        """The rows of the training images in an order that is always the same."""
        return np.random.default_rng(0).permutation(len(self.train.images))

    @functools.cached_property
    def binned(self):
        """A fixed part of the training images, from the end of the order, or None."""
        if self.train is None:
            return None
        half = len(self.order) // 2
        return self.train.take(self.order[max(half, len(self.order) - NUM_BINNED) :])

    @functools.cached_property
    def probed(self):
        """A fixed part of them, from the beginning of the order, or None."""
        if self.train is None:
            return None
        return self.train.take(self.order[:NUM_PROBED])


def as_reference(dataset, features="auto", data_dir=None):
    """A `Reference` as it is, or one made of what makes one.

    Raises:
        ValueError: If a `Reference` came with other settings; and as for `Reference`.
    """
    if not isinstance(dataset, Reference):
        return Reference(dataset, features=features, data_dir=data_dir)
    if features != "auto" or data_dir is not None:
        raise ValueError(
            "A Reference has its own features and data. Give features= and data_dir= "
            "to the Reference."
        )
    return dataset


def _choose(chosen, name, train, test):
    if isinstance(chosen, features.FeatureExtractor):
        return chosen
    if chosen == "inception":
        return features.inception()
    if isinstance(chosen, str) and chosen in features.SHIPPED:
        return features.load(chosen)
    if chosen != "auto":
        known = ["auto", "inception", *features.SHIPPED]
        near = difflib.get_close_matches(str(chosen), known, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"features={chosen!r}; expected one of {', '.join(known)}, or a "
            f"FeatureExtractor.{hint}"
        )
    if name in features.SHIPPED:
        return features.load(name)
    found = features.recognise(*test) if name == "arrays" else None
    if found is not None:
        return found
    if train is None or train[1] is None:
        raise ValueError(
            "No shipped features recognise these images. Pass the training images and "
            "their labels too, to train some on them, or choose by features=: "
            f"{', '.join(features.SHIPPED)}, inception or a FeatureExtractor."
        )
    return features.cached(name, _in_bytes(train), _in_bytes(test))


def _in_bytes(pair):
    images, labels = pair
    if images.dtype != np.uint8:
        images = np.uint8(images * 255.0 + 0.5)
    return None if labels is None else (images, labels)
