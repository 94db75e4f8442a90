import numpy as np
import pytest
import tensorflow as tf

import kerasgen
from kerasgen.objectives import mean_discrepancy_loss
from tests import contract


class TestWAE(contract.ModelContract):
    model_class = kerasgen.WAE
    bad_arguments = [
        ({"discrepancy_weight": -1}, "discrepancy_weight=-1; expected a number of at"),
        ({"encoder_normalization": "bach"}, "normalization='bach'; expected one of"),
    ]

    @pytest.mark.parametrize("weight", [0.0, 50.0])
    def test_loss_is_squared_error_and_weighted_discrepancy(self, digits, weight):
        model = contract.eagerly(self.make(discrepancy_weight=weight))
        images = digits[0].astype("float32") / 255.0
        found = model.evaluate(images, batch_size=128, verbose=0, return_dict=True)
        expected = found["reconstruction_loss"] + weight * found["mean_discrepancy"]
        assert found["loss"] == pytest.approx(expected, rel=1e-5)
        decode = model.bind("decoder", None, training=False)
        decoded = decode(model.codes_in_graph(images))
        squares = np.square(images - decoded).sum(axis=(1, 2, 3)).mean()
        assert found["reconstruction_loss"] == pytest.approx(squares, rel=1e-4)

    def test_the_discrepancy_is_that_of_the_codes(self, digits):
        model = self.make()
        images = tf.constant(digits[0][:32].astype("float32") / 255.0)
        model.seed_generator.state.assign([0, 5])
        found = model.player_losses(images, None, model.seed_generator, training=False)
        model.seed_generator.state.assign([0, 5])
        draws = model.draw_latents(images, model.seed_generator)
        expected = mean_discrepancy_loss(model.encoder(images), draws)
        np.testing.assert_allclose(found["mean_discrepancy"], expected, atol=1e-5)

    def test_training_draws_codes_to_the_prior(self, digits):
        model = self.make(width=8, latent_dim=2, average_momentum=None)
        images = digits[0].astype("float32") / 255.0
        before = model.evaluate(images, batch_size=128, verbose=0, return_dict=True)
        history = model.fit(images, epochs=10, batch_size=32, verbose=0).history
        losses = history["reconstruction_loss"]
        assert losses[-1] < 0.8 * losses[0]
        after = model.evaluate(images, batch_size=128, verbose=0, return_dict=True)
        assert after["mean_discrepancy"] < max(0.5 * before["mean_discrepancy"], 0.2)
        assert model.encode(images).shape == (128, 2)
