import numpy as np
import pytest

import kerasgen
from tests import contract


class VariationalContract(contract.ModelContract):
    """What every model with an encoder must satisfy besides."""

    def test_encode_decode_and_reconstruct_fit_together(self, digits):
        model = self.make()
        images = digits[0][:6]
        mean, log_variance = model.encode(images)
        assert mean.shape == log_variance.shape == (6, 4)
        restored = model.reconstruct(images)
        assert restored.shape == (6, 28, 28, 1)
        np.testing.assert_allclose(restored, model.decode(mean), atol=1e-6)
        called = model(images.astype("float32") / 255.0)
        np.testing.assert_allclose(restored, called, atol=1e-5)

    def test_encode_takes_bytes_and_floats(self, digits):
        model = self.make()
        images = digits[0][:6]
        both = [model.encode(x)[0] for x in (images, images / np.float32(255))]
        np.testing.assert_allclose(*both, atol=1e-5)

    def test_predict_reconstructs_bytes(self, digits):
        model = self.make()
        predicted = model.predict(digits[0][:8], verbose=0)
        expected = model.reconstruct(digits[0][:8])
        np.testing.assert_allclose(predicted, expected, atol=1e-5)

    def test_conditional_encoder_sees_the_label(self, digits):
        model = self.make(num_classes=10)
        images = np.repeat(digits[0][:1], 2, axis=0)
        first, second = model.encode(images, [3, 4])[0]
        assert not np.array_equal(first, second)

    def test_bad_images_to_encode(self):
        model = self.make()
        with pytest.raises(ValueError, match=r"floats in \[7, 7\]"):
            model.encode(np.full((2, 28, 28, 1), 7.0, "float32"))
        with pytest.raises(ValueError, match="rank 4"):
            model.encode(np.zeros((28, 28), "float32"))

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"beta": -1.0}, "beta=-1.0; expected a number of at least 0"),
            ({"reconstruction": "gausian"}, "Did you mean 'gaussian'"),
        ],
    )
    def test_bad_settings_of_the_objective(self, changes, message):
        with pytest.raises(ValueError, match=message):
            self.make(**changes)

    def test_gaussian_decoder_trains(self, digits):
        history = self.fit(self.make(reconstruction="gaussian"), digits)
        # Half of 784 log 2π is the least that unit variance allows.
        assert history["reconstruction_loss"][0] >= 0.5 * 784 * np.log(2 * np.pi)


class TestCVAE(VariationalContract):
    model_class = kerasgen.CVAE

    @pytest.mark.parametrize("beta", [0.0, 1.0, 4.0])
    def test_loss_is_reconstruction_and_weighted_divergence(self, digits, beta):
        model = self.make(beta=beta)
        model.fit(digits[0], epochs=2, batch_size=16, verbose=0)
        found = model.evaluate(digits[0], verbose=0, return_dict=True)
        expected = found["reconstruction_loss"] + beta * found["kl_divergence"]
        assert found["loss"] == pytest.approx(expected, rel=1e-5)

    def test_evaluate_is_the_negative_elbo(self, digits):
        model = self.make()
        images = digits[0].astype("float32") / 255.0
        model.fit(images, epochs=5, batch_size=16, verbose=0)
        mean, log_variance = model.encode(images)
        divergence = 0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1).sum(1)
        found = model.evaluate(images, batch_size=128, verbose=0, return_dict=True)
        assert found["kl_divergence"] == pytest.approx(divergence.mean(), rel=1e-4)
        samples = []
        for seed in range(30):
            noise = np.random.default_rng(seed).normal(size=mean.shape)
            pixels = model.decode(mean + np.exp(0.5 * log_variance) * noise)
            pixels = np.clip(pixels, 1e-7, 1 - 1e-7)
            nats = images * np.log(pixels) + (1 - images) * np.log1p(-pixels)
            samples.append(-nats.sum((1, 2, 3)).mean())
        # One draw for each image, against the mean of thirty.
        error = 5 * np.std(samples) + 1e-3 * np.mean(samples)
        assert abs(found["reconstruction_loss"] - np.mean(samples)) < error

    def test_training_lowers_the_loss(self, digits):
        history = self.make(width=8).fit(digits[0], epochs=8, batch_size=16, verbose=0)
        losses = history.history["loss"]
        assert losses[-1] < 0.7 * losses[0]
