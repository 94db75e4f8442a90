"""Many small images side by side in one picture, every pixel kept as it is."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from kerasgen import inputs
from kerasgen.callbacks.arguments import require_count
from kerasgen.files import PathLike
from kerasgen.files import replacing


def tile_images(
    images: np.ndarray, rows: int, columns: int, scale: int = 1, margin: int = 2
) -> np.ndarray:
    """Lays images out in a grid with white lines between and around them.

    Images fill the grid row by row; places that remain are white. NaN becomes black
    and values outside [0, 1] are clipped, so that a model that has diverged can still
    be looked at.

    Args:
        images: Float array (n, height, width, channels) in [0, 1], or uint8, with 1
            or 3 channels and n ≤ rows · columns.
        rows: int ≥ 1.
        columns: int ≥ 1.
        scale: int ≥ 1, the side in picture pixels of one image pixel. Default 1.
        margin: int ≥ 0, width of the white lines in picture pixels. Default 2.

    Returns:
        uint8 array (picture height, picture width, channels).

    Raises:
        ValueError: If `images` has another shape or does not fit the grid, or a
            number is too small.

    Example:
        >>> tile_images(np.zeros((6, 28, 28, 1)), rows=2, columns=3).shape
        (62, 92, 1)
    """
    images = _as_bytes(images)
    rows, columns = require_count("rows", rows), require_count("columns", columns)
    scale, margin = require_count("scale", scale), require_count("margin", margin, 0)
    if len(images) > rows * columns:
        raise ValueError(
            f"Got {len(images)} images for a grid of {rows} rows and {columns} "
            f"columns; expected at most {rows * columns}. Pass fewer images or a "
            "larger grid."
        )
    images = images.repeat(scale, axis=1).repeat(scale, axis=2)
    _, height, width, channels = images.shape
    cell = (height + margin, width + margin, channels)
    cells = np.full((rows * columns, *cell), 255, np.uint8)
    cells[: len(images), :height, :width] = images
    cells = cells.reshape(rows, columns, *cell).swapaxes(1, 2)
    grid = cells.reshape(rows * cell[0], columns * cell[1], channels)
    top_left = ((margin, 0), (margin, 0), (0, 0))
    return np.pad(grid, top_left, constant_values=255)


def fitting_scale(
    image_shape: Sequence[int], rows: int, columns: int, side: int = 640
) -> int:
    """Returns the largest whole scale (at least 1) whose grid stays within `side`.

    Args:
        image_shape: (height, width, channels) of one image.
        rows: int ≥ 1.
        columns: int ≥ 1.
        side: int, longest side of the grid in picture pixels. Default 640.
    """
    height, width, _ = image_shape
    return max(1, side // max(rows * height, columns * width))


def write_png(path: PathLike, pixels: np.ndarray) -> None:
    """Writes an array of pixels as a PNG file, without loss.

    Args:
        path: str or path that ends in `.png`.
        pixels: uint8 array (height, width, channels) with 1 or 3 channels.

    Raises:
        ValueError: If `pixels` is another array, or the path ends otherwise.

    Example:
        >>> write_png("digits.png", tile_images(digits, rows=8, columns=8, scale=2))
    """
    if not str(path).lower().endswith(".png"):
        raise ValueError(f"Got the name {str(path)!r}; expected one that ends in .png.")
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[-1] not in (1, 3):
        raise ValueError(
            f"Got pixels of type {pixels.dtype} and shape {pixels.shape}; expected "
            "uint8 of shape (height, width, channels) with 1 or 3 channels, as "
            "`tile_images` returns."
        )
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    with replacing(path) as temporary:
        picture.save(temporary)


def _as_bytes(images):
    images = np.asarray(images)
    inputs.check_image_form(images.shape)
    if images.shape[-1] not in (1, 3):
        raise ValueError(
            f"Got images with {images.shape[-1]} channels; expected 1 (grey) or 3 "
            "(red, green, blue), which can be drawn. Leave this callback out, or draw "
            "three of the channels: images[..., :3]."
        )
    if images.dtype == np.uint8:
        return images
    inputs.check_image_dtype(images.dtype.name)
    pixels = np.clip(np.nan_to_num(images.astype(np.float32)), 0.0, 1.0)
    return np.rint(pixels * 255.0).astype(np.uint8)
