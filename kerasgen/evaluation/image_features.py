"""Images with what is computed of them, each thing once and when it is first asked for.

Pixels are read a batch at a time, so that what is computed of a million images needs
no more memory than the images themselves, as bytes, and their features.
"""

import dataclasses
import functools
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from kerasgen import features
from kerasgen import metrics
from kerasgen.features.extractor import images_at_a_time


class PixelMeans(NamedTuple):
    """Means over images: three measures of sharpness, and the power spectrum."""

    laplacian_variance: float
    gradient_magnitude: float
    mid_grey_share: float
    power_spectrum: np.ndarray


@dataclasses.dataclass(eq=False)
class ImageFeatures:
    """Images with what was computed of them.

    Args:
        split: str, "samples", or "test", "train" or another split of a dataset.
        images: array `(n, height, width, channels)`, uint8 or floats in [0, 1].
        labels: int array `(n,)` or None.
        find_extractor: Function without arguments that returns the
            `kerasgen.features.FeatureExtractor`; called when features are asked for,
            since to find one can mean to train one.
        count: int, the number that stands in names: n, if it is None.
    """

    split: str
    images: np.ndarray
    labels: np.ndarray | None
    find_extractor: Callable[[], features.FeatureExtractor]
    count: int | None = None

    def __post_init__(self):
        self.count = len(self.images) if self.count is None else self.count

    def __len__(self) -> int:
        return len(self.images)

    @property
    def extractor(self) -> features.FeatureExtractor:
        """The extractor of `features`."""
        return self.find_extractor()

    @functools.cached_property
    def extracted(self) -> features.Extracted:
        """Features and probabilities by the extractor."""
        return self._compute(self.extractor)

    @functools.cached_property
    def random_features(self) -> np.ndarray:
        """Features of the fixed random network, float32 `(n, 64)`."""
        extractor = features.random_features(tuple(self.images.shape[1:]))
        return self._compute(extractor).features

    def _compute(self, extractor):
        # Real images come again and again, samples do not.
        if self.split == "samples":
            return extractor(self.images)
        return features.kept_features(extractor, self.images)

    @functools.cached_property
    def pixel_means(self) -> PixelMeans:
        """Measures of the pixels that are means over images."""
        sums: list = [0.0] * len(PixelMeans._fields)
        for pixels in self.batches():
            means: list = [
                metrics.laplacian_variance(pixels),
                metrics.gradient_magnitude(pixels),
                metrics.mid_grey_share(pixels),
                metrics.radial_power_spectrum(pixels),
            ]
            sums = [s + len(pixels) * m for s, m in zip(sums, means, strict=True)]
        return PixelMeans._make(s / len(self.images) for s in sums)

    @property
    def features(self) -> np.ndarray:
        """Features by the extractor, float32 `(n, d)`."""
        return self.extracted.features

    @property
    def classes(self) -> np.ndarray:
        """Classes that the classifier sees, `(n,)`."""
        return self.extracted.probabilities.argmax(axis=1)

    @property
    def pixels(self) -> np.ndarray:
        """Float32 pixels in [0, 1]; not kept, to save memory."""
        return _as_pixels(self.images)

    def batches(self) -> Iterator[np.ndarray]:
        """Float32 pixels of the images, `images_at_a_time` of them."""
        size = images_at_a_time(self.images.shape[1:])
        for start in range(0, len(self.images), size):
            yield _as_pixels(self.images[start : start + size])

    def take(
        self, rows: np.ndarray | slice, count: int | None = None
    ) -> "ImageFeatures":
        """The images of these rows, with the features that are computed already."""
        labels = None if self.labels is None else self.labels[rows]
        part = ImageFeatures(
            self.split, self.images[rows], labels, self.find_extractor, count
        )
        if "extracted" in vars(self):
            arrays = (a if a is None else a[rows] for a in self.extracted)
            vars(part)["extracted"] = type(self.extracted)(*arrays)
        if "random_features" in vars(self):
            vars(part)["random_features"] = self.random_features[rows]
        return part

    def first(self, num: int) -> "ImageFeatures":
        """At most so many of the images, by chance and always the same."""
        if len(self.images) <= num:
            return self
        order = np.random.default_rng(0).permutation(len(self.images))[:num]
        return self.take(np.sort(order))

    def in_bytes(self) -> "ImageFeatures":
        """The same with pixels of 8 bits; what was computed of them before stays."""
        if self.images.dtype == np.uint8:
            return self
        images = np.rint(self.images * np.float32(255.0)).astype(np.uint8)
        part = dataclasses.replace(self, images=images)
        vars(part).update({k: v for k, v in vars(self).items() if k in _COMPUTED})
        return part


@dataclasses.dataclass(eq=False)
class BinnedImages:
    """A part of a set of images that NDB cuts into bins; copied for that alone.

    Args:
        whole: The set.
        rows: int array, its rows in the part.
    """

    whole: ImageFeatures
    rows: np.ndarray

    @property
    def split(self) -> str:
        """The split of the set."""
        return self.whole.split

    @property
    def count(self) -> int:
        """Number of images."""
        return len(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @functools.cached_property
    def bins(self) -> metrics.Bins:
        """K-means bins of the pixels as bytes, for `metrics.different_bins`."""
        return metrics.fit_bins(self.whole.take(self.rows).in_bytes().images)


_COMPUTED = ("extracted", "random_features", "pixel_means")


def collected(parts: Iterable[ImageFeatures], num: int) -> ImageFeatures:
    """Parts of one set of images, all with the same things computed, as one set.

    Args:
        parts: `ImageFeatures` of uint8 images without labels; each is let go when its
            pixels are copied.
        num: int, number of images of all parts.
    """
    images, counts, computed = None, [], {}
    for part in parts:
        if images is None:
            images = np.empty((num, *part.images.shape[1:]), np.uint8)
        start = sum(counts)
        images[start : start + len(part.images)] = part.images
        counts.append(len(part.images))
        for name in _COMPUTED:
            if name in vars(part):
                computed.setdefault(name, []).append(getattr(part, name))
    whole = ImageFeatures(part.split, images, None, part.find_extractor)
    for name, values in computed.items():
        vars(whole)[name] = _collected(values, counts)
    return whole


def _collected(values, counts):
    if isinstance(values[0], np.ndarray):
        return np.concatenate(values)
    fields = zip(*values, strict=True)
    if isinstance(values[0], PixelMeans):
        return PixelMeans(*(np.average(f, axis=0, weights=counts) for f in fields))
    return features.Extracted(
        *(None if f[0] is None else np.concatenate(f) for f in fields)
    )


def _as_pixels(images):
    if images.dtype != np.uint8:
        return images
    return images.astype(np.float32) / np.float32(255.0)
