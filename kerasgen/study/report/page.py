"""The report of a study: one page that holds everything, and its parts as files.

`report.html` needs nothing beside it: no network, no script. `report.md` says the same
and shows the files of `figures/`. The numbers are in `runs.csv`, `summary.csv` and
`claims.json`. What is missing is shown as missing; nothing here needs a model.
"""

import json
import pathlib
import re

import jinja2
import markupsafe

from kerasgen import files
from kerasgen.metrics import specifications
from kerasgen.study import lock
from kerasgen.study import table
from kerasgen.study import verdicts
from kerasgen.study.comparison import Comparison
from kerasgen.study.comparison import get_comparison
from kerasgen.study.records import load_study
from kerasgen.study.report import bibliography
from kerasgen.study.report import claims
from kerasgen.study.report import csv_export
from kerasgen.study.report import overview
from kerasgen.study.report import provenance
from kerasgen.study.report import tables
from kerasgen.study.report.gallery import Gallery

HEADINGS = {
    "summary": "Summary",
    "overview": "The numbers that a reader asks for first",
    "verdicts": "Verdicts",
    "samples": "Samples",
    "losses": "Training losses",
    "codes": "Latent spaces",
    "numbers": "Numbers",
    "fitted": "Samples from fitted priors",
    "quality": "Quality in training",
    "time": "Time and cost",
    "interpolations": "Interpolations",
    "neighbours": "Nearest training images",
    "stability": "Stability",
    "settings": "Settings",
    "bibliography": "Bibliography",
}


def write_report(
    study_dir: str | pathlib.Path, comparison: str | Comparison | None = None
) -> pathlib.Path:
    """Write the report of a study into its folder.

    Beside `report.html` it leaves `report.md`, `runs.csv`, `summary.csv`, `claims.json`
    and `figures/`, in the place of those of an earlier report.

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
        numbers = {s: tables.numbers(study, s) for s in ("final", "fitted prior")}
        csv_export.write_runs(study, folder / "runs.csv")
        csv_export.write_summary(numbers, folder / "summary.csv")
        context = _context(study, comparison, numbers)
        with files.replacing(folder / "claims.json") as temporary:
            text = json.dumps(context["claims"], indent=2, allow_nan=False)
            temporary.write_text(text + "\n")
        environment = template_environment()
        for name in ("report.md", "report.html"):
            with files.replacing(folder / name) as temporary:
                text = environment.get_template(name).render(context)
                temporary.write_text(text, encoding="utf-8")
    return folder / "report.html"


def _context(study, comparison, numbers):
    """All that the templates show."""
    context = {
        "title": overview.title(study, comparison),
        "kicker": f"kerasgen · study {study.name}",
        "citation": comparison and comparison.citation,
        "heading": HEADINGS,
        "real_rows": (tables.REAL_IMAGES, tables.PIXELS),
        "summary": overview.summary(study),
        "gaps": overview.gaps(study, comparison),
        "command": study.command,
        "footer": (
            f"Made by kerasgen from the run directories of the study {study.name}. "
            "Beside this page: runs.csv, summary.csv, claims.json, report.md, figures/."
        ),
        **_claims(study, comparison),
        **_pictures(study, comparison),
        **_tables(study, comparison, numbers),
    }
    lists = ("verdicts", "losses", "codes", "fitted", "quality", "overview")
    absent = {key for key in lists if not context[key]}
    context["contents"] = [item for item in HEADINGS.items() if item[0] not in absent]
    return context


def _claims(study, comparison):
    judged = verdicts.judge(study, comparison)
    views = claims.views(judged)
    touched = [view for view in views if view.judged.is_tested]
    fitted = []
    if any(run.numbers("fitted") for run in study.runs):
        fitted = claims.views(verdicts.judge(study, comparison, "fitted"))
    names = table.metric_names(study.table)
    models = dict.fromkeys(run.settings.model for run in study.runs)
    return {
        "claims": claims.to_dict(study, judged, comparison),
        "verdicts": touched,
        "verdict_counts": claims.counts(judged) if touched else "",
        "verdict_standing": claims.standing(study),
        "verdict_rule": claims.RULE,
        "fitted_verdicts": [view for view in fitted if view.judged.is_tested],
        "untouched": [view for view in views if not view.judged.is_tested],
        "not_tested": comparison.not_tested if judged else (),
        "papers": bibliography.papers(models, names, comparison),
    }


def _pictures(study, comparison):
    gallery = Gallery(study, comparison)
    gallery.comparison()
    return {
        "samples": gallery.samples(),
        "strips": gallery.strips(),
        "losses": gallery.losses(),
        "codes": gallery.codes(),
        "fitted": gallery.fitted(),
        "quality": gallery.quality(),
        "interpolations": gallery.interpolations(),
        "neighbours": gallery.neighbours(),
    }


def _tables(study, comparison, numbers):
    final, fitted = numbers.values()
    times = provenance.times(study.runs)
    return {
        "overview": tables.headline_table(study, final, times),
        "groups": tables.metric_groups(study, final),
        "fitted_groups": tables.metric_groups(study, fitted),
        "test_losses": tables.loss_table(study),
        "not_applicable": tables.not_applicable_table(study),
        "published": comparison and tables.published_table(study, final, comparison),
        "time": provenance.time_table(times),
        "time_told": provenance.time_told(study, times),
        "stability": overview.stability_table(study),
        "troubles": overview.troubles(study),
        "settings": provenance.settings_table(study),
        "arguments": provenance.arguments_table(study),
        "environments": provenance.environment_table(study),
    }


def template_environment():
    """Jinja environment of the templates of reports, with their filters."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kerasgen.study.report"),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
    )
    environment.globals["directions"] = specifications.DIRECTIONS
    environment.filters |= {
        "breakable": _breakable,
        "drawing": _drawing,
        "cell": _cell,
        "lines": _lines,
        "link": lambda path: path.replace(" ", "%20"),
        "indented": lambda text: re.sub("^", "    ", text.strip(), flags=re.MULTILINE),
    }
    return environment


def _breakable(name):
    """The name of a number, so that lines may break at its underscores."""
    return markupsafe.Markup("_<wbr>").join(name.split("_"))


def _drawing(svg, alt):
    """An SVG with what it shows, for who cannot see it."""
    attributes = markupsafe.Markup('<svg role="img" aria-label="{}"').format(alt)
    return markupsafe.Markup(svg.replace("<svg", attributes, 1))


def _cell(text):
    """Text that stays as it is in a cell of a Markdown table."""
    text = " ".join(str(text).split())
    for sign, instead in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "\\|")):
        text = text.replace(sign, instead)
    return text


def _lines(text, is_best=False):
    """A cell of a `Table`, each line in a line of its own."""
    first, *others = map(_cell, text.split("\n"))
    return "<br>".join([f"**{first}**" if is_best else first, *others])
