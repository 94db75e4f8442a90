"""The examples as a user runs them, in a process of their own, at smoke size."""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import kerasgen

ROOT = pathlib.Path(kerasgen.__file__).resolve().parents[1]


def run(directory, script, *flags, fails=False):
    command = [sys.executable, str(ROOT / "examples" / script), *flags]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True
    )
    assert (done.returncode != 0) == fails, done.stderr[-3000:]
    return done


@pytest.fixture(scope="session")
def trained(tmp_path_factory, idx_folder):
    directory = tmp_path_factory.mktemp("comparison")
    sizes = ["--epochs=1", "--batch_size=32", "--num_samples=64"]
    flags = [*sizes, f"--data_dir={idx_folder}"]
    return directory, flags, run(directory, "train_all.py", "--workers=2", *flags)


def test_train_all_leaves_runs_exports_and_a_report(trained):
    directory, _, done = trained
    out = done.stdout
    assert "Training on 128 images of mnist from IDX files" in out
    assert "Expected time of training in all: 0:" in out
    assert "[5/5] AdversarialVAE seed 0 epoch 1/1" in out
    assert "images/s" in out
    assert re.search(r"all runs 0:0\d:\d\d", out)
    for model in ("vanilla_gan", "dcgan", "wgan", "cvae", "adversarial_vae"):
        assert (directory / "runs/mnist" / model / "seed0/model.keras").exists()
        record = json.loads(
            (directory / f"saved_models/{model}/export.json").read_text()
        )
        assert record["settings"]["epochs"] == 1
    report = (directory / "runs/mnist/report.html").read_text()
    assert "undecided" in report  # one seed decides nothing
    assert "supported" not in re.sub(r"<style>.*?</style>", "", out)


def test_the_same_command_again_trains_nothing(trained):
    directory, flags, _ = trained
    keras_file = directory / "runs/mnist/dcgan/seed0/model.keras"
    before = keras_file.stat().st_mtime_ns
    done = run(directory, "train_all.py", *flags)
    assert "[2/5] DCGAN seed 0: complete" in done.stdout
    assert keras_file.stat().st_mtime_ns == before


def test_other_settings_leave_the_export_and_the_run_alone(trained, idx_folder):
    directory, flags, _ = trained
    report = (directory / "runs/mnist/report.md").read_text()
    run(directory, "train_one.py", "--limit=64", "--model=vanilla_gan", *flags)
    assert (directory / "saved_models/vanilla_gan-mnist-first-64").exists()
    assert (directory / "runs/mnist/report.md").read_text() == report
    record = json.loads(
        (directory / "saved_models/vanilla_gan/export.json").read_text()
    )
    assert record["settings"]["limit"] is None
    other = [flag.replace("32", "16") for flag in flags]
    elsewhere = ["--runs_dir=elsewhere", "--model=vanilla_gan"]
    done = run(directory, "train_one.py", *elsewhere, *other)
    said = "saved_models/vanilla_gan was made with other settings and stays; see"
    assert said in done.stdout
    done = run(directory, "train_one.py", "--model=dcgan", *other, fails=True)
    assert "belongs to a run with other settings (batch_size: 32" in done.stderr


@pytest.mark.parametrize("kind", ["samples", "interpolation"])
@pytest.mark.parametrize(
    "path", ["saved_models/dcgan", "runs/mnist/dcgan/seed0/model.keras"]
)
def test_generate_draws_from_both_artefacts(trained, path, kind):
    directory, _, _ = trained
    flags = [f"--path={path}", f"--kind={kind}", "--num=20", "--output=made.png"]
    run(directory, "generate.py", *flags)
    with Image.open(directory / "made.png") as picture:
        assert np.asarray(picture).std() > 0
        rows, columns = {"samples": (4, 5), "interpolation": (2, 10)}[kind]
        assert picture.size[0] / picture.size[1] == pytest.approx(
            columns / rows, rel=0.05
        )


