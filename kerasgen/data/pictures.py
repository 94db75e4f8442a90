"""Picture files as arrays: the one place that knows Pillow's modes."""

import pathlib
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
from PIL import Image
from PIL import ImageOps

from kerasgen.files import PathLike
from kerasgen.files import user_path

ENDINGS = (".png", ".jpg", ".jpeg")
_OTHERS = (".bmp", ".gif", ".tif", ".tiff", ".webp")
_WIDE = ("I", "I;16", "I;16L", "I;16B", "I;16N")
_GREY = ("1", "L", "LA", "F", *_WIDE)


def find_pictures(folder: PathLike) -> list[pathlib.Path]:
    """The PNG and JPEG files of a folder, by name; those that begin with a dot not."""
    return sorted(
        path
        for path in user_path(folder).iterdir()
        if path.suffix.lower() in ENDINGS and not path.name.startswith(".")
    )


def list_pictures(folder: PathLike) -> list[pathlib.Path]:
    """The PNG and JPEG files of a folder, by name; ValueError where there is none."""
    paths = find_pictures(folder)
    if not paths:
        raise ValueError(
            f"Got the folder {folder} without a picture; expected files that end in "
            f"{', '.join(ENDINGS)}. Pass the folder that holds them."
        )
    return paths


def check_kinds(folder: PathLike) -> None:
    """Raises ValueError if a folder holds pictures that are neither PNG nor JPEG."""
    others = [
        path
        for path in user_path(folder).iterdir()
        if path.suffix.lower() in _OTHERS and not path.name.startswith(".")
    ]
    if others:
        raise ValueError(
            f"Got {min(others)}, one of {len(others)} pictures there that would be "
            f"left out; expected files that end in {', '.join(ENDINGS)}. Convert or "
            "remove what does not."
        )


def count_channels(paths: Sequence[pathlib.Path]) -> int:
    """1 if all pictures are stored as grey ones, else 3; their heads alone are read."""
    for path in paths:
        with Image.open(path) as picture:
            if picture.mode not in _GREY:
                return 3
    return 1


def read_picture(
    path: pathlib.Path | BinaryIO, channels: int, image_size: int | None = None
) -> np.ndarray:
    """Reads a picture with 8 bits a channel, whatever it is stored with.

    Grey pictures of 16 bits are scaled, which Pillow's own conversion clips;
    transparent ones are laid over black; palettes are looked up; photographs are turned
    upright.

    Args:
        path: Path of the file, or the open file.
        channels: 1 for grey, 3 for RGB.
        image_size: Pixels of a side, to which the largest square in the middle is
            scaled, positive int; None (default) leaves the picture its size.

    Returns:
        uint8 array of shape `(height, width, channels)`.

    Raises:
        ValueError: If pixels are no 8- or 16-bit numbers, or nothing is left over
            black of a picture that lies in its transparency.
        OSError: If the file cannot be read.
    """
    check_channels(channels)
    with Image.open(path) as stored:
        picture = ImageOps.exif_transpose(stored)
        if picture.mode in _WIDE or picture.mode == "F":
            picture = Image.fromarray(_as_bytes(np.asarray(picture), path))
        if picture.has_transparency_data:
            picture = _over_black(picture, path)
        return fitted(picture, channels, image_size)


def fitted(picture: Image.Image, channels: int, image_size: int | None) -> np.ndarray:
    """A picture of 8 bits in grey or colour and, if asked for, of another size.

    Args:
        picture: Picture without transparency.
        channels, image_size: As for `read_picture`.

    Returns:
        uint8 array of shape `(height, width, channels)`.
    """
    picture = picture.convert("L" if channels == 1 else "RGB")
    if image_size is not None and picture.size != (image_size, image_size):
        sides = (image_size, image_size)
        picture = ImageOps.fit(picture, sides, Image.Resampling.BICUBIC)
    pixels = np.asarray(picture)
    return pixels.reshape(*pixels.shape[:2], channels)


def check_channels(channels: int) -> None:
    """Raises ValueError unless the number of channels is 1 or 3."""
    if channels not in (1, 3):
        raise ValueError(f"Got channels={channels!r}; expected 1 (grey) or 3 (RGB).")


def read_pictures(folder: PathLike, channels: int) -> np.ndarray:
    """Reads all pictures of a folder, which must be of one size.

    Args:
        folder: Path of a folder of PNG or JPEG files.
        channels: 1 for grey, 3 for RGB.

    Returns:
        uint8 array of shape `(n, height, width, channels)`, in the order of the names.

    Raises:
        ValueError: If there is no picture, some are neither PNG nor JPEG, or they
            differ in size.
        OSError: If one cannot be read.
    """
    check_kinds(folder)
    return stack_pictures(list_pictures(folder), channels)


def stack_pictures(
    paths: Sequence[pathlib.Path], channels: int, image_size: int | None = None
) -> np.ndarray:
    """Reads picture files to one array.

    Args:
        paths: Paths of the files, at least one.
        channels, image_size: As for `read_picture`.

    Returns:
        uint8 array of shape `(n, height, width, channels)`.

    Raises:
        ValueError: If they differ in size and `image_size` is None; and as for
            `read_picture`.
        OSError: If one cannot be read; it names the file.
    """
    images = []
    for path in paths:
        try:
            images.append(read_picture(path, channels, image_size))
        except OSError as error:
            raise OSError(f"{path}: {error}") from error
        if images[-1].shape != images[0].shape:
            raise ValueError(
                f"Got {path} of {images[-1].shape[:2]} pixels; expected "
                f"{images[0].shape[:2]}, as {paths[0].name} has. Resize them to one "
                "size; a dataset of them takes image_size."
            )
    return np.stack(images)


def _as_bytes(values, path):
    high = values.max(initial=0)
    if values.dtype.kind == "f" or values.min(initial=0) < 0 or high > 65535:
        raise ValueError(
            f"Got {path} with pixels of type {values.dtype} up to {high:g}; expected "
            "8 or 16 bits a channel. Convert it to PNG."
        )
    return np.uint8(np.rint(values / 257.0))


def _over_black(picture, path):
    picture = picture.convert("RGBA")
    black = Image.new("RGBA", picture.size, (0, 0, 0, 255))
    over = Image.alpha_composite(black, picture).convert("RGB")
    low, high = picture.getchannel("A").getextrema()
    if low != high and not any(most for _, most in over.getextrema()):
        raise ValueError(
            f"Got {path}, whose picture lies in its transparency alone; expected one "
            "that can be seen over black. Save its alpha channel as a grey picture."
        )
    return over
