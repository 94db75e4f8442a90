"""Arrays in `.npy` and `.npz` files, read without pickle."""

import pathlib
import zipfile
import zlib
from collections.abc import Sequence

import numpy as np

ENDINGS = (".npy", ".npz")
# What NumPy raises of a damaged file; of memory, where the file promises too much.
_DAMAGED = (ValueError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error)


def read_arrays(path: pathlib.Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Reads arrays of a file by their names.

    Args:
        path: Path of a `.npy` or `.npz` file.
        names: Names of the arrays wanted, of those in the archive.

    Returns:
        Dict from name to array, of the names that are there. A lone array, as that of
        a `.npy` file, has the first of the names, whatever it was called.

    Raises:
        OSError: If the file cannot be read, or what has such a name is no array.
        ValueError: If the archive holds several arrays and none of these names.
    """
    try:
        # Mapped first, so that a file must be as long as its header says.
        found = np.load(path, mmap_mode="r", allow_pickle=False)
        if isinstance(found, np.ndarray):
            return {names[0]: np.array(found)}
        with found:
            there = found.files
            if len(there) == 1:
                return {names[0]: _numbers(found[there[0]])}
            arrays = {name: _numbers(found[name]) for name in names if name in there}
    except _DAMAGED as error:
        raise OSError(f"it is no array of numbers: {error}") from error
    if not arrays:
        raise ValueError(
            f"Got {path} with the arrays {', '.join(there)}; expected a single one, or "
            f"arrays named {', '.join(names)}. Rename them."
        )
    return arrays


def left_out(path: pathlib.Path, names: Sequence[str]) -> list[str]:
    """Names of the arrays of a file that `read_arrays` does not read."""
    if path.suffix != ".npz":
        return []
    with np.load(path, allow_pickle=False) as found:
        there = found.files
    return sorted(set(there) - set(names)) if len(there) > 1 else []


def _numbers(found):
    # NumPy gives the bytes of what is no array.
    if not isinstance(found, np.ndarray):
        raise ValueError("it holds something else")
    return found
