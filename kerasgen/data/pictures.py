"""Picture files as arrays: the one place that knows Pillow's modes."""

import pathlib

import numpy as np
from PIL import Image

from kerasgen.files import PathLike

ENDINGS = (".png", ".jpg", ".jpeg")
_WIDE = ("I", "I;16", "I;16L", "I;16B", "I;16N")


def list_pictures(folder: PathLike) -> list[pathlib.Path]:
    """The PNG and JPEG files of a folder, by name; ValueError where there is none."""
    folder = pathlib.Path(folder)
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in ENDINGS)
    if not paths:
        raise ValueError(
            f"Got the folder {folder} without a picture; expected files that end in "
            f"{', '.join(ENDINGS)}. Pass the folder that holds them."
        )
    return paths


def read_picture(path: pathlib.Path, channels: int) -> np.ndarray:
    """Reads a picture with 8 bits a channel, whatever it is stored with.

    Grey pictures of 16 bits are scaled, which Pillow's own conversion clips;
    transparent ones are laid over black; palettes are looked up.

    Args:
        path: Path of the file.
        channels: 1 for grey, 3 for RGB.

    Returns:
        uint8 array of shape `(height, width, channels)`.

    Raises:
        ValueError: If pixels are no 8- or 16-bit numbers, or nothing is left over
            black of a picture that lies in its transparency.
        OSError: If the file cannot be read.
    """
    mode = {1: "L", 3: "RGB"}.get(channels)
    if mode is None:
        raise ValueError(f"Got channels={channels!r}; expected 1 (grey) or 3 (RGB).")
    with Image.open(path) as picture:
        if picture.mode in _WIDE or picture.mode == "F":
            grey = _as_bytes(np.asarray(picture), path)
            return np.repeat(grey[..., None], channels, axis=-1)
        if picture.has_transparency_data:
            picture = _over_black(picture, path)
        pixels = np.asarray(picture.convert(mode))
    return pixels.reshape(*pixels.shape[:2], channels)


def read_pictures(folder: PathLike, channels: int) -> np.ndarray:
    """Reads all pictures of a folder, which must be of one size.

    Args:
        folder: Path of a folder of PNG or JPEG files.
        channels: 1 for grey, 3 for RGB.

    Returns:
        uint8 array of shape `(n, height, width, channels)`, in the order of the names.

    Raises:
        ValueError: If there is no picture, or they differ in size.
        OSError: If one cannot be read.
    """
    paths = list_pictures(folder)
    images = []
    for path in paths:
        images.append(read_picture(path, channels))
        if images[-1].shape != images[0].shape:
            raise ValueError(
                f"Got {path} of {images[-1].shape[:2]} pixels; expected "
                f"{images[0].shape[:2]}, as {paths[0].name} has. Resize them to one "
                "size."
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
