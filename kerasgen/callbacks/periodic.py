"""Base of callbacks that write something every few epochs."""

import keras

from kerasgen.callbacks.arguments import require_count
from kerasgen.files import PathLike
from kerasgen.files import prepare_directory
from kerasgen.files import remove_partial_files


class PeriodicCallback(keras.callbacks.Callback):
    """Calls `begin` before the first epoch of a fit and `write` every few epochs.

    Abstract: subclasses say what is written. Epochs are counted as epochs done, so
    the first one ends with `epochs_done == 1`, and a fit with `initial_epoch=6`
    begins with 6. The last epoch of a fit is always written: when it ends, so that it
    is on disk before a `Checkpoint` makes the epoch count as done; where training is
    stopped early, when the fit ends.

    Args:
        directory: str or path to write to; created if missing.
        every: int ≥ 1, epochs from one `write` to the next.

    Raises:
        ValueError: If `every` is not an integer ≥ 1, or `directory` cannot be written
            to.
    """

    def __init__(self, directory: PathLike, every: int) -> None:
        super().__init__()
        self.every = require_count("every", every)
        self.directory = prepare_directory(directory)

    def begin(self, epochs_done: int) -> None:
        """Puts the directory into the state after `epochs_done` epochs."""

    def write(self, epochs_done: int) -> None:
        """Writes what belongs to the state after `epochs_done` epochs."""
        raise NotImplementedError

    def on_train_begin(self, logs: dict | None = None) -> None:
        remove_partial_files(self.directory)
        self._epochs_done: int | None = None
        self._epochs_written: int | None = None

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        if self._epochs_done is None:
            self._epochs_done = epoch
            self._epochs_written = epoch
            self.begin(epoch)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self._epochs_done = epoch + 1
        is_last = self._epochs_done == (self.params or {}).get("epochs")
        if self._epochs_done % self.every == 0 or is_last:
            self._write()

    def on_train_end(self, logs: dict | None = None) -> None:
        if self._epochs_done != self._epochs_written:
            self._write()

    def _write(self):
        self.write(self._epochs_done)
        self._epochs_written = self._epochs_done
