import dataclasses
import json
import shutil

import keras
import numpy as np
import pytest
from PIL import Image

from kerasgen.study import run
from kerasgen.study.settings import RunSettings
from tests.study.conftest import sets_of


def settings(**changes):
    values = {"model": "cvae", "epochs": 2, "batch_size": 32, **changes}
    return RunSettings(**values)


class Killed(BaseException):
    """Stands for a signal: nothing catches it."""


class KillAt(keras.callbacks.Callback):
    def __init__(self, epoch, batch):
        super().__init__()
        self.epoch, self.batch = epoch, batch

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch

    def on_train_batch_end(self, batch, logs=None):
        # Many steps may be one execution, after which this is called.
        if self.now == self.epoch and batch >= self.batch:
            raise Killed


def test_a_run_leaves_all_its_artefacts(tmp_path, image_sets):
    model = run.train(settings(), tmp_path, *image_sets)
    found = {path.name for path in tmp_path.iterdir()}
    assert found >= {
        "settings.json",
        "history.csv",
        "history.json",
        "losses.png",
        "samples",
        "latent",
        "model.keras",
        "samples.npz",
        "codes.npz",
        "metrics.jsonl",
    }
    assert "checkpoint" not in found  # it would hold what model.keras holds
    record = json.loads((tmp_path / "settings.json").read_text())
    assert record["data"] == {"source": "a test", "num_images": 128}
    assert record["precision"] == run.environment.resolve_precision("auto")
    assert record["environments"][0]["keras"] == keras.__version__
    metrics = json.loads((tmp_path / "metrics.jsonl").read_text())
    assert (metrics["epoch"], metrics["split"]) == (2, "test")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert np.array_equal(loaded.sample(4, seed=0), model.sample(4, seed=0))
    saved = np.load(tmp_path / "samples.npz")["images"] / 255.0
    np.testing.assert_allclose(saved, model.sample(100, seed=0), atol=0.5 / 255 + 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["cvae", "wgan"])
def test_an_interrupted_run_ends_as_if_it_had_not_been(tmp_path, image_sets, model):
    chosen = settings(model=model, epochs=3)
    whole = run.train(chosen, tmp_path / "whole", *image_sets)
    with pytest.raises(Killed):
        kill = [KillAt(epoch=1, batch=2)]
        run.train(chosen, tmp_path / "cut", *image_sets, extra_callbacks=kill)
    keras.utils.set_random_seed(99)
    resumed = run.train(chosen, tmp_path / "cut", *image_sets)
    for first, second in zip(whole.weights, resumed.weights, strict=True):
        assert np.array_equal(first.numpy(), second.numpy())
    histories = [
        (tmp_path / name / "history.csv").read_text().splitlines()
        for name in ("whole", "cut")
    ]
    # The seconds of an epoch are the only column that may differ.
    header = histories[0][0].split(",")
    column = header.index("seconds")
    rows = [
        [line.split(",")[:column] + line.split(",")[column + 1 :] for line in history]
        for history in histories
    ]
    assert rows[0] == rows[1]


@pytest.mark.slow
def test_a_complete_run_goes_on_as_if_it_had_been_longer(tmp_path, image_sets):
    whole = run.train(settings(epochs=4), tmp_path / "whole", *image_sets)
    cut = tmp_path / "cut"
    run.train(settings(epochs=2), cut, *image_sets)
    content = (cut / "model.keras").read_bytes()
    (cut / "model.keras").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="nor model.keras there can be read"):
        run.train(settings(epochs=4), cut, *image_sets)
    (cut / "model.keras").write_bytes(content)
    with pytest.raises(Killed):
        kill = [KillAt(epoch=3, batch=0)]
        run.train(settings(epochs=4), cut, *image_sets, extra_callbacks=kill)
    (cut / "checkpoint" / "epoch-0003.weights.h5").write_bytes(b"")
    keras.utils.set_random_seed(99)
    resumed = run.train(settings(epochs=4), cut, *image_sets)
    for first, second in zip(whole.weights, resumed.weights, strict=True):
        assert np.array_equal(first.numpy(), second.numpy())


@pytest.mark.slow
def test_a_run_on_a_stream_goes_on_as_one_in_memory(tmp_path, digits):
    for number, (image, label) in enumerate(zip(*digits, strict=True)):
        path = tmp_path / "digits" / str(label) / f"{number:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(path)
    models = {}
    for name, prefix in {"memory": "", "stream": "stream:", "cut": "stream:"}.items():
        chosen = settings(dataset=f"{prefix}{tmp_path}/digits", conditional=True)
        sets = [chosen.fetch(split) for split in ("train", "test")]
        if name == "cut":
            with pytest.raises(Killed):
                kill = [KillAt(epoch=1, batch=1)]
                run.train(chosen, tmp_path / name, *sets, extra_callbacks=kill)
        models[name] = run.train(chosen, tmp_path / name, *sets)
    assert not isinstance(sets[0].images, np.ndarray)
    for one in ("memory", "cut"):
        for first, second in zip(
            models[one].weights, models["stream"].weights, strict=True
        ):
            assert np.array_equal(first.numpy(), second.numpy()), one


