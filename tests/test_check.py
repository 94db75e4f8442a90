"""Every kind of damage is found, and what is whole is not complained of."""

import json
import pathlib
import re
import shutil
import sys
import zipfile

import keras
import pytest

import kerasgen
from kerasgen import check
from kerasgen import data
from kerasgen import export
from kerasgen.callbacks.weights_file import save_sealed
from kerasgen.study import RunSettings
from kerasgen.study import lock
from kerasgen.study import run
from kerasgen.study import run_evaluation
from kerasgen.study.records import PLAN
from tests.study.fake_study import fake_arrays
from tests.study.fake_study import make_run

DATA = "variables/variables.data-00000-of-00001"
SETTINGS = RunSettings(
    model="cvae",
    epochs=2,
    batch_size=32,
    precision="float32",
    arguments={"width": 4, "latent_dim": 4},
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, digits):
    """A study of one run that is trained, exported and evaluated (fake numbers)."""
    study = tmp_path_factory.mktemp("runs") / "mnist"
    directory = study / "cvae" / "seed0"
    images, labels = digits
    arguments = {"images": images, "labels": labels, "num_classes": 10}
    sets = [
        data.ImageSet(name="mnist", split=split, source="a test", **arguments)
        for split in ("train", "test")
    ]
    model = run.train(SETTINGS, directory, *sets)
    model.export(study.parent / "exported", settings=SETTINGS.to_dict())
    # As where a kill came before the checkpoints of the complete run were removed.
    (directory / "checkpoint").mkdir()
    save_sealed(model, directory / "checkpoint" / "epoch-0002.weights.h5")
    record = {"epoch": 2, "num_samples": 100, "fid": 7.5, "recall": None}
    (directory / "evaluation.json").write_text(json.dumps(record))
    (directory / "evaluations.jsonl").write_text('{"epoch": 1}\n{"epoch": 2}\n')
    pictures = fake_arrays(make_run("cvae"))
    for name in ("interpolations.npz", "neighbours.npz"):
        run_evaluation.save_arrays(directory / name, **pictures[name])
    (study / PLAN).write_text(json.dumps({"runs": [SETTINGS.to_dict()]}))
    (study / "real.json").write_text("{}")
    (study / "report.html").write_text("<html>")
    return study.parent


@pytest.fixture
def runs(whole, tmp_path):
    """A copy of it to damage."""
    return pathlib.Path(shutil.copytree(whole, tmp_path / "runs"))


