"""Commands end to end on a preset, and a training at smoke size."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import kerasgen
from kerasgen.cli import command
from kerasgen.cli import train

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_sample_draws_the_same_from_a_preset_and_its_export(elsewhere):
    line = ["--num=9", "--seed=7"]
    assert command.main(["sample", "--preset=dcgan_mnist", *line]) == 0
    assert command.main(["export", "dcgan_mnist", "--output=made"]) == 0
    assert command.main(["sample", "made", "--output=again.png", *line]) == 0
    first, second = (
        np.asarray(Image.open(elsewhere / name), "float32")
        for name in ("samples.png", "again.png")
    )
    assert first.std() > 50
    np.testing.assert_allclose(first, second, atol=1)


def test_a_file_is_loaded_by_a_process_that_has_not_seen_its_class(elsewhere):
    kerasgen.VanillaGAN(width=4, depth=1).save("mine.keras")
    line = [sys.executable, "-m", "kerasgen", "sample", "mine.keras", "--num=4"]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (elsewhere / "samples.png").exists()


def test_an_interpolation_moves_there_and_back(elsewhere):
    line = ["sample", "dcgan_mnist_conditional", "--num=4", "--output=moving.gif"]
    assert command.main([*line, "--kind=interpolation", "--label=7"]) == 0
    with Image.open(elsewhere / "moving.gif") as gif:
        assert (gif.n_frames, gif.info["loop"]) == (2 * 24 - 2, 0)
        frames = [(gif.seek(k), np.asarray(gif.convert("L")))[1] for k in range(46)]
    assert np.any(frames[0] != frames[23])
    np.testing.assert_array_equal(frames[22], frames[24])
    with pytest.raises(SystemExit, match="A GIF takes --kind=interpolation"):
        command.main(line)


def test_evaluate_judges_a_preset_and_two_folders(
    elsewhere, idx_folder, digits, capsys
):
    line = ["--metrics=frechet_distance", "--num_samples=64"]
    data = f"--data_dir={idx_folder}"
    assert command.main(["evaluate", "dcgan_mnist", data, *line]) == 0
    said = capsys.readouterr().out
    assert "| Fréchet distance  ↓ lower is better |" in said
    assert "features: mnist_v1" in said
    records = json.loads((elsewhere / "evaluation.json").read_text())
    assert list(records) == ["dcgan_mnist", "training images"]
    for folder, noise in (("real", 0), ("noisy", 99)):
        (elsewhere / folder).mkdir()
        for index, image in enumerate(np.asarray(digits[0])[:64, ..., 0]):
            added = np.random.default_rng(index).integers(0, noise + 1, image.shape)
            pixels = np.uint8(np.clip(image + added, 0, 255))
            Image.fromarray(pixels).save(elsewhere / folder / f"{index}.png")
    values = {}
    for folder in ("real", "noisy"):
        assert command.main(["evaluate", folder, "--dataset=real", *line]) == 0
        (record,) = json.loads((elsewhere / "evaluation.json").read_text()).values()
        (values[folder],) = (
            value for name, value in record.items() if name.startswith("frechet_dist")
        )
    assert values["real"] < values["noisy"] / 10


@pytest.mark.parametrize(
    ("form", "file"), [("onnx", "generator.onnx"), ("litert", "generator.tflite")]
)
def test_export_writes_networks(elsewhere, capsys, form, file):
    line = ["export", "vanilla_gan_mnist", f"--format={form}", "--output=made/it"]
    assert command.main(line) == 0
    assert (elsewhere / "made/it" / file).stat().st_size > 10_000
    assert f"made/it/{file}" in capsys.readouterr().out
    assert command.main(["check", "made/it"]) == 0


def test_train_leaves_what_check_finds_whole(elsewhere, idx_folder):
    line = ["--epochs=1", "--num_samples=16", f"--data_dir={idx_folder}"]
    assert command.main(["train", "vanilla_gan", *line]) == 0
    assert (elsewhere / "runs/mnist/report.html").exists()
    assert command.main(["check", "runs", "saved_models"]) == 0
    (elsewhere / "runs/mnist/vanilla_gan/seed0/model.keras").unlink()
    assert command.main(["check", "runs"]) == 1


def test_compare_takes_shards_and_quick_settings(elsewhere, idx_folder):
    line = ["--quick", "--epochs=1", "--num_samples=16", "--models=vanilla_gan,dcgan"]
    line += [f"--data_dir={idx_folder}", "--shard=0/2"]
    assert command.main(["compare", *line]) == 0
    (settings,) = elsewhere.glob("runs/*/*/seed0/settings.json")
    read = json.loads(settings.read_text())["settings"]
    assert (read["model"], read["epochs"], read["limit"]) == ("vanilla_gan", 1, 10_000)


def test_evaluate_scales_a_named_dataset_as_the_model_s_images_were(
    elsewhere, idx_folder, capsys
):
    kerasgen.VanillaGAN((16, 16, 1), width=4, depth=1).save("mine.keras")
    line = ["evaluate", "mine.keras", f"--data_dir={idx_folder}", "--num_samples=32"]
    line += ["--metrics=frechet_distance", "--features=random"]
    assert command.main(line) == 0
    said = capsys.readouterr().out
    assert "Fréchet distance, random features" in said and "num_test: 64" in said


def test_the_next_command_names_the_data(tmp_path):
    run = tmp_path / "dcgan/seed0"
    run.mkdir(parents=True)
    (run / "model.keras").touch()
    (tmp_path / "summary.csv").write_text("model,metric,stage,mean\n")
    values = train.FLAGS
    values(["train", "--dataset=my pets/", "--saved_models_dir=out"])
    said = train.ending(tmp_path / "report.html", values)
    assert f"kerasgen explore {run}/model.keras '--dataset=my pets/'" in said
