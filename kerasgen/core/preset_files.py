"""The three files of a preset; none of them can hold code.

- `config.json`, the class by its Keras registration, and its constructor's arguments;
- `weights.npz`, the weights in Keras' order, read without pickle;
- `metadata.json`, what the model is, and the SHA-256 of the other two.

A preset is made for use and to be small: floats have 16 bits on disk, a relative error
of at most 2⁻¹¹, and of a generator with a moving average only the average is stored.
Both generators are loaded from it, so that fine-tuning starts there. The optimizers'
state and the dtype policy are left out: a `.keras` file resumes a training.
"""

import hashlib
import io
import json

import keras
import numpy as np
import tensorflow as tf

CONFIG, WEIGHTS, METADATA = FILES = ("config.json", "weights.npz", "metadata.json")
FORMAT = 1
_KEY = "weight_{:03d}"  # of an array of the weights


def contents(model, metadata):
    """The files of a model's preset.

    Args:
        model: A model of the zoo.
        metadata: JSON-serialisable dict of what else is known of it.

    Returns:
        Dict from the name of each file to its bytes.

    Raises:
        ValueError: If a weight does not fit into 16 bits, a network holds Python code,
            or the metadata is no such dict.
    """
    arrays = _arrays(model)
    made = {CONFIG: _config(model), WEIGHTS: _in_npz(arrays)}
    averaged = ", averaged networks by their averages" if model.averages else ""
    own = {
        "format": FORMAT,
        "class": keras.saving.get_registered_name(type(model)),
        "image_shape": model.image_shape,
        "latent_dim": model.latent_dim,
        "num_classes": model.num_classes,
        "parameters": sum(array.size for array in arrays),
        "weights": f"float16{averaged}",
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__},
        "sha256": {name: sha256(content) for name, content in made.items()},
    }
    return {**made, METADATA: _metadata(metadata, own)}


def read(folder, name, sha=None, pinned=None):
    """The bytes of a file of a preset.

    Args:
        folder: `pathlib.Path` of the preset.
        name: Name of the file.
        sha: SHA-256 that it must have, or None for any.
        pinned: What the metadata of a preset of the package is pinned by; else None.

    Raises:
        ValueError: If it is missing or its SHA-256 is another.
    """
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise ValueError(
            f"The preset in {folder} lacks {name} ({error.strerror}); expected "
            f"{', '.join(FILES)}. {advice(pinned)}"
        ) from error
    if sha is not None and sha256(content) != sha:
        raise ValueError(
            f"{folder / name} has SHA-256 {sha256(content)}, expected {sha}: it was "
            f"changed or is damaged. {advice(pinned)}"
        )
    return content


def read_metadata(folder, pinned=None):
    """The metadata of a preset.

    Args:
        folder: `pathlib.Path` of the preset.
        pinned: SHA-256 that the file must have, or None for any.

    Returns:
        Dict.

    Raises:
        ValueError: If it is missing or damaged, or of another version.
    """
    content = read(folder, METADATA, pinned, pinned)
    try:
        metadata = json.loads(content)
        form = metadata["format"]
        _ = metadata["class"], *(metadata["sha256"][name] for name in (CONFIG, WEIGHTS))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{folder / METADATA} is not the metadata of a preset ({error!r}). "
            f"{advice(pinned)}"
        ) from error
    if form != FORMAT:
        raise ValueError(
            f"The preset in {folder} has the format {form!r}; this version of kerasgen "
            f"reads {FORMAT}. Use the version that wrote it, or save it anew."
        )
    return metadata


def advice(pinned):
    """Advice about a damaged preset, of the package or not."""
    if pinned is not None:
        return "Install kerasgen anew."
    return "Copy the whole folder again, or save the preset anew."


def sha256(content):
    """SHA-256 of bytes, as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def load_weights(model, content):
    """Gives a model the weights of a preset.

    Args:
        model: A model of the class and with the arguments of its config.
        content: Bytes of its weights.

    Raises:
        ValueError: If they are no such weights.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as found:
        arrays = [found[_KEY.format(number)] for number in range(len(found.files))]
    variables = [variable for variable, _ in _stored(model)]
    shapes = [tuple(array.shape) for array in arrays]
    expected = [tuple(variable.shape) for variable in variables]
    if shapes != expected:
        raise ValueError(f"weights have shapes {shapes}; expected {expected}")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    for name, average in model.averages.items():
        average.set_weights(getattr(model, name).get_weights())


def _stored(model):
    """Pairs of each variable of a preset and the one that its value is taken from.

    All variables but those of the moving average, which the generator's stand for.
    """
    averaged = {}
    for name, average in model.averages.items():
        pairs = zip(getattr(model, name).weights, average.weights, strict=True)
        averaged |= {id(raw): mean for raw, mean in pairs}
    left_out = {id(average) for average in averaged.values()}
    return [
        (variable, averaged.get(id(variable), variable))
        for variable in model.weights
        if id(variable) not in left_out
    ]


def _arrays(model):
    """The weights of a preset; floats as float16."""
    return [_rounded(source) for _, source in _stored(model)]


def _rounded(variable):
    array = keras.ops.convert_to_numpy(variable)
    if not keras.backend.is_float_dtype(variable.dtype):
        return array
    with np.errstate(over="ignore"):
        half = array.astype("float16")
    if not np.isfinite(half).all():
        raise ValueError(
            f"The weight {variable.path} reaches {np.abs(array).max():.6g}; expected "
            f"finite numbers of at most {np.finfo('float16').max}, since presets have "
            "16 bits. Train with a lower learning rate, or use model.save."
        )
    return half


def _in_npz(arrays):
    content = io.BytesIO()
    named = {_KEY.format(number): array for number, array in enumerate(arrays)}
    np.savez_compressed(content, **named)
    return content.getvalue()


def _config(model):
    """The class and its arguments, as Keras serialises them."""
    arguments = keras.saving.serialize_keras_object(model.get_config())
    arguments.pop("dtype", None)
    config = {
        "module": type(model).__module__,
        "class_name": type(model).__name__,
        "registered_name": keras.saving.get_registered_name(type(model)),
        "config": arguments,
    }
    text = json.dumps(config, indent=2)
    if '"__lambda__"' in text:
        raise ValueError(
            "A network of the model has a Lambda layer, whose Python code from_preset "
            "would refuse to load. Write a layer class instead, and register it with "
            "keras.saving.register_keras_serializable."
        )
    return text.encode() + b"\n"


def _metadata(given, own):
    if not isinstance(given, dict) or not own.keys().isdisjoint(given):
        raise ValueError(
            f"metadata={given!r}; expected a dict without {', '.join(own)}, which "
            "save_to_preset writes itself."
        )
    try:
        text = json.dumps({**given, **own}, indent=2, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"metadata cannot be written as JSON ({error}); expected strings, finite "
            "numbers, lists and dicts."
        ) from error
    return text.encode() + b"\n"
