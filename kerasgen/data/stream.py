"""Images that are read as they are due: folders of pictures and TFRecord files.

The order is that of `batches`: each pass is a permutation of all images, derived from
the seed and the number of the pass, so that a training that goes on sees what it would
have seen. In memory are a path or 24 bytes for each image, and a few batches.
"""

import os
import pathlib
from collections.abc import Sequence

import tensorflow as tf

from kerasgen.data import own_images
from kerasgen.data import pipeline
from kerasgen.data.arrays import check_integer
from kerasgen.data.stored_sources import PictureFiles
from kerasgen.data.stored_sources import RecordImages
from kerasgen.data.stored_sources import find_records
from kerasgen.files import PathLike
from kerasgen.files import user_path


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
    dataset = rows.map(read, num_parallel_calls=pipeline.READERS, deterministic=True)
    dataset = dataset.prefetch(2).with_options(pipeline.without_tuning())
    dataset.begin_at = rows.begin_at  # for a training that goes on
    dataset.counts_passes = True  # `fit` must not draw a batch to look at it
    return dataset


def _open(source, image_shape, image_key, label_key):
    given = [] if image_shape is None else [tuple(image_shape)]
    if isinstance(source, (str, os.PathLike)):
        path = user_path(source)
        found = find_records(path) if path.is_dir() else [path]
        if path.is_dir() and not found:
            return PictureFiles(*own_images.list_folder(path), *given)
    else:
        found = [user_path(each) for each in source]
    missing = [path for path in found if not pathlib.Path(path).is_file()]
    if missing or not found:
        raise ValueError(
            f"Got {missing[0] if missing else 'an empty list of files'}; expected a "
            "folder of pictures, or TFRecord files. Look for a slip in the path."
        )
    return RecordImages(found, *given, image_key=image_key, label_key=label_key)
