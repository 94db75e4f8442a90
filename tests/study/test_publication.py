"""What is committed of a study: whole records, no weights, nothing of one machine."""

import dataclasses
import hashlib
import json
import pathlib
import shutil

import pytest

import kerasgen
from kerasgen import check
from kerasgen import study
from kerasgen.comparisons import JAISWAL
from kerasgen.study import plan
from kerasgen.study import portable
from kerasgen.study import publication
from kerasgen.study import runner
from kerasgen.study import verdicts
from kerasgen.study.report import claims
from kerasgen.study.settings import RunSettings
from tests.study import fake_study

PLACE = "/home/someone/kerasgen"
MACHINE = {"processor": "a processor", "cores": 2, "gpus": []}


def make(directory, **changes):
    """A study on disk with what runs hold besides records."""
    made = fake_study.make_study(**changes)
    made = dataclasses.replace(
        made,
        command=f"python examples/train_all.py --data_dir={PLACE}/data --seeds=3 "
        f"--runs_dir '{PLACE}/my runs'",
    )
    for run in made.runs:
        run.record["data"]["source"] = f"IDX files in {PLACE}/data/mnist"
        if run.failure:
            run.failure["log"] = f'File "{PLACE}/kerasgen/run.py", line 3\n{PLACE}/x'
    fake_study.write_study(made, directory)
    for run in made.runs:
        folder = directory / run.settings.name / f"seed{run.seed}"
        for name in ("model.keras", "checkpoint/epoch-0008.weights.h5"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(f"weights of {run.title}".encode())
    return directory


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A study, and the folder that it is published in."""
    folder = tmp_path_factory.mktemp("whole")
    runs, published = make(folder / "runs/mnist"), folder / "results/mnist-8"
    timing = {"machine": MACHINE, "seconds_per_epoch": {"dcgan": {"0": 2.5}}}
    (runs / "timing.json").write_text(json.dumps(timing))
    study.publish(runs, published)
    return runs, published


def test_times_measured_alone_go_with_the_records(whole):
    alone = {
        (run.settings.model, run.seed): run.seconds_alone
        for run in study.load_study(whole[1]).runs
    }
    assert alone.pop(("dcgan", 0)) == 2.5
    assert set(alone.values()) == {None}


def test_a_registration_is_there_before_the_first_run(whole, tmp_path):
    (tmp_path / "preregistration.md").write_text("# Registration\n")
    publication._check_folder(study.load_study(whole[0]), tmp_path)


def numbers(folder):
    """What the reports of two folders of one study have in common."""
    judged = (folder / "claims.json").read_text()
    summary = (folder / "summary.csv").read_text()
    pictures = {p.name: p.read_bytes() for p in (folder / "figures").iterdir()}
    return judged, summary, pictures


def test_the_report_of_the_published_folder_is_that_of_the_study(whole):
    runs, published = whole
    study.write_report(runs)
    expected = numbers(runs)
    assert expected[2]
    assert numbers(published) == expected


def test_weights_stay_and_are_named_by_their_checksum(whole):
    _, published = whole
    kinds = {path.suffix for path in published.rglob("*") if path.is_file()}
    assert kinds == {".json", ".jsonl", ".csv", ".npz", ".png", ".svg", ".md", ".html"}
    record = json.loads((published / "dcgan/seed1/published.json").read_text())
    sha256 = hashlib.sha256(b"weights of DCGAN").hexdigest()
    assert record == {"sha256": {"model.keras": sha256}}


def test_nothing_of_the_machine_is_published(tmp_path):
    runs = make(
        tmp_path / "runs",
        runs=[fake_study.make_run("dcgan", 0, failure="crash")],
    )
    study.publish(runs, tmp_path / "published")
    for path in (tmp_path / "published").rglob("*"):
        if path.is_file():
            assert b"someone" not in path.read_bytes(), path
            assert str(tmp_path).encode() not in path.read_bytes(), path
    found = study.load_study(tmp_path / "published")
    assert found.command == "python examples/train_all.py --seeds=3"
    assert found.runs[0].record["data"]["source"] == "IDX files in …/mnist"
    assert found.runs[0].failure["log"] == 'File "…/run.py", line 3\n…/x'


def test_own_pictures_are_published_run_by_run(tmp_path):
    own = {"settings": {"dataset": "/home/someone/pets/"}}
    runs = make(tmp_path / "runs", models=("dcgan",), seeds=(0,), **own)
    for seed in (0, 1):
        run = fake_study.make_run("dcgan", seed, **own)
        fake_study.write_run(run, runs / f"dcgan/seed{seed}")
        study.publish(runs, tmp_path / "published")
    found = study.load_study(tmp_path / "published")
    assert [run.settings.dataset for run in found.runs] == ["…/pets", "…/pets"]
    assert "someone" not in (tmp_path / "published/study.json").read_text()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TFDS mnist:3.0.1 in ~/data/mnist", "TFDS mnist:3.0.1 in …/mnist"),
        ("--a='/x/y z'", "--a='…/y z'"),
        ("see https://arxiv.org/abs/1406.2661", "see https://arxiv.org/abs/1406.2661"),
        ("1,800 images/s, 3/4 of runs/mnist/a", "1,800 images/s, 3/4 of runs/mnist/a"),
        (f"{pathlib.Path.cwd()}/kerasgen/files.py:3", "kerasgen/files.py:3"),
        ({"a": ["/b/c", 1, None]}, {"a": ["…/c", 1, None]}),
    ],
)
def test_paths_lose_all_but_their_last_part(text, expected):
    assert portable.without_paths(text) == expected


def test_a_study_knows_the_comparison_that_it_was_asked_with(tmp_path):
    runs = make(tmp_path / "runs", models=("dcgan",), seeds=(0,))
    settings, path = [RunSettings("dcgan", epochs=8)], runs / "study.json"
    for given, known in ((None, "none"), ("jaiswal", "jaiswal"), (None, "jaiswal")):
        plan.write(path, settings, "a command", given)
        assert study.load_study(runs).comparison == known
    study.publish(runs, tmp_path / "published")
    assert study.load_study(tmp_path / "published").comparison == "jaiswal"
    # A study of before this was kept is judged, and published, by what is asked for.
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({"runs": kept["runs"]}))
    assert study.load_study(runs).comparison is None
    study.publish(runs, tmp_path / "older", "jaiswal")
    assert study.load_study(tmp_path / "older").comparison == "jaiswal"


def test_publishing_again_adds_runs_and_leaves_those_that_go_on(tmp_path):
    runs = make(tmp_path / "runs", models=("dcgan",), seeds=(0,))
    going = fake_study.make_run("dcgan", 1, complete=False)
    fake_study.write_run(going, runs / "dcgan/seed1")
    settings = [RunSettings("dcgan", seed=seed, epochs=8) for seed in (0, 1)]
    plan.write(runs / "study.json", settings, command="python train_all.py")
    published = tmp_path / "published"
    study.publish(runs, published)
    found = study.load_study(published)
    assert [run.seed for run in found.runs] == [0]
    assert [missing.settings.seed for missing in found.missing] == [1]
    assert "DCGAN seed 1 has no record here." in (published / "report.md").read_text()
    fake_study.write_run(fake_study.make_run("dcgan", 1), runs / "dcgan/seed1")
    study.publish(runs, published)
    # A third seed comes from another machine, where the others never were.
    other = make(tmp_path / "other", models=("dcgan",), seeds=(2,))
    study.publish(other, published)
    found = study.load_study(published)
    assert [run.seed for run in found.runs] == [0, 1, 2]
    assert all(run.status == "complete" for run in found.runs)
    assert not found.missing


def test_a_failure_is_published_and_gives_way_to_the_run_that_succeeds(tmp_path):
    failed = fake_study.make_run("wgan", 0, failure="divergence")
    runs = make(tmp_path / "runs", runs=[failed])
    study.publish(runs, tmp_path / "published")
    (run,) = study.load_study(tmp_path / "published").runs
    assert (run.status, run.epochs_done) == ("diverged", 4)
    (runs / "wgan/seed0/failure.json").unlink()
    fake_study.write_run(fake_study.make_run("wgan", 0), runs / "wgan/seed0")
    study.publish(runs, tmp_path / "published")
    (run,) = study.load_study(tmp_path / "published").runs
    assert (run.status, run.failure) == ("complete", None)


def test_of_draws_of_settings_their_samples_are_published(tmp_path):
    draw = {
        "arm": "robustness",
        "variant": "draw00",
        "arguments": {"width": 16},
        "optimizers": {"all": {"beta_1": 0.5}},
    }
    runs = make(tmp_path / "runs", runs=[fake_study.make_run("cvae", settings=draw)])
    study.publish(runs, tmp_path / "published")
    (run,) = study.load_study(tmp_path / "published").runs
    assert [path.name for path in run.directory.glob("*.npz")] == ["samples.npz"]
    assert run.status == "complete"


def test_what_a_run_has_overcome_is_not_published(tmp_path):
    runs = make(tmp_path / "runs", models=("cvae",), seeds=(0,))
    failure = {"kind": "killed", "epoch": 1, "message": "m"}
    (runs / "cvae/seed0/failure.json").write_text(json.dumps(failure))
    study.publish(runs, tmp_path / "published")
    place = tmp_path / "published/cvae/seed0"
    assert (place / "codes.npz").exists()
    assert not (place / "failure.json").exists()
    # Taken further it failed: what it was is not its end.
    path = runs / "cvae/seed0/settings.json"
    path.write_text(path.read_text().replace('"epochs": 8', '"epochs": 10'))
    study.publish(runs, tmp_path / "published")
    assert (place / "failure.json").exists()
    assert list(place.glob("*.npz")) == []


def test_what_does_not_belong_in_a_folder_is_refused(whole, tmp_path):
    runs, published = whole
    with pytest.raises(ValueError, match="no published study"):
        study.publish(runs, pathlib.Path(__file__).parent)
    with pytest.raises(ValueError, match="it is a run itself"):
        study.publish(published, runs)
    other = make(tmp_path / "other", settings={"batch_size": 32})
    with pytest.raises(ValueError, match="other settings .*batch_size: 64 there, 32"):
        study.publish(other, published)
    real = json.loads((runs / "real.json").read_text())
    real["wanted"]["num_samples"] = 500
    other = make(tmp_path / "few", seeds=(7,))
    (other / "real.json").write_text(json.dumps(real))
    with pytest.raises(ValueError, match="evaluated otherwise"):
        study.publish(other, published)
    going = fake_study.make_run("dcgan", 0, complete=False)
    other = make(tmp_path / "going", runs=[going])
    with pytest.raises(ValueError, match="has ended yet"):
        study.publish(other, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_damaged_record_is_not_published(tmp_path):
    runs = make(tmp_path / "runs", models=("dcgan",), seeds=(0,))
    with (runs / "dcgan/seed0/evaluations.jsonl").open("a") as file:
        file.write('{"epoch": 3, "cut')
    with pytest.raises(ValueError, match="evaluations.jsonl is damaged"):
        study.publish(runs, tmp_path / "published")


@pytest.mark.slow
def test_the_check_knows_published_records(whole, tmp_path):
    _, published = whole
    folder = tmp_path / "copy"
    shutil.copytree(published, folder)
    assert check.problems(folder) == []
    names = ("evaluations.jsonl", "events.jsonl", "samples.npz")
    for name in names:
        (folder / "dcgan/seed0" / name).unlink()
    found = sorted(check.problems(folder))
    assert len(found) == 3
    assert all(name in said for name, said in zip(names, found, strict=True))


SMALL = {"epochs": 1, "batch_size": 32, "arguments": {"width": 8}}


@pytest.fixture(scope="module")
def copied_back(tmp_path_factory, idx_folder):
    """Records of a real run, published and copied to where runs are."""
    folder = tmp_path_factory.mktemp("copied")
    places = {"saved_models_dir": None, "data_dir": str(idx_folder)}
    first = RunSettings("vanilla_gan", seed=0, **SMALL)
    runner.run_study([first], runs_dir=folder / "runs", num_samples=64, **places)
    # Here the model of the first seed cannot be exported, since it is not here.
    places["saved_models_dir"] = folder / "saved_models"
    study.publish(folder / "runs/mnist", folder / "published")
    shutil.copytree(folder / "published", folder / "again/mnist")
    return folder / "again", places, first


@pytest.mark.slow
def test_copied_back_records_count_and_more_seeds_are_trained(copied_back, capsys):
    runs_dir, places, first = copied_back
    record = runs_dir / "mnist/vanilla_gan/seed0/evaluation.json"
    before = record.read_text()
    second = dataclasses.replace(first, seed=1)
    _, failures = runner.run_study(
        [first, second], runs_dir=runs_dir, num_samples=64, **places
    )
    assert not failures
    said = "[1/2] VanillaGAN seed 0: complete, its weights are elsewhere"
    assert said in capsys.readouterr().out
    assert record.read_text() == before
    found = study.load_study(runs_dir / "mnist")
    assert [run.status for run in found.runs] == ["complete", "complete"]
    assert [run.is_published for run in found.runs] == [True, False]


@pytest.mark.slow
@pytest.mark.parametrize(("epochs", "num_samples"), [(2, 64), (1, 100)])
def test_what_needs_the_weights_is_refused_before_training(
    copied_back, epochs, num_samples
):
    runs_dir, places, first = copied_back
    asked = dataclasses.replace(first, epochs=epochs)
    with pytest.raises(ValueError, match="without its weights.*Remove it to train"):
        runner.run_study([asked], runs_dir=runs_dir, num_samples=num_samples, **places)
    assert not (runs_dir / "mnist/vanilla_gan/seed0/failure.json").exists()


README = """# Title

<!-- results:begin picture results/mnist-8 -->
<!-- results:end -->
Text of a person.
<!-- results:begin numbers results/mnist-8 -->
old numbers
<!-- results:end -->
<!-- results:begin claims results/mnist-8 -->
<!-- results:end -->
<!-- results:begin verdicts results/mnist-8 -->
<!-- results:end -->
The end.
"""


@pytest.fixture
def readme(whole):
    _, published = whole
    path = published.parents[1] / "README.md"
    path.write_text(README)
    return path, published


def test_the_readme_shows_what_the_records_say(readme):
    path, published = readme
    study.update_readme(path, JAISWAL)
    text = path.read_text()
    assert text.startswith("# Title\n\n<!-- results:begin picture results/mnist-8 -->")
    assert "Text of a person." in text and text.endswith("The end.\n")
    assert "old numbers" not in text
    for link in ("strip-dcgan.png", "strip-real.png", "frechet-epochs.svg"):
        assert f"(results/mnist-8/figures/{link})" in text
        assert (published / "figures" / link).exists()
    for said in (
        "`python examples/train_all.py --seeds=3`",
        "60,000 training images, 8 epochs, batches of 64, 3 seeds",
        "a processor, 2 cores",
        "TensorFlow 2.21.0, Keras 3.15.0, kerasgen at commit 0123abc",
        "10,000 samples against 10,000 test images",
    ):
        assert said in text
    (row,) = (line for line in text.splitlines() if line.startswith("| DCGAN | *"))
    values = [
        run.numbers()["fid_mnist_v1_10k_test"]
        for run in study.load_study(published).models["DCGAN"]
    ]
    assert f"| **{sum(values) / 3:.2f} ±" in row
    judged = verdicts.judge(study.load_study(published), JAISWAL)
    for one in judged:
        verdict = f"{claims.SYMBOLS[one.verdict]} {claims.in_words(one)}"
        row = f"| {verdict} | {one.claim.statement} |"
        assert (f"{row} " in text) == one.is_tested  # with what was measured
        assert (f"{row}\n" in text) == one.is_tested


def test_the_readme_stays_until_the_records_change(readme):
    path, published = readme
    study.update_readme(path)
    text = path.read_text()
    assert study.report.readme.updated(text, path.parent) == text
    record = published / "dcgan/seed0/evaluation.json"
    before = record.read_text()
    values = json.loads(before)
    values["metrics"]["fid_mnist_v1_10k_test"] += 10.0
    record.write_text(json.dumps(values))
    changed = study.report.readme.updated(text, path.parent)
    record.write_text(before)
    assert changed != text


def test_a_readme_of_one_seed_speaks_of_no_spread(whole, tmp_path):
    _, published = whole
    for model in ("dcgan", "cvae"):
        place = tmp_path / "one" / model / "seed0"
        shutil.copytree(published / model / "seed0", place)
    text = "<!-- results:begin numbers one -->\n<!-- results:end -->\n"
    text = study.report.readme.updated(text, tmp_path)
    assert "One seed cannot tell a difference from luck" in text
    assert "**n/a" not in text and "| **" not in text
    assert "standard deviation" not in text and "±" not in text


def test_a_readme_without_a_place_is_refused(readme, tmp_path):
    path, _ = readme
    path.write_text("# Title\n")
    message = "no place for results. Add .* there are picture, numbers, verdicts"
    with pytest.raises(ValueError, match=message):
        study.update_readme(path)
    (tmp_path / "README.md").write_text(README)
    with pytest.raises(ValueError, match="results/mnist-8 holds no run"):
        study.update_readme(tmp_path / "README.md")
    with pytest.raises(ValueError, match="There is no"):
        study.update_readme(tmp_path / "absent.md")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("README.md", ["numbers", "verdicts"]),
        ("results/README.md", ["picture", "numbers", "claims"]),
    ],
)
def test_these_pages_show_what_is_published(name, parts):
    path = pathlib.Path(kerasgen.__file__).resolve().parents[1] / name
    text = path.read_text(encoding="utf-8")
    for part in parts:
        assert f"<!-- results:begin {part} " in text
    assert study.report.readme.updated(text, path.parent, JAISWAL) == text
