"""Losses and seconds of every epoch, on disk after each."""

import pathlib
import time

from absl import logging
from matplotlib.backends.backend_agg import FigureCanvasAgg

from kerasgen.callbacks.history_file import read_history
from kerasgen.callbacks.history_file import write_history
from kerasgen.callbacks.loss_curves import draw_losses
from kerasgen.callbacks.periodic import PeriodicCallback
from kerasgen.files import PathLike
from kerasgen.files import replacing
from kerasgen.files import user_path

FILES = ("history.csv", "history.json")


class LossHistory(PeriodicCallback):
    """Writes `history.csv`, `history.json` and the picture `losses.png`.

    The two files hold the same: one row per epoch with its number counted from 1, its
    duration in seconds and every log value. They are on disk after each epoch.

    A fit with `initial_epoch=6` keeps the rows of epochs 1 to 6 and drops later ones,
    so that a run that was killed after it had written epoch 7, and goes on from a
    checkpoint of epoch 6, has one row for epoch 7. A fit from epoch 0 starts a new
    history. Put this callback before `Checkpoint`: the history is then never behind
    the checkpoint.

    Args:
        directory: str or path for the three files; created if missing.
        plot_every: int ≥ 1, epochs from one drawing of `losses.png` to the next; the
            last epoch is always drawn. Default 1.

    Raises:
        ValueError: If `plot_every` is too small, `directory` cannot be written to,
            or (when training resumes) both history files are damaged.

    Example:
        >>> model.fit(images, epochs=20, callbacks=[LossHistory("run")])
        >>> read_history("run/history.csv")["seconds"]
    """

    def __init__(self, directory: PathLike, plot_every: int = 1) -> None:
        super().__init__(directory, plot_every)
        self.paths = [self.directory / name for name in FILES]

    def begin(self, epochs_done: int) -> None:
        # Nothing is read for a fresh start, so a damaged old file cannot stop it.
        rows, errors = read_rows(self.directory) if epochs_done else ({}, [])
        if errors and not rows:
            raise errors[0]
        self._rows = {epoch: rows[epoch] for epoch in rows if epoch <= epochs_done}
        missing = sorted(set(range(1, epochs_done + 1)) - set(self._rows))
        if missing:
            logging.warning(
                "Training resumes after epoch %d, but the history in %s has no rows "
                "for the epochs %s.",
                epochs_done,
                self.directory,
                missing,
            )
        if any(path.exists() for path in self.paths):
            self._save()

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        super().on_epoch_begin(epoch, logs)
        self._started, self._waits = time.perf_counter(), True

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        # What other callbacks do when an epoch begins is not training.
        if self._waits:
            self._started, self._waits = time.perf_counter(), False

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        seconds = time.perf_counter() - self._started
        values = {key: float(value) for key, value in (logs or {}).items()}
        self._rows[epoch + 1] = {"epoch": epoch + 1, "seconds": seconds, **values}
        self._save()
        super().on_epoch_end(epoch, logs)

    def write(self, epochs_done: int) -> None:
        columns = self._columns()
        if len(columns) == 2:
            return  # A model without any log value.
        figure = draw_losses(columns, f"{type(self.model).__name__}: losses")
        with replacing(self.directory / "losses.png") as temporary:
            FigureCanvasAgg(figure).print_png(temporary)

    def _save(self):
        columns = self._columns()
        for path in self.paths:
            write_history(path, columns)

    def _columns(self):
        rows = [self._rows[epoch] for epoch in sorted(self._rows)]
        keys = dict.fromkeys(
            ["epoch", "seconds", *(key for row in rows for key in row)]
        )
        return {key: [row.get(key) for row in rows] for key in keys}


def read_rows(directory: PathLike) -> tuple[dict, list[ValueError]]:
    """Reads the history of a run directory from all files that can be read.

    A crash can come between the writing of the two files, or damage one: each fills
    the gaps of the other.

    Args:
        directory: str or path.

    Returns:
        `(rows, errors)`: dict from the epoch to its row, a dict; and the list of
        `ValueError`s of files that could not be read, which the log has, too.
    """
    rows, errors = {}, []
    paths = [user_path(directory) / name for name in FILES]
    for path in filter(pathlib.Path.exists, paths):
        try:
            columns = read_history(path)
        except ValueError as error:
            errors.append(error)
            logging.warning("%s", error)
            continue
        for values in zip(*columns.values(), strict=True):
            row = dict(zip(columns, values, strict=True))
            row = {key: value for key, value in row.items() if value is not None}
            rows.setdefault(row["epoch"], row)
    return rows, errors
