"""Curves of quality of two sides, compared at equal epochs and at equal time.

A curve is a dict of `model`, `side`, `seed` and `marks`, a list of dicts of `epoch`,
`seconds` of training so far and `frechet_distance`, which is None if samples were not
finite. Sides are compared seed by seed.
"""

import numpy as np

from benchmarks import measuring

SIDES = ("kerasgen", "tutorial")
RATIO = "tutorial / kerasgen"


def pairs(curves):
    """Dict from model to a list of pairs of curves, ours and the tutorial's."""
    found = {}
    for ours in curves:
        for theirs in curves:
            same = all(ours[key] == theirs[key] for key in ("model", "seed"))
            if same and (ours["side"], theirs["side"]) == SIDES:
                found.setdefault(ours["model"], []).append((ours, theirs))
    return found


def by_epochs(curves):
    """A row for each model and mark that both sides reached."""
    rows = []
    for model, both in pairs(curves).items():
        epochs = {mark["epoch"] for pair in both for c in pair for mark in c["marks"]}
        for epoch in sorted(epochs):
            found = [[at_epoch(curve, epoch) for curve in pair] for pair in both]
            found = [pair for pair in found if None not in pair]
            if found:
                row = {"model": model, "epochs": epoch}
                for side, marks in zip(SIDES, zip(*found, strict=True), strict=True):
                    times = [mark["seconds"] for mark in marks]
                    row[f"{side}, s"] = measuring.median(times)
                values = [[mark["frechet_distance"] for mark in p] for p in found]
                rows.append({**row, **compared(values)})
    return rows


def by_seconds(curves):
    """A row for each model, after the training time of the side that took less."""
    rows = []
    for model, both in pairs(curves).items():
        both = [pair for pair in both if all(curve["marks"] for curve in pair)]
        ends = [min(c["marks"][-1]["seconds"] for c in pair) for pair in both]
        found = [
            [at_second(curve, end) for curve in pair]
            for pair, end in zip(both, ends, strict=True)
        ]
        if found:
            seconds = measuring.median(ends)
            rows.append({"model": model, "seconds": seconds, **compared(found)})
    return rows


def at_epoch(curve, epoch):
    """The mark of a curve after so many epochs, or None."""
    return next((mark for mark in curve["marks"] if mark["epoch"] == epoch), None)


def at_second(curve, second):
    """Distance after so many seconds, between marks on a straight line.

    Returns:
        float; None before the first mark, or beside one whose samples were not finite.
    """
    marks = curve["marks"]
    if second < marks[0]["seconds"]:
        return None
    distances = [mark["frechet_distance"] for mark in marks]
    distances = [np.nan if distance is None else distance for distance in distances]
    value = np.interp(second, [mark["seconds"] for mark in marks], distances)
    return None if np.isnan(value) else float(value)


def compared(distances):
    """Columns of both sides' distances, mean ± standard deviation, and their ratio.

    Args:
        distances: List of pairs, one for each seed; None is left out with its pair.
    """
    whole = [pair for pair in distances if None not in pair]
    if not whole:
        return {"seeds": 0, **dict.fromkeys((*SIDES, RATIO))}
    ours, theirs = zip(*whole, strict=True)
    ratios = measuring.ratios(theirs, ours)
    return {
        "seeds": len(whole),
        **dict(zip(SIDES, map(spread, (ours, theirs)), strict=True)),
        RATIO: measuring.ratio_text(ratios),
    }


def spread(values):
    """Mean ± standard deviation; of one value, that value."""
    deviation = f" ± {np.std(values, ddof=1):.2g}" if len(values) > 1 else ""
    return f"{np.mean(values):.3g}{deviation}"
