"""Noticing when training goes wrong: written down with the epoch, never passed over."""

import numpy as np
from absl import logging
from keras import ops

from kerasgen import metrics
from kerasgen.callbacks.arguments import require_count
from kerasgen.callbacks.json_lines import read_lines
from kerasgen.callbacks.json_lines import write_lines
from kerasgen.callbacks.periodic import PeriodicCallback
from kerasgen.callbacks.training_trouble import find_events
from kerasgen.features import load

OBSERVATIONS = "monitor.jsonl"
EVENTS = "events.jsonl"
# As `kerasgen.evaluate` counts classes: a tenth of the fair share reaches one.
CLASS_SHARE = 0.1


class DivergenceError(RuntimeError):
    """A loss, a weight or a sample is NaN or infinite."""


class TrainingMonitor(PeriodicCallback):
    """Detects divergence, explosion, dominance and collapse, with the epoch of each.

    After every epoch it writes what it observed to `monitor.jsonl` (losses, how many
    classes the samples reach), and what is wrong to `events.jsonl`. Kinds of events:

    * "divergence": a loss, weight or sample is NaN or infinite. Training ends with
      `DivergenceError`. Losses are looked at when an epoch ends, since to read them
      after each batch would make the step wait; NaN does not go away.
    * "explosion": a loss is 100 times as large as it used to be.
    * "dominance": the discriminator's loss was below 0.1 for three epochs.
    * "collapse": samples reach fewer than half of the classes, after they reached them
      or from the third epoch on.

    The limits stand, with reasons, in `kerasgen.callbacks.training_trouble`. What lasts
    for several epochs is one event. A fit with `initial_epoch=6` goes on with what was
    observed up to epoch 6.

    Put it before `Checkpoint`, so that no checkpoint is made of a model that diverged.

    Args:
        directory: str or path for the two files; created if missing.
        features: `kerasgen.features.FeatureExtractor` that knows the classes, or the
            name of a shipped one, such as "mnist"; None does not watch classes.
        num_samples: int ≥ 1, samples drawn for that after each epoch. Default 500.

    Raises:
        ValueError: If `num_samples` is too small, the features are unknown or (before
            the first step) made for other images, or `directory` cannot be written to.
        DivergenceError: In `fit`.

    Example:
        >>> monitor = TrainingMonitor("run", features="mnist")
        >>> model.fit(images, epochs=20, callbacks=[monitor, Checkpoint("run/saved")])
        >>> [event["kind"] for event in read_events("run/events.jsonl")]
        []
    """

    def __init__(self, directory, features=None, num_samples=500):
        super().__init__(directory, every=1)
        self.features = load(features) if isinstance(features, str) else features
        self.num_samples = require_count("num_samples", num_samples)

    def begin(self, epochs_done):
        if self.features is not None:
            self.features.check_shape(self.model.image_shape)
        before = read_lines(self.directory / OBSERVATIONS) if epochs_done else []
        self._observations = [o for o in before if o["epoch"] <= epochs_done]
        self._save()

    def on_epoch_end(self, epoch, logs=None):
        self._losses = {key: float(value) for key, value in (logs or {}).items()}
        super().on_epoch_end(epoch, logs)

    def write(self, epochs_done):
        images = self._samples()
        not_finite = self._not_finite(images)
        self._observations.append(
            {
                "epoch": epochs_done,
                "losses": self._losses,
                "not_finite": not_finite,
                **self._classes(None if not_finite else images),
            }
        )
        for event in self._save():
            if event["epoch"] == epochs_done:
                name = type(self.model).__name__
                logging.warning("%s: %s: %s", name, event["kind"], event["message"])
        if not_finite:
            raise DivergenceError(
                f"{type(self.model).__name__} diverged in epoch {epochs_done}: "
                f"{', '.join(not_finite[:5])} not finite. Its last checkpoint is of "
                "the epoch before. Lower the learning rate, or train in float32."
            )

    def _samples(self):
        if self.features is None or self.features.num_classes is None:
            return None
        return self.model.sample(self.num_samples, seed=0)

    def _not_finite(self, images):
        """Names of losses, weights and samples that hold NaN or infinity."""
        names = [k for k, value in self._losses.items() if not np.isfinite(value)]
        for weight in self.model.weights:
            # Seeds and counters are whole numbers.
            floating = "float" in weight.dtype
            if floating and not bool(ops.all(ops.isfinite(weight.value))):
                names.append(weight.path)
        if images is not None and not np.isfinite(images).all():
            names.append("samples")
        return names

    def _classes(self, images):
        if images is None:
            return {"classes": None, "num_classes": None}
        num_classes = self.features.num_classes
        classes = self.features(images).probabilities.argmax(axis=1)
        share = CLASS_SHARE / num_classes
        reached = metrics.class_coverage(classes, num_classes, share)
        return {"classes": int(reached), "num_classes": num_classes}

    def _save(self):
        events = find_events(self._observations)
        write_lines(self.directory / OBSERVATIONS, self._observations)
        write_lines(self.directory / EVENTS, events)
        return events


def read_events(path):
    """Reads `events.jsonl`.

    Args:
        path: str or path.

    Returns:
        List of dicts in order of `epoch`, with `kind`, `message`, `quantity`, `value`
        and `threshold`; empty if there is no such file. A damaged line is left out,
        with a warning in the log.

    Example:
        >>> [event["kind"] for event in read_events("run/events.jsonl")]
        ['collapse']
    """
    return read_lines(path)
