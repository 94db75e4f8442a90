"""IDX files: the format in which MNIST, Fashion-MNIST and Kuzushiji-MNIST come.

A file is two zero bytes, a byte for the element type (8: unsigned byte), a byte for
the number of dimensions, one big-endian 32-bit size per dimension, then the elements.
Files may be gzipped. Whatever disagrees with its own header is refused, and at most
one byte more than the header promises is ever unpacked.

Reference: Y. LeCun, C. Cortes, C. Burges, "The MNIST database", file format section.
"""

import gzip
import math
import pathlib
import struct
import zlib

import numpy as np

from kerasgen.data.image_set import ImageSet
from kerasgen.data.splits import Split
from kerasgen.files import PathLike
from kerasgen.files import user_path

NAMES = ("mnist", "fashion_mnist", "kmnist")
NUM_CLASSES = 10
FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}

# CRC-32 of MNIST's labels. All three sets have the same file names and sizes, and
# this is how MNIST's files under another set's name are noticed.
_MNIST_LABELS = {"train": 0xBA07E8EF, "test": 0xEE8604D9}

# DEFLATE packs at most 1,032 bytes into one.
_MOST_PACKED = 1032
# Five times the largest of these sets' files: what a small file that is made to unpack
# to gigabytes can take.
_MOST_BYTES = 2**28


def load(folder: PathLike, name: str, split: Split):
    """Reads one split from the four files with MNIST's names.

    Args:
        folder: path of a folder that holds the files, or a subfolder `name` with them.
        name: str, one of `NAMES`.
        split: `Split`.

    Returns:
        An `ImageSet` with images of shape `(n, height, width, 1)`.

    Raises:
        FileNotFoundError: if the files are not there.
        ValueError: if they are damaged, do not belong together, or are another set's.
    """
    split.check(FILES)
    images_path, labels_path = find(folder, name, split.base)
    images, labels = read(images_path, dims=3), read(labels_path, dims=1)
    if len(images) != len(labels):
        raise ValueError(
            f"{images_path} holds {len(images)} images, but {labels_path} holds "
            f"{len(labels)} labels. Expected one label per image: get both files anew."
        )
    if labels.max() >= NUM_CLASSES:
        raise ValueError(
            f"{labels_path} holds the label {labels.max()}. "
            f"Expected labels from 0 to {NUM_CLASSES - 1}, as {name} has."
        )
    if name != "mnist" and zlib.crc32(labels.tobytes()) == _MNIST_LABELS[split.base]:
        raise ValueError(
            f"{labels_path} holds the labels of mnist, but {name} was asked for. Put "
            f"the files of {name} into {user_path(folder) / name}."
        )
    first, end = split.rows(len(images))
    return ImageSet(
        name=name,
        split=split.text,
        images=images[first:end, ..., np.newaxis].copy(),  # writable
        labels=labels[first:end].astype(np.int32),
        num_classes=NUM_CLASSES,
        source=f"IDX files in {images_path.parent}",
    )


def find(folder: PathLike, name: str, base: str) -> tuple[pathlib.Path, pathlib.Path]:
    """Where the images and labels of one split are.

    A subfolder with the set's name comes before files in the folder itself, and files
    in a folder that is named after another set are not taken.

    Args:
        folder: path of the folder to look in.
        name: str, one of `NAMES`.
        base: `"train"` or `"test"`.

    Returns:
        `(images, labels)`, two paths.

    Raises:
        FileNotFoundError: if one of the two is missing; it says what was looked for.
    """
    folder = user_path(folder)
    places = [folder / name]
    if folder.name not in NAMES or folder.name == name:
        places.append(folder)
    for place in places:
        paths = tuple(_existing(place, stem) for stem in FILES[base])
        if all(paths):
            return paths
    raise FileNotFoundError(
        f"no IDX files {' and '.join(FILES[base])} (or the same with .gz) in "
        f"{' or '.join(map(str, places))}"
    )


def _existing(place, stem):
    # Unpackers have left "train-images.idx3-ubyte" on many disks.
    for name in (stem, stem.replace("-idx", ".idx")):
        for path in (place / f"{name}.gz", place / name):
            if path.is_file():
                return path
    return None


def read(path: PathLike, dims) -> np.ndarray:
    """Reads one IDX file of unsigned bytes.

    Args:
        path: path of the file; it is taken as gzipped if it ends in `.gz`.
        dims: int, how many dimensions it must have: 3 for images, 1 for labels.

    Returns:
        A read-only uint8 array with `dims` dimensions.

    Raises:
        ValueError: if the file is anything else than that, naming the file, what came
            and what was expected.
        FileNotFoundError: if there is no file at `path`.

    Example:

    >>> labels = read("t10k-labels-idx1-ubyte.gz", dims=1)
    """
    path = user_path(path)
    packed = path.suffix == ".gz"
    try:
        with gzip.open(path) if packed else open(path, "rb") as stream:
            shape = _read_header(stream, path, dims)
            size = math.prod(shape)
            most = path.stat().st_size * (_MOST_PACKED if packed else 1)
            if size > _MOST_BYTES and most >= size:
                raise ValueError(
                    f"{path}: the header promises {size:,} bytes ({_times(shape)}). "
                    f"Expected {_MOST_BYTES:,} at most, five times what the sets of "
                    "this format have. Give other images to kerasgen.data.batches."
                )
            if size > most:
                raise ValueError(
                    f"{path} is truncated or its header is wrong: the header promises "
                    f"{size:,} bytes ({_times(shape)}), and a file of this length "
                    f"holds {most:,} at most. Get the file anew."
                )
            body = stream.read(size + 1)  # one more, to notice what should not be there
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(
            f"{path} is not a whole gzip file ({error}). Get the file anew."
        ) from error
    if len(body) != size:
        came = f"only {len(body):,}" if len(body) < size else "more"
        raise ValueError(
            f"{path}: the header promises {size:,} bytes ({_times(shape)}), "
            f"but {came} came. Get the file anew."
        )
    return np.frombuffer(body, np.uint8).reshape(shape)


def _read_header(stream, path, dims):
    header = stream.read(4 + 4 * dims)
    magic = bytes([0, 0, 8, dims])
    if header[:4] != magic:
        raise ValueError(
            f"{path} begins with 0x{header[:4].hex()}. Expected 0x{magic.hex()}: an "
            f"IDX file of unsigned bytes with {dims} dimension{'s' * (dims > 1)}."
        )
    if len(header) < 4 + 4 * dims:
        raise ValueError(
            f"{path} ends inside its header, after {len(header)} bytes. "
            f"Expected {4 + 4 * dims} bytes of header. Get the file anew."
        )
    shape = struct.unpack(f">{dims}I", header[4:])
    if 0 in shape:
        raise ValueError(f"{path} is empty: its header says {_times(shape)} elements.")
    return shape


def _times(shape):
    return " x ".join(map(str, shape))
