import json

import numpy as np
import pytest

import kerasgen
from kerasgen.callbacks import EvaluateSamples
from kerasgen.callbacks.evaluate_samples import read_evaluations
from kerasgen.data import ImageSet
from kerasgen.evaluation import Reference
from tests.contract import eagerly

FID = "frechet_distance_mnist_v1_64_test128"


@pytest.fixture(scope="module")
def reference(digits):
    return Reference(digits, features="mnist")


@pytest.fixture
def watch(tmp_path, digits, reference):
    """Makes the callback with cheap settings, beside digits."""

    def make(directory=tmp_path, **settings):
        beside = digits if "features" in settings else reference
        cheap = {"num_samples": 64, "metrics": ["frechet_distance"]}
        return EvaluateSamples(directory, beside, **{**cheap, **settings})

    return make


def lines(directory):
    text = (directory / "evaluations.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def epochs(directory):
    return [line["epoch"] for line in lines(directory)]


def test_first_every_second_and_last_epoch_are_judged(tmp_path, gan, fit, watch):
    fit(gan, [watch(every=2)], epochs=5)
    assert epochs(tmp_path) == [0, 2, 4, 5]
    found = lines(tmp_path)
    assert len({line[FID] for line in found}) == 4  # brighter with every step
    assert all(line["num_samples"] == 64 for line in found)
    assert read_evaluations(tmp_path / "evaluations.jsonl") == found


def test_default_metrics_are_named_by_their_protocol(tmp_path, gan, fit, digits):
    callback = EvaluateSamples(tmp_path, digits, num_samples=128, features="mnist")
    fit(gan, [callback], epochs=1)
    last = lines(tmp_path)[-1]
    expected = {"frechet_distance_mnist_v1_128_test", "class_coverage_mnist_v1_128"}
    assert expected | {"coverage_k5_mnist_v1_128_test"} <= set(last)
    assert last["not_applicable"] == ""


def test_training_images_to_judge_against_are_called_so(tmp_path, gan, fit, digits):
    images = ImageSet("mnist", "train[:128]", *digits, 10, source="a test")
    fit(gan, [EvaluateSamples(tmp_path, images, num_samples=64)], epochs=1)
    last = lines(tmp_path)[-1]
    assert "frechet_distance_mnist_v1_64_train128" in last and FID not in last
    assert (last["dataset"], last["split"]) == ("mnist", "train")


def test_a_reference_is_taken_as_it_is(tmp_path, gan, fit, reference):
    callback = EvaluateSamples(
        tmp_path, reference, num_samples=64, metrics="frechet_distance"
    )
    assert callback.reference is reference
    fit(gan, [callback], epochs=1)
    assert FID in lines(tmp_path)[-1]
    with pytest.raises(ValueError, match="Got a Reference with features="):
        EvaluateSamples(tmp_path, reference, features="mnist")


def test_resume_gives_no_doubles_and_drops_what_was_abandoned(
    tmp_path, gan, fit, watch
):
    fit(gan, [watch(every=1)], epochs=4)
    before = lines(tmp_path)
    # Killed after epoch 4, resumed from a checkpoint of epoch 2.
    fit(gan, [watch(every=1)], epochs=5, initial_epoch=2)
    after = lines(tmp_path)
    assert epochs(tmp_path) == [0, 1, 2, 3, 4, 5]
    assert after[:3] == before[:3]
    assert after[3][FID] != before[3][FID]


def test_a_fresh_run_starts_over(tmp_path, gan, fit, watch):
    fit(gan, [watch(every=1)], epochs=3)
    fit(gan, [watch(every=1)], epochs=1)
    assert epochs(tmp_path) == [0, 1]


def test_a_line_that_was_cut_off_is_repaired(tmp_path, gan, fit, watch, caplog):
    fit(gan, [watch(every=1)], epochs=2)
    path = tmp_path / "evaluations.jsonl"
    path.write_text(path.read_text()[:-30])
    fit(gan, [watch(every=1)], epochs=3, initial_epoch=2)
    assert epochs(tmp_path) == [0, 1, 2, 3]
    assert "Line 3 of" in caplog.text


def test_diverged_samples_are_recorded_and_training_goes_on(
    tmp_path, gan, fit, watch, monkeypatch, caplog
):
    sample = gan.sample

    def diverged(num, labels=None, seed=None):
        images = sample(num, labels, seed)
        images[3] = np.nan if float(gan.steps) == 1 else images[3]
        return images

    monkeypatch.setattr(gan, "sample", diverged)
    fit(gan, [watch(every=1)], epochs=2)
    found = lines(tmp_path)
    assert found[1]["failed"].startswith(
        "Got NaN or infinite pixels in 1 of 64 samples"
    )
    assert FID not in found[1] and FID in found[2]
    assert "After epoch 1" in caplog.text


def test_a_conditional_model_is_asked_for_the_classes_of_the_images(
    tmp_path, conditional_gan, fit, watch, digits
):
    fit(conditional_gan, [watch(metrics=["label_accuracy"])], epochs=1)
    asked = conditional_gan.requests[-1]["labels"]
    assert len(asked) == 64 and set(asked) <= set(digits[1])
    assert lines(tmp_path)[-1]["classes"] == "drawn from the test labels"


def test_training_is_the_same_with_and_without(tmp_path, digits, watch):
    trained = []
    for callbacks in ([], [watch(every=1)]):
        kerasgen.core.base.keras.utils.set_random_seed(0)
        model = eagerly(kerasgen.VanillaGAN(latent_dim=4, width=4, seed=0))
        model.fit(digits[0], batch_size=64, epochs=2, verbose=0, callbacks=callbacks)
        trained.append(model.get_weights())
    for first, second in zip(*trained, strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"metrics": ["fdi"]}, "Got metric 'fdi'.* mean 'frechet_distance'"),
        ({"num_samples": 0}, "Got num_samples=0; expected an integer of at least 1"),
        ({"every": 0}, "Got every=0"),
        ({"features": "mnits"}, "Did you mean 'mnist'"),
    ],
)
def test_mistakes_are_told_at_construction(watch, settings, message):
    with pytest.raises(ValueError, match=message):
        watch(**settings)


def test_names_of_metrics_are_read_once(watch):
    names = iter(["frechet_distance"])
    assert watch(metrics=names).settings["metrics"] == {"frechet_distance": True}


def test_images_that_nothing_recognises_get_random_features(tmp_path, digits):
    noise = np.random.default_rng(0).integers(0, 256, digits[0].shape, dtype=np.uint8)
    callback = EvaluateSamples(tmp_path, (noise, digits[1]))
    assert callback.reference.extractor.name == "random_cnn_v1"


def test_what_cannot_be_judged_is_told_before_the_first_step(gan, fit, watch):
    with pytest.raises(
        ValueError,
        match="'kernel_distance' cannot.*128 test images; expected at least 2000",
    ):
        fit(gan, [watch(metrics=["kernel_distance"])], epochs=1)
    assert float(gan.steps) == 0
    gan.image_shape = (32, 32, 1)
    with pytest.raises(ValueError, match=r"samples of shape \(32, 32, 1\)"):
        fit(gan, [watch()], epochs=1)
