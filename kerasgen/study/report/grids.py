"""Pictures of pixels that a run left: samples, interpolations, nearest neighbours.

Every pixel is kept as it is; what is drawn is a uint8 array for `write_png`.
"""

import numpy as np

from kerasgen import callbacks
from kerasgen.callbacks.image_grid import fitting_scale

COLUMNS = 10
STRIP_COLUMNS = 20
SIDE = 640
GAP = 10


def samples(images):
    """A grid of samples, ten in a row.

    Args:
        images: uint8 array `(n, height, width, channels)`.

    Returns:
        uint8 array of the picture.
    """
    rows = -(-len(images) // COLUMNS)
    return _tiled(images, rows, COLUMNS)


def strips(arrays):
    """The first samples of several runs, a row for each.

    Args:
        arrays: List of uint8 arrays `(n, height, width, channels)`.
    """
    rows = [images[:STRIP_COLUMNS] for images in arrays]
    columns = min(map(len, rows))
    images = np.concatenate([images[:columns] for images in rows])
    return callbacks.tile_images(images, len(rows), columns)


def interpolations(images):
    """Rows of images, each from one latent to another.

    Args:
        images: uint8 array `(rows, steps, height, width, channels)`.
    """
    rows, steps = images.shape[:2]
    return _tiled(images.reshape(-1, *images.shape[2:]), rows, steps)


def neighbours(arrays):
    """Samples in the upper row; beneath each the training images nearest to it.

    Args:
        arrays: Dict with `samples` `(n, height, width, channels)` and `neighbours`
            `(n, k, height, width, channels)`, uint8.
    """
    above, below = arrays["samples"], arrays["neighbours"]
    num, depth = below.shape[:2]
    scale = fitting_scale(above.shape[1:], depth + 1, num, SIDE)
    below = below.swapaxes(0, 1).reshape(-1, *below.shape[2:])
    first = callbacks.tile_images(above, 1, num, scale=scale)
    others = callbacks.tile_images(below, depth, num, scale=scale)
    gap = np.full((GAP, *first.shape[1:]), 255, np.uint8)
    return np.concatenate([first, gap, others])


def _tiled(images, rows, columns):
    scale = fitting_scale(images.shape[1:], rows, columns, SIDE)
    return callbacks.tile_images(images, rows, columns, scale=scale)
