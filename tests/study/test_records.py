import json
import shutil

import pytest

from kerasgen import export
from kerasgen.study import plan
from kerasgen.study import run
from kerasgen.study import run_evaluation
from kerasgen.study.records import load_run
from kerasgen.study.records import load_study
from tests.study import fake_study


@pytest.fixture
def directory(tmp_path):
    """A study of one complete run on disk."""
    study = fake_study.make_study(["dcgan"], [0])
    fake_study.write_study(study, tmp_path / "mnist")
    return next((tmp_path / "mnist").glob("*/seed*"))


def test_a_run_that_goes_on_is_not_judged_by_what_it_was(directory):
    assert load_run(directory).status == "complete"
    record = json.loads((directory / "settings.json").read_text())
    record["settings"]["epochs"] += 10
    (directory / "settings.json").write_text(json.dumps(record))
    found = load_run(directory)
    assert found.status == "incomplete"
    assert found.evaluation is None
    assert found.test_losses == {}
    pictures = ("samples.npz", "interpolations.npz", "neighbours.npz")
    assert not any(map(found.has_arrays, pictures))
    # It has come to its new end, and is not judged yet.
    losses = {"epoch": found.settings.epochs, "split": "test", "generator_loss": 1.0}
    (directory / "metrics.jsonl").write_text(json.dumps(losses))
    found = load_run(directory)
    assert [found.arrays(name) is not None for name in pictures] == [True, False, False]


@pytest.mark.parametrize(
    ("kind", "status"), [("divergence", "diverged"), ("killed", "failed")]
)
def test_a_failure_counts_until_the_run_is_complete(directory, kind, status):
    failure = {"kind": kind, "epoch": 1, "message": "m", "log": ""}
    (directory / "failure.json").write_text(json.dumps(failure))
    found = load_run(directory)
    assert (found.status, found.failure) == ("complete", None)
    (directory / "evaluation.json").unlink()
    assert load_run(directory).status == status


@pytest.mark.parametrize("name", ["evaluation.json", "metrics.jsonl"])
@pytest.mark.parametrize("damage", ["", "{", "{}", "[]", "null"])
def test_damaged_artefacts_are_made_anew(directory, name, damage):
    settings = load_run(directory).settings
    (directory / "model.keras").write_text("")
    (directory / name).write_text(damage)
    done = {
        "evaluation.json": run_evaluation.is_evaluated(directory, settings, 10_000),
        "metrics.jsonl": run.is_trained(directory, settings),
    }
    assert not done[name]


@pytest.mark.parametrize("damage", ["", "{", "3", "[]", "{}"])
def test_a_damaged_record_of_the_export_makes_the_run_incomplete(
    directory, damage, monkeypatch
):
    monkeypatch.setattr(plan, "is_evaluated", lambda *_: True)
    settings = load_run(directory).settings
    (directory / "model.keras").write_text("")
    exported = directory / "exported"
    exported.mkdir()
    planned = plan.PlannedRun(settings, directory, exported, 10_000)
    record = {"settings": settings.to_dict()}
    (exported / export.RECORD).write_text(json.dumps(record))
    assert planned.is_complete
    (exported / export.RECORD).write_text(damage)
    assert not planned.is_complete


def test_a_folder_without_runs_is_refused(directory):
    shutil.rmtree(directory)
    with pytest.raises(ValueError, match="holds no run.*Train some first"):
        load_study(directory.parents[1])


def test_only_a_failure_may_be_removed_without_settings(tmp_path):
    folder = tmp_path / "seed0"
    folder.mkdir()
    (folder / "failure.json").write_text("{}")
    run.remove(folder)
    assert not folder.exists()
