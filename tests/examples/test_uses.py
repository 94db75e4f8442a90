"""The examples of what trained models are used for, at smoke size."""

import gzip
import json
import re
import shutil

import keras
import numpy as np
import pytest
from PIL import Image

import kerasgen
from tests.examples.test_examples import run

pytestmark = pytest.mark.slow

SMALL = {"latent_dim": 4, "width": 8}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder of untrained models: they are made and drawn like trained ones."""
    folder = tmp_path_factory.mktemp("models")
    kerasgen.CVAE(**SMALL, seed=0).save(folder / "cvae.keras")
    kerasgen.DCGAN(**SMALL, num_classes=10, seed=0).save(folder / "dcgan10.keras")
    return folder


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory, idx_folder):
    """The digits as four files, with test images that are no training images."""
    folder = tmp_path_factory.mktemp("data") / "mnist"
    shutil.copytree(idx_folder, folder)
    path = folder / "t10k-images-idx3-ubyte.gz"
    content = gzip.decompress(path.read_bytes())
    pixels = np.frombuffer(content[16:], np.uint8).reshape(-1, 28, 28)
    path.write_bytes(gzip.compress(content[:16] + np.roll(pixels, 1, axis=2).tobytes()))
    return folder


def size(path):
    with Image.open(path) as picture:
        assert np.asarray(picture).std() > 0
        return picture.size


def read(path):
    return json.loads(path.read_text())


def test_latents_of_an_encoder_are_traversed_by_activity(models, tmp_path, data_dir):
    path = models / "cvae.keras"
    flags = [f"--model={path}", f"--data_dir={data_dir}", "--num_samples=30"]
    run(tmp_path, "latent.py", *flags, "--num_images=40")
    folder = tmp_path / "latent"
    assert not (folder / "classes.png").exists()  # the model has no classes
    width, height = size(folder / "traversals.png")
    assert width / height == pytest.approx(11 / 4, rel=0.05)
    width, height = size(folder / "arithmetic.png")
    assert width / height == pytest.approx(12 / 10, rel=0.05)
    record = read(folder / "latent.json")
    activity = [direction["activity"] for direction in record["directions"]]
    assert activity == sorted(activity, reverse=True)
    images, _ = kerasgen.data.load_arrays("mnist", "test", data_dir=data_dir)
    codes, _ = kerasgen.study.load_model(path).encode(images[:40])
    np.testing.assert_allclose(activity, sorted(codes.var(axis=0))[::-1], rtol=1e-4)
    assert 0.0 <= record["arithmetic"]["made_seen_as_the_class_asked_for"] <= 1.0
    assert record["neighbours"]["num_train"] == 128


def test_latents_of_a_gan_are_traversed_by_chance(models, tmp_path, data_dir):
    flags = [f"--model={models / 'dcgan10.keras'}", f"--data_dir={data_dir}"]
    run(tmp_path, "latent.py", *flags, "--num_samples=30")
    folder = tmp_path / "latent"
    width, height = size(folder / "classes.png")
    assert width / height == pytest.approx(8 / 10, rel=0.05)
    record = read(folder / "latent.json")
    assert len(record["directions"]) == 4
    assert all(d["mean_squared_change"] > 0 for d in record["directions"])
    assert "arithmetic" not in record


def test_anomalies_are_scored_by_every_score_of_a_model(tmp_path, idx_folder):
    flags = ["--digits=3", "--models=vanilla_gan,cvae,wae", "--limit=64"]
    flags += ["--epochs=1", "--batch_size=32", f"--data_dir={idx_folder}"]
    done = run(tmp_path, "anomaly.py", *flags)
    folder = tmp_path / "anomaly"
    records = read(folder / "anomaly.json")
    assert [record["score"] for record in records] == [
        "nearest training image",
        "VanillaGAN discriminator",
        "CVAE reconstruction error",
        "CVAE negative ELBO",
        "WAE reconstruction error",
    ]
    data = kerasgen.data.load_arrays("mnist", "test", data_dir=idx_folder)
    for record in records:
        assert record["num_held_out"] == np.sum(data[1] == 3)
        assert record["num_held_out"] + record["num_known"] == 64
    # Test images lie among the known training images; the held-out digit does not.
    assert records[0]["auroc"] == 1.0
    assert (folder / "roc-3.svg").exists()
    assert re.search(r"\| metric +\| +3 \| +mean \|", done.stdout)
    kept = read(folder / "runs/cvae-without-3/seed0/settings.json")
    assert kept["settings"]["variant"] == "without-3"


def test_fine_tuning_is_set_beside_a_fresh_model(models, tmp_path, idx_folder):
    flags = [f"--model={models / 'cvae.keras'}", "--dataset=mnist"]
    flags += [f"--data_dir={idx_folder}", "--batch_size=32", "--num_samples=64"]
    flags += ["--features=mnist"]
    done = run(tmp_path, "fine_tune.py", *flags, "--epochs=2")
    folder = tmp_path / "fine_tuning"
    record = read(folder / "fine_tuning.json")
    distances = record["frechet_distance_by_seed_and_epoch"]
    # The file holds untrained weights of seed 0, which those of the fresh one equal.
    assert [len(distances[name][0]) for name in distances] == [3, 3]
    assert distances["fine_tuned"][0][-1] != distances["fine_tuned"][0][0]
    assert "| epoch 2 |" in done.stdout
    assert size(folder / "fine_tuned.png") == size(folder / "from_scratch.png")
    tuned = kerasgen.study.load_model(folder / "fine_tuned.keras")
    start = kerasgen.study.load_model(models / "cvae.keras")
    same = zip(tuned.get_weights(), start.get_weights(), strict=True)
    assert not all(np.array_equal(*pair) for pair in same)
    # What was done is not done again, and nothing else takes its place.
    done = run(tmp_path, "fine_tune.py", *flags, "--epochs=2", "--seeds=2")
    assert "seed 0" not in done.stdout and "from_scratch CVAE, seed 1" in done.stdout
    further = read(folder / "fine_tuning.json")["frechet_distance_by_seed_and_epoch"]
    for name, rows in further.items():
        assert rows[:1] == distances[name] and len(rows) == 2
    done = run(tmp_path, "fine_tune.py", *flags, "--epochs=1", fails=True)
    assert "fine_tuning.json was made with" in done.stderr


def test_fine_tuning_learns_the_users_own_images(models, tmp_path, digits):
    np.save(tmp_path / "own.npy", digits[0])
    flags = [f"--model={models / 'cvae.keras'}", "--images=own.npy", "--epochs=1"]
    flags += ["--features=mnist", "--batch_size=32", "--num_samples=32"]
    run(tmp_path, "fine_tune.py", *flags)
    record = read(tmp_path / "fine_tuning/fine_tuning.json")
    assert (record["learned"], record["num_train"]) == ("own.npy", 116)
    assert record["num_test"] == 12


def test_augmentation_compares_with_real_digits_alone(models, tmp_path, idx_folder):
    flags = [f"--model={models / 'dcgan10.keras'}", f"--data_dir={idx_folder}"]
    flags += ["--seeds=1", "--num_samples=40", "--model_steps=2", "--epochs=1"]
    flags += ["--classifier_steps=2"]
    run(tmp_path, "augmentation.py", *flags, "--shots=2")
    folder = tmp_path / "augmentation"
    record = read(folder / "augmentation.json")
    found = record["accuracy_by_seed"]["2"]
    assert list(found) == ["real alone", "few-shot model", "model of all images"]
    few, all_images = record["gains"]
    difference = np.mean(np.subtract(found["few-shot model"], found["real alone"]))
    assert few["difference"] == pytest.approx(difference)
    assert (few["shots"], all_images["samples"]) == (2, "model of all images")
    assert few["t_test_p_holm"] is None  # one seed is too few
    assert set(record["accuracy_of_many"]) == {"training images", "samples alone"}
    assert size(folder / "samples-of-2.png") and (folder / "augmentation.svg").exists()
    # What was done is not done again, and nothing else takes its place.
    done = run(tmp_path, "augmentation.py", *flags, "--shots=2,3")
    assert "3 a class, seed 0" in done.stdout and "2 a class, seed" not in done.stdout
    further = read(folder / "augmentation.json")
    assert further["accuracy_by_seed"]["2"] == found
    assert [gain["shots"] for gain in further["gains"]] == [2, 2, 3, 3]
    assert further["accuracy_of_many"] == record["accuracy_of_many"]
    flags += ["--shots=2", "--num_samples=50"]
    done = run(tmp_path, "augmentation.py", *flags, fails=True)
    assert "augmentation.json was made with" in done.stderr


def test_modes_of_stacked_digits_are_counted_beside_real_ones(tmp_path, idx_folder):
    flags = [f"--data_dir={idx_folder}", "--limit=128", "--num_samples=200"]
    flags += ["--epochs=1", "--models=dcgan", "--seeds=2"]
    done = run(tmp_path, "stacked_mnist.py", *flags)
    path = tmp_path / "stacked_mnist/stacked_mnist.json"
    real, fake, other = read(path)["found"]
    assert [one["model"] for one in (real, fake, other)] == [
        "real triples",
        "dcgan",
        "dcgan",
    ]
    assert [one["seed"] for one in (real, fake, other)] == [None, 0, 1]
    assert "dcgan, seed 1 epoch 1/1" in done.stdout and "all runs" in done.stdout
    # 200 distinct draws at best have log(1000 / 200) nats.
    assert 0 < fake["modes"] < real["modes"] <= 200
    assert np.log(5.0) <= real["kl_divergence"] < fake["kl_divergence"] <= np.log(1000)
    assert re.search(r"\| dcgan \| \d+ ± \d+ \|", done.stdout)
    assert (tmp_path / "stacked_mnist/runs/dcgan/seed1/model.keras").exists()
    # What was done is not done again, and nothing else takes its place.
    before = path.read_text()
    done = run(tmp_path, "stacked_mnist.py", *flags)
    assert "epoch" not in done.stdout and path.read_text() == before
    done = run(tmp_path, "stacked_mnist.py", *flags, "--epochs=2", fails=True)
    assert "stacked_mnist.json was made with" in done.stderr


def test_a_flow_is_judged_by_evaluations_of_its_network(tmp_path, idx_folder):
    flow = kerasgen.FlowMatching(width=4, depth=1, seed=0)
    flow.save(tmp_path / "flow.keras")
    flags = ["--model=flow.keras", f"--data_dir={idx_folder}", "--num_samples=70"]
    done = run(tmp_path, "sampling_steps.py", *flags, "--evaluations=1,2")
    found = read(tmp_path / "sampling_steps/sampling_steps.json")["frechet_distance"]
    assert set(found["euler"]) == {"1", "2"} and set(found["heun"]) == {"2"}
    assert 0 <= found["training images"] < min(found["euler"].values())
    assert (tmp_path / "sampling_steps/sampling_steps.svg").exists()
    assert re.search(r"\| 1 \| [\d.]+ \| – \|", done.stdout)
    # What was drawn is not drawn again, and samples are those of one call.
    flags += ["--evaluations=2,3"]
    done = run(tmp_path, "sampling_steps.py", *flags)
    assert "2 evaluations" not in done.stdout
    assert "euler, 3 evaluations: 70 samples, left 0:00:00" in done.stdout
    again = read(tmp_path / "sampling_steps/sampling_steps.json")["frechet_distance"]
    assert again["euler"] == {**found["euler"], "3": again["euler"]["3"]}
    assert not (tmp_path / "sampling_steps/parts").exists()
    done = run(tmp_path, "sampling_steps.py", *flags, "--seed=1", fails=True)
    assert "sampling_steps.json was made with" in done.stderr


def test_a_diffusion_is_judged_with_and_without_new_noise(tmp_path, idx_folder):
    kerasgen.DDPM(width=4, depth=1, seed=0).save(tmp_path / "ddpm.keras")
    flags = ["--model=ddpm.keras", f"--data_dir={idx_folder}", "--num_samples=70"]
    done = run(tmp_path, "sampling_steps.py", *flags, "--evaluations=2,3")
    found = read(tmp_path / "sampling_steps/sampling_steps.json")["frechet_distance"]
    assert set(found["ddim"]) == set(found["ddpm"]) == {"2", "3"}
    assert found["ddim"]["2"] != found["ddpm"]["2"]
    assert re.search(r"\| 3 \| [\d.]+ \| [\d.]+ \|", done.stdout)


def test_few_labels_are_learned_by_five_methods(tmp_path, idx_folder):
    flags = [f"--data_dir={idx_folder}", "--epochs=1", "--batch_size=32"]
    done = run(tmp_path, "few_labels.py", *flags, "--labels=20,50", "--draws=1")
    folder = tmp_path / "few_labels"
    found = read(folder / "few_labels.json")["found"]
    assert [one["num_labels"] for one in found] == 5 * [20] + 5 * [50]
    assert all(0 < one["errors"] <= one["num_test"] == 64 for one in found)
    assert len((folder / "few_labels.csv").read_text().splitlines()) == 11
    assert (folder / "few_labels.svg").exists()
    assert re.search(r"\| 50 \| [\d.]+ (\| [\d.]+ ){4}\|", done.stdout)
    # What was done is not done again, and nothing else takes its place.
    further = ["--labels=20", "--draws=2", "--methods=odena"]
    done = run(tmp_path, "few_labels.py", *flags, *further)
    assert "draw 0" not in done.stdout and "feature_matching" not in done.stdout
    assert "[1/1] odena, 20 labels, draw 1 epoch 1/1" in done.stdout
    assert not list((folder / "checkpoints").iterdir())
    assert read(folder / "few_labels.json")["found"][:10] == found
    done = run(
        tmp_path, "few_labels.py", *flags, "--labels=20", "--published", fails=True
    )
    assert "few_labels.json was made with" in done.stderr


@pytest.mark.parametrize(
    ("script", "flags", "message"),
    [
        (
            "sampling_steps.py",
            ["--model={}/cvae.keras"],
            "a CVAE; expected one of Flow",
        ),
        ("few_labels.py", ["--labels=25"], "num_labels=25 for 10 classes"),
        ("few_labels.py", ["--methods=odenna"], "Expected some of feature_matching"),
        ("likelihood.py", ["--models=vae:5"], "--models=vae:5 came; expected some"),
        ("stacked_mnist.py", ["--models=dcgan:best"], "dcgan or dcgan:published"),
        ("augmentation.py", ["--model={}/cvae.keras"], "no conditional model"),
        ("augmentation.py", ["--model={}/dcgan10.keras", "--shots=99"], "--shots=99"),
        ("anomaly.py", ["--digits=11"], "--digits=11 came; expected all"),
    ],
)
def test_mistakes_get_an_answer(models, tmp_path, idx_folder, script, flags, message):
    flags = [flag.format(models) for flag in flags]
    done = run(tmp_path, script, *flags, f"--data_dir={idx_folder}", fails=True)
    assert message in done.stderr


def test_the_bound_on_the_likelihood(tmp_path, data_dir):
    flags = [f"--data_dir={data_dir}", "--epochs=1", "--importance_samples=20"]
    flags += ["--importance_images=30"]
    models = "--models=cvae,iwae:5,avb"
    said = run(tmp_path, "likelihood.py", *flags, models)
    assert "[2/3] iwae:5 epoch 1/1" in said.stdout
    assert "binarised once, by the seed 0" in said.stdout
    for folder in ("cvae", "iwae-5", "avb"):
        record = read(tmp_path / "likelihood" / folder / "likelihood.json")
        tight, error, loose = record["bounds"].values()
        assert 0.0 < error < tight < loose < 28 * 28
        assert record["binarisation_seed"] == 0
    assert re.search(r"\| iwae:5 \| [\d.]+ \| [\d.]+ \| [\d.]+ \| 85.5 \|", said.stdout)
    # The training is not taken anew.
    said = run(tmp_path, "likelihood.py", *flags, "--models=avb")
    assert "epoch" not in said.stdout and "The bound" not in said.stdout
    assert read(tmp_path / "likelihood/avb/likelihood.json") == record
    flags += ["--models=cvae", "--seed=1"]
    said = run(tmp_path, "likelihood.py", *flags, fails=True)
    assert "likelihood/cvae holds a model of {" in said.stderr


def test_rates_fall_over_all_epochs_of_a_likelihood(tmp_path, data_dir):
    flags = [f"--data_dir={data_dir}", "--models=vae", "--falling_rates"]
    flags += ["--importance_samples=20", "--importance_images=30"]
    run(tmp_path, "likelihood.py", *flags, "--epochs=3")
    model = keras.models.load_model(tmp_path / "likelihood/vae/model.keras")
    optimizer, default = model.optimizer["autoencoder"], model.default_optimizers()
    fallen = float(default["autoencoder"].learning_rate) / 4.0  # cos(120°) = -1/2
    assert float(optimizer.learning_rate) == pytest.approx(fallen)
    record = read(tmp_path / "likelihood/vae/likelihood.json")
    assert record["rates_fall_over_epochs"] == 3
    # More epochs would have made them fall otherwise.
    said = run(tmp_path, "likelihood.py", *flags, "--epochs=4", fails=True)
    assert "likelihood/vae holds a model of {" in said.stderr