@pytest.fixture
def directory(runs):
    return runs / "mnist" / "cvae" / "seed0"


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def flip_a_bit(path):
    """In the middle, where the numbers are."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)


def halve(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def rows(directory, change):
    """Changes the list of lines of history.csv."""
    path = directory / "history.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(change(lines)) + "\n")


def test_what_is_whole_is_fine(whole):
    found = list(check.findings(whole))
    assert [str(finding) for finding in found if finding.is_problem] == []
    said = "\n".join(str(finding) for finding in found)
    assert "seed0: a whole run of 2 epochs" in said
    assert "exported: whole, and loads" in said
    assert "epoch-0002.weights.h5: whole, written by CVAE" in said


DAMAGES = {
    "settings gone": (
        lambda d: (d / "settings.json").unlink(),
        r"settings\.json is not the settings of a run",
    ),
    "the history gone": (
        lambda d: (d / "history.csv").unlink(),
        r"history\.csv: it is missing",
    ),
    "words in the history": (
        lambda d: rows(d, lambda lines: [lines[0], "1,two", lines[2]]),
        "Line 2 of .* is not a row of a history",
    ),
    "a checkpoint cut off": (
        lambda d: halve(d / "checkpoint" / "epoch-0002.weights.h5"),
        "epoch-0002.* it is damaged .*a run goes on from the checkpoint before it",
    ),
    "a checkpoint with another bit": (
        lambda d: flip_a_bit(d / "checkpoint" / "epoch-0002.weights.h5"),
        "epoch-0002.* it is damaged",
    ),
    "the model gone": (
        lambda d: (d / "model.keras").unlink(),
        r"model\.keras: it is missing.* made anew from the weights",
    ),
    "all weights gone": (
        lambda d: (shutil.rmtree(d / "checkpoint"), (d / "model.keras").unlink()),
        r"model\.keras: it is missing. Restore it from a copy",
    ),
    "a model with another bit": (
        lambda d: flip_a_bit(d / "model.keras"),
        r"model\.keras: it is damaged \(the checksum of",
    ),
    "samples with another bit": (
        lambda d: flip_a_bit(d / "samples.npz"),
        r"samples\.npz: it is damaged",
    ),
    "test losses gone": (
        lambda d: (d / "metrics.jsonl").unlink(),
        r"metrics\.jsonl: it is missing",
    ),
    "no evaluation in a study": (
        lambda d: (d / "evaluation.json").unlink(),
        r"evaluation\.json: it is missing",
    ),
    "the evaluations in training gone": (
        lambda d: (d / "evaluations.jsonl").unlink(),
        r"evaluations\.jsonl: it is missing",
    ),
    "the events gone": (
        lambda d: (d / "events.jsonl").unlink(),
        r"events\.jsonl: it is missing",
    ),
    "a line of events damaged": (
        lambda d: (d / "events.jsonl").write_text('{"epoch": 1}\n{"epo\n'),
        r"events\.jsonl: it is damaged",
    ),
    "a failure": (
        lambda d: (
            (d / "evaluation.json").unlink(),
            (d / "failure.json").write_text(
                '{"kind": "divergence", "epoch": 2, "message": "A loss is NaN."}'
            ),
        ),
        "it diverged after epoch 2 of 2: A loss is NaN. The same command tries again",
    ),
}


def small_model(latent_dim=4, **arguments):
    return kerasgen.CVAE(width=4, latent_dim=latent_dim, **arguments)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_of_a_run_is_found(directory, damage):
    harm, said = DAMAGES[damage]
    harm(directory)
    found = check.problems(directory)
    assert any(re.search(said, line) for line in found), found
    assert all(str(directory) in line for line in found)


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """The networks of a model as ONNX and as LiteRT files."""
    folder = tmp_path_factory.mktemp("networks")
    model = kerasgen.VanillaGAN(width=4, latent_dim=4, depth=1)
    pytest.importorskip("tf2onnx")
    export.save_onnx(model, folder / "onnx")
    export.save_litert(model, folder / "lite")
    return folder


@pytest.fixture(params=["onnx", "lite"])
def generator(request, networks, tmp_path):
    """A generator in a copy of its folder, to damage."""
    folder = shutil.copytree(networks / request.param, tmp_path / request.param)
    return next(folder.glob("generator.*"))


def test_exported_networks_are_whole_and_load(networks):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("ai_edge_litert")
    found = [str(finding) for finding in check.findings(networks)]
    assert [line.rpartition("/")[2] for line in found] == [
        "lite: whole, and loads",
        "onnx: whole, and loads",
    ]


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (flip_a_bit, "wrong checksum: generator"),
        (halve, "wrong checksum: generator"),
        (pathlib.Path.unlink, "missing, or with a wrong checksum: generator"),
        (lambda path: halve(path.with_name("export.json")), "is damaged"),
        (
            lambda path: path.with_name("export.json").write_text('{"sha256": 3}'),
            "is d",
        ),
    ],
)
def test_damage_to_exported_networks_is_found(generator, harm, said):
    harm(generator)
    (found,) = check.problems(generator.parent)
    assert said in found
    if generator.exists():
        (found,) = check.problems(generator)
        assert said in found


def test_networks_without_a_record_are_only_loaded(generator):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("ai_edge_litert")
    (generator.parent / "export.json").unlink()
    (found,) = check.findings(generator)
    assert found.text == "no export.json has its checksums, and loads"
    halve(generator)
    (found,) = check.problems(generator)
    assert "it is damaged" in found


def test_networks_are_not_loaded_where_nothing_can_run_them(generator, monkeypatch):
    for name in ("onnxruntime", "ai_edge_litert.interpreter"):
        monkeypatch.setitem(sys.modules, name, None)
    (found,) = check.findings(generator)
    assert re.search("whole; not loaded, as .* is not installed", found.text)
    assert not found.is_problem


def test_an_interrupted_run_says_how_to_go_on(directory):
    edit(directory / "settings.json", '"epochs": 2', '"epochs": 5')
    found = check.problems(directory)
    assert found == [
        f"{directory}: interrupted at epoch 2 of 5. Give the same command again: it "
        "goes on there."
    ]


def test_a_run_that_goes_on_is_not_looked_at(directory):
    with lock.held(directory):
        (found,) = check.problems(directory)
    assert f"it is not looked at: {directory} is in use by process" in found


def test_a_run_that_was_asked_for_is_missed(runs):
    study = runs / "mnist"
    planned = [SETTINGS.to_dict(), {**SETTINGS.to_dict(), "seed": 1}]
    (study / PLAN).write_text(json.dumps({"runs": planned}))
    (study / "report.html").unlink()
    missed, report = check.problems(study)
    assert "seed1: it was asked for and is not there" in missed
    assert "report.html: it is missing" in report


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda d: shutil.rmtree(d / "variables"), "wrong checksum: variables/"),
        (lambda d: (d / "saved_model.pb").unlink(), "wrong checksum: saved_model.pb"),
        (lambda d: halve(d / "saved_model.pb"), "wrong checksum: saved_model.pb"),
        (lambda d: flip_a_bit(d / "saved_model.pb"), "wrong checksum: saved_model.pb"),
        (lambda d: flip_a_bit(d / DATA), f"wrong checksum: {DATA}"),
        (lambda d: halve(d / "export.json"), "is damaged"),
    ],
)
def test_damage_of_an_export_is_found(runs, harm, said):
    harm(runs / "exported")
    (found,) = check.problems(runs / "exported")
    assert said in found


def test_damage_of_an_export_without_a_record_is_found_when_it_is_loaded(runs):
    (runs / "exported" / "export.json").unlink()
    halve(runs / "exported" / "saved_model.pb")
    (found,) = check.problems(runs / "exported")
    assert "it is damaged" in found


def test_a_conditional_export_without_its_record_is_fine(tmp_path):
    small_model(num_classes=3).export(tmp_path / "exported")
    assert check.problems(tmp_path / "exported") == []


def test_presets_are_whole_and_damage_to_them_is_found(tmp_path):
    small_model(seed=0).save_to_preset(tmp_path / "mine")
    (found,) = check.findings(tmp_path / "mine")
    assert not found.is_problem and "loads as CVAE" in found.text
    flip_a_bit(tmp_path / "mine/weights.npz")
    (said,) = check.problems(tmp_path)
    assert "weights.npz has SHA-256" in said


def test_a_keras_file_of_an_unknown_class_is_refused(tmp_path, directory):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(directory / "model.keras") as old:
        parts = {name: old.read(name) for name in old.namelist()}
    config = parts["config.json"].replace(b"CVAE", b"Unknown")
    with zipfile.ZipFile(path, "w") as new:
        for name, part in {**parts, "config.json": config}.items():
            new.writestr(name, part)
    (found,) = check.problems(path)
    assert "it is damaged" in found
    assert "Unknown" in found


def test_a_keras_file_of_another_package_is_refused(tmp_path):
    inputs = keras.Input((2,))
    keras.Model(inputs, keras.layers.Dense(1)(inputs)).save(tmp_path / "other.keras")
    (found,) = check.problems(tmp_path / "other.keras")
    assert "not a model of kerasgen" in found


def test_weights_without_a_seal_are_only_read(tmp_path):
    small_model().save_weights(tmp_path / "plain.weights.h5")
    (finding,) = check.findings(tmp_path / "plain.weights.h5")
    assert "readable, but without a checksum" in str(finding)
    assert not finding.is_problem


def test_where_nothing_is_to_be_checked(tmp_path):
    nowhere, folder, notes = (tmp_path / name for name in ("no", "folder", "notes.txt"))
    folder.mkdir()
    notes.write_text("words")
    assert "Got nothing there; expected" in check.problems(nowhere)[0]
    for path in (folder, notes):
        assert "Got nothing to check; expected" in check.problems(path)[0]
