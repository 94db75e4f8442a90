"""Samples beside what they are judged against, and what a metric asks of them."""

import dataclasses
from collections.abc import Callable

import numpy as np

from kerasgen.evaluation.metric_names import metric_name
from kerasgen.evaluation.reference import ImageFeatures

_CALLED = {
    "samples": "samples",
    "train": "training images",
    "binned": "training images for bins",
}


@dataclasses.dataclass(eq=False)
class SampleInputs:
    """Samples and what they are judged against.

    Args:
        samples: `ImageFeatures` of the samples, or None where codes alone are judged.
        test: `ImageFeatures` of the test images, or of others to judge against.
        train: `ImageFeatures` of the training images, or None if none are known.
        binned: `ImageFeatures` of those that NDB cuts into bins, or None.
        requested: int array, the classes that the samples were asked for, or None.
    """

    samples: ImageFeatures | None
    test: ImageFeatures
    train: ImageFeatures | None
    binned: ImageFeatures | None
    requested: np.ndarray | None

    @property
    def num_classes(self):
        return self.samples.extractor.num_classes


@dataclasses.dataclass(frozen=True)
class SampleMetric:
    """One entry of `SAMPLE_METRICS`.

    Args:
        outputs: The bases of the names of the numbers it gives.
        compute: Function of a `SampleInputs` that returns these numbers.
        space: `"features"` or `"pixels"`.
        against: `"test"`, `"train"`, `"binned"` or None: what of the inputs the samples
            are compared with.
        minimum: int, least number of samples, and of images compared with.
        needs: `"classes"` where the classifier must know the dataset's classes,
            `"requested"` where the samples must have been asked for by class.
    """

    outputs: tuple[str, ...]
    compute: Callable
    space: str = "features"
    against: str | None = None
    minimum: int = 2
    needs: tuple[str, ...] = ()

    def names(self, inputs):
        """The full names of the numbers, protocol and all."""
        extractor = inputs.samples.extractor.name
        space = extractor if self.space == "features" else self.space
        against = []
        if self.against:
            part = getattr(inputs, self.against)
            against = [("train", 0) if part is None else (part.split, part.count)]
        return [
            metric_name(base, space, inputs.samples.count, against)
            for base in self.outputs
        ]

    def obstacle(self, inputs):
        """Why the metric cannot be computed, or None."""
        extractor = inputs.samples.extractor
        if self.against and getattr(inputs, self.against) is None:
            return "no training images were given"
        if "classes" in self.needs and inputs.num_classes is None:
            return f"{extractor.name} does not know the classes of the dataset"
        if "requested" in self.needs and inputs.requested is None:
            return "the samples were not asked for by class"
        for part in filter(None, (self.against, "samples")):
            found = getattr(inputs, part)
            count = len(found.images)
            if count < self.minimum:
                called = _CALLED.get(part, f"{found.split} images")
                return f"{self.minimum} {called} are needed, {count} came"
        return None

    def values(self, inputs):
        """The numbers, by name."""
        found = self.compute(inputs)
        found = found if isinstance(found, tuple) else (found,)
        return dict(zip(self.names(inputs), found, strict=True))
