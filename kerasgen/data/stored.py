"""Images on disk that act as an array: each is read when its row is asked for.

`stream:<path>` in place of a dataset's name stands for a folder of pictures, as
`own_images` describes it, or of TFRecord files, or with `train` and `test` folders of
them, that is not read whole. Training images stay on disk. Of the test images at most
`MOST_TEST` are read; where none are named, a tenth is held out, at most so many. What
is judged against training images is judged against the first `MOST_TRAIN`, in an order
drawn once.
"""

import numpy as np

from kerasgen.data import own_images
from kerasgen.data.image_set import ImageSet
from kerasgen.data.splits import Split
from kerasgen.data.stored_sources import Source
from kerasgen.data.stored_sources import open_source
from kerasgen.files import user_path

# Images that are held in memory to judge against, and their bytes.
MOST_TEST, MOST_TRAIN = 10_000, 20_000
MOST_BYTES = 2**32


class StoredImages:
    """A part of a source of images, indexed like an array of them.

    Args:
        source: What reads them.
        rows: int array, rows of the source; default: all, in its order.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, source: Source, rows: np.ndarray | None = None) -> None:
        self.source = source
        self.rows = np.arange(len(source)) if rows is None else rows

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """`(n, height, width, channels)`."""
        return (len(self), *self.source.image_shape)

    def __getitem__(self, index: slice | np.ndarray) -> np.ndarray:
        """The images of these rows, read now."""
        return self.source.read(self.rows[index])[0]

    def take(self, index: slice | np.ndarray) -> "StoredImages":
        """Those of these rows, to be read later."""
        return StoredImages(self.source, self.rows[index])


def in_memory(
    images: np.ndarray | StoredImages,
    labels: np.ndarray | None,
    most: int = MOST_TRAIN,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Images and labels to judge against: of stored images the first `most`.

    Raises:
        ValueError: If these would take more than `MOST_BYTES`.
    """
    if not isinstance(images, StoredImages):
        return images, labels
    images = images.take(slice(most))
    num_bytes = np.prod(images.shape, dtype=np.int64)
    if num_bytes > MOST_BYTES:
        size = "x".join(map(str, images.shape[1:]))
        raise ValueError(
            f"Got images of {size}, of which {len(images):,} to judge against take "
            f"{num_bytes / 2**30:.1f} GB of memory; expected at most "
            f"{MOST_BYTES / 2**30:.0f}. Pass a smaller image_size."
        )
    return images[:], None if labels is None else labels[:most]


def read(
    name: str,
    split: Split,
    image_size: int | None = None,
    channels: int | None = None,
) -> ImageSet:
    """Finds images that are to stay on disk.

    Args:
        name: `stream:<path>`.
        split: `Split` of "train", "test" or "all".
        image_size, channels: As for `kerasgen.data.fetch`; without them images have
            the size and the channels of the first.

    Returns:
        An `ImageSet` of `StoredImages`; of "test", of an array.

    Raises:
        ValueError: If there is nothing of the kind at the path, test images would take
            too much memory, or files or arguments do not fit.
    """
    split.check(own_images.SPLITS)
    path = user_path(name.removeprefix(own_images.STREAM))
    try:
        source, parts, num_classes = open_source(path, image_size, channels)
        rows, labels = own_images.chosen(parts, split, path, most_test=MOST_TEST)
        images = StoredImages(source, rows)
        if split.base == "test":
            images, labels = in_memory(images, labels, MOST_TEST)
    except OSError as error:
        raise ValueError(
            f"Got {path}, which cannot be read ({error}); expected a folder of PNG or "
            "JPEG pictures or of TFRecord files. Repair or remove the file."
        ) from error
    text = f"{path}, {split.base} images, streamed"
    name = own_images.folder_name(str(path.resolve()))
    return ImageSet(name, split.text, images, labels, num_classes, text, is_own=True)
