"""Samples of the same latents after every epoch, as pictures and an animation."""

import numpy as np
from absl import logging

from kerasgen.callbacks.animation import write_gif
from kerasgen.callbacks.arguments import require_count
from kerasgen.callbacks.epoch_files import EpochFiles
from kerasgen.callbacks.image_grid import fitting_scale
from kerasgen.callbacks.image_grid import tile_images
from kerasgen.callbacks.image_grid import write_png
from kerasgen.callbacks.periodic import PeriodicCallback
from kerasgen.files import PathLike


class SampleGrid(PeriodicCallback):
    """Draws a grid of samples after each epoch and an animation at the end.

    The latents are the same each time, so one place in the grid shows how one sample
    changes: `epoch-0007.png` after seven epochs, `epoch-0000.png` before the first
    one, and `samples.gif` over all pictures on disk. A conditional model gets one
    column per class. A run that resumes goes on where it was; pictures of later
    epochs than the one it begins with are removed.

    Args:
        directory: str or path for the pictures; created if missing.
        rows: int ≥ 1. Default 8.
        columns: int ≥ 1, or None for one per class if the model is conditional and 8
            if not. With a number, a conditional model's column j shows class
            j mod num_classes. Default None.
        seed: int ≥ 0, passed to `model.sample`. Default 0.
        every: int ≥ 1, epochs from one picture to the next; the last epoch is always
            drawn. Default 1.
        gif: bool, whether the animation is written. Default True.

    Raises:
        ValueError: If a number is too small, `directory` cannot be written to, or
            (when training begins) the model has no `sample`.

    Example:
        >>> model.fit(images, epochs=20, callbacks=[SampleGrid("run/samples")])
    """

    def __init__(
        self,
        directory: PathLike,
        rows: int = 8,
        columns: int | None = None,
        seed: int = 0,
        every: int = 1,
        gif: bool = True,
    ) -> None:
        self.rows = require_count("rows", rows)
        self.columns = columns if columns is None else require_count("columns", columns)
        self.seed = require_count("seed", seed, minimum=0)
        self.gif = gif
        super().__init__(directory, every)
        self.pictures = EpochFiles(self.directory, "epoch", ".png")

    def on_train_begin(self, logs: dict | None = None) -> None:
        if not hasattr(self.model, "sample"):
            raise ValueError(
                "SampleGrid needs a model with `sample(num, labels, seed)`, as every "
                f"kerasgen model has; {type(self.model).__name__} has none. Leave the "
                "callback out or add that method."
            )
        super().on_train_begin(logs)

    def begin(self, epochs_done: int) -> None:
        self.pictures.remove_after(epochs_done)
        if epochs_done == 0:
            self.write(0)

    def write(self, epochs_done: int) -> None:
        num_classes = getattr(self.model, "num_classes", None)
        if not getattr(self.model, "is_conditional", True):
            num_classes = None  # it knows classes, but makes images without them
        columns = self.columns or num_classes or 8
        num = self.rows * columns
        labels = None
        if num_classes is not None:
            labels = np.arange(num) % columns % num_classes
        images = self.model.sample(num, labels=labels, seed=self.seed)
        if not np.isfinite(images).all():
            logging.warning(
                "Samples after epoch %d contain NaN or infinity; the training has "
                "diverged. NaN is drawn black.",
                epochs_done,
            )
        scale = fitting_scale(images.shape[1:], self.rows, columns)
        pixels = tile_images(images, self.rows, columns, scale)
        write_png(self.pictures.path(epochs_done), pixels)

    def on_train_end(self, logs: dict | None = None) -> None:
        super().on_train_end(logs)
        if self.gif:
            write_gif(self.directory / "samples.gif", self.pictures.found().values())
