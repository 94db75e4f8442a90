"""The report of a study: one page that holds everything, and its parts as files.

`report.html` needs nothing beside it: no network, no script. `report.md` says the same
and shows the files of `figures/`. The numbers are in `runs.csv`, `summary.csv` and
`claims.json`. What is missing is shown as missing; nothing here needs a model.
"""

import json
import re

import jinja2
import markupsafe

from kerasgen import files
from kerasgen.study import claims
from kerasgen.study import lock
from kerasgen.study.records import load_study
from kerasgen.study.report import bibliography
from kerasgen.study.report import conditions
from kerasgen.study.report import overview
from kerasgen.study.report import sheets
from kerasgen.study.report import tables
from kerasgen.study.report import verdicts
from kerasgen.study.report.gallery import Gallery

HEADINGS = {
    "summary": "Summary",
    "overview": "The numbers at a glance",
    "samples": "Samples",
    "losses": "Losses of the GANs",
    "codes": "Latent spaces",
    "numbers": "Numbers",
    "curves": "Training curves",
    "time": "Time and cost",
    "interpolations": "Interpolations",
    "neighbours": "Nearest training images",
    "stability": "Stability",
    "settings": "Settings",
    "bibliography": "Bibliography",
}


def write_report(study_dir):
    """Writes the report of a study into its folder.

    Beside `report.html` it leaves `report.md`, `runs.csv`, `summary.csv`, `claims.json`
    and `figures/`, in the place of those of an earlier report.

    Args:
        study_dir: The folder `runs/<study>`, which holds `<model>/seed<k>/`.

    Returns:
        `pathlib.Path` of report.html.

    Raises:
        ValueError: If there is no run in the folder, or nothing can be written to it.

    Example:

    >>> write_report("runs/mnist")
    PosixPath('runs/mnist/report.html')
    """
    load_study(study_dir)  # Where there is none, not even a lock is written.
    with lock.held(study_dir, wait=True):
        return _write(load_study(study_dir), files.prepare_directory(study_dir))


def _write(study, folder):
    judged = claims.judge(study)
    sheets.write_runs(study, folder / "runs.csv")
    sheets.write_summary(study, folder / "summary.csv")
    with files.replacing(folder / "claims.json") as temporary:
        text = json.dumps(verdicts.to_dict(judged), indent=2, allow_nan=False)
        temporary.write_text(text + "\n")
    context = _context(study, judged)
    environment = template_environment()
    for name in ("report.md", "report.html"):
        with files.replacing(folder / name) as temporary:
            text = environment.get_template(name).render(context)
            temporary.write_text(text, encoding="utf-8")
    return folder / "report.html"


def _context(study, judged):
    """All that the templates show."""
    names = tables.metric_names(study)
    gallery = Gallery(study)
    views = verdicts.views(judged)
    touched = [view for view in views if view.touched]
    undecided = all(view.verdict == "undecided" for view in views)
    context = {
        "title": overview.title(study),
        "kicker": f"kerasgen · study {study.name}",
        "heading": HEADINGS,
        "real_rows": (tables.REAL_IMAGES, tables.PIXELS),
        "summary": overview.summary(study),
        "gaps": overview.gaps(study),
        "verdicts": touched,
        "verdict_counts": verdicts.counts(views) if touched else "",
        "verdict_rule": verdicts.RULE,
        "untouched": [view for view in views if not view.touched],
        "not_tested": claims.NOT_TESTED if judged else (),
        "overview": tables.overview_table(study) if undecided else None,
        "samples": gallery.samples(),
        "strips": gallery.strips(),
        "losses": gallery.losses(),
        "codes": gallery.codes(),
        "groups": tables.metric_groups(study),
        "test_losses": tables.loss_table(study),
        "not_applicable": tables.not_applicable_table(study),
        "published": tables.published_table(study),
        "quality": gallery.quality(),
        "curves": gallery.curves(),
        "time": conditions.time_table(study),
        "time_told": conditions.time_told(study),
        "interpolations": gallery.interpolations(),
        "neighbours": gallery.neighbours(),
        "stability": overview.stability_table(study),
        "troubles": overview.troubles(study),
        "settings": conditions.settings_table(study),
        "arguments": conditions.arguments_table(study),
        "environments": conditions.environment_table(study),
        "command": study.command,
        "papers": bibliography.papers(
            dict.fromkeys(run.settings.model for run in study.runs),
            names,
            also=verdicts.PAPERS if touched else (),
        ),
        "footer": (
            f"Made by kerasgen from the run directories of the study {study.name}. "
            "Beside this page: runs.csv, summary.csv, claims.json, report.md, figures/."
        ),
    }
    gallery.comparison()
    absent = {"overview", *(key for key in ("losses", "codes") if not context[key])}
    context["contents"] = [item for item in HEADINGS.items() if item[0] not in absent]
    return context


def template_environment():
    """What renders the templates of reports, with their filters."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kerasgen.study.report"),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "breakable": _breakable,
        "drawing": _drawing,
        "cell": _cell,
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