@pytest.fixture(scope="module")
def one_epoch(tmp_path_factory, digits):
    """A run of one epoch in float32."""
    folder = tmp_path_factory.mktemp("runs") / "cvae"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run.environment, "resolve_precision", lambda _: "float32")
        run.train(settings(epochs=1), folder, *sets_of(digits))
    return folder


def test_labels_may_be_for_the_prior_and_not_for_the_encoder(tmp_path, image_sets):
    small = {"width": 4, "discriminator_width": 8}
    chosen = settings(model="ssaae", epochs=1, conditional=True, arguments=small)
    model = run.train(chosen, tmp_path, *image_sets)
    with np.load(tmp_path / "codes.npz") as arrays:
        assert arrays["codes"].shape == (len(arrays["labels"]), *model.latent_shape)
    assert list((tmp_path / "latent").glob("*.png"))


def test_codes_that_are_noise_are_neither_drawn_nor_kept(tmp_path, image_sets):
    small = {"width": 4, "depth": 1, "steps": 1, "solver": "euler"}
    chosen = settings(model="flow_matching", epochs=1, arguments=small)
    run.train(chosen, tmp_path, *image_sets)
    assert not (tmp_path / "latent").exists()
    assert not (tmp_path / "codes.npz").exists()
    assert (tmp_path / "metrics.jsonl").exists()


@pytest.fixture
def trained(one_epoch, tmp_path):
    """A copy of that run."""
    return shutil.copytree(one_epoch, tmp_path, dirs_exist_ok=True)


@pytest.mark.usefixtures("trained")
def test_a_complete_run_is_not_trained_again(tmp_path, image_sets):
    before = (tmp_path / "model.keras").stat().st_mtime_ns
    never = [KillAt(epoch=0, batch=0)]
    run.train(settings(epochs=1), tmp_path, *image_sets, extra_callbacks=never)
    assert (tmp_path / "model.keras").stat().st_mtime_ns == before


@pytest.mark.usefixtures("trained")
def test_more_epochs_go_on_and_other_settings_are_refused(
    tmp_path, image_sets, monkeypatch
):
    # Precision is chosen where a run begins.
    monkeypatch.setattr(
        run.environment, "resolve_precision", lambda _: "mixed_bfloat16"
    )
    model = run.train(settings(epochs=2), tmp_path, *image_sets)
    assert model.dtype_policy.name == "float32"
    record = json.loads((tmp_path / "settings.json").read_text())
    assert record["precision"] == "float32"
    monkeypatch.undo()
    assert run.epochs_done(tmp_path) == 2
    with pytest.raises(ValueError, match="belongs to a run with other.*batch_size: 32"):
        run.train(settings(batch_size=16), tmp_path, *image_sets)
    with pytest.raises(ValueError, match="epochs: 2 done there, 1 asked for"):
        run.train(settings(epochs=1), tmp_path, *image_sets)
    fresh = settings(batch_size=16, epochs=1)
    run.train(fresh, tmp_path, *image_sets, resume=False)
    assert run.read_record(tmp_path)[0] == fresh
    assert run.epochs_done(tmp_path) == 1


@pytest.mark.usefixtures("trained")
def test_a_run_does_not_go_on_with_other_images_or_precision(tmp_path, image_sets):
    train, test = image_sets
    before = (tmp_path / "settings.json").read_text()
    fewer = dataclasses.replace(
        train, images=train.images[:64], labels=train.labels[:64]
    )
    with pytest.raises(ValueError, match="training images: 128 there, 64 here"):
        run.train(settings(), tmp_path, fewer, test)
    with pytest.raises(ValueError, match="precision: 'auto' there, 'mixed_float16'"):
        run.train(settings(precision="mixed_float16"), tmp_path, train, test)
    assert (tmp_path / "settings.json").read_text() == before


@pytest.mark.usefixtures("trained")
def test_weights_of_nobody_are_refused(tmp_path, image_sets):
    (tmp_path / "settings.json").unlink()
    with pytest.raises(ValueError, match="holds weights but no settings.json"):
        run.train(settings(epochs=1), tmp_path, *image_sets)


def test_what_is_no_run_is_not_removed(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(ValueError, match="not removed"):
        run.remove(tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def test_damaged_settings_are_named(tmp_path):
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(
        ValueError, match=r"settings\.json is not the settings of a run"
    ):
        run.check_owner(tmp_path, settings())
