"""The report of a study: one page that holds everything, and its parts as files.

`report.html` needs nothing beside it: no network, no script. `report.md` says the same
and shows the files of `figures/`. The numbers are in `runs.csv`, `summary.csv`,
`endpoints.csv` and `claims.json`. What is missing is shown as missing; nothing here
needs a model's weights.
"""

import html
import json
import math
import pathlib
from collections import Counter

import jinja2
import pandas as pd

from kerasgen import files
from kerasgen.data.own_images import folder_name
from kerasgen.metrics import specifications
from kerasgen.study import lock
from kerasgen.study import verdicts
from kerasgen.study.comparison import Comparison
from kerasgen.study.comparison import get_comparison
from kerasgen.study.records import load_study
from kerasgen.study.report import bibliography
from kerasgen.study.report import claims
from kerasgen.study.report import csv_export
from kerasgen.study.report import figures
from kerasgen.study.report import formatting
from kerasgen.study.report import overview
from kerasgen.study.report import pictures
from kerasgen.study.report import provenance
from kerasgen.study.report import tables
from kerasgen.study.report.answers import answers

DATASETS = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", "cifar10": "CIFAR-10"}


def write_report(
    study_dir: str | pathlib.Path, comparison: str | Comparison | None = None
) -> pathlib.Path:
    """Write the report of a study into its folder.

    Beside `report.html` it leaves `report.md`, `runs.csv`, `summary.csv`,
    `endpoints.csv`, `claims.json` and `figures/`, in the place of those of an earlier
    report.

    Args:
        study_dir: The folder `runs/<study>`, which holds `<model>/seed<k>/`.
        comparison: `Comparison` whose claims are judged and whose figures are numbered,
            or its name; None for a study of its own.

    Returns:
        Path of report.html.

    Raises:
        ValueError: If there is no run in the folder, or nothing can be written to it.

    Example:

    >>> write_report("runs/mnist", "jaiswal")
    PosixPath('runs/mnist/report.html')
    """
    comparison = get_comparison(comparison)
    load_study(study_dir)  # Where there is none, not even a lock is written.
    with lock.held(study_dir, wait=True):
        study, folder = load_study(study_dir), files.prepare_directory(study_dir)
        context = make_context(study, comparison)
        context |= pictures.all_pictures(study, comparison, context["progress"])
        csv_export.write_runs(study, folder / "runs.csv")
        csv_export.write_summary(context["numbers"], folder / "summary.csv")
        csv_export.write_endpoints(study, comparison, folder / "endpoints.csv")
        text = json.dumps(context["claims"], indent=2, allow_nan=False)
        with files.replacing(folder / "claims.json") as temporary:
            temporary.write_text(text + "\n")
        for name in ("report.md", "report.html"):
            with files.replacing(folder / name) as temporary:
                temporary.write_text(render(name, context), encoding="utf-8")
    return folder / "report.html"


def make_context(study, comparison) -> dict:
    """All that the templates show, but pictures."""
    real = {key: study.real.get(key) or {} for key in ("final", "pixels")}
    beside = {tables.REAL_IMAGES: real["final"], tables.PIXELS: real["pixels"]}
    final = tables.numbers(study.table, "final", real["final"])
    fitted = tables.numbers(study.table, "fitted prior", real["final"])
    if study.each == "draw":  # none is best of which some runs are left out
        final["best"] = fitted["best"] = False
    test = tables.numbers(study.table, "test")
    times = tables.numbers(provenance.times(study), "time")
    is_total = times.metric == "seconds_of_training"
    progress = provenance.progress(study)
    settings = study.runs[0].settings
    reader = pd.concat([each for each in (final, times) if len(each)] or [final])
    headline = tables.headline_table(reader, beside, settings.conditional, study.each)
    # Settings that were drawn by chance are nothing to use.
    is_advice = headline and study.each == "seed"
    ended = [(run.title, run.failure) for run in study.runs]
    ended += [(each.settings.title, each.failure) for each in study.missing]
    lost = Counter(title for title, failure in ended if verdicts.is_loss(failure))
    judged = verdicts.judge(study, comparison)
    again = verdicts.judge(study, comparison, "fitted") if len(fitted) else []
    # Of the same numbers nothing is to be told twice.
    again = [a for a, one in zip(again, judged, strict=False) if a.parts != one.parts]
    models = dict.fromkeys(run.settings.model for run in study.runs)
    return {
        "study": study,
        "comparison": comparison,
        "colors": {t: one["color"] for t, one in figures.looks(study.models).items()},
        "settings": settings,
        "dataset": DATASETS.get(settings.dataset, folder_name(settings.dataset)),
        "num_seeds": len({run.which for run in study.runs}),
        "ended": overview.ended(study),
        "conditions": provenance.conditions(study),
        "gaps": overview.gaps(study, comparison),
        "numbers": [final, fitted],
        "progress": progress,
        "answers": answers(headline, reader, progress, lost) if is_advice else [],
        "headline": headline,
        "groups": tables.metric_groups(final, beside, study.each),
        "fitted_groups": tables.metric_groups(fitted, beside, study.each),
        "test_losses": tables.metric_table(
            test, "Losses on the test images", each=study.each
        ),
        "time": tables.metric_table(times, "Time", each=study.each),
        "timed_alone": all(run.seconds_alone is not None for run in study.runs),
        "hours": (times["mean"] * times.n)[is_total].sum() / 3600,
        "not_applicable": overview.not_applicable(study),
        "published": tables.published_table(final, comparison, settings.dataset),
        "draws": overview.draws_table(study),
        "arguments": provenance.arguments_table(study),
        "stability": overview.stability_table(study),
        "troubles": overview.troubles(study),
        "claims": claims.to_dict(study, judged, comparison),
        "verdicts": claims.in_order(judged),
        "fitted_verdicts": claims.in_order(again),
        "papers": bibliography.papers(models, final.metric.unique(), comparison),
    }


def render(template: str, context: dict) -> str:
    """Text of a template of reports."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kerasgen.study.report"),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
    )
    environment.globals |= {
        "directions": specifications.DIRECTIONS,
        "symbols": claims.SYMBOLS,
        "in_words": claims.in_words,
        "dependence": claims.dependence,
        "exp": math.exp,
        "interval": formatting.interval,
    }
    environment.filters |= {
        "cell": _cell,
        "lines": _lines,
        "listed": formatting.listed,
        "number": formatting.number,
    }
    return environment.get_template(template).render(context)


def _cell(text):
    """Text that stays as it is in a cell of a Markdown table."""
    return html.escape(" ".join(str(text).split()), quote=False).replace("|", "\\|")


def _lines(text, is_best=False):
    """A cell of a `Table`, each line in a line of its own."""
    first, *others = map(_cell, text.split("\n"))
    return "<br>".join([f"**{first}**" if is_best else first, *others])
