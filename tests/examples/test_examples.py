"""The examples as a user runs them, in a process of their own, at smoke size."""

import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import kerasgen
from kerasgen.check import problems
from tests import scripts

pytestmark = pytest.mark.slow

ROOT = pathlib.Path(kerasgen.__file__).resolve().parents[1]


def run(directory, script, *flags, fails=False):
    done = scripts.run(ROOT / "examples" / script, *flags, directory=directory)
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
    other = [*flags, "--batch_size=16"]  # the last one counts
    elsewhere = ["--runs_dir=elsewhere", "--model=vanilla_gan"]
    done = run(directory, "train_one.py", *elsewhere, *other)
    said = "saved_models/vanilla_gan was made with other settings and stays; see"
    assert said in done.stdout
    assert (directory / "runs/mnist/report.md").read_text() == report
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
    report = (directory / "runs/mnist/report.md").read_text()
    chosen = ["--model=cvae", "--conditional", "--limit=64"]
    run(directory, "train_one.py", *chosen, *flags)
    assert (directory / "saved_models/cvae-mnist-conditional-first-64").exists()
    assert (directory / "runs/mnist/report.md").read_text() == report
    record = json.loads((directory / "saved_models/cvae/export.json").read_text())
    assert record["settings"]["limit"] is None
    path = "runs/mnist-conditional-first-64/cvae/seed0/model.keras"
    run(directory, "generate.py", f"--path={path}", "--kind=classes", "--num=20")
    assert (directory / "generated.png").exists()


