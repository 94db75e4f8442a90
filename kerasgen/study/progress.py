"""Display of runs while they go on: which, how far, how fast, how long."""

import heapq
import statistics
import sys
import threading
import time
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
        timings: Dict from model to the seconds of an `epoch` and of all `else` in a
            run (start, compiling, evaluation, export), of runs like these; or None.
        stream: Where to print; the bars appear only if it is a terminal.
    """

    def __init__(
        self,
        titles: Sequence[str],
        models: Sequence[str],
        epochs: Sequence[int],
        images: int,
        workers: int = 1,
        timings: dict[str, dict[str, float]] | None = None,
        stream: TextIO | None = None,
    ) -> None:
        self.titles, self.models, self.epochs = list(titles), list(models), list(epochs)
        self.images, self.workers = images, workers
        self._told = timings or {}
        # By model, as they were told or are measured on the way.
        self.timings = {name: dict(each) for name, each in self._told.items()}
        self.left = set(range(len(self.titles)))
        # By index: when a run began here, and epochs since.
        self._begun, self._trained, self._spent = {}, {}, {}
        self.stream = stream or sys.stdout
        self._bars, self._lock = {}, threading.Lock()

    def learned(self) -> dict[str, dict[str, float]]:
        """Timings to tell the next time: means of those told and those measured here.

        A machine is not always as busy, and old times count half as much each time.
        """
        return {
            name: {
                part: (seconds + self._told.get(name, {}).get(part, seconds)) / 2
                for part, seconds in parts.items()
            }
            for name, parts in self.timings.items()
        }

    def say(self, text: str) -> None:
        """Print a line."""
        tqdm.tqdm.write(text, file=self.stream)
        self.stream.flush()

    def heading(self, index: int) -> str:
        """Number and name of a run."""
        return f"[{index + 1}/{len(self.titles)}] {self.titles[index]}"

    def remaining(self) -> float | None:
        """Expected seconds until all runs have ended, or None if nothing is known yet.

        Runs that wait are begun in their order, whenever a worker becomes free.
        """
        if not any("epoch" in each for each in self.timings.values()):
            return None
        going_on = self.left & self._begun.keys()
        busy = sorted(map(self._expected, going_on))
        busy += [0.0] * (self.workers - len(busy))
        heapq.heapify(busy)
        for index in sorted(self.left - going_on):
            heapq.heapreplace(busy, busy[0] + self._expected(index))
        return max(busy)

    def _expected(self, index):
        """Expected seconds until a run has ended."""
        epoch, other = (self._usual(index, part) for part in ("epoch", "else"))
        if index in self._begun:
            elapsed = time.monotonic() - self._begun[index]
            other -= max(elapsed - self._trained.get(index, 0) * epoch, 0.0)
        return self.epochs[index] * epoch + max(other, 0.0)

    def _usual(self, index, part):
        """Seconds of a part of a run: those of its model, or the mean of others."""
        known = {k: each[part] for k, each in self.timings.items() if part in each}
        mean = statistics.mean(known.values()) if known else 0.0
        return known.get(self.models[index], mean)

    def begin(self, index: int) -> None:
        """Take note that a run begins, or goes on."""
        self._begun[index], self._trained[index] = time.monotonic(), 0
        self._spent[index] = []
        with self._lock:
            self._stage(index, "starting")

    def receive(self, index: int | None, message: dict) -> None:
        """Show what the worker of a run tells; of the real images for None."""
        with self._lock:
            getattr(self, f"_{message.pop('kind')}")(index, **message)

    def close(self, index: int, is_done: bool = False) -> None:
        """Take note that a run has ended, and whether it did so well."""
        with self._lock:
            if is_done and index in self._begun:
                timing = self.timings.setdefault(self.models[index], {})
                # What the first epochs took longer than the last belongs to the start.
                trained = self._trained[index] * timing.get("epoch", 0.0)
                seconds = time.monotonic() - self._begun[index] - trained
                timing["else"] = max(seconds, 0.0)
            self.epochs[index] = 0
            self.left.discard(index)
            self._close_bar(index)

    def prepared(self) -> None:
        """Take note that the real images are judged."""
        with self._lock:
            self._close_bar(None)

    def _batch(self, index, epoch, share):
        form = "{desc} {percentage:3.0f}% {bar}"
        self._bar(index, f"epoch {epoch + 1}", form, share)

    def _epoch(self, index, epoch, total, seconds, losses):
        self.epochs[index] = total - epoch
        timing = self.timings.setdefault(self.models[index], {})
        self._trained[index] = self._trained.get(index, 0) + 1
        # A mean, since some epochs are judged; of a first one, which compiles, only
        # while there is no other.
        spent = self._spent.setdefault(index, [])
        if self._trained[index] > 1:
            spent.append(seconds)
            timing["epoch"] = statistics.mean(spent)
        elif not any(
            self._spent[other]
            for other in self._spent
            if self.models[other] == self.models[index]
        ):
            timing["epoch"] = seconds
        shown = "  ".join(f"{name} {value:.4g}" for name, value in losses.items())
        # Nothing is known yet of what follows the epochs of a first study.
        is_known = any("else" in each for each in self.timings.values())
        self.say(
            f"{self.heading(index)} epoch {epoch}/{total}  {shown}  "
            f"{self.images / seconds:,.0f} images/s  "
            f"left {clock(self.epochs[index] * timing['epoch'])}, "
            f"all runs {'' if is_known else 'at least '}{clock(self.remaining())}"
        )

    def _stage(self, index, what):
        self._bar(index, what.replace("_", " "), "{desc} …", 0.0)

    def _bar(self, index, what, form, share):
        if not self.stream.isatty():
            return
        if index not in self._bars:
            options = {"file": self.stream, "leave": False, "bar_format": form}
            self._bars[index] = tqdm.tqdm(total=1.0, **options)
        bar = self._bars[index]
        bar.bar_format, bar.n = form, share
        title = "real images" if index is None else self.heading(index)
        bar.set_description_str(f"{title} {what}")

    def _close_bar(self, index):
        if index in self._bars:
            self._bars.pop(index).close()


def clock(seconds: float) -> str:
    """Seconds as hours, minutes and seconds: "1:02:03"."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
