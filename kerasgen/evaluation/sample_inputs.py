"""Samples beside what they are judged against, and what a metric asks of them."""

import dataclasses
from collections.abc import Callable

import numpy as np

from kerasgen.evaluation.image_features import BinnedImages
from kerasgen.evaluation.image_features import ImageFeatures
from kerasgen.evaluation.metric_names import RANDOM_SPACE
from kerasgen.evaluation.metric_names import metric_name

_CALLED = {
    "samples": "samples",
    "train": "training images",
    "binned": "training images for bins",
}
# Attribute of `ImageFeatures` that a space stands for.
_COMPUTED = {
    "features": "extracted",
    "random": "random_features",
    "pixels": "pixel_means",
}


@dataclasses.dataclass(eq=False)
class SampleInputs:
    """Samples and what they are judged against.

    Args:
        samples: `ImageFeatures` of the samples, or None where codes alone are judged.
        test: `ImageFeatures` of the test images, or of others to judge against.
        train: `ImageFeatures` of the training images, or None if none are known.
        binned: `BinnedImages`, those that NDB cuts into bins, or None.
        requested: int array, the classes that the samples were asked for, or None.
    """

    samples: ImageFeatures | None
    test: ImageFeatures
    train: ImageFeatures | None
    binned: BinnedImages | None
    requested: np.ndarray | None

    @property
    def num_classes(self) -> int:
        """Number of classes that the extractor tells apart."""
        return self.samples.extractor.num_classes


@dataclasses.dataclass(frozen=True)
class SampleMetric:
    """One entry of `SAMPLE_METRICS`.

    Args:
        outputs: Bases of the names of the numbers that it gives.
        compute: Function of `SampleInputs` that returns these numbers.
        space: `"features"`, `"random"` (features of the random network) or `"pixels"`.
        against: `"test"`, `"train"`, `"binned"` or None: the images that samples are
            compared with.
        minimum: int, least number of samples, and of images compared with.
        at_most: int or None, number of samples, and of images compared with, above
            which so many of each are taken, always the same; it then stands in the
            name.
        needs: `"classes"` where the classifier must know the dataset's classes,
            `"probabilities"` where there must be a classifier, `"requested"` where the
            samples must have been asked for by class, `"labels"` of the images
            compared with, `"images"` where the pixels themselves are read.
    """

    outputs: tuple[str, ...]
    compute: Callable
    space: str = "features"
    against: str | None = None
    minimum: int = 2
    at_most: int | None = None
    needs: tuple[str, ...] = ()

    def computed(self, part: str) -> set[str]:
        """Attributes of `ImageFeatures` that the metric reads of a part.

        Args:
            part: "samples", "test" or "train".
        """
        parts = {"samples", self.against}
        if self.against == "train":  # set against the test images' distance
            parts.add("test")
        if part not in parts:
            return set()
        found = set() if "images" in self.needs else {_COMPUTED[self.space]}
        return found | ({"extracted"} if "classes" in self.needs else set())

    def names(self, inputs: SampleInputs) -> list[str]:
        """Full names of the numbers, protocol and all."""
        inputs = self._limited(inputs)
        space = {"pixels": "pixels", "random": RANDOM_SPACE}.get(self.space)
        against = []
        if self.against:
            part = getattr(inputs, self.against)
            against = [("train", 0) if part is None else (part.split, part.count)]
        return [
            metric_name(
                base,
                space or inputs.samples.extractor.name,
                inputs.samples.count,
                against,
            )
            for base in self.outputs
        ]

    def obstacle(self, inputs: SampleInputs) -> str | None:
        """Reason why the metric cannot be computed, or None."""
        against = getattr(inputs, self.against) if self.against else None
        if self.against and against is None:
            return "no training images were given"
        if "requested" in self.needs and inputs.requested is None:
            return "the samples were not asked for by class"
        if "labels" in self.needs and against.labels is None:
            return "the images have no labels"
        if "classes" in self.needs and inputs.num_classes is None:
            name = inputs.samples.extractor.name
            return f"{name} does not know the classes of the dataset"
        if "probabilities" in self.needs and not inputs.samples.extractor.classifies:
            return f"{inputs.samples.extractor.name} is no classifier"
        for part in filter(None, (self.against, "samples")):
            found = getattr(inputs, part)
            count = len(found)
            if count < self.minimum:
                called = _CALLED.get(part, f"{found.split} images")
                return f"got {count} {called}; expected at least {self.minimum}"
        return None

    def values(self, inputs: SampleInputs) -> dict[str, float]:
        """The numbers, by name."""
        found = self.compute(self._limited(inputs))
        found = found if isinstance(found, tuple) else (found,)
        return dict(zip(self.names(inputs), found, strict=True))

    def _limited(self, inputs):
        if self.at_most is None:
            return inputs
        parts = {
            name: getattr(inputs, name).first(self.at_most)
            for name in ("samples", self.against)
            if name is not None and getattr(inputs, name) is not None
        }
        return dataclasses.replace(inputs, **parts)
