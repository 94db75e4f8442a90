"""What claims are judged by: one number of a run, with a name that tells how it came.

A quantity is a function of a `Run` and of the study's `real` records. It returns the
name and the number; numbers of different names are never compared. NaN says that the
model spoilt the number, infinity that it never got there, and `NoNumber` is raised for
what is not on record.
"""

import math

import numpy as np

from kerasgen.evaluation import find_name

# Changes of quality at the least, in the second half of training, to see it fluctuate.
MIN_CHANGES = 2
# A loss is looked at by quarters of the training: of two epochs each, at the least.
MIN_LOSS_EPOCHS = 8
PLAYER_LOSSES = ("generator_loss", "discriminator_loss", "critic_loss")
# The quality to be reached in time: so many times the Fréchet distance of real images.
# Far enough that good models arrive early, near enough that samples are then digits.
TARGET_MULTIPLE = 50


class NoNumber(ValueError):
    """Why a run has no number; goes on after "DCGAN with seed 0"."""


def final(base, space=None):
    """The quantity that is a number of the evaluation at the end.

    Args:
        base: str, the beginning of its name, as `find_name` takes it.
        space: "features" or "pixels" where it exists in both.
    """

    def quantity(run, real):
        found = _number(run.evaluation, base, space)
        if found is None:
            raise NoNumber(f"was evaluated without {base}")
        return found

    return quantity


def of_codes(base):
    """`final`, of codes that have to find the digit by themselves."""

    def quantity(run, real):
        if run.settings.conditional:
            raise NoNumber("is told the digit, so that its codes need not hold it")
        return final(base)(run, real)

    return quantity


def fluctuation(run, real):
    """How unsteadily the quality of samples changes, in logarithms of the distance.

    Of the Fréchet distances d₁, d₂, … of the evaluations in training, without that
    before the first epoch, the changes log dₖ₊₁ − log dₖ that end in the second half of
    the training: their mean absolute deviation from their mean. A model that gets
    better, or worse, by the same factor from each evaluation to the next has 0, so that
    fast learning is not taken for instability.
    """
    name, pairs = _qualities(run)
    logarithms = [math.log(d) if 0.0 < d < math.inf else math.nan for _, d in pairs]
    half = run.settings.epochs / 2
    changes = np.diff(logarithms)[[epoch > half for epoch, _ in pairs[1:]]]
    if len(changes) < MIN_CHANGES:
        raise NoNumber(
            f"was evaluated too seldom in training (changes in its second half: "
            f"{len(changes)}; needed: {MIN_CHANGES})"
        )
    return f"fluctuation_{name}", float(np.abs(changes - changes.mean()).mean())


def seconds_per_epoch(run, real):
    """Median seconds of an epoch, which the compilation in the first does not move."""
    return _timed("seconds_per_epoch", run), float(np.median(_seconds(run)))


def seconds_to_quality(run, real):
    """Seconds of training until samples are of a given quality.

    That is, to the end of the first epoch that was followed by an evaluation of at most
    `TARGET_MULTIPLE` times the Fréchet distance of real images judged in the same way;
    infinite if there is none. Evaluations do not count as training. Where the first
    evaluation came after several epochs, and found that quality, there is no number.
    """
    name, pairs = _qualities(run)
    distance = (real.get("during") or {}).get(name)
    if distance is None:
        raise NoNumber("has no real images to set its samples beside")
    seconds = np.cumsum(_seconds(run))
    elapsed = dict(zip(run.history["epoch"], seconds, strict=True))
    target = TARGET_MULTIPLE * float(distance)
    reached = [epoch for epoch, d in pairs if d <= target and epoch in elapsed]
    first = pairs[0][0]
    if reached and reached[0] == first > 1:
        raise NoNumber(
            f"was first looked at after {first} epochs, when it had reached "
            f"{TARGET_MULTIPLE} times the distance of real images already"
        )
    seconds = float(elapsed[reached[0]]) if reached else math.inf
    return _timed(f"seconds_to_{TARGET_MULTIPLE}x_real_{name}", run), seconds


def loss_drift(run, real):
    """How far the players' losses still move at the end, as a share of their range.

    For each player |mean of the last quarter of epochs − mean of the quarter before| /
    (maximum − minimum over the run), and of the players the largest. A loss that never
    moves has 0. One spike, at the start as well, widens the range and hides a drift.
    """
    columns = [run.history[name] for name in PLAYER_LOSSES if name in run.history]
    if not columns:
        raise NoNumber("has no losses of players on record")
    if run.epochs_done < MIN_LOSS_EPOCHS:
        raise NoNumber(f"has {run.epochs_done} epochs; {MIN_LOSS_EPOCHS} are needed")
    return "loss_drift", max(map(_drift, columns))


def _drift(values):
    values = np.asarray(values, dtype=float)  # NaN for None
    if not np.isfinite(values).all():
        return math.nan
    quarter = len(values) // 4
    last, before = values[-quarter:], values[-2 * quarter : -quarter]
    span = np.ptp(values)
    return float(abs(last.mean() - before.mean()) / span) if span else 0.0


def _number(record, base, space):
    """Name and value of a number in a record of `evaluate`, or None."""
    # A record of samples that were not finite says so, and has nothing else.
    name = find_name(record, base, space) if "features" in record else None
    if name is None or record[name] is None:
        return None
    return name, float(record[name])


def _qualities(run):
    """Name of the Fréchet distance in training, and pairs (epoch, distance).

    A run that was taken further was looked at more often at first: of its evaluations
    those count that a run in one go would have made.
    """
    name, pairs = None, []
    every, last = run.settings.evaluated_every, run.settings.epochs
    for record in run.evaluations:
        found = _number(record, "fid", "features")
        epoch = record["epoch"]
        # Before the first epoch nothing was learned yet.
        if epoch == 0 or (epoch % every and epoch != last):
            continue
        if "failed" in record:
            pairs.append((record["epoch"], math.nan))
        elif found is not None:
            name = found[0]
            pairs.append((record["epoch"], found[1]))
    if name is None:
        raise NoNumber("was not evaluated in training")
    epochs = [epoch for epoch, _ in pairs if epoch != last]
    if epochs != list(range(every, last, every))[: len(epochs)]:
        raise NoNumber(f"was not evaluated every {every} epochs, since it was taken on")
    return name, pairs


def _seconds(run):
    seconds = run.history.get("seconds", [])
    if not seconds or None in seconds:
        raise NoNumber("lacks the seconds of its epochs")
    return seconds


def _timed(name, run):
    """A name with the machine, since times of different machines do not compare."""
    machines = {
        (e.get("processor"), e.get("cores"), *e.get("gpus", ()), e.get("workers", 1))
        for e in run.record["environments"]
    }
    if len(machines) != 1:
        raise NoNumber("was trained on more than one machine")
    processor, cores, *gpus, workers = machines.pop()
    parts = [processor, f"{cores} cores", *gpus, f"{workers} at a time"]
    return f"{name} ({', '.join(parts)})"
