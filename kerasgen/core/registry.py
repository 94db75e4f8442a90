"""The registry of models: every list, table and figure of the package reads it."""

import difflib
import importlib

import keras

FAMILIES = ("gan", "vae", "hybrid", "flow", "diffusion")
# Package whose import registers the models of the zoo: at the first question, so that
# nothing has to import them all beforehand.
ZOO = "kerasgen.models"
_MODELS = {}


def register(*, family, references, name=None):
    """Class decorator that makes a model known to Keras and to all of kerasgen.

    Args:
        family: "gan", "vae", "hybrid" (a game and an encoder), "flow" or
            "diffusion".
        references: List of `Reference`s, the paper that the model is named after first.
        name: Name of the model in files and flags; default the name of its module,
            such as "dcgan".

    Raises:
        ValueError: If the family is unknown, there is no reference, or the name or that
            of the class, by which tables and files know it, is taken by another.
    """
    if family not in FAMILIES:
        raise ValueError(f"Got family={family!r}; expected one of {FAMILIES}.")
    if not references:
        raise ValueError("Got no references; expected the model's paper at least.")

    def decorate(cls):
        key = name or cls.__module__.rpartition(".")[2]
        known = _MODELS.get(key)
        if known is not None and known.__qualname__ != cls.__qualname__:
            raise ValueError(
                f"Got the name {key!r} for {cls.__name__}; it is taken by "
                f"{known.__name__}. Pass another name to register."
            )
        twins = [k for k, c in _MODELS.items() if c.__name__ == cls.__name__]
        if twins not in ([], [key]):
            raise ValueError(
                f"Got a class {cls.__name__} for {key!r}; {twins[0]!r} is a class of "
                "that name, by which tables and files know it. Rename the class."
            )
        cls.key, cls.family, cls.references = key, family, tuple(references)
        _MODELS[key] = cls
        return keras.saving.register_keras_serializable("kerasgen")(cls)

    return decorate


def unregister(name):
    """Forget a model, so that a test or a notebook can define it anew."""
    _MODELS.pop(name, None)


def list_models(family=None):
    """Names of all models, in the order of their registration.

    Args:
        family: One of "gan", "vae", "hybrid", "flow", "diffusion", or None for all.

    Returns:
        List of names such as "dcgan", which flags, folders and `model_class` take.

    Raises:
        ValueError: If the family is unknown.
    """
    if family is not None and family not in FAMILIES:
        raise ValueError(f"Got family={family!r}; expected one of {FAMILIES} or None.")
    importlib.import_module(ZOO)
    return [key for key, cls in _MODELS.items() if family in (None, cls.family)]


def model_class(name):
    """Class of a model.

    Args:
        name: One of `list_models()`.

    Raises:
        ValueError: If there is none of that name; it says the nearest.
    """
    importlib.import_module(ZOO)
    if name in _MODELS:
        return _MODELS[name]
    near = difflib.get_close_matches(str(name).lower(), _MODELS, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    known = ", ".join(_MODELS)
    raise ValueError(f"Got model {name!r}; expected one of {known}.{hint}")
