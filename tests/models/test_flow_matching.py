import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import kerasgen
from tests import contract

SHAPE = (2, 2, 1)


class Known(keras.layers.Layer):
    """The best velocity where images, in [-1, 1], are N(mean, deviation²)."""

    def __init__(self, mean, deviation, **kwargs):
        super().__init__(**kwargs)
        self.mean, self.deviation = mean, deviation

    def call(self, x, time):
        t = time[:, None, None, None]
        variance = self.deviation**2
        slope = (t * variance - (1 - t)) / ((1 - t) ** 2 + t**2 * variance)
        return self.mean + slope * (x - t * self.mean)


def known_flow(mean=0.1, deviation=0.2, **kwargs):
    x, time = keras.Input(SHAPE), keras.Input(())
    network = keras.Model([x, time], Known(mean, deviation)(x, time))
    return kerasgen.FlowMatching(SHAPE, velocity=network, **kwargs)


class TestFlowMatching(contract.ModelContract):
    model_class = kerasgen.FlowMatching
    arguments = {"width": 4, "depth": 1, "steps": 3}
    bad_arguments = [
        ({"latent_dim": 5}, "Got latent_dim=5; expected None or 784"),
        ({"steps": 0}, "steps=0; expected a positive integer"),
        ({"solver": "eular"}, "Did you mean 'euler'"),
        ({"guidance": -1.0}, "guidance=-1.0; expected a number of at least 0"),
        ({"guidance": 2.0}, "guidance=2.0 for a model without classes; expected 1.0"),
        ({"label_dropout": 1.0}, r"label_dropout=1.0; expected a number in \[0, 1\)"),
        ({"times": "unifrom"}, "Did you mean 'uniform'"),
        ({"width": 6}, "width=6; expected a multiple of 4"),
        ({"depth": 0}, "depth=0; expected a positive integer"),
    ]

    def test_what_is_set_on_the_model_holds_for_the_next_samples(self):
        model = self.make(steps=2)
        random = np.random.default_rng(0)
        model.set_weights(
            [0.1 * random.normal(size=w.shape) for w in model.get_weights()]
        )
        first = model.sample(2, seed=0)
        model.steps = 5
        after = model.sample(2, seed=0)
        assert np.abs(after - first).max() > 1e-4
        np.testing.assert_array_equal(after, model.sample(2, seed=0, steps=5))

    def test_latents_that_are_no_images_are_refused(self):
        with pytest.raises(ValueError, match=r"latents of shape \(2, 3\); expected"):
            self.make().decode(np.zeros((2, 3), "float32"))

    def test_a_model_that_never_lacked_a_label_cannot_be_guided(self):
        with pytest.raises(ValueError, match="guidance=2.0 .*label_dropout=0"):
            self.make(num_classes=3, label_dropout=0.0, guidance=2.0)
        model = self.make(num_classes=3, label_dropout=0.0)
        with pytest.raises(ValueError, match="^Got guidance=3.0"):
            model.sample(2, guidance=3.0)

    def test_bad_options_of_sampling(self):
        model = self.make()
        for options, message in [
            ({"steps": 0}, "steps=0; expected a positive integer"),
            ({"solver": "rk4"}, "solver='rk4'; expected one of"),
            ({"stepz": 3}, "Did you mean 'steps'"),
            ({"guidance": -2.0}, "guidance=-2.0; expected a number"),
            ({"guidance": 3.0}, "guidance=3.0 for a model without classes"),
        ]:
            with pytest.raises(ValueError, match=message):
                model.sample(2, **options)
        with pytest.raises(ValueError, match="steps=0; expected a positive integer"):
            model.encode(np.zeros((1, 28, 28, 1), "uint8"), steps=0)


def test_a_known_flow_ends_where_its_equation_does():
    noise = np.random.default_rng(0).normal(size=(50, 4)).clip(-3, 3)
    expected = 0.5 + 0.5 * (0.1 + 0.2 * noise)
    model = known_flow(steps=200, solver="heun")
    np.testing.assert_allclose(
        model.generate(noise).reshape(50, 4), expected, atol=1e-4
    )


def test_errors_fall_with_the_order_of_the_solver():
    noise = np.random.default_rng(0).normal(size=(200, 4)).clip(-3, 3)
    expected = 0.5 + 0.5 * (0.1 + 0.2 * noise)
    model = known_flow()

    def error(steps, solver):
        found = model.generate(noise, steps=steps, solver=solver).reshape(200, 4)
        return np.abs(found - expected).max()

    assert error(40, "euler") / error(80, "euler") == pytest.approx(2.0, rel=0.1)
    assert error(10, "heun") / error(20, "heun") == pytest.approx(4.0, rel=0.2)


