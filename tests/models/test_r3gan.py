import keras
import numpy as np
import pytest

from kerasgen.models import R3GAN
from tests import contract


def linear_judge(shape, slope):
    images = keras.Input(shape)
    constant = keras.initializers.Constant(slope)
    score = keras.layers.Dense(1, kernel_initializer=constant, use_bias=False)
    return keras.Model(images, score(keras.layers.Flatten()(images)))


class TestR3GAN(contract.ModelContract):
    model_class = R3GAN
    bad_arguments = [
        ({"gamma": -1.0}, "gamma=-1.0; expected a number of at least 0"),
        ({"blocks": 0}, "blocks=0; expected a positive integer"),
        ({"depth": 3}, "multiples of 8"),
        ({"width": 0}, "width=0; expected a positive integer"),
    ]

    def losses(self, model, digits):
        images = digits[0][:4].astype("float32") / 255.0
        return model.player_losses(images, None, model.seed_generator, training=True)

    def test_a_constant_discriminator_costs_both_log_two(self, digits):
        losses = self.losses(
            self.make(discriminator=linear_judge((28, 28, 1), 0.0)), digits
        )
        for player in ("generator", "discriminator"):
            np.testing.assert_allclose(losses[player], np.log(2.0), rtol=1e-6)
        np.testing.assert_allclose(losses["gradient_penalty"], 0.0, atol=1e-9)

    def test_a_linear_discriminator_has_both_penalties_of_its_slope(self, digits):
        judge = linear_judge((28, 28, 1), 0.1)
        losses = self.losses(self.make(discriminator=judge), digits)
        each = 0.5 * 784 * 0.1**2
        np.testing.assert_allclose(losses["gradient_penalty"], 2 * each, rtol=1e-4)

    def test_no_layer_normalises_and_blocks_start_as_identities(self):
        model = self.make(blocks=2)
        for network in (model.generator, model.discriminator):
            names = [type(layer).__name__ for layer in network.layers]
            assert not any("Normalization" in name for name in names)
        last = [
            layer.kernel.numpy()
            for layer in model.generator.layers
            if isinstance(layer, keras.layers.Conv2D)
            and layer.kernel_size == (1, 1)
            and not layer.use_bias
            and np.all(layer.kernel.numpy() == 0.0)
        ]
        assert len(last) == 4  # two stages of two blocks

    def test_a_users_discriminator_with_batch_normalisation_is_refused(self):
        images = keras.Input((28, 28, 1))
        x = keras.layers.BatchNormalization()(keras.layers.Flatten()(images))
        judge = keras.Model(images, keras.layers.Dense(1)(x))
        with pytest.raises(ValueError, match="discriminator with batch normalisation"):
            self.make(discriminator=judge)

    def test_the_penalty_moves_the_discriminator(self, digits):
        """A penalty whose graph were cut would leave the weights where they are."""
        found = []
        for gamma in (0.0, 50.0):
            model = contract.eagerly(self.make(gamma=gamma))
            model.fit(digits[0][:32], batch_size=32, verbose=0)
            found.append(contract.weights(model.discriminator))
        assert not contract.same(*found)
