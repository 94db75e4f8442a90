"""Endpoints of a SavedModel whose weights are stored in 16 bits, half of the file."""

import functools

import keras
import numpy as np
import tensorflow as tf
from keras import ops


def stored_in_half(endpoints, weights):
    """The same endpoints on float16 copies of the weights, computing in float32.

    Args:
        endpoints: Dict from name to `(function, list of tf.TensorSpec)`.
        weights: List of the `keras.Variable`s that the functions may use; those of
            float32 are copied, as far as a function uses them.

    Returns:
        Dict like `endpoints`.

    Raises:
        ValueError: If a weight is beyond the range of float16, 65,504.
    """
    copies = {}

    def in_half(function, signature):
        traced = tf.function(function, input_signature=signature)
        used = {id(v) for v in traced.get_concrete_function().variables}
        mine = [w for w in weights if id(w.value) in used and w.dtype == "float32"]
        for weight in mine:
            if id(weight) not in copies:
                copies[id(weight)] = _copy(weight)

        @functools.wraps(function)  # for the names of its arguments
        def widened(*args, **kwargs):
            values = [(w, ops.cast(copies[id(w)], "float32")) for w in mine]
            with keras.StatelessScope(state_mapping=values):
                return function(*args, **kwargs)

        return widened, signature

    return {name: in_half(*endpoint) for name, endpoint in endpoints.items()}


def _copy(weight):
    value = weight.numpy()
    largest = np.abs(value).max(initial=0.0)
    if not largest <= np.finfo("float16").max:
        raise ValueError(
            f"The weight {weight.path} has values up to {largest:.3g}; expected at "
            "most 65,504, which is what 16 bits hold. Export it in 32."
        )
    return keras.Variable(value.astype("float16"), dtype="float16", trainable=False)
