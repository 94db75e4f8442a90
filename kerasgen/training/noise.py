"""Random numbers that are the same eagerly, in a graph and in a SavedModel.

A function compiled by XLA draws other numbers from the same seed: XLA has its own
Philox stream. Within one of the two, equal seeds give equal numbers. Where replicas
share a batch, the numbers are those of the whole batch, of which each takes its rows.
"""

import tensorflow as tf

from kerasgen import replicas


def normal(shape, seed):
    """Standard normal numbers that depend on `seed` alone.

    The generator is named because the default one depends on the device.

    Args:
        shape: Shape, a tuple or an int tensor.
        seed: Two integers: an int32 tensor of shape `(2,)` or a pair.

    Returns:
        float32 tensor of the given shape.
    """
    seed = tf.cast(seed, tf.int32)
    return replicas.draw(
        lambda shape: tf.random.stateless_normal(shape, seed, alg="philox"), shape
    )


def sampling_seed(seed):
    """The seed of `model.sample(seed=seed)`: a stream that training never draws from.

    Args:
        seed: Integer, or an int32 scalar tensor.

    Returns:
        int32 tensor of shape `(2,)`.
    """
    return tf.stack([tf.cast(seed, tf.int32), -1])


def next_seed(generator):
    """Draws the next seed from a `keras.random.SeedGenerator`.

    Args:
        generator: `keras.random.SeedGenerator`; its state advances by one.

    Returns:
        int32 tensor of shape `(2,)`.
    """
    return tf.cast(tf.convert_to_tensor(generator.next()), tf.int32)


def uniform(shape, seed):
    """Uniform numbers in [0, 1) that depend on `seed` alone.

    Args:
        shape: Shape, a tuple or an int tensor.
        seed: Two integers: an int32 tensor of shape `(2,)` or a pair.

    Returns:
        float32 tensor of the given shape.
    """
    seed = tf.cast(seed, tf.int32)
    return replicas.draw(
        lambda shape: tf.random.stateless_uniform(shape, seed, alg="philox"), shape
    )


def integers(shape, seed, stop):
    """Uniform integers in [0, stop) that depend on `seed` alone.

    Args:
        shape: Shape, a tuple or an int tensor.
        seed: Two integers: an int32 tensor of shape `(2,)` or a pair.
        stop: Number of different integers, positive int.

    Returns:
        int32 tensor of the given shape.
    """
    return tf.cast(tf.floor(uniform(shape, seed) * stop), tf.int32)


def split_seed(seed, num):
    """Seeds of independent streams that depend on `seed` alone.

    Args:
        seed: Two integers: an int32 tensor of shape `(2,)` or a pair.
        num: Number of streams, positive int.

    Returns:
        int32 tensor of shape `(num, 2)`.
    """
    seed = tf.cast(seed, tf.int32)
    return tf.random.stateless_uniform(
        (num, 2), seed, minval=None, maxval=None, dtype=tf.int32, alg="philox"
    )


def normal_of_rows(shape, rows, index):
    """Standard normal numbers for each row, seeded by the bits of its first two values.

    They depend on the row and the index alone, whatever the other rows.

    Args:
        shape: Shape of the numbers of one row, a tuple.
        rows: float32 tensor of shape `(num, at least 2)`.
        index: Number of the draw, an int32 scalar tensor.

    Returns:
        float32 tensor of shape `(num, *shape)`.
    """
    bits = tf.bitcast(rows[:, :2], tf.int32)
    seeds = bits + tf.stack([0, tf.cast(index, tf.int32)])
    return tf.map_fn(
        lambda seed: tf.random.stateless_normal(shape, seed, alg="philox"),
        seeds,
        fn_output_signature=tf.float32,
    )
