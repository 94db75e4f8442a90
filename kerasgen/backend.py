"""Keras on TensorFlow, which the package stands on; imported before all else."""

import os
import sys
import tempfile

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


def _import_tensorflow():
    """Imports TensorFlow without what it says of its start, unless that is asked for.

    Its libraries write before any level of logging is set; so the standard error is a
    file meanwhile, which is shown if the import fails. `TF_CPP_MIN_LOG_LEVEL=0` asks.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ or "tensorflow" in sys.modules:
        return
    with tempfile.TemporaryFile() as said:
        try:
            kept = os.dup(2)
        except OSError:  # there is no standard error
            return
        os.dup2(said.fileno(), 2)
        try:
            import tensorflow  # noqa: F401
        except BaseException:
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


# Of a backend that is not installed Keras' own import would fail first.
require(os.environ.get("KERAS_BACKEND", "tensorflow"))

_import_tensorflow()
import keras  # noqa: E402

require(keras.backend.backend())
