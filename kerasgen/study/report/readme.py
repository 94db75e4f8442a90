"""The results that a README shows, made from a published study so that they agree.

A README holds them between two lines,

    <!-- results:begin numbers results/mnist-100 -->
    <!-- results:end -->

where `numbers` is one of `PARTS` and the folder, relative to the README, is the
published study. What stands between is replaced; the rest is left alone. A README may
show several studies, each in places of its own.
"""

import pathlib
import re

from kerasgen import evaluation
from kerasgen import files
from kerasgen.study import claims
from kerasgen.study.records import load_study
from kerasgen.study.report import conditions
from kerasgen.study.report import formatting
from kerasgen.study.report import overview
from kerasgen.study.report import tables
from kerasgen.study.report import verdicts
from kerasgen.study.report.page import template_environment

PARTS = ("picture", "numbers", "claims")
# Numbers that a reader asks for first.
HEADLINE = (
    "fid",
    "precision_k5",
    "recall_k5",
    "coverage_k5",
    "classifier_score",
    "laplacian_variance",
    "negative_elbo_bernoulli",
)
_SECTION = re.compile(
    r"<!-- results:begin (\w+) ?(\S*) -->\n.*?<!-- results:end -->", re.DOTALL
)


def update_readme(readme, folder=None):
    """Writes the results of a published study into a README.

    Args:
        readme: Path of the README.
        folder: Folder of the published study for sections that name none. Those that
            name one show that one.

    Raises:
        ValueError: If there is no README, or it has no place for results of this
            folder.
    """
    readme = pathlib.Path(readme)
    if not readme.exists():
        raise ValueError(f"There is no {readme}; name the README that shows results.")
    text = readme.read_text(encoding="utf-8")
    if folder is not None:
        folder = pathlib.Path(folder).resolve()
        try:
            folder = folder.relative_to(readme.resolve().parent)
        except ValueError:
            raise ValueError(
                f"{folder} is not beside {readme}, so it cannot be linked from there. "
                "Publish into a folder of the same repository."
            ) from None
    if not _SECTION.search(text):
        raise ValueError(f"{readme} has no place for results. {_how_to_show(folder)}")
    text = updated(text, readme.parent, folder)
    if folder is not None and f" {folder.as_posix()} -->" not in text:
        raise ValueError(
            f"{readme} shows other studies than {folder.as_posix()}. "
            f"{_how_to_show(folder)}"
        )
    with files.replacing(readme) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _how_to_show(folder):
    named = "" if folder is None else f" {folder.as_posix()}"
    return (
        f"Add the lines '<!-- results:begin numbers{named} -->' and "
        f"'<!-- results:end -->' where its {', '.join(PARTS)} belong, each by its name "
        "in the place of 'numbers'."
    )


def updated(text, root, folder=None):
    """A README's text with its results made anew.

    Args:
        text: str; what stands outside of the marked lines stays as it is.
        root: Folder of the README.
        folder: Folder of the published study for sections that name none, relative to
            `root`; without it they stay as they are.

    Raises:
        ValueError: If a part is unknown, or a folder holds no study.
    """

    def section(match):
        part, named = match.groups()
        if part not in PARTS:
            raise ValueError(
                f"'results:begin {part}' came; expected one of {', '.join(PARTS)}."
            )
        if not (named or folder):
            return match.group()
        link = pathlib.Path(named or folder).as_posix()
        shown = _render(part, pathlib.Path(root) / link, link)
        begin = f"<!-- results:begin {part} {link} -->"
        return f"{begin}\n{shown.strip()}\n<!-- results:end -->"

    return _SECTION.sub(section, text)


def _render(part, study_dir, link):
    study = load_study(study_dir)
    views = verdicts.views(claims.judge(study))
    template = template_environment().get_template(f"readme_{part}.md")
    return template.render(
        link=link,
        command=study.command,
        models=list(study.models),
        summary=overview.summary(study),
        gaps=overview.gaps(study),
        software=_software(study),
        time_told=conditions.time_told(study),
        precision=conditions.in_common(study, lambda run: run.record["precision"]),
        headline=_headline(study),
        num_seeds=len({run.seed for run in study.runs}),
        quality=(study_dir / "figures/frechet-epochs.png").exists(),
        views=[view for view in views if view.touched],
        counts=verdicts.counts(views) if views else "",
    )


def _headline(study):
    """The table of the numbers that a reader asks for first, with seconds per epoch."""
    record = next((r.evaluation for r in study.runs if r.evaluation is not None), None)
    if record is None:
        return None
    there = tables.metric_names(study)
    names = [evaluation.find_name(record, base) for base in HEADLINE]
    names = [name for name in names if name in there]
    table = tables.metric_table(study, names, "")
    seconds = {title: _seconds(runs) for title, runs in study.models.items()}
    head = [table.head[0], tables.Cell("s/epoch"), *table.head[1:]]
    rows = [
        [row[0], tables.Cell(seconds.get(row[0].text, "")), *row[1:]]
        for row in table.rows
    ]
    return tables.Table("", head, rows)


def _seconds(runs):
    timed = [run for run in runs if run.history.get("seconds")]
    return tables.spread([conditions.seconds_per_epoch(run) for run in timed]).text


def _software(study):
    """Versions, and the commits that the runs were made at, as a sentence."""
    environments = [e for run in study.runs for e in run.record["environments"]]

    def said(key):
        found = dict.fromkeys(str(e.get(key) or "unknown") for e in environments)
        return formatting.listed(list(found))

    return (
        f"Python {said('python')}, TensorFlow {said('tensorflow')}, Keras "
        f"{said('keras')}, kerasgen at commit {said('commit')}."
    )
