"""A step that several devices take together, under `tf.distribute.MirroredStrategy`.

Every replica is handed the whole batch and takes its own rows of it. What depends on
the rest of the batch (its mean, its moments, pairs of its examples) is summed over the
replicas first, so that the step is the one that a single device would take. Outside of
`own_rows` all functions here leave their argument as it is.
"""

import contextlib
import threading
import typing

import keras
import tensorflow as tf

_of_thread = threading.local()  # each replica runs in a thread of its own

FEW_IMAGES = "Got a batch of fewer images than replicas"


class Rows(typing.NamedTuple):
    """The rows of a batch that a replica has: the first one, how many, of how many."""

    first: int
    num: int
    total: int


def current() -> Rows | None:
    """Return the rows of this replica, or None where one device takes the step."""
    return getattr(_of_thread, "rows", None)


@contextlib.contextmanager
def own_rows(batch):
    """Give a replica its rows of a batch; within, the functions below know of them.

    Args:
        batch: Structure of tensors whose first axis is that of the examples.

    Yields:
        The same structure of this replica's rows: as many as the other replicas', or
        one less. Example i of the batch is row i - first of its replica.
    """
    context = tf.distribute.get_replica_context()
    number, num_replicas = _number(context), context.num_replicas_in_sync
    first_part = tf.nest.flatten(batch)[0]
    total = first_part.shape[0]
    if total is None:
        total = tf.shape(first_part)[0]
    if isinstance(total, int) and total < num_replicas:
        raise ValueError(_few_images(num_replicas))
    first = total * number // num_replicas
    num = total * (number + 1) // num_replicas - first
    checks = []
    if not isinstance(total, int):
        enough = total >= num_replicas
        checks = [tf.debugging.Assert(enough, [_few_images(num_replicas)])]
    with tf.control_dependencies(checks):
        # What a single batch lacks, such as weights, is None.
        own = tf.nest.map_structure(
            lambda x: None if x is None else x[first : first + num], batch
        )
    _of_thread.rows = Rows(first, num, total)
    try:
        yield own
    finally:
        _of_thread.rows = None


def _number(context):
    number = context.replica_id_in_sync_group
    static = tf.get_static_value(number)
    return number if static is None else int(static)


def _few_images(num_replicas):
    return (
        f"{FEW_IMAGES}; expected at least one image for each of the {num_replicas}. "
        "Choose a batch size that leaves more images for the last batch, or drop it."
    )


def total_sum(x):
    """Return the sum over all replicas of a tensor, or of each in a list.

    It has gradients of any order. A collective operation keeps the shape of its first
    call, so that of `x` must not depend on the size of the batch.
    """
    if current() is None:
        return x
    return tf.distribute.get_replica_context().all_reduce("SUM", x)


def share() -> float:
    """Return this replica's share of the batch: weighted so, means of parts add up."""
    rows = current()
    if rows is None:
        return 1.0
    return tf.cast(rows.num / rows.total, tf.float32)


def whole(x):
    """Return the rows of all replicas, in the order of the batch.

    Args:
        x: Tensor whose first axis is that of this replica's examples, or k times as
            long with k rows for each.
    """
    rows = current()
    if rows is None:
        return x
    each = tf.shape(x)[0] // rows.num

    @tf.custom_gradient
    def gathered(x):
        parts = _merged(lambda parts: tf.concat(parts, axis=0), x)
        return parts, lambda upstream: own(_sum_of_any_shape(upstream), each)

    return gathered(x)


@tf.custom_gradient
def _sum_of_any_shape(x):
    return _merged(tf.add_n, x), _sum_of_any_shape


def _merged(function, x):
    """Apply a function to the list of what all replicas have, once for all of them."""
    return tf.distribute.get_replica_context().merge_call(
        lambda strategy, x: function(strategy.experimental_local_results(x)), args=(x,)
    )


def own(x, rows_of_each: int = 1):
    """Return this replica's rows of a tensor of the whole batch.

    Args:
        x: Tensor whose first axis is that of the whole batch's examples.
        rows_of_each: k, where there are k rows for each example.
    """
    rows = current()
    if rows is None:
        return x
    first = rows.first * rows_of_each
    return x[first : first + rows.num * rows_of_each]


def draw(function, shape):
    """Draw random numbers for the whole batch and return this replica's rows.

    Args:
        function: Function from a shape to a tensor of random numbers.
        shape: Shape, a tuple or an int tensor, whose first number is that of this
            replica's rows, k for each example.
    """
    rows = current()
    if rows is None:
        return function(shape)
    shape = tf.convert_to_tensor(shape)
    each = shape[0] // rows.num
    drawn = function(tf.concat([[rows.total * each], shape[1:]], axis=0))
    static = tf.get_static_value(shape, partial=True)
    drawn.set_shape([None, *static[1:]] if static is not None else drawn.shape)
    return own(drawn, each)


def default_strategy() -> tf.distribute.Strategy:
    """Return the strategy of one device, whatever scope is open."""
    with tf.Graph().as_default():
        return tf.distribute.get_strategy()


def several_replicas(strategy) -> bool:
    """Whether steps under a strategy, or None, are taken by several devices."""
    return strategy is not None and strategy.num_replicas_in_sync > 1


def check_strategy(strategy) -> None:
    """Raise unless a training under a strategy, or None, is that of one device.

    Args:
        strategy: The `tf.distribute.Strategy` in whose scope a model was made, or None.

    Raises:
        ValueError: If it is a strategy of several processes or of parameter servers,
            the scope of another one is open, or `keras.distribution` is in force.
    """
    if tf.distribute.has_strategy() and tf.distribute.get_strategy() is not strategy:
        raise ValueError(
            f"Got the scope of a {type(tf.distribute.get_strategy()).__name__} for a "
            "model that was made outside of it; expected both in one scope. Make the "
            "model within it, or leave the scope."
        )
    known = (tf.distribute.MirroredStrategy, tf.distribute.OneDeviceStrategy)
    several_processes = tf.distribute.MultiWorkerMirroredStrategy
    if strategy is not None and (
        isinstance(strategy, several_processes) or not isinstance(strategy, known)
    ):
        raise ValueError(
            f"Got {type(strategy).__name__}; expected MirroredStrategy over the "
            "devices of one machine: under other strategies batch statistics and noise "
            "would differ from those of one device. Make the model in its scope, or "
            "train one model on each machine."
        )
    distribution = keras.distribution.distribution()
    if distribution is not None:
        raise ValueError(
            f"Got keras.distribution's {type(distribution).__name__}; expected none: "
            "on TensorFlow Keras accepts it and distributes nothing. Make the model in "
            "the scope of a tf.distribute.MirroredStrategy."
        )
