"""What a newcomer reads: the documents build, and versions agree."""

import json
import pathlib
import re
import subprocess
import sys

import numpy as np
import pandas
import pytest
import yaml
from scipy import stats

import kerasgen

ROOT = pathlib.Path(kerasgen.__file__).resolve().parents[1]


def test_citation_and_changelog_agree_with_the_version():
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    newest = re.search(r"^## (\S+) \((unreleased|[\d-]{10})\)$", changes, re.MULTILINE)
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    date = str(cited.get("date-released", "unreleased"))
    assert (cited["version"], date) == newest.groups()
    assert kerasgen.__version__ == newest[1]


def test_the_readme_is_short_and_its_links_lead_somewhere():
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.split()) <= 1500
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert len(links) > 10
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_a_verdict_is_recomputed_as_the_guide_says(monkeypatch):
    monkeypatch.chdir(ROOT)
    guide = (ROOT / "docs/guides/report.md").read_text("utf-8")
    names = {}
    for code in re.findall(r"```python\n(.*?)```", guide, re.DOTALL):
        exec(code, names)
    claims = json.loads((ROOT / "results/mnist-modern-20/claims.json").read_text())
    claims = claims["claims"]
    (claim,) = [claim for claim in claims if claim["key"] == "variety_of_vaes"]
    pairs = [part["pairs"][0]["comparison"] for part in claim["parts"]]
    assert names["p_values"] == pytest.approx([pair["p_value"] for pair in pairs])
    assert names["adjusted"] == pytest.approx(claim["adjusted_p"])
    assert names["equivalence"] == pytest.approx(pairs[-1]["equivalence_p"])
    low, high = names["test"].confidence_interval()
    assert (low, high) == pytest.approx((pairs[-1]["low"], pairs[-1]["high"]))


@pytest.mark.filterwarnings("ignore:Precision loss")  # of a side of equal losses
def test_every_pair_can_be_recomputed_from_the_csv():
    folder = ROOT / "results/mnist-modern-20"
    table = pandas.read_csv(folder / "endpoints.csv")
    table = table[table.prior.isna() & table.value.notna()]
    table["model"] = table.model.replace(
        {name: kerasgen.core.model_class(name).__name__ for name in table.model[:40]}
    )
    compared = 0
    for claim in json.loads((folder / "claims.json").read_text())["claims"]:
        for part in claim["parts"]:
            values = table[table.title == part["title"]].groupby("model").value
            for pair in part["pairs"]:
                if pair["comparison"] is None:
                    continue
                there = [s for s in (pair["first"], pair["second"]) if s["values"]]
                known = [values.get_group(s["title"]).to_numpy() for s in there]
                # A side that lost all its runs has the worst value of the other.
                worst = np.full(pair["first"]["failed"], max(map(np.max, known)))
                first, second = known if len(known) == 2 else (worst, *known)
                if len(second) == 1:
                    p_value = stats.ttest_1samp(first, second[0]).pvalue
                else:
                    p_value = stats.ttest_ind(first, second, equal_var=False).pvalue
                assert p_value == pytest.approx(pair["comparison"]["p_value"], rel=1e-4)
                compared += 1
    assert compared > 50


@pytest.mark.slow
def test_the_documents_build_strictly(tmp_path):
    pytest.importorskip("mkdocs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir"]
    done = subprocess.run(
        [*command, str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for name in kerasgen.list_models():
        page = (tmp_path / f"models/{name}/index.html").read_text("utf-8")
        assert kerasgen.core.model_class(name).references[0].title in page
    assert (tmp_path / "generator.onnx").stat().st_size < 3_000_000
