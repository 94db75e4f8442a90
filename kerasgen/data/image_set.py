"""What every source of images returns."""

import dataclasses

import numpy as np


# eq=False: comparing arrays with == gives arrays, so a generated __eq__ would raise.
@dataclasses.dataclass(frozen=True, eq=False)
class ImageSet:
    """Labelled images, and where they came from.

    Args:
        name: str, the set's name as asked for: `"mnist"`, `"emnist/letters"`, …
        split: str, the split as asked for: `"train"`, `"test[:10%]"`, …
        images: uint8 array of shape `(n, height, width, channels)`.
        labels: int32 array of shape `(n,)`, in `0 … num_classes - 1`.
        num_classes: int, classes in the whole set, seen in this split or not.
        source: str, where the images were found, for logs and run settings.
    """

    name: str
    split: str
    images: np.ndarray
    labels: np.ndarray
    num_classes: int
    source: str
