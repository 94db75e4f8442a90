"""Images with their labels, as every source returns them."""

import dataclasses
from typing import Any

import numpy as np


# eq=False: comparing arrays with == gives arrays, so a generated __eq__ would raise.
@dataclasses.dataclass(frozen=True, eq=False)
class ImageSet:
    """Images, labelled or not, and where they came from.

    Args:
        name: str, the set's name as asked for: `"mnist"`, `"emnist/letters"`, …; of
            the user's own images that of their folder or file.
        split: str, the split as asked for: `"train"`, `"test[:10%]"`, …
        images: uint8 array of shape `(n, height, width, channels)`, or
            `kerasgen.data.stored.StoredImages` of images that stay on disk.
        labels: int32 array of shape `(n,)`, in `0 … num_classes - 1`; None where the
            user's own images have none.
        num_classes: int, classes in the whole set, seen in this split or not; None
            without labels.
        source: str, where the images were found, for logs and run settings.
        is_own: bool, whether they are the user's own, which no other has by that name.
    """

    name: str
    split: str
    images: Any
    labels: np.ndarray | None
    num_classes: int | None
    source: str
    is_own: bool = False

    def take(self, rows: slice | np.ndarray) -> "ImageSet":
        """The images of these rows, with their labels where there are any."""
        labels = None if self.labels is None else self.labels[rows]
        is_array = isinstance(self.images, np.ndarray)
        images = self.images[rows] if is_array else self.images.take(rows)
        return dataclasses.replace(self, images=images, labels=labels)
