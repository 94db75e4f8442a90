"""Keras weights files with a checksum and a description of the model."""

import hashlib
import json
import warnings

import h5py
import keras
import numpy as np

from kerasgen.files import PathLike

OWNER = "kerasgen_owner"
# What stands at the end of a file, after what HDF5 reads: this, and a checksum.
SEAL = b"kerasgen BLAKE2b"
SEAL_SIZE = len(SEAL) + hashlib.blake2b().digest_size
SEAL_BEFORE = "kerasgen_seal"  # of the contents alone, until the whole file had one


class DamagedFileError(Exception):
    """The file is cut off or its contents have changed since it was written."""


class ForeignFileError(ValueError):
    """The file was written by a model of another architecture."""


def save_sealed(model: keras.Model, path: PathLike) -> None:
    """Saves the weights, a checksum and a description of the model.

    Args:
        model: keras.Model, built.
        path: path that ends in `.weights.h5`.
    """
    model.save_weights(path)
    with h5py.File(path, "r+") as file:
        # Not an attribute: HDF5 limits those to 64 KiB.
        text = json.dumps(_description(model)).encode()
        file[OWNER] = np.frombuffer(text, np.uint8)
    with open(path, "rb+") as file:
        file.write(_seal(file.read()))


def load_sealed(model: keras.Model, path: PathLike) -> None:
    """Loads what `save_sealed` wrote; a model that does not fit stays unchanged.

    HDF5 itself notices that a file is cut off, but not that bytes in it have changed,
    which can also lead it astray; and Keras loads a file without complaint into a model
    that has fewer layers. Both are found here before anything is loaded. A file without
    a seal, saved by Keras alone, is left to Keras' own checks.

    Args:
        model: keras.Model, built.
        path: path that ends in `.weights.h5`.

    Raises:
        DamagedFileError: If the file cannot be read or its checksum is wrong.
        ForeignFileError: If it belongs to a model of another class or architecture.
    """
    owner = read_owner(path)
    if owner is not None:
        _check_owner(model, owner)
    load_state(model, path)


def load_state(model: keras.Model, path: PathLike) -> None:
    """Loads weights, optimizers and random state; an error if any of it is missing.

    Args:
        model: keras.Model, built.
        path: path that ends in `.weights.h5` or `.keras`.

    Raises:
        DamagedFileError: If the file cannot be read.
        ForeignFileError: If it does not fit the model.
    """
    try:
        with warnings.catch_warnings():
            # Keras only warns when it leaves an optimizer without its state.
            warnings.filterwarnings("error", message="Skipping variable loading")
            model.load_weights(path)
    except OSError as error:
        raise DamagedFileError(str(error)) from error
    except (ValueError, KeyError, UserWarning) as error:
        # The networks fit, so it is the state beside them: optimizers, for example.
        raise ForeignFileError(f"its state does not fit: {error}") from error


def read_owner(path: PathLike) -> dict | None:
    """Reads what a weights file says of the model that wrote it; checks its checksum.

    Args:
        path: path that ends in `.weights.h5`.

    Returns:
        Dict with `class` and `weights`, a list of names and shapes; None for a file
        that Keras alone wrote, which has no checksum.

    Raises:
        DamagedFileError: If the file cannot be read or its checksum is wrong.
    """
    try:
        is_sealed = _check_seal(path)
        with h5py.File(path, "r") as file:
            if not is_sealed and OWNER not in file and SEAL_BEFORE not in file.attrs:
                return None
            if not is_sealed and file.attrs.get(SEAL_BEFORE) != _checksum(file):
                raise DamagedFileError("its checksum is wrong")
            return json.loads(bytes(file[OWNER][()]))
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise DamagedFileError(str(error)) from error


def _check_seal(path):
    """Whether a file has a seal; DamagedFileError if it is not that of the file."""
    with open(path, "rb") as file:
        content = memoryview(file.read())
    seal = bytes(content[-SEAL_SIZE:])
    if not seal.startswith(SEAL):
        return False
    if seal != _seal(content[:-SEAL_SIZE]):
        raise DamagedFileError("its checksum is wrong")
    return True


def _seal(content):
    return SEAL + hashlib.blake2b(content).digest()


def _check_owner(model, owner):
    own = _description(model)
    if owner["class"] != own["class"]:
        raise ForeignFileError(f"a {owner['class']} wrote it, not a {own['class']}")
    theirs, ours = owner["weights"], own["weights"]
    if theirs == ours:
        return
    if len(theirs) != len(ours):
        raise ForeignFileError(f"it has {len(theirs)} weights, the model {len(ours)}")
    pairs = zip(theirs, ours, strict=True)
    first, second = next(pair for pair in pairs if pair[0] != pair[1])
    raise ForeignFileError(
        f"it has a weight '{first[0]}' of shape {tuple(first[1])} where the model has "
        f"'{second[0]}' of shape {tuple(second[1])}"
    )


def _description(model):
    # Names of variables, not paths: paths hold counters that differ between processes.
    weights = [[weight.name, list(weight.shape)] for weight in model.weights]
    return {"class": type(model).__name__, "weights": weights}


def _checksum(file):
    digest = hashlib.blake2b()

    def add(name, item):
        digest.update(name.encode())
        if isinstance(item, h5py.Dataset):
            digest.update(f"{item.dtype.str} {item.shape}".encode())
            digest.update(item[()].tobytes())

    file.visititems(add)
    return digest.hexdigest()
