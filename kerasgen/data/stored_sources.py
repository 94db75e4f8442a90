"""Files of images of which any can be read without the others."""

import io
import math
import pathlib
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import tensorflow as tf

from kerasgen.data import own_images
from kerasgen.data import pictures
from kerasgen.data.arrays import check_integer
from kerasgen.data.records import RecordFiles

_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff")
_OF_THE_FIRST = (None, None, None)


class Source(Protocol):
    """A reader of images by their rows."""

    image_shape: tuple[int, int, int]
    has_labels: bool

    def __len__(self) -> int: ...

    def read(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """uint8 images of these rows, and their labels, int32, or none of them."""


class PictureFiles:
    """Picture files, with the number of their folder as label.

    Args:
        paths: Paths of the files.
        labels: int array of as many, or None.
        image_shape: `(height, width, channels)`, to which they are scaled where it is
            square; a None in it is filled from the first.
    """

    def __init__(
        self,
        paths: Sequence[pathlib.Path],
        labels: np.ndarray | None,
        image_shape: Sequence[int | None] = _OF_THE_FIRST,
    ) -> None:
        self.paths, self.labels = paths, labels
        self.has_labels = labels is not None
        self.image_shape = _filled(image_shape, lambda: self.paths[0])

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As of `Source`."""
        pixels = [_decoded(self.paths[row], self.image_shape) for row in rows]
        labels = np.zeros(0, np.int32) if self.labels is None else self.labels[rows]
        return np.stack(pixels), np.asarray(labels, np.int32)


class RecordImages:
    """Images of `tf.train.Example`s in TFRecord files.

    Args:
        paths: Paths of the files.
        image_shape: As for `PictureFiles`; whole where pixels are no PNG or JPEG.
        image_key, label_key: Names of the features.
    """

    def __init__(
        self,
        paths: Sequence[pathlib.Path],
        image_shape: Sequence[int | None] = _OF_THE_FIRST,
        image_key: str = "image",
        label_key: str = "label",
    ) -> None:
        self.records = RecordFiles(paths)
        self.image_key, self.label_key = image_key, label_key
        features = self._features(0)
        self.has_labels = label_key in features
        if self.has_labels:
            self._label(features, 0)  # a wrong kind is told at once
        content = self._content(features, 0)
        if None in image_shape and not content.startswith(_SIGNATURES):
            raise ValueError(
                f"Got records whose {image_key!r} is neither PNG nor JPEG; expected "
                "the shape of its pixels. Pass image_shape=(height, width, channels), "
                "or a dataset's image_size and channels."
            )
        self.image_shape = _filled(image_shape, lambda: io.BytesIO(content))

    def __len__(self) -> int:
        return len(self.records)

    def read(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As of `Source`."""
        found = [self._features(row) for row in rows]
        pixels = [self._pixels(f, row) for f, row in zip(found, rows, strict=True)]
        if not self.has_labels:
            return np.stack(pixels), np.zeros(0, np.int32)
        labels = [self._label(f, row) for f, row in zip(found, rows, strict=True)]
        return np.stack(pixels), np.asarray(labels, np.int32)

    def read_labels(self) -> np.ndarray | None:
        """All labels, int32, for which all files are read once; None without any."""
        if not self.has_labels:
            return None
        rows = range(len(self))
        return np.fromiter((self._label(self._features(r), r) for r in rows), np.int32)

    def _label(self, features, row):
        values = features[self.label_key].int64_list.value
        if len(values) != 1 or not 0 <= values[0] < 2**31:
            raise ValueError(
                f"Got record {row} with {_shown(features[self.label_key])} as "
                f"{self.label_key!r}; expected the number of its class, one int64 of "
                "at least 0. Number the classes."
            )
        return values[0]

    def _content(self, features, row):
        values = features[self.image_key].bytes_list.value
        if len(values) != 1:
            raise ValueError(
                f"Got record {row} with {_shown(features[self.image_key])} as "
                f"{self.image_key!r}; expected the bytes of a PNG, a JPEG or of uint8 "
                "pixels. Write array.tobytes()."
            )
        return values[0]

    def _features(self, row):
        features = tf.train.Example.FromString(self.records[row]).features.feature
        if self.image_key not in features:
            raise ValueError(
                f"Got record {row} with the features {sorted(features)}; expected "
                f"{self.image_key!r}. Pass image_key."
            )
        return features

    def _pixels(self, features, row):
        content = self._content(features, row)
        if content.startswith(_SIGNATURES):
            return _decoded(io.BytesIO(content), self.image_shape, f"record {row}")
        if len(content) != math.prod(self.image_shape):
            raise ValueError(
                f"Got record {row} with {len(content)} bytes of pixels; expected "
                f"{math.prod(self.image_shape)} for image_shape={self.image_shape}. "
                "Pass the shape that was written."
            )
        return np.frombuffer(content, np.uint8).reshape(self.image_shape)


def _shown(feature):
    """Content of a feature of a record, in words."""
    kind = feature.WhichOneof("kind")
    values = getattr(feature, kind).value if kind else []
    if len(values) != 1:
        return f"{len(values)} values of a {kind}" if values else "nothing"
    return str(values[0])[:40]


def find_records(folder: pathlib.Path) -> list[pathlib.Path]:
    """The TFRecord files of a folder: those with `tfrecord` in their names."""
    return sorted(folder.glob("*tfrecord*"))


def open_source(
    path: pathlib.Path, image_size: int | None, channels: int | None
) -> tuple[Source, dict[str, own_images.Part], int | None]:
    """Reader of the images of a folder, rows of its parts, and number of classes.

    Args:
        path: Folder of pictures as `own_images` describes it, or of TFRecord files, or
            with `train` and `test` folders of these.
        image_size, channels: As for `kerasgen.data.fetch`.

    Raises:
        ValueError: If there is nothing of the kind, or it does not fit.
        OSError: If a file cannot be read.
    """
    if channels is not None:
        pictures.check_channels(channels)
    if image_size is not None:
        image_size = check_integer("image_size", image_size, at_least=4)
    if not path.is_dir():
        raise ValueError(
            f"Got stream:{path}, which is no folder; expected one of pictures or of "
            "TFRecord files. Look for a slip in the path."
        )
    folders = {name: path / name for name in ("train", "test")}
    files = {name: find_records(folder) for name, folder in folders.items()}
    if not all(files.values()):
        files = {"all": find_records(path)}
    image_shape = (image_size, image_size, channels)
    if not any(files.values()):
        return _open_pictures(path, image_shape)
    source = RecordImages([one for each in files.values() for one in each], image_shape)
    labels = source.read_labels()
    num_classes = None if labels is None else int(labels.max()) + 1
    # The records of the first part come before those of the second.
    split = np.searchsorted(source.records.file_of, len(next(iter(files.values()))))
    return source, _parts(files, split, len(source), labels), num_classes


def _open_pictures(path, image_shape):
    found, names = own_images.list_parts(path)
    paths = [one for part in found.values() for one in part.images]
    labels = None
    if names:
        labels = np.concatenate([part.labels for part in found.values()])
    source = PictureFiles(paths, labels, image_shape)
    split = len(next(iter(found.values())).images)
    return source, _parts(found, split, len(paths), labels), names and len(names)


def _parts(names, split, num, labels):
    """`own_images.Part`s of the rows of a source, cut at `split` if there are two."""
    rows = np.split(np.arange(num), [split])
    return {
        name: own_images.Part(each, None if labels is None else labels[each])
        for name, each in zip(names, rows, strict=False)
    }


def _filled(image_shape, first):
    """A shape with what is None in it filled from the first picture."""
    height, width, channels = image_shape
    channels = channels or pictures.count_channels([first()])
    if height is None:
        height, width, _ = pictures.read_picture(first(), channels).shape
    return height, width, channels


def _decoded(file, image_shape, name=None):
    height, width, channels = image_shape
    size = height if height == width else None
    pixels = pictures.read_picture(file, channels, size)
    if pixels.shape != image_shape:
        raise ValueError(
            f"Got {name or file} of shape {pixels.shape}; expected {image_shape}. Pass "
            "a square image_shape, to which pictures are scaled."
        )
    return pixels
