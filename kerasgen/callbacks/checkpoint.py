"""Checkpoints: the newest weights, whole, after every epoch."""

import pathlib

import keras
from absl import logging

from kerasgen.callbacks.arguments import require_count
from kerasgen.callbacks.epoch_files import EpochFiles
from kerasgen.callbacks.periodic import PeriodicCallback
from kerasgen.callbacks.training_observations import not_finite_weights
from kerasgen.callbacks.weights_file import DamagedFileError
from kerasgen.callbacks.weights_file import ForeignFileError
from kerasgen.callbacks.weights_file import load_sealed
from kerasgen.callbacks.weights_file import save_sealed
from kerasgen.files import PathLike
from kerasgen.files import replacing
from kerasgen.training import DivergenceError


class Checkpoint(PeriodicCallback):
    """Saves the model's weights after each epoch and brings the newest ones back.

    The files are named `epoch-0007.weights.h5`; optimizers and random state travel
    in them. A new file is complete on disk before an old one is removed, so that a
    run that is killed at any moment can go on from the last epoch saved. When a fit
    begins at an earlier epoch than a file's, that file belongs to an abandoned run
    and goes as soon as the first new one is written.

    Put this callback last in the list: everything else that belongs to an epoch is
    then on disk before the epoch counts as done.

    Args:
        directory: str or path for the files; created if missing.
        every: int ≥ 1, epochs from one file to the next; the last epoch is always
            saved. Default 1.
        keep: int ≥ 1, files kept. With 2, there is one to fall back to if the newest
            is damaged. Default 2.

    Raises:
        ValueError: If a number is too small or `directory` cannot be written to.
        DivergenceError: In `fit`, if a weight is NaN or infinite. No file is made of
            such a model, and those that are there stay.

    Example:
        >>> checkpoint = Checkpoint("run/checkpoint")
        >>> epochs_done = checkpoint.restore(model)
        >>> model.fit(
        ...     images, initial_epoch=epochs_done, epochs=20, callbacks=[checkpoint]
        ... )
    """

    def __init__(self, directory: PathLike, every: int = 1, keep: int = 2) -> None:
        self.keep = require_count("keep", keep)
        super().__init__(directory, every)
        self.files = EpochFiles(self.directory, "epoch", ".weights.h5")

    def restore(self, model: keras.Model) -> int:
        """Loads the newest file that is whole.

        Args:
            model: keras.Model, built, with the settings of the run that is resumed.

        Returns:
            int, the number of epochs done, to be passed to `fit` as `initial_epoch`;
            0 when there is no file that can be read (the log says so of each).

        Raises:
            ValueError: If the file belongs to another architecture; the model is left
                as it was.
        """
        for epochs_done, path in reversed(self.files.found().items()):
            try:
                load_sealed(model, path)
            except DamagedFileError as error:
                logging.warning(
                    "The checkpoint %s is damaged (%s); trying the one before it.",
                    path,
                    error,
                )
                continue
            except ForeignFileError as error:
                raise ValueError(
                    f"The checkpoint '{path}' does not belong to this model: {error}. "
                    "Build the model with the settings of that run, or choose another "
                    "directory to start anew."
                ) from error
            return epochs_done
        return 0

    @property
    def newest(self) -> pathlib.Path | None:
        """Path of the newest file, or None."""
        return next(reversed(self.files.found().values()), None)

    def begin(self, epochs_done: int) -> None:
        self._abandoned = {
            path for number, path in self.files.found().items() if number > epochs_done
        }

    def write(self, epochs_done: int) -> None:
        not_finite = not_finite_weights(self.model)
        if not_finite:
            raise DivergenceError(
                f"{type(self.model).__name__} diverged in epoch {epochs_done}: no "
                f"finite numbers in {', '.join(not_finite[:5])}. Lower the learning "
                "rate, or train in float32."
            )
        path = self.files.path(epochs_done)
        with replacing(path) as temporary:
            save_sealed(self.model, temporary)
        for stale in self._abandoned - {path}:
            logging.warning("Removing %s: it belongs to an abandoned run.", stale)
            stale.unlink(missing_ok=True)
        self._abandoned = set()
        for old in list(self.files.found().values())[: -self.keep]:
            old.unlink(missing_ok=True)
