import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasgen.models import BiGAN
from tests import contract

DOTS = (2, 2, 1)


def linear_networks():
    """Encoder and generator of four pixels that are lines in one latent."""
    images, latents = keras.Input(DOTS), keras.Input((1,))
    code = keras.layers.Dense(1)(keras.layers.Flatten()(images))
    pixels = keras.layers.Dense(4, bias_initializer=keras.initializers.Constant(0.5))
    small = keras.layers.Rescaling(0.1, 0.45)(pixels(latents))
    made = keras.layers.Reshape(DOTS)(small)
    return keras.Model(images, code), keras.Model(latents, made)


class TestBiGAN(contract.ModelContract):
    model_class = BiGAN
    bad_arguments = [
        ({"posterior": "points"}, "posterior='points'; expected one of .*'point'"),
        ({"encoder_normalization": "bach"}, "normalization='bach'"),
        ({"depth": 3}, "multiples of 8"),
    ]

    def test_a_blind_discriminator_costs_both_sides_two_log_two(self, digits):
        images, codes = keras.Input((28, 28, 1)), keras.Input((4,))
        flat = keras.layers.Concatenate()([keras.layers.Flatten()(images), codes])
        blind = keras.layers.Dense(1, kernel_initializer="zeros")(flat)
        model = self.make(discriminator=keras.Model([images, codes], blind))
        batch = tf.constant(digits[0][:8] / np.float32(255))
        losses = model.player_losses(batch, None, model.evaluation_seed, False)
        for player in ("generator", "discriminator"):
            np.testing.assert_allclose(losses[player], 2 * np.log(2.0), rtol=1e-6)

    def test_the_labels_are_exchanged_on_both_kinds_of_pairs(self, digits):
        """Where D is sure, its loss vanishes and that of the others is both logits."""
        images, codes = keras.Input((28, 28, 1)), keras.Input((4,))
        seen = keras.layers.Flatten()(images)
        score = keras.layers.Dense(1, kernel_initializer="ones")(seen)
        model = self.make(discriminator=keras.Model([images, codes], score))
        batch = tf.constant(digits[0][:8] / np.float32(255))
        losses = model.player_losses(batch, None, model.evaluation_seed, False)
        # softplus(a) - softplus(-a) = a, once for each kind of pair.
        gap = losses["generator"] - losses["discriminator"]
        model.evaluation_seed.state.assign([0, 0])
        fakes = model.raw_generator(model.draw_latents(batch, model.evaluation_seed))
        expected = batch.numpy().sum(axis=(1, 2, 3)) - fakes.numpy().sum(axis=(1, 2, 3))
        np.testing.assert_allclose(gap, expected, rtol=1e-3, atol=1e-2)

    @pytest.mark.slow
    def test_on_a_line_the_encoder_inverts_the_generator(self):
        """Data with one normal coordinate: E(G(z)) follows z, up to its sign."""
        rng = np.random.default_rng(0)
        z = rng.normal(size=(2048, 1)).astype("float32")
        direction = np.array([[0.1, -0.05, 0.05, 0.02]], "float32")
        images = np.clip(0.5 + z @ direction, 0, 1).reshape(-1, *DOTS)
        encoder, decoder = linear_networks()
        model = BiGAN(DOTS, 1, width=16, depth=1, encoder=encoder, decoder=decoder)
        model.fit(images, batch_size=128, epochs=60, verbose=0)
        drawn = rng.normal(size=(256, 1)).astype("float32")
        read = model.codes(model.generate(drawn))
        assert abs(np.corrcoef(read[:, 0], drawn[:, 0])[0, 1]) > 0.95

    def test_a_gaussian_encoder_is_that_of_ali(self, digits):
        model = contract.eagerly(self.make(posterior="gaussian"))
        history = model.fit(digits[0][:32], batch_size=16, verbose=0).history
        assert all(np.isfinite(values).all() for values in history.values())
        mean, log_variance = model.encode(digits[0][:3])
        assert mean.shape == log_variance.shape == (3, 4)
        assert BiGAN.from_config(model.get_config()).posterior == "gaussian"
        assert self.make().encode(digits[0][:3]).shape == (3, 4)
