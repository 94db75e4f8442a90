import keras
import numpy as np
import pytest

from kerasgen.models import R3GAN
from tests import contract


def dense(inputs, units):
    """Three hidden layers, and the outputs."""
    x = inputs
    for _ in range(3):
        x = keras.layers.LeakyReLU(0.2)(keras.layers.Dense(64)(x))
    return keras.layers.Dense(units)(x)


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

    @pytest.mark.slow
    def test_all_modes_of_a_ring_are_reached(self):
        """Eight narrow clouds of points, on which the plain game ends in none."""
        keras.utils.set_random_seed(0)
        random = np.random.default_rng(0)
        angles = 2 * np.pi * np.arange(8) / 8
        centres = 0.5 + 0.35 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        points = centres[random.integers(8, size=4096)]
        points = points + 0.01 * random.normal(size=points.shape)
        shape = (1, 2, 1)
        latents, images = keras.Input((8,)), keras.Input(shape)
        made = keras.layers.Activation("sigmoid")(dense(latents, 2))
        seen = keras.layers.Rescaling(4.0, -2.0)(keras.layers.Flatten()(images))
        model = R3GAN(
            shape,
            8,
            gamma=0.1,
            seed=0,
            generator=keras.Model(latents, keras.layers.Reshape(shape)(made)),
            discriminator=keras.Model(images, dense(seen, 1)),
        )
        points = points.reshape(-1, *shape).astype("float32")
        model.fit(points, batch_size=128, epochs=60, verbose=0)
        samples = model.sample(2000, seed=1).reshape(-1, 1, 2)
        distances = np.linalg.norm(samples - centres, axis=2)
        is_near = distances.min(axis=1) < 4 * 0.01
        counts = np.bincount(distances.argmin(axis=1)[is_near], minlength=8)
        assert is_near.mean() > 0.6
        assert counts.min() > 0.05 * counts.sum()

    def test_the_penalty_moves_the_discriminator(self, digits):
        """A penalty whose graph were cut would leave the weights where they are."""
        found = []
        for gamma in (0.0, 50.0):
            keras.utils.set_random_seed(0)
            model = contract.eagerly(self.make(gamma=gamma))
            model.fit(digits[0][:32], batch_size=32, verbose=0)
            found.append(contract.weights(model.discriminator))
        assert not contract.same(*found)
        keras.utils.set_random_seed(0)
        model = contract.eagerly(self.make(gamma=50.0))
        model.fit(digits[0][:32], batch_size=32, verbose=0)
        assert contract.same(found[1], contract.weights(model.discriminator))
