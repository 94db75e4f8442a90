"""From arrays to a `tf.data.Dataset` of batches, in an order that can be resumed.

The images stay as they come (uint8: a quarter of the room; memory-mapped: on disk),
and each batch is one gather, one cast and one division.

Every pass over a shuffled dataset, that is every `iter(dataset)` of which a first batch
is drawn, has its own order: the stable argsort of Philox bits keyed by the seed and the
number of the pass. Passes are counted by the dataset itself, from `initial_epoch` on.
So the order is the same in any process, and training that goes on at epoch 7 with
`initial_epoch=7` sees the batches that it would have seen had it never stopped.
`model.fit` makes one pass per epoch. Looking at a batch beforehand is a pass, too.
"""

import uuid

import numpy as np
import tensorflow as tf

from kerasgen import inputs
from kerasgen.data.arrays import check_integer
from kerasgen.data.sources import fetch
from kerasgen.data.stored import StoredImages
from kerasgen.files import PathLike

# Orders count down from here: a model of the same seed draws its noise from the numbers
# above, and its samples from -1.
FIRST_ORDER = -2

# TensorFlow's copy of an array takes twice its bytes on top of it. Up to this many the
# copy is made, as its gather needs no Python; larger and memory-mapped arrays stay
# where they are.
_COPIED_BYTES = 2**28
READERS = 4  # batches of images on disk that are read at the same time


def load(
    name: PathLike = "mnist",
    split: str = "train",
    *,
    batch_size: int = 64,
    data_dir: PathLike | None = None,
    image_size: int | None = None,
    channels: int | None = None,
    shuffle: bool = True,
    seed: int | None = 0,
    drop_remainder: bool = True,
    initial_epoch: int = 0,
) -> tf.data.Dataset:
    """Finds a set of images, as a dataset of batches ready for `fit`.

    Args:
        name, split, data_dir, image_size, channels: as for `kerasgen.data.fetch`.
        batch_size, shuffle, seed, drop_remainder, initial_epoch: as for `batches`.

    Returns:
        A `tf.data.Dataset` as from `batches`, of images with labels where there are
        any.

    Raises:
        ValueError: if an argument is not as described, or `data_dir` is of no use.
        RuntimeError: if the images cannot be had from anywhere.

    Example:

    >>> mnist = kerasgen.data.load("mnist", batch_size=128)
    >>> kerasgen.DCGAN().fit(mnist, epochs=100)
    """
    found = fetch(
        name, split, data_dir=data_dir, image_size=image_size, channels=channels
    )
    return batches(
        found.images,
        found.labels,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        drop_remainder=drop_remainder,
        initial_epoch=initial_epoch,
    )


def batches(
    images: np.ndarray | StoredImages,
    labels: np.ndarray | None = None,
    *,
    batch_size: int,
    shuffle: bool = True,
    seed: int | None = 0,
    drop_remainder: bool = True,
    initial_epoch: int = 0,
) -> tf.data.Dataset:
    """Makes a dataset of batches from images in memory.

    Args:
        images: array of shape `(n, height, width, channels)`: uint8, or floating
            point in [0, 1]. Of a memory-mapped one, and of `StoredImages`, each batch
            is read as it is due.
        labels: integer array of shape `(n,)`, each at least 0; default None.
        batch_size: int, images per batch, at least 1.
        shuffle: bool, whether each pass has an order of its own (default) or all keep
            the order of the arrays.
        seed: int, what the orders are derived from, together with the pass's number.
        drop_remainder: bool, whether to leave out the images after the last full batch
            (default; with `shuffle`, others in each pass) or to give a smaller batch.
        initial_epoch: int, number of the first pass: the epochs trained so far.

    Returns:
        A `tf.data.Dataset` of known cardinality. Its elements are float32 images in
        [0, 1] of shape `(batch, height, width, channels)`, or pairs of these and int32
        labels of shape `(batch,)`.

    Raises:
        ValueError: if an argument is not as described, or the images do not fill one
            batch and `drop_remainder` is set.

    Example:

    >>> images = np.zeros((100, 28, 28, 1), "uint8")
    >>> dataset = kerasgen.data.batches(images, batch_size=10)
    >>> int(dataset.cardinality())
    10
    """
    batch_size = check_integer("batch_size", batch_size, at_least=1)
    initial_epoch = check_integer("initial_epoch", initial_epoch, at_least=0)
    seed = check_integer("seed", seed, at_least=-(2**63))
    if not isinstance(images, StoredImages):
        images = inputs.check_images(images)
    if labels is not None:
        labels = inputs.check_labels(labels, len(images))
    num_images = len(images)
    if drop_remainder and num_images < batch_size:
        raise ValueError(
            f"Got {num_images} images, fewer than one batch of {batch_size}; expected "
            f"at least one batch. Pass batch_size={num_images} or less, or "
            "drop_remainder=False."
        )
    order = (seed, initial_epoch) if shuffle else None
    return stream_arrays(images, labels, batch_size, order, drop_remainder)


