"""Which model to use for what, as a study's numbers say it."""

import datetime
from collections.abc import Mapping

import pandas as pd

from kerasgen.metrics.specifications import describe
from kerasgen.study.report import formatting
from kerasgen.study.report import tables

# Question, and title of the number of the headline table that answers it.
QUESTIONS = {"For samples": "Fréchet distance", "For codes": "k-means NMI"}
BUDGET = "On a budget"


def answers(
    headline, found: pd.DataFrame, progress: pd.DataFrame, lost: Mapping[str, int]
) -> list[dict]:
    """One answer to each question that the numbers of a study can answer.

    Args:
        headline: `Table` of the numbers that a reader asks for first.
        found: What `tables.numbers` returned, of the end.
        progress: What `provenance.progress` returned.
        lost: Number of diverged runs by the title of their model.
    """
    names = [head.rpartition("\n")[2].strip("`") for head in headline.frame.columns]
    chosen = []
    for question, title in QUESTIONS.items():
        deciding = [name for name in names if describe(name).title == title]
        mine = found[found.metric.isin(deciding)]
        if len(mine) > 1:
            chosen.append(_answer(question, mine, lost))
    # Quality in the time that the quickest model takes for all its epochs.
    whole = progress[progress.whole]
    totals = whole.groupby(["title", "variant", "seed"]).elapsed.max()
    seconds = totals.groupby("title").mean().min()
    # All runs of a model count at the epoch that they reach by then in the mean.
    at = whole.groupby(["title", "variant", "epoch"]).elapsed.transform("mean")
    spent = whole[(at <= seconds * (1.0 + 1e-9)) & (whole.epoch > 0)]
    last = spent.sort_values("epoch").groupby(["title", "variant", "seed"]).tail(1)
    if last.title.nunique() > 1:
        mine = tables.numbers(last, "training")
        budget = str(datetime.timedelta(seconds=round(seconds)))
        chosen.append(_answer(BUDGET, mine, lost) | {"budget": budget})
    return chosen


def _answer(question, mine, lost):
    """The models that no other is better than, the nearest to the optimum first."""
    mine = mine.sort_values("loss")
    best = mine[mine.best] if mine.best.any() else mine.head(1)
    first = next(best.itertuples())
    diverged = [
        f"{lost[title]} diverged run{'s' if lost[title] > 1 else ''} of {title}"
        for title in best.model
        if lost.get(title)
    ]
    return {
        "question": question,
        "models": formatting.listed(best.model.tolist(), "or"),
        "is_tested": bool(mine.best.any()),
        "title": describe(first.metric).title,
        "name": first.metric,
        "value": formatting.mean_and_deviation(first, tables.unit(first.metric)),
        "num_seeds": int(first.n),
        "lost": formatting.listed(diverged) if diverged else "",
        "has_fewer": bool((mine.n < 3).any()),
        "budget": "",
    }
