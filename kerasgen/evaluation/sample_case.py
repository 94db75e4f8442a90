"""Samples beside what they are judged against, and what a metric asks of them."""

import dataclasses
from collections.abc import Callable

import numpy as np

from kerasgen.evaluation.naming import metric_name
from kerasgen.evaluation.reference import Part

_CALLED = {
    "samples": "samples",
    "train": "training images",
    "binned": "training images for bins",
}


@dataclasses.dataclass(eq=False)
class Case:
    """Samples and what they are judged against.

    Args:
        samples: `Part` of the samples, or None where codes alone are judged.
        test: `Part` of the test images, or of others to judge against.
        train: `Part` of the training images, or None if none are known.
        binned: `Part` of those that NDB cuts into bins, or None.
        requested: int array, the classes that the samples were asked for, or None.
    """

    samples: Part | None
    test: Part
    train: Part | None
    binned: Part | None
    requested: np.ndarray | None

    @property
    def num_classes(self):
        return self.samples.extractor.num_classes


@dataclasses.dataclass(frozen=True)
class SampleMetric:
    """One entry of `SAMPLE_METRICS`.

    Args:
        outputs: The bases of the names of the numbers it gives.
        compute: Function of a `Case` that returns these numbers.
        space: `"features"` or `"pixels"`.
        against: `"test"`, `"train"`, `"binned"` or None: what of the case the samples
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

    def names(self, case):
        """The full names of the numbers, protocol and all."""
        extractor = case.samples.extractor.name
        space = extractor if self.space == "features" else self.space
        against = []
        if self.against:
            part = getattr(case, self.against)
            against = [("train", 0) if part is None else (part.split, part.count)]
        return [
            metric_name(base, space, case.samples.count, against)
            for base in self.outputs
        ]

    def obstacle(self, case):
        """Why the metric cannot be computed, or None."""
        extractor = case.samples.extractor
        if self.against and getattr(case, self.against) is None:
            return "no training images were given"
        if "classes" in self.needs and case.num_classes is None:
            return f"{extractor.name} does not know the classes of the dataset"
        if "requested" in self.needs and case.requested is None:
            return "the samples were not asked for by class"
        for part in filter(None, (self.against, "samples")):
            found = getattr(case, part)
            count = len(found.images)
            if count < self.minimum:
                called = _CALLED.get(part, f"{found.split} images")
                return f"{self.minimum} {called} are needed, {count} came"
        return None

    def values(self, case):
        """The numbers, by name."""
        found = self.compute(case)
        found = found if isinstance(found, tuple) else (found,)
        return dict(zip(self.names(case), found, strict=True))
