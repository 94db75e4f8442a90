"""Presets: trained models that one line loads, from the package or from a folder.

What a preset holds, and what it leaves out, stands in `preset_files.py`. Those of the
package are listed in `presets/registry.json` by the SHA-256 of their metadata, which
has that of the other files: so each is pinned as a whole.
"""

import difflib
import json
import os
import pathlib

import keras

from kerasgen import files
from kerasgen.core import preset_files
from kerasgen.core.registry import list_models
from kerasgen.core.sampling import SamplingModel

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "presets"
REGISTRY = "registry.json"


class _ClassProperty:
    """A property of the class itself, computed whenever it is asked for."""

    def __init__(self, function):
        self.function = function
        self.__doc__ = function.__doc__

    def __get__(self, instance, owner):
        return self.function(owner)


class PresetModel(SamplingModel):
    """A model that presets are made of. Abstract: `GenerativeModel` says the rest."""

    @_ClassProperty
    def presets(cls):
        """Dict from the name of each preset of this class to its metadata.

        The metadata is a dict with `description`, `dataset`, `epochs`, `parameters`,
        `metrics` by names that carry the protocol, and `licence`, among others.

        Example:

        >>> import kerasgen
        >>> for name, metadata in kerasgen.DCGAN.presets.items():
        ...     print(name, metadata["description"])
        """
        list_models()  # imports the zoo
        known = _family(cls)
        found = {
            name: preset_files.read_metadata(FOLDER / name, pinned)
            for name, pinned in _registry().items()
        }
        return {name: each for name, each in found.items() if each["class"] in known}

    @classmethod
    def from_preset(cls, preset, load_weights=True, dtype=None):
        """A trained model.

        It is compiled with its default optimizers, so that `fit` fine-tunes it. Called
        on `GenerativeModel`, it gives whichever model the preset is.

        Args:
            preset: Name of a preset of the package, one of `presets`; or path of a
                folder that `save_to_preset` wrote.
            load_weights: Whether to load the weights, or to leave them as initialised.
            dtype: Keras dtype policy to compute in; default the global one.

        Returns:
            The model.

        Raises:
            ValueError: If there is no such preset, it is of another class or of one
                that was not imported, a file is missing or damaged, or the dtype is
                unknown.

        Example:

        >>> import kerasgen
        >>> model = kerasgen.DCGAN.from_preset("dcgan_mnist")
        >>> images = model.sample(64, seed=0)
        """
        if dtype is not None:
            dtype = keras.dtype_policies.get(dtype)
        folder, pinned = _find(cls, preset)
        metadata = preset_files.read_metadata(folder, pinned)
        model_class = _class_of(cls, metadata["class"], preset)
        config, weights = (
            preset_files.read(folder, name, metadata["sha256"][name], pinned)
            for name in (preset_files.CONFIG, preset_files.WEIGHTS)
        )
        try:
            arguments = json.loads(config)["config"] | {"dtype": dtype}
            model = model_class.from_config(arguments)
            if load_weights:
                preset_files.load_weights(model, weights)
        except Exception as error:  # a file of another version fails in many ways
            raise ValueError(
                f"The preset in {folder} does not make a {model_class.__name__} of "
                f"this version ({error}). {preset_files.advice(pinned)}"
            ) from error
        return model

    def save_to_preset(self, preset_dir, metadata=None):
        """Saves the model for `from_preset`, small and without what training needs.

        Floats are rounded to 16 bits, and the moving average of the generator takes the
        generator's place; see `preset_files.py`.

        Args:
            preset_dir: Folder to write; an older preset there is replaced, whole.
            metadata: JSON-serialisable dict of what else is known of the model, such
                as `description` and `licence`.

        Raises:
            FileExistsError: If the folder holds something that is no preset.
            ValueError: If a weight is not finite or too large for 16 bits, the metadata
                is no such dict, a network holds Python code, or nothing can be written.

        Example:

        >>> import kerasgen
        >>> model = kerasgen.DCGAN()
        >>> model.save_to_preset("mine", {"description": "Not trained at all."})
        >>> same = kerasgen.DCGAN.from_preset("mine")
        """
        path = files.user_path(preset_dir)
        if path.is_file():
            raise FileExistsError(f"{path} is a file. Save to a folder.")
        is_preset = (path / preset_files.METADATA).exists()
        if path.exists() and not is_preset and any(path.iterdir()):
            raise FileExistsError(
                f"{path} holds files but no preset; it is not replaced. Save to "
                "another folder."
            )
        contents = preset_files.contents(self, {} if metadata is None else metadata)

        def write(folder):
            pathlib.Path(folder).mkdir()
            for name, content in contents.items():
                (pathlib.Path(folder) / name).write_bytes(content)

        files.write_folder(path, write)


def list_presets() -> dict[str, str]:
    """Presets of the package: dict from name to description.

    Example:

    >>> import kerasgen
    >>> for name, description in kerasgen.list_presets().items():
    ...     print(name, description)
    """
    return {
        name: preset_files.read_metadata(FOLDER / name, pinned).get("description", "")
        for name, pinned in _registry().items()
    }


def write_registry(folder=FOLDER):
    """Pins all presets in a folder by the SHA-256 of their metadata.

    Args:
        folder: Folder of the presets; default that of the package.
    """
    folder = files.user_path(folder)
    pinned = {
        path.parent.name: preset_files.sha256(path.read_bytes())
        for path in sorted(folder.glob(f"[!.]*/{preset_files.METADATA}"))
    }
    with files.replacing(folder / REGISTRY) as temporary:
        temporary.write_text(json.dumps(pinned, indent=2) + "\n")


def _registry():
    """Dict from the name of each preset of the package to what pins it."""
    try:
        return dict(json.loads((FOLDER / REGISTRY).read_text()))
    except (OSError, TypeError, ValueError) as error:
        raise ValueError(
            f"The list of presets, {FOLDER / REGISTRY}, cannot be read ({error}). "
            "Install kerasgen anew."
        ) from error


def _find(cls, preset):
    """The folder of a preset, and what its metadata is pinned by, or None."""
    if not isinstance(preset, str | os.PathLike):
        raise ValueError(f"preset={preset!r}; expected a name, or path of a folder.")
    registry = _registry()
    if preset in registry:
        return FOLDER / preset, registry[preset]
    if files.user_path(preset).is_dir():
        return files.user_path(preset), None
    near = difflib.get_close_matches(str(preset), registry, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(
        f"preset={str(preset)!r} is no preset and no folder; {_listed(cls)}.{hint} "
        "Else pass a folder that save_to_preset wrote."
    )


def _class_of(cls, name, preset):
    """The class that a preset is of, found among those that are imported."""
    list_models()  # imports the zoo
    known = _family(PresetModel) | _family(cls)
    if name not in known:
        raise ValueError(
            f"The preset {str(preset)!r} is of the class {name!r}, which is not known. "
            "Import the module that defines it first."
        )
    found = known[name]
    if not issubclass(found, cls):
        raise ValueError(
            f"The preset {str(preset)!r} is a {found.__name__}, expected a "
            f"{cls.__name__}. Call {found.__name__}.from_preset, or choose another: "
            f"{_listed(cls)}."
        )
    return found


def _listed(cls):
    return f"the presets of {cls.__name__} are {', '.join(cls.presets) or 'none'}"


def _family(cls):
    """Dict from registered name to class, of a class and all below it."""
    found = {keras.saving.get_registered_name(cls): cls}
    for child in cls.__subclasses__():
        found |= _family(child)
    return found
