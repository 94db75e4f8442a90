"""What goes wrong in training, found in what was observed after each epoch.

`find_events` is a function of the observations alone, so that an interrupted run
reports what an uninterrupted one does.
"""

import math
import statistics

# A loss of this many times its own scale has exploded; the scale is the median of its
# earlier magnitudes, at least 1, since a loss may rightly begin near 0 (a divergence
# that grows from 0.2 to 25 nats is healthy) or cross it (a critic's).
EXPLOSION_FACTOR = 100.0
# -log D(x) - log(1 - D(G(z))), where guessing gives 2 log 2 = 1.39: below it the
# discriminator is right with a probability of 95 % on either side, and the
# non-saturating generator has lost nearly every game of the epoch.
DOMINANCE_LOSS = 0.1
DOMINANCE_EPOCHS = 3
# Share of the classes that samples must reach.
COLLAPSE_SHARE = 0.5
# Fewer classes count from this epoch on: an untrained model makes none. Once most were
# reached, their loss counts at any time.
COLLAPSE_EPOCH = 3
MIN_EARLIER = 3  # epochs that a loss is compared with


def find_events(observations):
    """Events of a training, in order of epoch.

    Args:
        observations: List of dicts, one an epoch: `epoch`, counted from 1; `losses`,
            dict from log key to the epoch's mean; `not_finite`, names of what holds NaN
            or infinity; `classes` and `num_classes`, how many classes the samples reach
            and how many there are, both None if that is not watched.

    Returns:
        List of dicts with `epoch`, `kind`, `message`, `quantity`, `value` and
        `threshold`. A condition that lasts is one event, at its first epoch.
    """
    events, lasting = [], set()
    for index, now in enumerate(observations):
        before = observations[:index]
        found = [
            *_divergence(now),
            *_explosion(now, before),
            *_dominance(now, before),
            *_collapse(now, before),
        ]
        events += [e for e in found if (e["kind"], e["quantity"]) not in lasting]
        lasting = {(event["kind"], event["quantity"]) for event in found}
    return events


def _divergence(now):
    for name in now["not_finite"]:
        value = now["losses"].get(name)
        yield _event(
            now, "divergence", name, value, None, f"{name} is not a finite number"
        )


def _explosion(now, before):
    for name, value in now["losses"].items():
        earlier = [abs(o["losses"][name]) for o in before if name in o["losses"]]
        earlier = [v for v in earlier if math.isfinite(v)]
        if len(earlier) < MIN_EARLIER or not math.isfinite(value):
            continue
        threshold = EXPLOSION_FACTOR * max(1.0, statistics.median(earlier))
        if abs(value) > threshold:
            said = (
                f"{name} is {value:.4g}, more than {EXPLOSION_FACTOR:.0f} times its "
                f"usual size (limit {threshold:.4g})"
            )
            yield _event(now, "explosion", name, value, threshold, said)


def _dominance(now, before):
    name = "discriminator_loss"
    latest = [o["losses"].get(name, math.inf) for o in (*before, now)]
    latest = latest[-DOMINANCE_EPOCHS:]
    if len(latest) == DOMINANCE_EPOCHS and max(latest) < DOMINANCE_LOSS:
        said = (
            f"the discriminator has won: its loss was below {DOMINANCE_LOSS} for "
            f"{DOMINANCE_EPOCHS} epochs and is {latest[-1]:.3g}"
        )
        yield _event(now, "dominance", name, latest[-1], DOMINANCE_LOSS, said)


def _collapse(now, before):
    if now["classes"] is None:
        return
    threshold = COLLAPSE_SHARE * now["num_classes"]
    reached = any(
        o["classes"] is not None and o["classes"] >= threshold for o in before
    )
    counts = reached or now["epoch"] >= COLLAPSE_EPOCH
    if counts and now["classes"] < threshold:
        said = (
            f"samples reach {now['classes']} of {now['num_classes']} classes, fewer "
            f"than {threshold:g}"
        )
        yield _event(now, "collapse", "classes", now["classes"], threshold, said)


def _event(now, kind, quantity, value, threshold, said):
    return {
        "epoch": now["epoch"],
        "kind": kind,
        "message": f"After epoch {now['epoch']}, {said}.",
        "quantity": quantity,
        "value": value,
        "threshold": threshold,
    }
