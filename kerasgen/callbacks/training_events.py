"""Events of a training that goes wrong, found in observations after each epoch.

`find_events` is a function of the observations alone, so that an interrupted run
reports what an uninterrupted one does.
"""

import dataclasses
import math
import numbers
import statistics

from kerasgen.callbacks.arguments import require_count
from kerasgen.evaluation.metric_names import encoded


@dataclasses.dataclass(frozen=True)
class Limits:
    """Thresholds of the events; `TrainingMonitor` gives the reasons.

    Args:
        explosion_factor: float, times its usual size that a loss has exploded at.
        dominance_loss: float, nats; a discriminator's loss below it is saturated.
        min_classes_share: float in (0, 1], of the classes that samples must reach.
        min_spread: float, pixels; samples that vary less are all alike.
        patience: int ≥ 1, epochs.

    Raises:
        ValueError: If one is out of range.
    """

    explosion_factor: float
    dominance_loss: float
    min_classes_share: float
    min_spread: float
    patience: int

    def __post_init__(self):
        require_count("patience", self.patience)
        for name in ("explosion_factor", "dominance_loss", "min_spread"):
            _require_between(name, getattr(self, name), math.inf)
        _require_between("min_classes_share", self.min_classes_share, 1.0)


def find_events(observations: list[dict], limits: Limits) -> list[dict]:
    """Events of a training, in order of epoch.

    Args:
        observations: List of dicts, one an epoch: `epoch`, counted from 1; `losses`,
            dict from log key to the epoch's mean; `not_finite`, names of what holds NaN
            or infinity. Epochs whose samples were looked at have `spread`, how much
            they vary in pixels, and `classes` and `num_classes`, how many classes they
            reach and how many there are, or None.
        limits: `Limits`.

    Returns:
        List of dicts with `epoch`, `kind`, `message`, `quantity`, `value` and
        `threshold`, as JSON holds them. A condition that lasts is one event, at its
        first epoch.
    """
    # Epochs without samples in between neither end a collapse nor begin it anew.
    sampled = [o for o in observations if o.get("spread") is not None]
    events = [
        *_begun(_divergence, observations, limits),
        *_begun(_explosion, observations, limits),
        *_begun(_dominance, observations, limits),
        *_begun(_collapse, sampled, limits),
        *_begun(_alike, sampled, limits),
    ]
    return sorted(events, key=lambda event: event["epoch"])


def _begun(condition, observations, limits):
    """Events of a condition that did not hold at the observation before."""
    lasting = set()
    for index, now in enumerate(observations):
        found = list(condition(now, observations[:index], limits))
        yield from (event for event in found if event["quantity"] not in lasting)
        lasting = {event["quantity"] for event in found}


def _divergence(now, before, limits):
    if not now["not_finite"]:
        return
    first, *others = now["not_finite"]
    value = now["losses"].get(first)
    name = first if value is None else f"{first} ({encoded(value)})"
    said = f"{name} and {len(others)} more are" if others else f"{name} is"
    said += " not finite"
    yield _event(now, "divergence", first, value, None, said)


def _explosion(now, before, limits):
    for name, value in now["losses"].items():
        earlier = [abs(o["losses"][name]) for o in before if name in o["losses"]]
        earlier = [size for size in earlier if math.isfinite(size)]
        if len(earlier) < limits.patience or not math.isfinite(value):
            continue
        threshold = limits.explosion_factor * max(1.0, statistics.median(earlier))
        if abs(value) > threshold:
            said = (
                f"{name} is {value:.4g}, more than {limits.explosion_factor:g} times "
                f"its usual size (limit {threshold:.4g})"
            )
            yield _event(now, "explosion", name, value, threshold, said)


def _dominance(now, before, limits):
    name = "discriminator_loss"
    latest = [o["losses"].get(name, math.inf) for o in (*before, now)]
    latest = latest[-limits.patience :]
    # Below zero it is no cross-entropy, but holds a term of another kind.
    won = all(0.0 <= value < limits.dominance_loss for value in latest)
    if won and len(latest) == limits.patience:
        said = (
            f"the discriminator has won: its loss is {latest[-1]:.3g}, below "
            f"{limits.dominance_loss:g} for {limits.patience} epochs"
        )
        yield _event(now, "dominance", name, latest[-1], limits.dominance_loss, said)


def _collapse(now, before, limits):
    if now["classes"] is None:
        return
    threshold = limits.min_classes_share * now["num_classes"]
    counts = [o["classes"] for o in before if o["classes"] is not None]
    if _lost(now, now["classes"], counts, threshold, limits):
        said = (
            f"samples reach {now['classes']} of {now['num_classes']} classes, fewer "
            f"than {threshold:g}"
        )
        yield _event(now, "collapse", "classes", now["classes"], threshold, said)


def _alike(now, before, limits):
    spreads = [o["spread"] for o in before]
    if _lost(now, now["spread"], spreads, limits.min_spread, limits):
        said = (
            f"samples are all alike: they vary by {now['spread']:.2g} in pixels, less "
            f"than {limits.min_spread:g}"
        )
        yield _event(now, "collapse", "spread", now["spread"], limits.min_spread, said)


def _lost(now, value, earlier, threshold, limits):
    """Whether variety is missing that was there before, or should be by now."""
    was_there = any(value >= threshold for value in earlier)
    return value < threshold and (was_there or now["epoch"] >= limits.patience)


def _event(now, kind, quantity, value, threshold, said):
    return {
        "epoch": now["epoch"],
        "kind": kind,
        "message": f"After epoch {now['epoch']}, {said}.",
        "quantity": quantity,
        "value": encoded(value),
        "threshold": encoded(threshold),
    }


def _require_between(name, value, high):
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not 0 < value <= high or math.isinf(value):
        limit = "" if math.isinf(high) else f" and at most {high:g}"
        raise ValueError(
            f"Got {name}={value!r}; expected a finite number above 0{limit}. Leave it "
            "out for the default."
        )