def test_noise_of_images_leads_back_to_them():
    model = known_flow(steps=100)
    images = np.random.default_rng(0).uniform(0.3, 0.8, (20, *SHAPE)).astype("float32")
    codes = model.encode(images)
    expected = ((2 * images - 1) - 0.1).reshape(20, 4) / 0.2
    np.testing.assert_allclose(codes, expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(model.generate(codes), images, atol=1e-3)


def test_the_loss_has_the_floor_of_gaussian_images():
    model = known_flow()
    draws = np.random.default_rng(0).normal(0.1, 0.2, (20_000, *SHAPE))
    images = tf.constant((0.5 + 0.5 * draws).astype("float32"))
    found = model.player_losses(images, None, model.seed_generator, training=False)
    losses = found["velocity"].numpy()
    # Per dimension s² / ((1-t)² + t² s²), whose mean over t is π/2 for s = 1
    t = (np.arange(10_000) + 0.5) / 10_000
    floor = 4 * np.mean(0.04 / ((1 - t) ** 2 + t**2 * 0.04))
    error = losses.std() / math.sqrt(len(losses))
    assert abs(losses.mean() - floor) < 4 * error


def test_one_step_is_exact_where_there_is_one_image():
    class ToPoint(keras.layers.Layer):
        def call(self, x, time):
            return (0.4 - x) / (1.0 - time[:, None, None, None])

    x, time = keras.Input(SHAPE), keras.Input(())
    network = keras.Model([x, time], ToPoint()(x, time))
    model = kerasgen.FlowMatching(SHAPE, velocity=network, steps=1, solver="euler")
    np.testing.assert_allclose(model.sample(5, seed=0), 0.7, atol=1e-6)


@pytest.mark.parametrize(
    ("times", "middle"), [("uniform", 0.5), ("logit_normal", 0.7286)]
)
def test_times_and_dropped_labels_have_their_shares(times, middle):
    model = known_flow(times=times)
    images = tf.zeros((20_000, *SHAPE))
    found, kept = (x.numpy() for x in model.draw_times(images, model.seed_generator))
    assert found.min() >= 0.0 and found.max() <= 1.0
    # Of the logit-normal, P(|logit| < log 3)
    assert np.mean(np.abs(found - 0.5) < 0.25) == pytest.approx(middle, abs=0.02)
    assert np.mean(kept) == pytest.approx(0.9, abs=0.01)
    assert abs(np.corrcoef(found, kept)[0, 1]) < 0.03


def test_guidance_goes_from_the_free_velocity_past_the_conditional_one():
    network = contract.by_label(SHAPE)
    model = kerasgen.FlowMatching(SHAPE, num_classes=2, velocity=network, steps=2)
    start = np.zeros((1, 4))
    for guidance, speed in [(1.0, 0.4), (0.0, 0.1), (2.0, 0.7)]:
        found = model.generate(start, [0], guidance=guidance)
        np.testing.assert_allclose(found, 0.5 + 0.5 * speed, atol=1e-6)


def test_labels_are_dropped_in_training_alone(digits):
    model = kerasgen.FlowMatching(
        width=4, depth=1, num_classes=10, label_dropout=0.5, seed=0
    )
    contract.check_labels_are_dropped_in_training(model, digits)


def test_reconstructions_are_not_guided(digits):
    """Codes are found without guidance, and lead back without it."""
    model = kerasgen.FlowMatching(
        width=4, depth=1, num_classes=10, guidance=3.0, steps=8, seed=0
    )
    rng = np.random.default_rng(0)
    weights = model.get_weights()
    noised = [w + 0.05 * rng.normal(size=w.shape).astype(w.dtype) for w in weights]
    model.set_weights(
        [n if w.dtype.kind == "f" else w for n, w in zip(noised, weights, strict=True)]
    )
    images, labels = digits[0][:4].astype("float32") / 255.0, digits[1][:4]
    codes = model.encode(images, labels)
    guided = np.abs(model.generate(codes, labels) - images).max()
    restored = model.reconstruct(images, labels)
    assert np.abs(restored - images).max() < 0.1 * guided
    reconstruct = tf.function(model._reconstruct_endpoint, autograph=False)
    endpoint = reconstruct(*map(ops.convert_to_tensor, (images, labels)))
    np.testing.assert_allclose(endpoint["images"], restored, atol=1e-5)
