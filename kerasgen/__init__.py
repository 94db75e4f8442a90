"""A Keras 3 model zoo of GANs and VAEs, and the comparison that goes with it.

`import kerasgen` registers the models with Keras; what judges them, which needs SciPy
and scikit-learn, is imported when it is used. A command line, `kerasgen …` or
`python -m kerasgen…`, imports nothing beforehand: it reads its flags in a moment.
"""

import pathlib as _pathlib
import re as _re
import sys as _sys

import lazy_loader as _lazy_loader

from kerasgen.quiet_start import quiet_start as _quiet_start

__version__ = "0.2.0"

# Every model is a public name; the list of them is that of `kerasgen.models`.
_MODELS = _re.findall(
    r"^from \S+ import (\w+)$",
    (_pathlib.Path(__file__).parent / "models/__init__.py").read_text("utf-8"),
    _re.MULTILINE,
)
_load, _, __all__ = _lazy_loader.attach(
    __name__,
    submodules=(
        "callbacks",
        "comparisons",
        "data",
        "evaluation",
        "export",
        "features",
        "metrics",
        "models",
        "study",
    ),
    submod_attrs={
        "models": _MODELS,
        "core.presets": ["list_presets"],
        "core.registry": ["list_models"],
        "evaluation": ["evaluate"],
    },
)


def __getattr__(name):
    with _quiet_start():
        return _load(name)


def __dir__():
    return sorted([*__all__, "__version__"])


# During the import of a package by `python -m`, "-m" stands where the script will.
if _pathlib.Path(_sys.argv[0] if _sys.argv else "").stem not in ("kerasgen", "-m"):
    __getattr__("models")
