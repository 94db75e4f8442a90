"""The tidy table, and that old records keep their numbers to the last digit."""

import json
import pathlib

import keras
import numpy as np
import pytest

import kerasgen
from kerasgen.comparisons import JAISWAL
from kerasgen.core.references import Reference
from kerasgen.core.registry import list_models
from kerasgen.core.registry import register
from kerasgen.core.registry import unregister
from kerasgen.study import ablation
from kerasgen.study import load_study
from kerasgen.study import report
from kerasgen.study import table
from kerasgen.study.records import flat
from kerasgen.study.records import nested
from tests.study import fake_study

ROOT = pathlib.Path(kerasgen.__file__).resolve().parents[1]
STUDIES = ("mnist-20", "mnist-100", "mnist-conditional-20")


@pytest.mark.parametrize("name", STUDIES)
def test_published_records_are_read_with_the_numbers_that_they_have(name):
    study = load_study(ROOT / "results" / name)
    tidy = table.tidy(study)
    found = (ROOT / "results" / name).glob("*/seed*/settings.json")
    runs = [path.parent for path in found]
    assert len(runs) == len(study.runs)
    for directory in runs:
        record = json.loads((directory / "evaluation.json").read_text())
        names = list(record)
        names = names[names.index("seconds_total") + 1 :]
        model, seed = directory.parent.name, int(directory.name[4:])
        mine = tidy[(tidy.model == model) & (tidy.seed == seed)]
        final = mine[mine.stage == "final"].set_index("metric").value
        assert list(final.index) == names
        for metric in names:
            value = record[metric]
            expected = np.nan if value is None else float(value)
            np.testing.assert_array_equal(final[metric], expected)


@pytest.mark.parametrize("name", STUDIES)
def test_published_summaries_are_computed_to_the_last_digit(name):
    """`golden` was written by the code that published the studies."""
    golden = json.loads((pathlib.Path(__file__).parent / "golden.json").read_text())
    summary = table.summary(load_study(ROOT / "results" / name).table)
    assert len(summary) == len(golden[name])
    for row in summary.itertuples():
        expected = golden[name][f"{row.model} {row.metric}"]
        found = [row.n, row.mean, row.standard_deviation, row.median]
        found = [None if value != value else value for value in found]
        assert found == expected


def test_records_are_nested_once_and_flat_again():
    old = {"seed": 0, "seconds_total": 3.0, "fid": 1.5, "kid": None}
    new = {"seed": 0, "seconds_total": 3.0, "metrics": {"fid": 1.5, "kid": None}}
    assert nested(old) == nested(new) == new
    assert flat(old) == flat(new) == old
    assert nested({"failed": "Not finite."}) == {"metrics": {}, "failed": "Not finite."}


def test_a_row_is_one_number_in_its_stage():
    study = fake_study.make_study(["dcgan"], [0], epochs=2)
    tidy = study.table
    assert set(tidy.stage) == {"final", "training", "history", "test"}
    losses = tidy[(tidy.stage == "history") & (tidy.metric == "generator_loss")]
    assert losses.epoch.tolist() == [1, 2]
    assert losses.value.tolist() == study.runs[0].history["generator_loss"]
    (family,) = set(tidy.family)
    assert family == "gan"


def test_runs_left_aside_are_in_the_table_and_in_no_summary(tmp_path):
    study = fake_study.make_study(["dcgan"])
    study.runs[1].record["arguments"]["latent_dim"] = 32
    found = load_study(fake_study.write_study(study, tmp_path))
    assert set(found.table[~found.table.compared].seed) == {1}
    assert set(table.summary(found.table).n) == {2}


@pytest.fixture
def toy():
    """A model that nobody has heard of, registered by its class alone."""
    paper = Reference("Nobody 2099", "A Throw-Away Model", "", "9901.00001")

    @register(family="gan", references=[paper], name="toy")
    class Toy(kerasgen.DCGAN.__mro__[1]):
        def __init__(self, image_shape=(28, 28, 1), width=8, skip_connections=False):
            keras.Model.__init__(self)

        def encode(self, images):
            return images

        @classmethod
        def network_names(cls):
            return ["generator"]

    yield Toy
    unregister("toy")


def test_a_throw_away_model_appears_everywhere(toy, tmp_path):
    assert "toy" in list_models()
    study = fake_study.make_study(["dcgan", "cvae", "toy"])
    folder = fake_study.write_study(study, tmp_path / "mnist")
    arrays = fake_study.fake_arrays(fake_study.make_run("cvae"))
    for seed in range(3):
        np.savez(folder / f"toy/seed{seed}/codes.npz", **arrays["codes.npz"])
    page = report.write_report(folder, JAISWAL).read_text()
    assert "A Throw-Away Model" in page and "9901.00001" in page
    for picture in ("samples", "losses", "codes", "interpolations", "neighbours"):
        kind = "svg" if picture in ("losses", "codes") else "png"
        assert (folder / f"figures/{picture}-toy.{kind}").exists()
    assert "Toy" in (folder / "figures/frechet-epochs.svg").read_text()
    assert (folder / "summary.csv").read_text().count("\nToy,") > 20
    assert "\nToy,complete," in (folder / "runs.csv").read_text()
    markdown = (folder / "report.md").read_text()
    # A row in each table of numbers.
    assert markdown.count("| Toy<br>3 seeds |") > 5
    for factor in ("width", "skip_connections", "learning_rate"):
        runs = ablation.ablation_settings(factor, None, [0])
        assert "toy" in {run.model for run in runs}


def test_nothing_counts_the_models():
    sources = [
        *(ROOT / "kerasgen/study").rglob("*.*"),
        ROOT / "kerasgen/check.py",
    ]
    for path in sources:
        if path.suffix in (".py", ".html", ".md"):
            assert "five model" not in path.read_text().lower(), path
