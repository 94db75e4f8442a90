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

from kerasgen import files
from kerasgen.study import verdicts
from kerasgen.study.comparison import get_comparison
from kerasgen.study.records import load_study
from kerasgen.study.report import claims
from kerasgen.study.report import formatting
from kerasgen.study.report import overview
from kerasgen.study.report import provenance
from kerasgen.study.report import tables
from kerasgen.study.report.page import template_environment

PARTS = ("picture", "numbers", "claims")
_SECTION = re.compile(
    r"<!-- results:begin (\w+) ?(\S*) -->\n.*?<!-- results:end -->", re.DOTALL
)


def update_readme(readme, folder=None, comparison=None):
    """Write the results of a published study into a README.

    Args:
        readme: Path of the README.
        folder: Folder of the published study for sections that name none. Those that
            name one show that one.
        comparison: `Comparison` whose claims are judged, its name, or None.

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
    text = updated(text, readme.parent, folder, comparison)
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


def updated(text, root, folder=None, comparison=None) -> str:
    """Text of a README with its results made anew.

    Args:
        text: str; what stands outside of the marked lines stays as it is.
        root: Folder of the README.
        folder: Folder of the published study for sections that name none, relative to
            `root`; without it they stay as they are.
        comparison: As of `update_readme`.

    Raises:
        ValueError: If a part is unknown, or a folder holds no study.
    """

    def section(match):
        part, named = match.groups()
        if part not in PARTS:
            raise ValueError(
                f"Got 'results:begin {part}'; expected one of {', '.join(PARTS)}."
            )
        if not (named or folder):
            return match.group()
        link = pathlib.Path(named or folder).as_posix()
        shown = _render(part, pathlib.Path(root) / link, link, comparison)
        begin = f"<!-- results:begin {part} {link} -->"
        return f"{begin}\n{shown.strip()}\n<!-- results:end -->"

    return _SECTION.sub(section, text)


def _render(part, study_dir, link, comparison):
    study, comparison = load_study(study_dir), get_comparison(comparison)
    judged = verdicts.judge(study, comparison)
    views = claims.views(judged)
    times = provenance.times(study.runs)
    template = template_environment().get_template(f"readme_{part}.md")
    return template.render(
        link=link,
        command=study.command,
        models=list(study.models),
        summary=overview.summary(study),
        gaps=overview.gaps(study, comparison),
        software=_software(study),
        time_told=provenance.time_told(study, times),
        precision=provenance.in_common(study, lambda run: run.record["precision"]),
        headline=tables.headline_table(study, tables.numbers(study), times),
        num_seeds=len({run.seed for run in study.runs}),
        quality=(study_dir / "figures/frechet-epochs.png").exists(),
        views=[view for view in views if view.judged.is_tested],
        counts=claims.counts(judged) if judged else "",
        rule=f"{claims.standing(study)} {claims.RULE}",
    )


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
