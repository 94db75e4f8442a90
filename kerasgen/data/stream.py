"""Images that are read as they are due: folders of pictures and TFRecord files.

The order is that of `batches`: each pass is a permutation of all images, derived from
the seed and the number of the pass, so that a training that goes on sees what it would
have seen. In memory are a path or 24 bytes for each image, and a few batches.
"""

import io
import math
import os
import pathlib
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from PIL import Image

from kerasgen.data import own_images
from kerasgen.data import pictures
from kerasgen.data import pipeline
from kerasgen.data.arrays import check_integer
from kerasgen.data.records import RecordFiles
from kerasgen.files import PathLike
from kerasgen.files import user_path

_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff")
_READERS = 4  # batches that are read at the same time


def stream(
    source: PathLike | Sequence[PathLike],
    *,
    batch_size: int,
    image_shape: tuple[int, int, int] | None = None,
    image_key: str = "image",
    label_key: str = "label",
    shuffle: bool = True,
    seed: int = 0,
    drop_remainder: bool = True,
    initial_epoch: int = 0,
) -> tf.data.Dataset:
    """Makes a dataset of batches from images on disk, of whatever number.

    Args:
        source: Folder of PNG or JPEG pictures, or with a subfolder of them for each
            class; or a TFRecord file, a list of them, or a folder of files with
            `tfrecord` in their names, uncompressed, of `tf.train.Example`.
        batch_size: int, images per batch, at least 1.
        image_shape: `(height, width, channels)`; default that of the first image, grey
            or in colour as it is. Pictures are scaled to it where it is square; pixels
            that are no PNG or JPEG, but bytes in a record, need it.
        image_key, label_key: str, names of the features of a record.
        shuffle, seed, drop_remainder, initial_epoch: as for `batches`.

    Returns:
        A `tf.data.Dataset` of known cardinality, as from `batches`, of images or of
        pairs where there are labels.

    Raises:
        ValueError: if there are no images, fewer than one batch, or an argument is not
            as described. An image that does not fit is named when it is due.
        OSError: if the source cannot be read.

    Example:

    >>> dataset = kerasgen.data.stream("pictures", batch_size=64)  # doctest: +SKIP
    >>> kerasgen.DCGAN(image_shape=(64, 64, 3)).fit(dataset)  # doctest: +SKIP
    """
    check_integer("batch_size", batch_size, at_least=1)
    check_integer("initial_epoch", initial_epoch, at_least=0)
    images = _open(source, image_shape, image_key, label_key)
    if drop_remainder and len(images) < batch_size:
        raise ValueError(
            f"Got {len(images)} images, fewer than one batch of {batch_size}; expected "
            f"at least one batch. Pass batch_size={len(images)} or less, or "
            "drop_remainder=False."
        )
    order = (
        (check_integer("seed", seed, at_least=-(2**63)), initial_epoch)
        if shuffle
        else None
    )

    def read(rows):
        pixels, labels = tf.numpy_function(images.read, [rows], [tf.uint8, tf.int32])
        pixels = tf.ensure_shape(pixels, (*rows.shape, *images.image_shape))
        pixels = tf.cast(pixels, tf.float32) / 255.0
        if not images.has_labels:
            return pixels
        return pixels, tf.ensure_shape(labels, rows.shape)

    rows = pipeline.rows_in_order(len(images), batch_size, order, drop_remainder)
    dataset = rows.map(read, num_parallel_calls=_READERS, deterministic=True)
    dataset = dataset.prefetch(2).with_options(pipeline.without_tuning())
    dataset.counts_passes = True  # `fit` must not draw a batch to look at it
    return dataset


class _Pictures:
    """Picture files, with the number of their folder as label."""

    def __init__(self, folder, image_shape):
        self.paths, self.labels = own_images.list_folder(folder)
        self.has_labels = self.labels is not None
        channels = pictures.count_channels(self.paths[:1])
        first = pictures.read_picture(self.paths[0], channels)
        self.image_shape = tuple(image_shape or first.shape)

    def __len__(self):
        return len(self.paths)

    def read(self, rows):
        pixels = [_decoded(self.paths[row], self.image_shape) for row in rows]
        labels = self.labels[rows] if self.has_labels else np.zeros(0, np.int32)
        return np.stack(pixels), np.asarray(labels, np.int32)


class _Records:
    """Examples in TFRecord files."""

    def __init__(self, paths, image_shape, image_key, label_key):
        self.records = RecordFiles(paths)
        self.image_key, self.label_key = image_key, label_key
        features = self._features(0)
        self.has_labels = label_key in features
        content = features[image_key].bytes_list.value[0]
        if image_shape is None:
            if not content.startswith(_SIGNATURES):
                raise ValueError(
                    f"Got records whose {image_key!r} is neither PNG nor JPEG; "
                    "expected the shape of its pixels. Pass image_shape=(height, "
                    "width, channels)."
                )
            with Image.open(io.BytesIO(content)) as picture:
                grey = len(picture.getbands()) == 1 and picture.mode != "P"
            channels = 1 if grey else 3
            image_shape = pictures.read_picture(io.BytesIO(content), channels).shape
        self.image_shape = tuple(image_shape)

    def __len__(self):
        return len(self.records)

    def read(self, rows):
        found = [self._features(row) for row in rows]
        pixels = [self._pixels(f, row) for f, row in zip(found, rows, strict=True)]
        labels = []
        if self.has_labels:
            labels = [f[self.label_key].int64_list.value[0] for f in found]
        return np.stack(pixels), np.asarray(labels, np.int32)

    def _features(self, row):
        features = tf.train.Example.FromString(self.records[row]).features.feature
        if self.image_key not in features:
            raise ValueError(
                f"Got record {row} with the features {sorted(features)}; expected "
                f"{self.image_key!r}. Pass image_key."
            )
        return features

    def _pixels(self, features, row):
        content = features[self.image_key].bytes_list.value[0]
        if content.startswith(_SIGNATURES):
            return _decoded(io.BytesIO(content), self.image_shape, f"record {row}")
        if len(content) != math.prod(self.image_shape):
            raise ValueError(
                f"Got record {row} with {len(content)} bytes of pixels; expected "
                f"{math.prod(self.image_shape)} for image_shape={self.image_shape}. "
                "Pass the shape that was written."
            )
        return np.frombuffer(content, np.uint8).reshape(self.image_shape)


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


def _open(source, image_shape, image_key, label_key):
    if isinstance(source, (str, os.PathLike)):
        path = user_path(source)
        found = sorted(path.glob("*tfrecord*")) if path.is_dir() else [path]
        if path.is_dir() and not found:
            return _Pictures(path, image_shape)
    else:
        found = [user_path(each) for each in source]
    missing = [path for path in found if not pathlib.Path(path).is_file()]
    if missing or not found:
        raise ValueError(
            f"Got {missing[0] if missing else 'an empty list of files'}; expected a "
            "folder of pictures, or TFRecord files. Look for a slip in the path."
        )
    return _Records(found, image_shape, image_key, label_key)
