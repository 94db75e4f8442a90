"""Animated GIFs, from pictures on disk or from arrays."""

import math
from collections.abc import Iterable
from collections.abc import Sequence

import numpy as np
from absl import logging
from PIL import Image

from kerasgen.files import PathLike
from kerasgen.files import replacing


def write_gif(
    path: PathLike,
    pictures: Iterable[PathLike],
    max_frames: int = 60,
    max_side: int = 800,
) -> None:
    """Writes one endless GIF of about ten seconds that rests on its last frame.

    The pictures that are shown are spread evenly when there are too many, the first
    and the last always among them. Pictures that cannot be read, or differ in size
    from the last one (an earlier run with another grid), are left out with a warning.

    Args:
        path: str or path that ends in `.gif`.
        pictures: Sequence of paths of pictures, in order of time.
        max_frames: int, frames at most. Default 60.
        max_side: int, longest side in pixels; larger pictures are reduced by a whole
            factor. Default 800.

    Example:
        >>> write_gif("samples.gif", sorted(pathlib.Path("samples").glob("*.png")))
    """
    pictures = list(pictures)
    shown = np.linspace(0, len(pictures) - 1, min(len(pictures), max_frames))
    frames = [
        _read(pictures[i], max_side) for i in np.unique(shown.round().astype(int))
    ]
    frames = _of_one_size([frame for frame in frames if frame is not None])
    if not frames:
        return
    durations = [_milliseconds(len(frames))] * len(frames)
    durations[-1] = 3000
    _save(path, frames, durations)


def write_loop(
    path: PathLike, pixels: Sequence[np.ndarray], milliseconds: int = 80
) -> None:
    """Writes an endless GIF that goes through pictures and back again.

    Args:
        path: str or path that ends in `.gif`.
        pixels: uint8 arrays (height, width, channels) of one shape, with 1 or 3
            channels, in order of time; two at least.
        milliseconds: int, time of a picture. Default 80.
    """
    there_and_back = [*pixels, *pixels[-2:0:-1]]
    frames = [Image.fromarray(each.squeeze()) for each in there_and_back]
    _save(path, frames, milliseconds)


def _save(path, frames, durations):
    with replacing(path) as temporary:
        frames[0].save(
            temporary,
            save_all=True,
            append_images=frames[1:],
            duration=durations,
            loop=0,
        )


def _milliseconds(num_frames):
    # GIF counts in hundredths of a second; viewers slow down frames under 50 ms.
    return 10 * round(min(max(1000 / num_frames, 8), 40))


def _read(path, max_side):
    try:
        with Image.open(path) as picture:
            picture.load()
    except OSError as error:
        logging.warning("%s is left out of the animation: %s", path, error)
        return None
    factor = math.ceil(max(picture.size) / max_side)
    return picture.reduce(factor) if factor > 1 else picture.copy()


def _of_one_size(frames):
    kept = [frame for frame in frames if frame.size == frames[-1].size]
    if len(kept) < len(frames):
        logging.warning(
            "%d pictures of another size are left out of the animation.",
            len(frames) - len(kept),
        )
    return kept
