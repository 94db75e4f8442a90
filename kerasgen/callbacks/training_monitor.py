"""Detection of trainings that go wrong, recorded with the epoch."""

import math

import numpy as np
from absl import logging

from kerasgen.callbacks.arguments import require_count
from kerasgen.callbacks.json_lines import read_lines
from kerasgen.callbacks.json_lines import write_lines
from kerasgen.callbacks.periodic import PeriodicCallback
from kerasgen.callbacks.training_events import Limits
from kerasgen.callbacks.training_events import find_events
from kerasgen.callbacks.training_observations import not_finite_weights
from kerasgen.callbacks.training_observations import read_observations
from kerasgen.callbacks.training_observations import variety
from kerasgen.callbacks.training_observations import write_observations
from kerasgen.features import SHIPPED
from kerasgen.features import load
from kerasgen.features.extractor import FeatureExtractor
from kerasgen.files import PathLike
from kerasgen.training import DivergenceError

OBSERVATIONS = "monitor.jsonl"
EVENTS = "events.jsonl"


class TrainingMonitor(PeriodicCallback):
    """Detects divergence, explosion, dominance and collapse, with the epoch of each.

    It writes what goes wrong to `events.jsonl`, which stays empty if nothing does, and
    what it observed after each epoch to `monitor.jsonl`. Kinds of events:

    * "divergence": a loss, a weight (of the averaged generator too) or a sample is NaN
      or infinite. Training ends with `DivergenceError`. Losses are looked at when an
      epoch ends, since to read them after each batch would make the step wait; NaN
      stays in the weights, so none is missed.
    * "explosion": a value in the logs is many times as large as it used to be.
    * "dominance": the discriminator's loss is near 0, so that the generator loses
      every game. A critic's loss has no such end and is not watched, nor is a
      discriminator at chance, where the game has its equilibrium.
    * "collapse": samples reach too few classes, or are all alike. An untrained model
      makes no classes either, so this counts once samples had the variety, or from
      epoch `patience` on: a run that never gets there is reported, unless it is shorter
      than that.

    A condition that lasts is one event, at the epoch where it begins; beginning again
    later, it is another. A fit with `initial_epoch=6` keeps what was found up to epoch
    6 and goes on with what was observed. Samples have a seed of their own: watching
    does not change the training.

    Put it before `Checkpoint`, so that no checkpoint is made of a model that diverged.

    Args:
        directory: str or path for the two files; created if missing.
        features: `kerasgen.features.FeatureExtractor` to see the classes of samples
            with, or the name of a shipped one, such as "mnist". None, or one that knows
            no classes, does not watch classes. Default None.
        num_samples: int ≥ 2, samples drawn, at least two for each class that is
            watched; a conditional model draws its classes in turn. Default 500.
        every: int ≥ 1, epochs from one look at samples to the next; those of the last
            epoch are always looked at, losses and weights after every epoch. Default 1.
        explosion_factor: float > 0. A value explodes at so many times the median of its
            earlier sizes, `patience` at least; sizes count as 1 at least, since a value
            may rightly begin near 0 (a divergence that grows from 0.2 to 25 nats is
            healthy) or cross it (a critic's). Default 100.
        dominance_loss: float > 0, nats. The discriminator's loss is
            -log D(x) - log(1 - D(G(z))), and 2 log 2 = 1.39 for blind guesses. Below
            the default 0.1 it gives the right answer about 95 %, for `patience` epochs.
        min_classes_share: float in (0, 1], share of the classes that samples must
            reach. Default 0.5.
        min_spread: float > 0, standard deviation of a pixel over samples (root mean
            square over pixels) that samples must have. MNIST has 0.26, every model of
            the zoo more than 0.02 after twenty steps. Default 0.01.
        patience: int ≥ 1, epochs. Default 3.

    Raises:
        ValueError: If an argument is out of range, the features are unknown or (before
            the first step) made for other images, the model has no `sample`, or
            `directory` cannot be written to.
        DivergenceError: In `fit`.

    Example:
        >>> monitor = TrainingMonitor("run", features="mnist")
        >>> model.fit(images, epochs=20, callbacks=[monitor, Checkpoint("run/saved")])
        >>> [event["kind"] for event in read_events("run/events.jsonl")]
        []
    """

    def __init__(
        self,
        directory: PathLike,
        features: FeatureExtractor | str | None = None,
        num_samples: int = 500,
        every: int = 1,
        *,
        explosion_factor: float = 100.0,
        dominance_loss: float = 0.1,
        min_classes_share: float = 0.5,
        min_spread: float = 0.01,
        patience: int = 3,
    ) -> None:
        self.limits = Limits(
            explosion_factor, dominance_loss, min_classes_share, min_spread, patience
        )
        self.features = _extractor(features)
        # One sample does not vary; a few would miss half of the classes by chance.
        fewest = 2 if self.features is None else 2 * self.features.num_classes
        self.num_samples = require_count("num_samples", num_samples, fewest)
        super().__init__(directory, every)

    def on_train_begin(self, logs: dict | None = None) -> None:
        if not hasattr(self.model, "sample"):
            raise ValueError(
                "TrainingMonitor needs a model with `sample(num, labels, seed)`, as "
                f"every kerasgen model has; {type(self.model).__name__} has none. "
                "Leave the callback out or add that method."
            )
        super().on_train_begin(logs)

    def begin(self, epochs_done: int) -> None:
        if self.features is not None:
            self.features.check_shape(self.model.image_shape)
        path = self.directory / OBSERVATIONS
        self._observations = read_observations(path, epochs_done) if epochs_done else []
        # As they were found: the observations may have come to harm.
        before = read_events(self.directory / EVENTS) if epochs_done else []
        self._kept = [event for event in before if event["epoch"] <= epochs_done]
        self._events, self._resumed = self._kept, epochs_done
        self._save()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        losses = {key: float(value) for key, value in (logs or {}).items()}
        not_finite = [key for key, value in losses.items() if not math.isfinite(value)]
        not_finite += not_finite_weights(self.model)
        self._observations.append(
            {"epoch": epoch + 1, "losses": losses, "not_finite": not_finite}
        )
        self._report()
        super().on_epoch_end(epoch, logs)

    def write(self, epochs_done: int) -> None:
        images = self.model.sample(self.num_samples, seed=0)
        now = self._observations[-1]
        if np.isfinite(images).all():
            now.update(variety(images, self.features))
        else:
            now["not_finite"].append("samples")
        self._report()

    def _report(self):
        """Writes what is known, logs what is new, and ends a training that diverged."""
        told = self._events
        found = find_events(self._observations, self.limits)
        new = [event for event in found if event["epoch"] > self._resumed]
        self._events = self._kept + new
        self._save()
        name = type(self.model).__name__
        for event in self._events:
            if event not in told:
                logging.warning("%s: %s: %s", name, event["kind"], event["message"])
        now = self._observations[-1]
        if now["not_finite"]:
            raise DivergenceError(
                f"{name} diverged in epoch {now['epoch']}: no finite numbers in "
                f"{', '.join(now['not_finite'][:5])}. Lower the learning rate, or "
                "train in float32."
            )

    def _save(self):
        write_observations(self.directory / OBSERVATIONS, self._observations)
        write_lines(self.directory / EVENTS, self._events)


def read_events(path: PathLike) -> list[dict]:
    """Reads `events.jsonl`.

    Args:
        path: str or path.

    Returns:
        List of dicts in order of `epoch`, with `kind`, `message`, `quantity`, `value`
        (where not finite, as the string "NaN", "Infinity" or "-Infinity"; None for a
        weight) and `threshold` (None for a divergence); empty if there is no such file.
        A damaged line is left out, with a warning in the log.

    Example:
        >>> [event["kind"] for event in read_events("run/events.jsonl")]
        ['collapse']
    """
    return read_lines(path)


def _extractor(features):
    """The extractor that sees classes, or None."""
    if not isinstance(features, str):
        knows = features is not None and features.num_classes is not None
        return features if knows else None
    if features not in SHIPPED:
        raise ValueError(
            f"Got features={features!r}; expected one of {', '.join(SHIPPED)}, "
            "a FeatureExtractor (any dataset has one in "
            "kerasgen.evaluation.Reference(dataset).extractor), or None."
        )
    return load(features)
