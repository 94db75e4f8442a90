"""What models make and say: samples, interpolations, verdicts, codes."""

import numpy as np
import pytest

from tests.contract import eagerly
from tests.core.toy import ToyGAN
from tests.core.toy import ToyVAE


def test_samples_depend_on_the_seed_alone(make):
    model = make()
    first, second = model.sample(5, seed=3), model.sample(5, seed=3)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, model.sample(5, seed=4))
    assert not np.array_equal(model.sample(5), model.sample(5))


def test_more_samples_than_one_batch(make):
    many = make().sample(1100, seed=0)
    assert many.shape == (1100, 8, 8, 1)
    assert np.isfinite(many).all()
    assert len(np.unique(many.reshape(1100, -1), axis=0)) == 1100


def test_interpolation_runs_from_one_latent_to_the_other(make):
    model = make()
    first, last = np.random.default_rng(0).normal(size=(2, 4)).astype("float32")
    images = model.interpolate(first, last, steps=5)
    ends = model.generate(np.stack([first, last]))
    np.testing.assert_allclose(images[[0, -1]], ends, atol=1e-5)
    assert images.shape == (5, 8, 8, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.sample(0), "num=0; expected a positive integer"),
        (lambda m: m.sample(2, labels=1), "not conditional"),
        (lambda m: m.sample(2, prior="fited"), "Did you mean 'fitted'"),
        (lambda m: m.sample(2, steps=3), "Got steps for samples of Toy"),
        (lambda m: m.generate(np.zeros((2, 5))), r"expected \(num, 4\)"),
        (lambda m: m.interpolate(np.zeros(3), np.zeros(4), 5), r"expected \(4,\)"),
        (lambda m: m.interpolate(np.ones(4), np.zeros(4), 1), "at least 2"),
    ],
)
def test_bad_requests(make, call, message):
    with pytest.raises(ValueError, match=message):
        call(make())


def test_labels_steer_and_come_in_turn(make, small_digits):
    model = eagerly(make(num_classes=10))
    model.fit(*small_digits, batch_size=32, verbose=0)
    zeros, ones = (model.sample(4, labels=label, seed=0) for label in (0, 1))
    assert not np.array_equal(zeros, ones)
    turn = model.sample(20, seed=0)
    assert np.array_equal(turn, model.sample(20, np.arange(20) % 10, seed=0))


def test_what_needs_labels_says_so(make, small_digits):
    model = make(num_classes=10)
    calls = [lambda: model.interpolate(np.ones(4), np.zeros(4), 3)]
    for name in ("discriminate", "encode", "codes", "reconstruct"):
        if hasattr(model, name):
            calls.append(lambda name=name: getattr(model, name)(small_digits[0][:4]))
    assert len(calls) > 1
    for call in calls:
        with pytest.raises(ValueError, match="without labels"):
            call()


def test_the_judge_gives_probabilities_that_depend_on_the_label(small_digits):
    model = ToyGAN(num_classes=10, seed=0)
    judged = model.discriminate(*(array[:7] for array in small_digits))
    assert judged.shape == (7,)
    assert ((judged > 0) & (judged < 1)).all()
    twice = np.repeat(small_digits[0][:1], 2, axis=0)
    first, second = model.discriminate(twice, [3, 4])
    assert first != second


def test_encode_decode_and_reconstruct_fit_together(small_digits):
    model, images = ToyVAE(seed=0), small_digits[0][:6]
    mean, log_variance = model.encode(images)
    assert mean.shape == log_variance.shape == (6, 4)
    np.testing.assert_array_equal(model.codes(images), mean)
    restored = model.reconstruct(images)
    np.testing.assert_allclose(restored, model.decode(mean), atol=1e-6)
    floats = images / np.float32(255)
    np.testing.assert_allclose(restored, model(floats), atol=1e-5)
    np.testing.assert_allclose(model.encode(floats)[0], mean, atol=1e-5)
    predicted = model.predict(images, verbose=0)
    np.testing.assert_allclose(predicted, restored, atol=1e-5)
    conditional = ToyVAE(num_classes=10, seed=0)
    codes = conditional.codes(np.repeat(images[:1], 2, axis=0), [3, 4])
    assert not np.array_equal(*codes)


def test_bad_images_to_encode():
    model = ToyVAE()
    with pytest.raises(ValueError, match=r"floats in \[7, 7\]"):
        model.encode(np.full((2, 8, 8, 1), 7.0, "float32"))
    with pytest.raises(ValueError, match="rank 4"):
        model.encode(np.zeros((8, 8), "float32"))
