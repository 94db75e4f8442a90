"""The zoo beside tutorials: the references train, and curves are compared rightly."""

import keras
import numpy as np
import pytest

from benchmarks import comparison
from benchmarks.reference.tutorials import TUTORIALS
from tests.benchmarks.test_scripts import run

pytestmark = pytest.mark.slow

# Of the sources' own networks, counted by hand from their layers.
PARAMETERS = {
    # 100·12544 + 2·12544 · 25·(256·128 + 128·64 + 64) + 2·(128 + 64)
    "dcgan": (2_305_472, 212_865),
    "vanilla_gan": (1_506_448 + 3_584, 533_505),
    "wgan": (1_506_448 + 3_584, 533_505),
    "cvae": (65_089, 69_076),
}


def trainable(network):
    return sum(np.prod(weight.shape) for weight in network.trainable_variables)


@pytest.mark.parametrize("key", TUTORIALS)
def test_tutorials_have_their_sources_networks(key):
    tutorial = TUTORIALS[key]()
    judge = tutorial.parts[0] if key == "cvae" else tutorial.parts[1]
    assert (trainable(tutorial.generator), trainable(judge)) == PARAMETERS[key]


@pytest.mark.parametrize("key", TUTORIALS)
def test_tutorials_train_and_go_on_where_they_were(key, digits, tmp_path):
    keras.utils.set_random_seed(0)
    tutorial = TUTORIALS[key]()
    before = [np.array(variable) for variable in tutorial.variables]
    dataset = tutorial.batches(digits[0])
    pixels = np.concatenate(list(dataset.as_numpy_iterator()))
    assert (pixels.min(), pixels.max()) == (tutorial.least_pixel, 1.0)
    tutorial.train(dataset, 1)
    kernels = {id(v) for n in tutorial.parts[:2] for v in n.trainable_variables}
    for old, variable in zip(before, tutorial.variables, strict=True):
        if id(variable) in kernels and variable.ndim > 1:
            assert not np.array_equal(old, variable.numpy())
    images = tutorial.sample(20, seed=1)
    assert images.shape == (20, 28, 28, 1)
    assert 0.0 <= images.min() < images.max() <= 1.0
    tutorial.save(tmp_path / "state.npz")
    again = TUTORIALS[key]()
    again.load(tmp_path / "state.npz")
    np.testing.assert_array_equal(again.sample(20, seed=1), images)
    for mine, saved in zip(again.variables, tutorial.variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), saved.numpy())


def test_wgan_clips_and_moves_the_generator_on_each_fifth_batch(digits):
    tutorial = TUTORIALS["wgan"]()
    critic, generator_optimizer = tutorial.parts[1], tutorial.parts[2]
    moved = []
    for _ in range(6):
        tutorial.train_step(digits[0][:16] / np.float32(127.5) - 1.0)
        moved.append(int(generator_optimizer.iterations.numpy()))
    assert moved == [1, 1, 1, 1, 1, 2]
    for weight in critic.trainable_variables:
        assert abs(weight.numpy()).max() <= 0.01 + 1e-9


def curve(side, seconds, distances, seed=0):
    marks = [
        {"epoch": epoch, "seconds": second, "frechet_distance": distance}
        for epoch, second, distance in zip((1, 2, 4), seconds, distances, strict=False)
    ]
    return {"model": "DCGAN", "side": side, "seed": seed, "marks": marks}


def test_curves_are_compared_at_equal_epochs_and_at_equal_time():
    curves = [
        curve("kerasgen", (10.0, 20.0, 40.0), (30.0, 20.0, 10.0)),
        curve("tutorial", (30.0, 60.0), (90.0, 60.0)),
    ]
    first, second = comparison.by_epochs(curves)
    assert (first["epochs"], second["epochs"]) == (1, 2)
    assert (second["kerasgen, s"], second["tutorial, s"]) == (20.0, 60.0)
    assert (second["kerasgen"], second["tutorial"]) == ("20", "60")
    assert second["tutorial / kerasgen"].startswith("3.00")
    (row,) = comparison.by_seconds(curves)
    # After 40 s the tutorial is a third of the way from 90 to 60.
    assert (row["seconds"], row["kerasgen"], row["tutorial"]) == (40.0, "10", "80")


def test_seeds_are_compared_in_pairs_and_what_is_not_finite_is_left_out():
    curves = [
        curve("kerasgen", (10.0,), (30.0,)),
        curve("tutorial", (10.0,), (90.0,)),
        curve("kerasgen", (10.0,), (40.0,), seed=1),
        curve("tutorial", (10.0,), (80.0,), seed=1),
        curve("kerasgen", (10.0,), (None,), seed=2),
        curve("tutorial", (10.0,), (10.0,), seed=2),
        curve("kerasgen", (10.0,), (10.0,), seed=3),
    ]
    (row,) = comparison.by_epochs(curves)
    assert (row["seeds"], row["kerasgen"]) == (2, "35 ± 7.1")
    assert row["tutorial / kerasgen"] == "2.50 (2.00 to 3.00)"
    (row,) = comparison.by_seconds(curves)
    assert row["seeds"] == 2


def test_finished_marks_are_kept(tmp_path, idx_folder):
    flags = [f"--data_dir={idx_folder}", "--models=vanilla_gan", "--samples=64"]
    record, out = run(tmp_path, "quality", *flags, "--epochs=1")
    ours, theirs = record["curves"]
    assert [ours["side"], theirs["side"]] == ["kerasgen", "tutorial"]
    assert ours["marks"][0]["frechet_distance"] > 0
    assert "| VanillaGAN | 1 " in out
    record, _ = run(tmp_path, "quality", *flags, "--epochs=2")
    for before, now in zip((ours, theirs), record["curves"], strict=True):
        first, second = now["marks"]
        assert first == before["marks"][0]
        assert second["epoch"] == 2
        assert second["seconds"] > first["seconds"]
    kept = sorted(path.name for path in (tmp_path / "quality-weights").iterdir())
    assert kept == [
        "vanilla_gan-kerasgen-seed0-epoch2.weights.h5",
        "vanilla_gan-tutorial-seed0-epoch2.npz",
    ]
