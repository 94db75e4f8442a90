"""The slope of a judge at its inputs, for penalties that descend it."""

from collections.abc import Callable

import tensorflow as tf


def input_gradient(function: Callable, inputs: tf.Tensor) -> tf.Tensor:
    """Gradient of each example's score by that example, itself differentiable.

    The gradient of the sum of all scores: an example's own gradient as long as no score
    depends on other examples, which batch normalisation in training breaks. A penalty
    on it can be descended within `descend`, since the tape around this one records how
    the gradient was found.

    Args:
        function: From a batch of inputs to scores of shape `(batch,)`.
        inputs: Tensor of shape `(batch, ...)`, floating.

    Returns:
        float32 tensor of the shape of `inputs`.

    Example:

    >>> import tensorflow as tf
    >>> from kerasgen.training import input_gradient
    >>> input_gradient(lambda x: tf.reduce_sum(x**2, axis=1), tf.ones((1, 2))).numpy()
    array([[2., 2.]], dtype=float32)
    """
    return scores_and_gradient(function, inputs)[1]


def scores_and_gradient(
    function: Callable, inputs: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Scores of a batch, and their `input_gradient`, from one pass of the function.

    Args:
        function: From a batch of inputs to scores of shape `(batch,)`.
        inputs: Tensor of shape `(batch, ...)`, floating.

    Returns:
        What the function returned, and a float32 tensor of the shape of `inputs`.
    """
    inputs = tf.convert_to_tensor(inputs)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        scores = function(inputs)
        total = tf.reduce_sum(tf.cast(scores, tf.float32))
    return scores, tf.cast(tape.gradient(total, inputs), tf.float32)
