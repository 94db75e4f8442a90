"""The results that a README shows, made from published studies so that they agree.

A README holds them between two lines,

    <!-- results:begin numbers results/mnist-100 -->
    <!-- results:end -->

where `numbers` is one of `PARTS` and the folder, relative to the README, is the
published study. What stands between is replaced; the rest is left alone.
"""

import re

from kerasgen import files
from kerasgen.study.comparison import get_comparison
from kerasgen.study.records import load_study
from kerasgen.study.report.page import make_context
from kerasgen.study.report.page import render

PARTS = ("picture", "numbers", "verdicts", "claims")
_SECTION = re.compile(
    rf"<!-- results:begin ({'|'.join(PARTS)}) (\S+) -->\n.*?<!-- results:end -->",
    re.DOTALL,
)


def update_readme(readme, comparison=None) -> None:
    """Write the results of published studies into the places of a README.

    Args:
        readme: Path of the README.
        comparison: `Comparison` whose claims are judged, its name, or None.

    Raises:
        ValueError: If there is no README, it has no place for results, or one names a
            folder that holds no study.
    """
    readme = files.user_path(readme)
    if not readme.exists():
        raise ValueError(f"There is no {readme}; name the README that shows results.")
    text = readme.read_text(encoding="utf-8")
    if not _SECTION.search(text):
        raise ValueError(
            f"{readme} has no place for results. Add the lines '<!-- results:begin "
            "numbers FOLDER -->' and '<!-- results:end -->', where FOLDER is that of a "
            f"published study; besides 'numbers' there are {', '.join(PARTS)}."
        )
    with files.replacing(readme) as temporary:
        temporary.write_text(updated(text, readme.parent, comparison), encoding="utf-8")


def updated(text, root, comparison=None) -> str:
    """Text of a README in the folder `root` with its results made anew."""
    contexts = {}

    def section(match):
        part, link = match.groups()
        if link not in contexts:
            study = load_study(files.user_path(root) / link)
            contexts[link] = make_context(study, get_comparison(comparison))
        shown = render(f"readme_{part}.md", contexts[link] | {"link": link}).strip()
        begin, end = match[0].partition("\n")[0], "<!-- results:end -->"
        return f"{begin}\n{shown}\n{end}"

    return _SECTION.sub(section, text)
