"""What a person sees while several runs train: which, how far, how fast, how long."""

import sys
import time

import keras
import tqdm


class Progress:
    """The display of a series of runs: a bar for each epoch, a line when it is done.

    Args:
        titles: Names of the runs, in order.
        epochs: Epochs that each run has still to do, in order.
        seconds: Expected seconds for an epoch of each run, in order.
        images: Images in an epoch of each run, in order.
        stream: Where to print; the bar appears only if it is a terminal.
    """

    def __init__(self, titles, epochs, seconds, images, stream=None):
        self.titles, self.images = list(titles), list(images)
        self.epochs, self.seconds = list(epochs), list(seconds)
        self.stream = stream or sys.stdout

    def say(self, text):
        """Prints one line."""
        print(text, file=self.stream, flush=True)

    def remaining(self):
        """Expected seconds for all epochs that are left."""
        return sum(n * s for n, s in zip(self.epochs, self.seconds, strict=True))

    def callback(self, index):
        """Keras callback that shows run number `index`."""
        return _EpochLines(self, index)


class _EpochLines(keras.callbacks.Callback):
    def __init__(self, progress, index):
        super().__init__()
        self.progress, self.index = progress, index
        self.heading = f"[{index + 1}/{len(progress.titles)}] {progress.titles[index]}"
        self.bar = None

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()
        self.bar = tqdm.tqdm(
            total=self.params["steps"],
            desc=f"{self.heading} epoch {epoch + 1}/{self.params['epochs']}",
            file=self.progress.stream,
            disable=not self.progress.stream.isatty(),
            leave=False,
        )

    def on_train_batch_end(self, batch, logs=None):
        self.bar.update(batch + 1 - self.bar.n)

    def on_epoch_end(self, epoch, logs=None):
        self.bar.close()
        seconds = time.perf_counter() - self.start
        progress, index = self.progress, self.index
        progress.epochs[index] = self.params["epochs"] - epoch - 1
        progress.seconds[index] = seconds
        losses = "  ".join(f"{name} {value:.4g}" for name, value in logs.items())
        progress.say(
            f"{self.heading} epoch {epoch + 1}/{self.params['epochs']}  {losses}  "
            f"{progress.images[index] / seconds:,.0f} images/s  "
            f"left {clock(progress.epochs[index] * seconds)}, "
            f"all models {clock(progress.remaining())}"
        )


def clock(seconds):
    """Seconds as hours, minutes and seconds: "1:02:03"."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
