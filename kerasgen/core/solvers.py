"""Solvers of differential equations with fixed steps, in a graph as well."""

from collections.abc import Callable

import tensorflow as tf
from keras import ops

SOLVERS = ("euler", "heun")


def integrate(
    slope: Callable,
    x: tf.Tensor,
    first: float,
    last: float,
    *,
    steps: int,
    solver: str,
) -> tf.Tensor:
    """Follow dx/dt = slope(x, t) from one time to another in equal steps.

    Args:
        slope: Function of x and a scalar time that returns a tensor like x.
        x: Where to start at time `first`.
        first: Time of the start.
        last: Time of the end; before `first`, the equation runs backwards.
        steps: Number of steps, positive int.
        solver: "euler", one evaluation in a step and an error of its length, or "heun",
            two and an error of its square.

    Returns:
        x at time `last`.
    """
    length = (last - first) / steps

    def step(index, x):
        time = first + length * ops.cast(index, "float32")
        found = slope(x, time)
        if solver == "euler":
            return x + length * found
        ahead = slope(x + length * found, time + length)
        return x + 0.5 * length * (found + ahead)

    return ops.fori_loop(0, steps, step, x)