def test_conditional_model_and_its_classes(trained, idx_folder):
    directory, flags, _ = trained
    run(directory, "train_one.py", "--model=cvae", "--conditional", *flags)
    path = "runs/mnist-conditional/cvae/seed0/model.keras"
    run(directory, "generate.py", f"--path={path}", "--kind=classes", "--num=20")
    assert (directory / "generated.png").exists()


@pytest.mark.parametrize(
    ("script", "flags", "message"),
    [
        ("train_one.py", ["--model=dcgn"], "Did you mean 'dcgan'"),
        ("train_all.py", ["--models=dcgan,cave"], "Did you mean 'cvae'"),
        ("train_one.py", ["--epochs=0"], "epochs=0; expected"),
        ("train_one.py", ["--data_dir=/nowhere/at/all"], "/nowhere/at/all"),
        ("train_one.py", ["--dataset=mnits"], "mnist"),
        ("train_one.py", ["--precision=half"], "precision"),
        ("train_all.py", ["--seeds=0"], "no runs to carry out"),
        ("ablation.py", ["--factor=colour"], "width"),
        ("ablation.py", ["--factor=loss", "--models=dcgn"], "Did you mean 'dcgan'"),
        ("report.py", ["runs/mnist"], "holds no run"),
        ("generate.py", ["--path=nothing.keras"], "neither the folder of a SavedModel"),
    ],
)
def test_mistakes_get_an_answer(tmp_path, script, flags, message):
    assert message in run(tmp_path, script, *flags, fails=True).stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("judged", ["runs/mnist/cvae/seed0/model.keras", "made.npy"])
def test_evaluate_judges_models_and_arrays_beside_real_images(trained, digits, judged):
    directory, flags, _ = trained
    np.save(directory / "made.npy", digits[0])
    flags = [flags[-1], "--num_samples=64", "--importance_samples=2"]
    done = run(directory, "evaluate.py", judged, *flags, "--output=judged.json")
    assert re.search(r"\| fid_mnist_v1_64_test +\| +[\d.]+ \| +[\d.]+ \|", done.stdout)
    records = json.loads((directory / "judged.json").read_text())
    record, real = records.pop(judged.split("/")[-1]), records.pop("real")
    assert real["class_coverage_mnist_v1_64"] >= 8
    assert (record["active_units_test64"] is None) == judged.endswith("npy")


def test_feature_extractor_is_trained_and_recorded(tmp_path, idx_folder):
    flags = [f"--data_dir={idx_folder}", "--epochs=1"]
    done = run(tmp_path, "train_feature_extractor.py", *flags)
    assert "test_accuracy" in done.stdout
    record = json.loads((tmp_path / "features/mnist-v1.json").read_text())
    weights = (tmp_path / "features/mnist-v1.npz").read_bytes()
    assert record["sha256"] == hashlib.sha256(weights).hexdigest()
    assert (record["num_train"], record["num_test"], record["epochs"]) == (128, 64, 1)


def test_evaluate_tells_of_a_wrong_path(tmp_path):
    done = run(tmp_path, "evaluate.py", "nothing.keras", fails=True)
    assert "There is nothing at nothing.keras" in done.stderr


def test_ablation_reports_every_level(tmp_path, idx_folder):
    flags = ["--factor=skip_connections", "--models=vanilla_gan", "--workers=2"]
    sizes = ["--epochs=1", "--batch_size=32", "--num_samples=64"]
    run(tmp_path, "ablation.py", *flags, *sizes, f"--data_dir={idx_folder}")
    folder = tmp_path / "runs/mnist-ablation-skip_connections"
    assert (folder / "vanilla_gan-skip_connections=True/seed0/model.keras").exists()
    assert "VanillaGAN, skip_connections=True" in (folder / "report.md").read_text()


def test_report_is_made_anew_from_the_runs(trained):
    directory, _, _ = trained
    report = directory / "runs/mnist/report.html"
    report.unlink()
    done = run(directory, "report.py", "runs/mnist")
    assert report.exists()
    assert "report.html" in done.stdout
