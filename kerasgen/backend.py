"""Keras on TensorFlow, which the package stands on; imported before all else."""

import os

ADVICE = (
    'Set KERAS_BACKEND=tensorflow, or "backend": "tensorflow" in '
    "~/.keras/keras.json, before Keras is imported."
)


def require(backend: str) -> None:
    """Raises ImportError unless `backend`, as Keras calls it, is TensorFlow."""
    if backend != "tensorflow":
        raise ImportError(
            f"Got the Keras backend {backend!r}; expected 'tensorflow', as training "
            f"steps are written for it. {ADVICE}"
        )


# Of a backend that is not installed Keras' own import would fail first.
require(os.environ.get("KERAS_BACKEND", "tensorflow"))

import keras  # noqa: E402

require(keras.backend.backend())
