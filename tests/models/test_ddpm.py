import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasgen
from kerasgen.core.schedules import signal_shares
from tests import contract

SHAPE = (2, 2, 1)
MEAN, DEVIATION = 0.1, 0.2  # of images in [-1, 1]


class Known(keras.layers.Layer):
    """The best guess of the noise where images, in [-1, 1], are N(mean, deviation²)."""

    def __init__(self, timesteps, schedule, **kwargs):
        super().__init__(**kwargs)
        self.timesteps = timesteps
        self.shares = signal_shares(schedule, timesteps).astype("float32")

    def call(self, x, time):
        t = tf.cast(tf.round(tf.clip_by_value(time, 0, 1) * self.timesteps), tf.int32)
        share = tf.gather(self.shares, t)[:, None, None, None]
        variance = share * DEVIATION**2 + 1 - share
        return tf.sqrt(1 - share) * (x - tf.sqrt(share) * MEAN) / variance


def known(timesteps=1000, schedule="cosine", steps=None, **kwargs):
    x, time = keras.Input(SHAPE), keras.Input(())
    network = keras.Model([x, time], Known(timesteps, schedule)(x, time))
    return kerasgen.DDPM(
        SHAPE,
        denoiser=network,
        timesteps=timesteps,
        schedule=schedule,
        steps=steps or timesteps,
        **kwargs,
    )


class TestDDPM(contract.ModelContract):
    model_class = kerasgen.DDPM
    arguments = {"width": 4, "depth": 1, "steps": 3}
    bad_arguments = [
        ({"latent_dim": 5}, "Got latent_dim=5; expected None or 784"),
        ({"timesteps": 0}, "timesteps=0; expected a positive integer"),
        ({"schedule": "cosin"}, "Did you mean 'cosine'"),
        ({"steps": 0}, "steps=0; expected a positive integer"),
        ({"timesteps": 10, "steps": 11}, "steps=11; expected at most timesteps=10"),
        ({"eta": 1.5}, r"eta=1.5; expected a number in \[0, 1\]"),
        ({"guidance": 2.0}, "guidance=2.0 for a model without classes; expected 1.0"),
        ({"label_dropout": 1.0}, r"label_dropout=1.0; expected a number in \[0, 1\)"),
        ({"dropout": 1.0}, r"dropout=1.0; expected a number in \[0, 1\)"),
        ({"width": 6}, "width=6; expected a multiple of 4"),
    ]

    def test_bad_options_of_sampling(self):
        model = self.make()
        for options, message in [
            ({"steps": 1001}, "steps=1001; expected at most timesteps=1000"),
            ({"eta": -0.1}, r"eta=-0.1; expected a number in \[0, 1\]"),
            ({"etta": 1.0}, "Did you mean 'eta'"),
            ({"guidance": 3.0}, "guidance=3.0 for a model without classes"),
        ]:
            with pytest.raises(ValueError, match=message):
                model.sample(2, **options)


def test_new_noise_is_no_part_of_an_onnx_file(tmp_path):
    pytest.importorskip("tf2onnx")
    message = "Got DDPM whose generator cannot be written in this format"
    with pytest.raises(ValueError, match=message):
        kerasgen.export.save_onnx(known(3, eta=0.5), tmp_path / "exported")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
def test_noise_of_known_images_is_as_hard_to_find_as_it_must_be(schedule):
    model = known(schedule=schedule)
    draws = np.random.default_rng(0).normal(MEAN, DEVIATION, (20_000, *SHAPE))
    images = tf.constant((0.5 + 0.5 * draws).astype("float32"))
    found = model.player_losses(images, None, model.seed_generator, training=False)
    losses = found["denoiser"].numpy()
    shares = signal_shares(schedule, 1000)[1:]
    signal = shares * DEVIATION**2
    floor = 4 * np.mean(signal / (signal + 1 - shares))
    error = losses.std() / math.sqrt(len(losses))
    assert abs(losses.mean() - floor) < 4 * error


def test_a_network_that_guesses_zero_misses_all_of_the_noise():
    model = kerasgen.DDPM(width=4, depth=1, seed=0)
    images = np.full((200, 28, 28, 1), 0.3, "float32")
    loss = model.evaluate(images, verbose=0)
    assert loss == pytest.approx(784, rel=0.02)


def test_without_new_noise_latents_go_where_the_equation_leads():
    """Of Gaussian images that is mean + deviation · latents."""
    noise = np.random.default_rng(0).normal(size=(50, 4)).clip(-3, 3)
    expected = 0.5 + 0.5 * (MEAN + DEVIATION * noise)
    for schedule in ("cosine", "linear"):
        found = known(schedule=schedule).generate(noise).reshape(50, 4)
        np.testing.assert_allclose(found, expected, atol=2e-3)

    def error(steps):
        found = known(timesteps=1000).generate(noise, steps=steps).reshape(50, 4)
        return np.abs(found - expected).max()

    assert error(50) / error(100) == pytest.approx(2.0, rel=0.25)