@pytest.mark.parametrize(
    ("script", "flags", "message"),
    [
        ("train_one.py", ["--model=dcgn"], "Did you mean 'dcgan'"),
        ("train_all.py", ["--models=dcgan,cave"], "Did you mean 'cvae'"),
        ("train_one.py", ["--epochs=0"], "--epochs=0: 0 is not a positive"),
        ("train_one.py", ["--data_dir=/nowhere/at/all"], "/nowhere/at/all"),
        ("train_one.py", ["--dataset=mnits"], "mnist"),
        ("train_one.py", ["--precision=half"], "precision"),
        ("train_all.py", ["--seeds=0"], "--seeds=0: 0 is not a positive"),
        ("ablation.py", ["--factor=colour"], "width"),
        ("ablation.py", ["--factor=loss", "--models=dcgn"], "Did you mean 'dcgan'"),
        ("report.py", ["runs/mnist"], "holds no run"),
        ("publish.py", ["--study_dir=runs/mnist", "--to=there"], "holds no run"),
        ("generate.py", ["--path=nothing.keras"], "neither the folder of a SavedModel"),
        ("generate.py", ["--preset=dcgn_mnist"], "is no preset and no folder"),
        ("generate.py", [], "Exactly one of"),
        ("make_presets.py", ["--study=mnits"], "runs/mnits has no run of seed 0"),
        ("make_presets.py", ["--models=dcgn"], "runs/mnist/dcgn/seed0 holds no run"),
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
    row = r"\| Fréchet distance[^|]*\| +[\d.]+ +\| +[\d.]+ +\|"
    assert re.search(row, done.stdout), done.stdout
    records = json.loads((directory / "judged.json").read_text())
    record, real = records.pop(judged), records.pop("training images")
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


@pytest.fixture(scope="session")
def presets(trained):
    directory, flags, _ = trained
    flags = [flags[-1], "--num_samples=64", "--models=dcgan,cvae"]
    flags += ["--presets_dir=presets"]
    return directory, flags, run(directory, "make_presets.py", *flags)


def test_make_presets_leaves_presets_exports_and_cards(presets):
    directory, _, done = presets
    assert "[2/2] cvae_mnist: evaluating 64 samples of the preset" in done.stdout
    registry = json.loads((directory / "presets/registry.json").read_text())
    assert set(registry) == {"dcgan_mnist", "cvae_mnist"}
    metadata = json.loads((directory / "presets/dcgan_mnist/metadata.json").read_text())
    content = (directory / "runs/mnist/dcgan/seed0/model.keras").read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    assert metadata["made_from"] == {"model.keras": sha256}
    assert 0.0 < metadata["pixel_change"]["mean"] < 1e-3
    card = (directory / "saved_models/dcgan_mnist/README.md").read_text()
    distance = metadata["metrics"]["frechet_distance_mnist_v1_64_test"]
    shown = re.escape(f"{distance:.4g}")
    row = rf"\| frechet_distance_mnist_v1_64_test +\| +{shown} \| +[\d.]+ \|"
    assert re.search(row, card)
    assert re.search(rf"\| Fréchet distance .* \| +{shown} \|", card)
    with Image.open(directory / "saved_models/dcgan_mnist/samples.png") as picture:
        assert np.asarray(picture).std() > 0
    command = "python examples/train_one.py --model=dcgan --dataset=mnist --epochs=1"
    described = "trained on 128 images of mnist for 1 epochs"
    for part in (described, command, "Apache-2.0", sha256):
        assert part in card
    assert "{" not in card and str(directory) not in card


def test_the_export_of_a_preset_is_the_preset(presets):
    directory, _, _ = presets
    for name in ("dcgan_mnist", "cvae_mnist"):
        preset = kerasgen.GenerativeModel.from_preset(directory / "presets" / name)
        exported = kerasgen.export.load(directory / "saved_models" / name)
        ours, theirs = (model.sample(8, seed=3) for model in (preset, exported))
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
        assert problems(directory / "saved_models" / name) == []


def test_presets_that_are_made_are_not_made_again(presets):
    directory, flags, _ = presets
    path = directory / "presets/dcgan_mnist/weights.npz"
    before = path.stat().st_mtime_ns
    done = run(directory, "make_presets.py", *flags)
    assert "[1/2] dcgan_mnist: complete" in done.stdout
    assert path.stat().st_mtime_ns == before


def test_a_run_without_weights_makes_no_preset(presets, tmp_path):
    directory, flags, _ = presets
    shutil.copytree(directory / "runs/mnist/wgan", tmp_path / "runs/mnist/wgan")
    (tmp_path / "runs/mnist/wgan/seed0/model.keras").unlink()
    flags = [flag for flag in flags if "models" not in flag]
    done = run(tmp_path, "make_presets.py", *flags, fails=True)
    assert "runs/mnist/wgan/seed0 lacks model.keras. Expected finished" in done.stderr
    assert not (tmp_path / "presets").exists()


def test_presets_are_made_alone_too(presets, tmp_path):
    directory, flags, _ = presets
    shutil.copytree(directory / "runs", tmp_path / "runs")
    flags = [*flags, "--models=dcgan", "--saved_models_dir="]
    done = run(tmp_path, "make_presets.py", *flags)
    assert "SavedModel" not in done.stdout
    assert (tmp_path / "presets/dcgan_mnist/weights.npz").exists()
    assert not (tmp_path / "saved_models").exists()
    assert "complete" in run(tmp_path, "make_presets.py", *flags).stdout


@pytest.mark.parametrize("kind", ["presets", "saved_models"])
def test_presets_with_other_settings_are_not_replaced(presets, tmp_path, kind):
    directory, flags, _ = presets
    shutil.copytree(directory / "runs", tmp_path / "runs")
    shutil.copytree(directory / kind / "cvae_mnist", tmp_path / kind / "dcgan_mnist")
    done = run(tmp_path, "make_presets.py", *flags, fails=True)
    assert f"{kind}/dcgan_mnist holds another model" in done.stderr
    assert len(list((tmp_path / kind).iterdir())) == 1


def test_presets_of_fewer_epochs_are_replaced(presets, tmp_path):
    directory, flags, _ = presets
    for kind in ("runs/mnist/dcgan", "presets/dcgan_mnist", "saved_models/dcgan_mnist"):
        shutil.copytree(directory / kind, tmp_path / kind)
    shutil.copy(directory / "runs/mnist/real.json", tmp_path / "runs/mnist/real.json")
    for path in ("presets/dcgan_mnist/metadata", "saved_models/dcgan_mnist/export"):
        path = (tmp_path / path).with_suffix(".json")
        record = json.loads(path.read_text())
        record["settings"]["epochs"] = 0
        path.write_text(json.dumps(record | {"made_from": "an older run"}))
    flags = [flag.replace("dcgan,cvae", "dcgan") for flag in flags]
    done = run(tmp_path, "make_presets.py", *flags)
    assert "[1/1] dcgan_mnist: evaluating" in done.stdout
    for path in ("presets/dcgan_mnist/metadata", "saved_models/dcgan_mnist/export"):
        record = json.loads((tmp_path / path).with_suffix(".json").read_text())
        assert record["settings"]["epochs"] == 1


@pytest.mark.parametrize("kind", ["samples", "interpolation"])
def test_generate_draws_from_a_preset(presets, kind):
    directory, _, _ = presets
    flags = ["--preset=presets/dcgan_mnist", f"--kind={kind}", "--output=preset.png"]
    run(directory, "generate.py", *flags)
    with Image.open(directory / "preset.png") as picture:
        assert np.asarray(picture).std() > 0


@pytest.mark.parametrize("is_made", [False, True])
def test_the_readme_of_the_exports_is_true(presets, is_made):
    directory, _, _ = presets
    path = (directory if is_made else ROOT) / "saved_models/README.md"
    (code,) = re.findall(r"```python\n(.*?)```", path.read_text(), flags=re.DOTALL)
    assert len(code.strip().splitlines()) <= 5
    code += "import sys; print(images.shape, float(tf.math.reduce_std(images)) > 0)\n"
    code += "print('kerasgen' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=directory, capture_output=True, text=True
    )
    assert done.stdout.split("\n")[:2] == ["(16, 28, 28, 1) True", "False"], done.stderr


def test_a_study_is_published_and_shown_in_a_readme(trained):
    directory, _, _ = trained
    (directory / "README.md").write_text(
        "<!-- results:begin numbers results/mnist-1 -->\n<!-- results:end -->\n"
    )
    folders = ["--study_dir=runs/mnist", "--to=results/mnist-1"]
    done = run(directory, "publish.py", *folders, "--readme=README.md")
    assert re.search(r"results/mnist-1: 5 runs, \d+\.\d MB", done.stdout)
    text = (directory / "README.md").read_text()
    assert "`python examples/train_all.py --" in text
    assert re.search(r"\| AdversarialVAE \|.* \d", text)
    report = directory / "results/mnist-1/report.md"
    before = report.read_text()
    report.unlink()
    run(directory, "report.py", "results/mnist-1")
    assert report.read_text() == before


def test_own_pictures_all_the_way(tmp_path):
    sizes = ["--num=80", "--epochs=1", "--image_size=16", "--num_samples=16"]
    done = run(tmp_path, "own_images.py", "--model=vanilla_gan", *sizes)
    assert "Training on 72 images of pictures" in done.stdout
    (record, *_) = json.loads((tmp_path / "evaluation.json").read_text()).values()
    assert record["frechet_distance_random_cnn_v1_16_test8"] > 0
    assert record["num_train"] == 72
    assert (tmp_path / "runs/pictures-16px-colour/report.html").exists()
    assert np.asarray(Image.open(tmp_path / "samples.png")).shape[-1] == 3
    (exported,) = (tmp_path / "exported").iterdir()  # a folder for each model
    assert not problems(exported)
