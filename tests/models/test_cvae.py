import numpy as np
import pytest
from keras import ops

import kerasgen
from tests import contract


class TestCVAE(contract.ModelContract):
    model_class = kerasgen.CVAE
    arguments = {**contract.SMALL, "width": 8}
    epochs, batch_size = 8, 16
    bad_arguments = [
        ({"beta": -1.0}, "beta=-1.0; expected a number of at least 0"),
        ({"total_correlation_weight": -1}, "total_correlation_weight=-1; expected"),
        ({"num_examples": 0}, "num_examples=0; expected a positive integer"),
        ({"num_examples": 1}, "num_examples=1; expected at least 2"),
        ({"reconstruction": "gausian"}, "Did you mean 'gaussian'"),
    ]

    def test_gaussian_decoder_trains(self, digits):
        model = contract.eagerly(self.make(reconstruction="gaussian"))
        history = self.fit(model, [part[:32] for part in digits])
        # Half of 784 log 2π is the least that unit variance allows.
        assert history["reconstruction_loss"][0] >= 0.5 * 784 * np.log(2 * np.pi)

    @pytest.mark.parametrize("beta", [0.0, 4.0])
    def test_loss_is_reconstruction_and_weighted_divergence(self, digits, beta):
        model = contract.eagerly(self.make(beta=beta))
        found = model.evaluate(digits[0], verbose=0, return_dict=True)
        expected = found["reconstruction_loss"] + beta * found["kl_divergence"]
        assert found["loss"] == pytest.approx(expected, rel=1e-5)

    def test_evaluate_is_the_negative_elbo(self, digits, trained):
        model = self.make(average_momentum=None)
        for network in ("encoder", "decoder"):
            its = getattr(trained.model, network)
            getattr(model, network).set_weights(its.get_weights())
        model = contract.eagerly(model)
        images = digits[0].astype("float32") / 255.0
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

    def test_training_lowers_the_loss(self, trained):
        losses = trained.history["loss"]
        assert losses[-1] < 0.7 * losses[0]

    def test_total_correlation_weighs_within_the_divergence(self, digits):
        plain, weighted = self.make(), self.make(total_correlation_weight=6.0)
        weighted.set_weights(plain.get_weights())
        found = []
        for model in (plain, weighted):
            images = ops.convert_to_tensor(digits[0][:32] / np.float32(255))
            model.seed_generator.state.assign([0, 5])
            found.append(
                model.player_losses(images, None, model.seed_generator, training=False)
            )
        added = np.subtract(found[1]["autoencoder"], found[0]["autoencoder"])
        assert np.abs(added).mean() > 1e-2
        assert np.isfinite(self.fit(weighted, digits)["loss"]).all()
