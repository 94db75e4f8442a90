"""Display of runs while they go on: which, how far, how fast, how long."""

import statistics
import sys
import threading
from collections.abc import Sequence
from typing import TextIO

import tqdm


class Progress:
    """The display of several runs: a bar for each that is going on, a line an epoch.

    Args:
        titles: Names of the runs, in order.
        models: The name of each run's model, in order: runs of one model are as fast.
        epochs: Epochs that each run has still to do, in order.
        images: Images in an epoch.
        workers: Runs that go on at the same time.
        stream: Where to print; the bars appear only if it is a terminal.
    """

    def __init__(
        self,
        titles: Sequence[str],
        models: Sequence[str],
        epochs: Sequence[int],
        images: int,
        workers: int = 1,
        stream: TextIO | None = None,
    ) -> None:
        self.titles, self.models, self.epochs = list(titles), list(models), list(epochs)
        self.images, self.workers = images, workers
        self.seconds = {}  # of an epoch, by model
        self.evaluating = []  # seconds that evaluations of runs took
        self.to_evaluate = set(range(len(self.titles)))
        self.stream = stream or sys.stdout
        self._bars, self._lock = {}, threading.Lock()

    def say(self, text: str) -> None:
        """Print a line."""
        tqdm.tqdm.write(text, file=self.stream)
        self.stream.flush()

    def heading(self, index: int) -> str:
        """Number and name of a run."""
        return f"[{index + 1}/{len(self.titles)}] {self.titles[index]}"

    def remaining(self) -> float | None:
        """Expected seconds for all that is left, or None if nothing is known yet."""
        if not self.seconds:
            return None
        usual = statistics.mean(self.seconds.values())
        pairs = zip(self.models, self.epochs, strict=True)
        training = sum(left * self.seconds.get(name, usual) for name, left in pairs)
        evaluating = statistics.mean(self.evaluating) if self.evaluating else 0.0
        return (training + evaluating * len(self.to_evaluate)) / self.workers

    def receive(self, index: int, message: dict) -> None:
        """Show what the worker of a run tells."""
        with self._lock:
            getattr(self, f"_{message.pop('kind')}")(index, **message)

    def close(self, index: int) -> None:
        """Take note that a run has ended, well or not."""
        with self._lock:
            self.epochs[index] = 0
            self.to_evaluate.discard(index)
            if index in self._bars:
                self._bars.pop(index).close()

    def _batch(self, index, epoch, share):
        self._bar(index, f"epoch {epoch + 1}", share)

    def _epoch(self, index, epoch, total, seconds, losses):
        self.epochs[index] = total - epoch
        self.seconds[self.models[index]] = seconds
        shown = "  ".join(f"{name} {value:.4g}" for name, value in losses.items())
        self.say(
            f"{self.heading(index)} epoch {epoch}/{total}  {shown}  "
            f"{self.images / seconds:,.0f} images/s  "
            f"left {clock(self.epochs[index] * seconds)}, "
            f"all runs {clock(self.remaining())}"
        )

    def _evaluating(self, index):
        self._bar(index, "evaluating", 1.0)

    def _evaluated(self, index, seconds):
        self.evaluating.append(seconds)
        self.to_evaluate.discard(index)

    def _bar(self, index, what, share):
        if not self.stream.isatty():
            return
        if index not in self._bars:
            form = "{desc} {percentage:3.0f}% {bar}"
            options = {"file": self.stream, "leave": False, "bar_format": form}
            self._bars[index] = tqdm.tqdm(total=1.0, **options)
        bar = self._bars[index]
        bar.set_description_str(f"{self.heading(index)} {what}", refresh=False)
        bar.n = share
        bar.refresh()


def clock(seconds: float) -> str:
    """Seconds as hours, minutes and seconds: "1:02:03"."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
