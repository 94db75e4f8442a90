"""A Keras 3 model zoo of GANs and VAEs, and the comparison that goes with it."""

import importlib

from kerasgen import backend  # first: it refuses what Keras cannot train on
from kerasgen import data
from kerasgen import export
from kerasgen import models
from kerasgen.core.base import GenerativeModel
from kerasgen.core.registry import list_models
from kerasgen.core.registry import model_class

# Every model is a public name; the list of them is that of `kerasgen.models`.
globals().update({each.__name__: each for each in map(model_class, list_models())})

_LOADED_WHEN_USED = ("callbacks", "evaluation", "features", "metrics", "study")


def __getattr__(name):
    """Judging needs SciPy and scikit-learn, which training does without (PEP 562)."""
    if name == "evaluate":
        return importlib.import_module("kerasgen.evaluation").evaluate
    if name in _LOADED_WHEN_USED:
        return importlib.import_module(f"kerasgen.{name}")
    raise AttributeError(f"module 'kerasgen' has no attribute '{name}'")


def __dir__():
    own = {name for name in globals() if name.startswith("__") or name[0] != "_"}
    return sorted({*own, *_LOADED_WHEN_USED, "evaluate"} - {"importlib"})