def stream_arrays(
    images: np.ndarray | StoredImages,
    labels: np.ndarray | None,
    batch_size: int,
    order,
    drop_remainder: bool,
) -> tf.data.Dataset:
    """Makes a dataset of batches from arrays that are known to be right.

    Args:
        images, labels, batch_size, drop_remainder: as for `batches`.
        order: `(seed, initial_epoch)` as for `batches`, or None for the arrays' order.

    Returns:
        As from `batches`.
    """
    arrays = [images] if labels is None else [images, labels]
    # tf.data works on the CPU, so that is where its tensors have to be.
    with tf.device("CPU:0"):
        gathers = [_gather(array) for array in arrays]

    def batch(row):
        images, *labels = (gather(row) for gather in gathers)
        if images.dtype == tf.uint8:
            images = tf.cast(images, tf.float32) / 255.0
        else:
            images = tf.cast(images, tf.float32)
        return (images, *labels) if labels else images

    rows = rows_in_order(len(images), batch_size, order, drop_remainder)
    readers = READERS if isinstance(images, StoredImages) else None
    dataset = rows.map(batch, num_parallel_calls=readers)
    dataset = dataset.prefetch(2).with_options(without_tuning())
    dataset.is_checked = True  # `fit` need not draw a batch to look at it
    dataset.begin_at = rows.begin_at
    return dataset


def _gather(array):
    """A function from row numbers to rows, in the graph."""
    on_disk = isinstance(array, np.memmap | StoredImages)
    if not on_disk and array.nbytes <= _COPIED_BYTES:
        tensor = tf.constant(array)
        return lambda rows: tf.gather(tensor, rows)

    native = np.dtype(array.dtype).newbyteorder("=")  # TensorFlow reads no other order

    def gather(rows):
        found = tf.numpy_function(
            lambda index: np.asarray(array[index], dtype=native), [rows], native
        )
        return tf.ensure_shape(found, (*rows.shape, *array.shape[1:]))

    return gather


def without_tuning() -> tf.data.Options:
    """Options that leave the pipeline as it was written.

    There is nothing to tune in it, and the thread that would try sleeps for 10, 20, 40
    … milliseconds, up to a minute, while the end of a pass waits for it to wake: an
    epoch of 1.6 seconds took 2.6.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return options


def rows_in_order(
    num_images: int, batch_size: int, order, drop_remainder: bool
) -> tf.data.Dataset:
    """Makes a dataset of batches of row numbers, pass after pass.

    Args:
        num_images: Number of all rows.
        batch_size, order, drop_remainder: as for `stream_arrays`.

    Returns:
        A `tf.data.Dataset` of int64 tensors of shape `(batch,)`, of known cardinality.
    """
    num_used = num_images - num_images % batch_size if drop_remainder else num_images
    if order is not None:
        with tf.device("CPU:0"):
            order = _Orders(num_images, *order)
    num_batches = -(-num_used // batch_size)
    static_size = batch_size if num_used % batch_size == 0 else None

    def one_pass(_):
        rows = tf.range(num_used, dtype=tf.int64) if order is None else order()
        firsts = tf.data.Dataset.range(0, num_used, batch_size)
        return firsts.map(
            lambda first: tf.ensure_shape(
                rows[first : tf.minimum(first + batch_size, num_used)], [static_size]
            )
        )

    passes = tf.data.Dataset.from_tensors(0).flat_map(one_pass)
    # Of an unknown number of batches, Keras would train one more than there are.
    passes = passes.apply(tf.data.experimental.assert_cardinality(num_batches))
    passes.begin_at = None if order is None else order.begin_at
    return passes


class _Orders:
    """The orders of pass after pass, which it counts.

    The counter is a bare resource, not a `tf.Variable`: within the scope of a
    distribution strategy that would become one copy per device, and tf.data can use
    only one on the CPU.
    """

    def __init__(self, num_images, seed, initial_epoch):
        self.num_images = num_images
        self.seed = seed
        self.counter = tf.raw_ops.VarHandleOp(
            dtype=tf.int64, shape=[], shared_name=f"kerasgen_passes_{uuid.uuid4()}"
        )
        self.begin_at(initial_epoch)

    def begin_at(self, epoch):
        """The next pass is that of this epoch."""
        value = tf.constant(epoch, tf.int64)
        tf.raw_ops.AssignVariableOp(resource=self.counter, value=value)

    def __call__(self):
        epoch = tf.raw_ops.ReadVariableOp(resource=self.counter, dtype=tf.int64)
        one = tf.constant(1, tf.int64)
        tf.raw_ops.AssignAddVariableOp(resource=self.counter, value=one)
        bits = tf.random.stateless_uniform(
            [self.num_images],
            seed=tf.stack([tf.constant(self.seed, tf.int64), FIRST_ORDER - epoch]),
            minval=None,
            maxval=None,
            dtype=tf.int64,
            alg="philox",  # the same numbers on every device and in every release
        )
        return tf.cast(tf.argsort(bits, stable=True), tf.int64)
