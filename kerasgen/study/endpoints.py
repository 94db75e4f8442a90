"""Numbers of single runs by which models are compared.

A quantity is a function of a `Run`, of the study's `real` records and of the prior of
the samples; it returns the name and the number. Numbers of different names are never
compared. `NoNumber` is raised for what is not on record, and says why.
"""

import math
from collections.abc import Callable

import numpy as np

from kerasgen.evaluation import find_name
from kerasgen.study.comparison import Endpoint
from kerasgen.study.records import Run
from kerasgen.study.records import flat

# Changes of quality in the second half of training that a fluctuation needs.
MIN_CHANGES = 2
MIN_LOSS_EPOCHS = 8
# Distance to be reached in time, in distances of real images.
TARGET_MULTIPLE = 8
# Metrics of codes that have to find the class by themselves.
OF_CODES = ("kmeans", "linear_probe", "knn")


class NoNumber(ValueError):
    """Why a run has no number; goes on after "DCGAN with seed 0"."""


def value_of(
    endpoint: Endpoint, run: Run, real: dict, prior: str = ""
) -> tuple[str, float]:
    """Name and number of an endpoint for a run, on the endpoint's scale.

    Args:
        endpoint: `Endpoint`.
        run: `records.Run`.
        real: Records of real images, as of `records.Study`.
        prior: "fitted" for samples from a fitted prior, where the run has them.

    Raises:
        NoNumber: If the run has none.
    """
    if endpoint.quantity in QUANTITIES:
        name, value = QUANTITIES[endpoint.quantity](run, real, prior)
    elif endpoint.quantity.startswith(OF_CODES) and run.settings.conditional:
        raise NoNumber("is conditioned on labels, so its codes need not hold them")
    else:
        name, value = metric(run.metrics(prior), endpoint.quantity, endpoint.space)
    if endpoint.scale in ("linear", "spread"):
        return name, value
    if endpoint.scale == "real":
        beside = (real.get("final") or {}).get(name)
        if beside is None:
            raise NoNumber(f"has no real images' {name} to stand beside")
        return name, abs(_log(value / float(beside)))
    return name, _log(value)


def metric(metrics: dict, base: str, space: str = "") -> tuple[str, float]:
    """Name and value of a metric in the metrics of a record.

    Args:
        metrics: As `Run.metrics` returns them.
        base: Name without protocol.
        space: "features", "random", "pixels", or "" for the only one.
    """
    name = find_name(metrics, base, space or None) if "features" in metrics else None
    if name is None or metrics[name] is None:
        raise NoNumber(f"was evaluated without {base}")
    return name, float(metrics[name])


def fluctuation(run: Run, real: dict, prior: str = "") -> tuple[str, float]:
    """How unsteadily the quality of samples changes, in logarithms of the distance.

    Of the Fréchet distances d₁, d₂, … in training, the changes log dₖ₊₁ − log dₖ that
    end in the second half: their mean absolute deviation from their mean, so that
    steady learning at any rate gives 0.
    """
    name, pairs = qualities(run)
    half = run.settings.epochs / 2
    changes = np.diff([_log(d) for _, d in pairs])
    changes = changes[[epoch > half for epoch, _ in pairs[1:]]]
    if len(changes) < MIN_CHANGES:
        raise NoNumber(
            f"was evaluated too seldom in training (changes in its second half: "
            f"{len(changes)}; needed: {MIN_CHANGES})"
        )
    return f"fluctuation_{name}", float(np.abs(changes - changes.mean()).mean())


def seconds_per_epoch(run: Run, real: dict, prior: str = "") -> tuple[str, float]:
    """Median seconds of an epoch, which the compilation in the first does not move.

    Of a study whose models were timed alone (`benchmarks.timing`), those seconds.
    """
    return _timed("seconds_per_epoch", run), float(np.median(_seconds(run)))