@pytest.mark.parametrize(
    ("schedule", "eta"),
    [("cosine", 0.0), ("linear", 0.0), ("linear", 0.5), ("cosine", 1.0)],
)
def test_samples_have_the_moments_of_the_images(schedule, eta):
    images = known(100, schedule, eta=eta).sample(1500, seed=0)
    pixels = 2.0 * images.reshape(1500, 4) - 1.0
    assert np.abs(pixels.mean(axis=0) - MEAN).max() < 0.02
    # The posterior's variance is somewhat too small for steps of finite length.
    np.testing.assert_allclose(pixels.std(axis=0), DEVIATION, rtol=0.1)
    others = np.corrcoef(pixels.T) - np.eye(4)
    assert np.abs(others).max() < 0.1


def test_the_papers_step_draws_from_the_posterior():
    """Equation 7, written with the betas as the paper has it."""
    model = known(100, "linear")
    tables = model.step_tables(100, 1.0).astype(float)
    shares = signal_shares("linear", 100)
    for row, t in ((0, 100), (40, 60), (99, 1)):
        beta = 1.0 - shares[t] / shares[t - 1]
        of_image = math.sqrt(shares[t - 1]) * beta / (1 - shares[t])
        of_noisy = math.sqrt(1 - beta) * (1 - shares[t - 1]) / (1 - shares[t])
        variance = (1 - shares[t - 1]) / (1 - shares[t]) * beta
        time, signal, rest, next_signal, kept, fresh = tables[:, row]
        assert time == pytest.approx(t / 100)
        # x_s = next_signal x̂_0 + kept (x_t - signal x̂_0) / rest + fresh z
        assert kept / rest == pytest.approx(of_noisy, rel=1e-3, abs=1e-6)
        found = next_signal - kept * signal / rest
        assert found == pytest.approx(of_image, rel=1e-3)
        assert fresh**2 == pytest.approx(variance, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("steps", [1, 7, 50, 100])
def test_steps_go_from_the_last_time_to_zero(steps):
    tables = known(100).step_tables(steps, 0.0)
    assert tables.shape == (6, steps)
    assert tables[0, 0] == 1.0
    assert np.all(np.diff(tables[0]) < 0) and tables[0, -1] > 0
    # What a step leads to is what the next one starts from.
    np.testing.assert_array_equal(tables[3, :-1], tables[1, 1:])
    assert tables[3, -1] == 1.0 and tables[4, -1] == 0.0
    assert not np.any(tables[5])


def test_every_time_is_drawn_and_labels_are_dropped_by_their_share():
    model = known(10)
    images = tf.zeros((20_000, *SHAPE))
    found, kept = (x.numpy() for x in model.draw_times(images, model.seed_generator))
    counts = np.bincount(found, minlength=11)
    assert counts[0] == 0 and len(counts) == 11
    np.testing.assert_allclose(counts[1:], 2000, rtol=0.1)
    assert np.mean(kept) == pytest.approx(0.9, abs=0.01)
    assert abs(np.corrcoef(found, kept)[0, 1]) < 0.03


def test_new_noise_depends_on_an_images_latents_alone():
    model = known(20, eta=1.0)
    latents = np.random.default_rng(0).normal(size=(6, 4))
    images = model.generate(latents)
    alone = model.generate(latents[3:4])
    np.testing.assert_allclose(images[3:4], alone, atol=1e-6)
    np.testing.assert_array_equal(model.generate(latents), images)
    assert np.abs(model.generate(latents, eta=0.0) - images).max() > 0.01
    # Two images that begin alike but for one value take ways of their own.
    near = latents[[0, 0]] + np.array([[0.0] * 4, [1e-3, 0.0, 0.0, 0.0]])
    first, second = model.generate(near)
    assert np.abs(first - second).max() > 0.01


def test_labels_are_dropped_in_training_alone(digits):
    model = kerasgen.DDPM(width=4, depth=1, num_classes=10, label_dropout=0.5, seed=0)
    contract.check_labels_are_dropped_in_training(model, digits)


def test_guidance_goes_from_the_free_guess_past_the_conditional_one():
    network = contract.by_label(SHAPE)
    model = kerasgen.DDPM(
        SHAPE, num_classes=2, denoiser=network, timesteps=1, schedule="linear", steps=1
    )
    share = signal_shares("linear", 1)[1]
    start = np.full((1, 4), 0.01)
    for guidance, guess in [(1.0, 0.4), (0.0, 0.1), (2.0, 0.7)]:
        found = model.generate(start, [0], guidance=guidance)
        end = (0.01 - math.sqrt(1 - share) * guess) / math.sqrt(share)
        np.testing.assert_allclose(found, 0.5 + 0.5 * np.clip(end, -1, 1), atol=1e-5)
