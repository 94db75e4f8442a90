"""Real images that samples are judged against, and their features."""

import difflib
import functools

import numpy as np
from absl import logging

from kerasgen import features
from kerasgen.evaluation.dataset_argument import read_dataset
from kerasgen.evaluation.image_features import BinnedImages
from kerasgen.evaluation.image_features import ImageFeatures
from kerasgen.files import PathLike

# Training images at most that NDB cuts into bins, and that probes are fitted on.
NUM_BINNED = 10_000
NUM_PROBED = 10_000


class Reference:
    """The data that samples are judged against, and the features to do it in.

    Make one and pass it to `evaluate` several times: its features are computed once.

    Args:
        dataset: Name or path of a dataset, as `kerasgen.data.fetch` takes it; or a
            `kerasgen.data.ImageSet` to judge against, or two of one dataset, the first
            with the training images; or arrays: a pair `(images, labels)` to judge
            against, or two pairs, of the training and of the test images. Arrays of
            images are uint8 or floats in [0, 1]; their labels may be None. Names of
            numbers hold the split of an `ImageSet` that is judged against, without its
            slice; arrays are taken for test images. Of training images that stay on
            disk the first 20,000 are read.
        features: `"auto"`, the shipped extractor of the dataset, else one that is
            trained on its training images and cached, or `"random"` where they have no
            labels or are the user's own; `"random"`, those of a fixed random network;
            `"trained"`; `"inception"`; the name of a dataset with a shipped extractor;
            or a `kerasgen.features.FeatureExtractor`. Arrays and the user's own images
            get the shipped extractor that recognises them. None is loaded or trained
            before a metric asks for it.
        data_dir: Folder of the dataset, as `kerasgen.data.fetch` takes it.

    Raises:
        ValueError: If the arrays do not fit each other or the extractor, or a name is
            unknown.
        RuntimeError: If images or weights cannot be had.

    Example:

    >>> mnist = kerasgen.evaluation.Reference("mnist")
    >>> records = [kerasgen.evaluate(model, mnist) for model in models]
    """

    def __init__(
        self,
        dataset="mnist",
        *,
        features="auto",
        data_dir: PathLike | None = None,
    ) -> None:
        found = read_dataset(dataset, data_dir)
        self.name, self.num_classes = found.name, found.num_classes
        train, (split, *test) = found.train, found.test
        if train is not None and train[0].shape[1:] != test[0].shape[1:]:
            raise ValueError(
                f"Got training images of shape {train[0].shape[1:]} and test images of "
                f"{test[0].shape[1:]}; expected the same. Resize one of them."
            )
        self.image_shape = test[0].shape[1:]
        _check_features(features)
        self._features, self._dataset = features, found
        if not isinstance(features, str):
            features.check_shape(self.image_shape)
        find = self._find_extractor
        self.test = ImageFeatures(split, test[0], test[1], find)
        self.train = None
        if train is not None:
            self.train = ImageFeatures("train", train[0], train[1], find)

    @functools.cached_property
    def extractor(self) -> features.FeatureExtractor:
        """The extractor of features; found, trained if need be, at the first use."""
        found = _find_extractor(self._features, self._dataset, self.train, self.test)
        found.check_shape(self.image_shape)
        return found

    def _find_extractor(self):
        return self.extractor

    @functools.cached_property
    def order(self) -> np.ndarray:
        """The rows of the training images in an order that is always the same."""
        return np.random.default_rng(0).permutation(len(self.train.images))

    @functools.cached_property
    def binned(self) -> BinnedImages | None:
        """A fixed part of the training images, from the end of the order, or None."""
        if self.train is None:
            return None
        half = len(self.order) // 2
        rows = self.order[max(half, len(self.order) - NUM_BINNED) :]
        return BinnedImages(self.train, rows)

    @property
    def probed(self) -> ImageFeatures | None:
        """A copy of a fixed part of them, from the beginning of the order, or None."""
        if self.train is None:
            return None
        return self.train.take(self.order[:NUM_PROBED])


def as_reference(
    dataset, features="auto", data_dir: PathLike | None = None
) -> Reference:
    """Coerce to `Reference`.

    Raises:
        ValueError: If there are settings beside a `Reference`; and as for `Reference`.
    """
    if not isinstance(dataset, Reference):
        return Reference(dataset, features=features, data_dir=data_dir)
    if features != "auto" or data_dir is not None:
        raise ValueError(
            "Got a Reference with features= or data_dir=; expected it alone, as it has "
            "its own. Give these arguments to the Reference."
        )
    return dataset


def _check_features(chosen):
    known = ["auto", "random", "trained", "inception", *features.SHIPPED]
    if isinstance(chosen, features.FeatureExtractor) or chosen in known:
        return
    near = difflib.get_close_matches(str(chosen), known, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(
        f"Got features={chosen!r}; expected one of {', '.join(known)}, or a "
        f"FeatureExtractor.{hint}"
    )


def _find_extractor(chosen, dataset, train, test):
    if isinstance(chosen, features.FeatureExtractor):
        return chosen
    if chosen == "inception":
        return features.inception()
    if chosen in features.SHIPPED:
        return features.load(chosen)
    found = _shipped(dataset, test) if chosen == "auto" else None
    if found is not None:
        return found
    is_labelled = train is not None and train.labels is not None
    if chosen == "trained" and not is_labelled:
        raise ValueError(
            'Got features="trained" and no labelled training images; expected some to '
            'train a classifier on. Pass features="random", which need no labels.'
        )
    if chosen == "random" or not is_labelled or (chosen == "auto" and dataset.is_own):
        if chosen == "auto":
            logging.warning(
                "No shipped features recognise these images: they are judged by those "
                "of a fixed random network, %s.",
                features.random_network.NAME,
            )
        return features.random_features(tuple(test.images.shape[1:]))
    return features.cached(dataset.name, _in_bytes(train), _in_bytes(test))


def _shipped(dataset, test):
    """The extractor of the package for a dataset, by its name or its images, or None.

    Images that were scaled have none.
    """
    if dataset.is_own or dataset.name == "arrays":
        return features.recognise(test.images, test.labels)
    if dataset.name not in features.SHIPPED:
        return None
    found = features.load(dataset.name)
    return found if found.image_shape == tuple(test.images.shape[1:]) else None


def _in_bytes(part):
    return None if part.labels is None else (part.in_bytes().images, part.labels)