def seconds_to_quality(run: Run, real: dict, prior: str = "") -> tuple[str, float]:
    """Seconds of training until samples reach `TARGET_MULTIPLE` × the real distance.

    Counted to the end of the first epoch whose evaluation is at most the target, so
    that all runs are rounded up to the next evaluation; infinite if there is none.
    Evaluations do not count as training.
    """
    name, pairs = qualities(run)
    distance = (real.get("during") or {}).get(name)
    if distance is None:
        raise NoNumber("has no real images to set its samples beside")
    elapsed = np.cumsum(_seconds(run))
    elapsed = dict(zip(run.history["epoch"], elapsed, strict=True))
    target = TARGET_MULTIPLE * float(distance)
    reached = [epoch for epoch, d in pairs if d <= target and epoch in elapsed]
    seconds = float(elapsed[reached[0]]) if reached else math.inf
    return _timed(f"seconds_to_{TARGET_MULTIPLE}x_real_{name}", run), seconds


def loss_slope(run: Run, real: dict, prior: str = "") -> tuple[str, float]:
    """Largest slope of a player's loss over the second half of training, up or down.

    Each loss is fitted by a line; its change over the half is divided by the standard
    deviation of the residuals. The larger of two losses that only fluctuate has 1.2 in
    the mean after 20 epochs, 0.6 after 100.
    """
    columns = {k: v for k, v in run.history.items() if k.endswith("_loss")}
    columns.pop("reconstruction_loss", None)
    if not columns:
        raise NoNumber("has no losses of players on record")
    if run.epochs_done < MIN_LOSS_EPOCHS:
        raise NoNumber(f"has {run.epochs_done} epochs; {MIN_LOSS_EPOCHS} are needed")
    return "loss_slope", float(np.max([_slope(each) for each in columns.values()]))


def log_distance(run: Run, real: dict, prior: str = "") -> tuple[str, float]:
    """Logarithm of the last Fréchet distance, whose spread over settings is judged."""
    name, value = metric(run.metrics(prior), "fid", "features")
    return f"log_{name}", _log(value)


QUANTITIES: dict[str, Callable] = {
    each.__name__: each
    for each in (
        fluctuation,
        seconds_per_epoch,
        seconds_to_quality,
        loss_slope,
        log_distance,
    )
}


def qualities(run: Run) -> tuple[str, list[tuple[int, float]]]:
    """Name of the Fréchet distance in training, and pairs (epoch, distance).

    A run that was taken further was evaluated more often at first: of its evaluations
    those count that a run in one go would have made.
    """
    name, pairs = None, []
    every, last = run.settings.evaluated_every, run.settings.epochs
    for record in run.evaluations:
        epoch = record["epoch"]
        # Before the first epoch nothing was learned yet.
        if epoch == 0 or (epoch % every and epoch != last):
            continue
        if "failed" in record:
            pairs.append((epoch, math.nan))
            continue
        try:
            name, value = metric(flat(record), "fid", "features")
        except NoNumber:
            continue
        pairs.append((epoch, value))
    if name is None:
        raise NoNumber("was not evaluated in training")
    epochs = [epoch for epoch, _ in pairs if epoch != last]
    if epochs != list(range(every, last, every))[: len(epochs)]:
        raise NoNumber(f"was not evaluated every {every} epochs, since it was taken on")
    return name, pairs


def _log(value):
    return math.log(value) if 0.0 < value < math.inf else math.nan


def _slope(values):
    values = np.asarray(values, dtype=float)[len(values) // 2 :]  # NaN for None
    if not np.isfinite(values).all():
        return math.nan
    if not np.ptp(values):
        return 0.0
    places = np.arange(len(values))
    slope, intercept = np.polyfit(places, values, 1)
    residual = (values - slope * places - intercept).std(ddof=2)
    return float(abs(slope) * (len(values) - 1) / residual) if residual else math.inf


def _seconds(run):
    if run.seconds_alone is not None:
        return [run.seconds_alone] * run.epochs_done
    seconds = run.history.get("seconds", [])
    if not seconds or None in seconds:
        raise NoNumber("lacks the seconds of its epochs")
    return seconds


def _timed(name, run):
    """A name with the machine, since times of different machines do not compare."""
    is_alone = run.seconds_alone is not None
    environments = [run.timed_on] if is_alone else run.record["environments"]
    machines = {
        (e.get("processor"), e.get("cores"), *e.get("gpus", ()), e.get("workers", 1))
        for e in environments
    }
    if len(machines) != 1:
        raise NoNumber("was trained on more than one machine")
    processor, cores, *gpus, workers = machines.pop()
    beside = "alone" if is_alone else f"{workers} at a time"
    parts = [str(processor), f"{cores} cores", *gpus, beside]
    return f"{name} ({', '.join(parts)})"
