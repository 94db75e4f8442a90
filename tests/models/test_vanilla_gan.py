import keras
import numpy as np
import pytest
from keras import layers

import kerasgen
from tests import contract


class TestVanillaGAN(contract.ModelContract):
    model_class = kerasgen.VanillaGAN
    judge_switch = "discriminator_normalization"
    without_dropout = {"dropout": 0.0}

    def test_losses_are_those_of_the_paper(self, digits):
        images = digits[0][:8].astype("float32") / 255.0
        for objective in ("non_saturating", "minimax"):
            model = self.make(objective=objective, average_momentum=None)
            model.seed_generator.state.assign([0, 5])
            losses = model.player_losses(
                images, None, model.seed_generator, training=False
            )
            model.seed_generator.state.assign([0, 5])
            fakes = model.generate(model.draw_latents(images, model.seed_generator))
            real, fake = model.discriminate(images), model.discriminate(fakes)
            expected = -np.log(real) - np.log(1.0 - fake)
            np.testing.assert_allclose(losses["discriminator"], expected, rtol=1e-4)
            goals = {"minimax": np.log(1.0 - fake), "non_saturating": -np.log(fake)}
            np.testing.assert_allclose(losses["generator"], goals[objective], rtol=1e-4)

    def test_unknown_objective(self):
        with pytest.raises(ValueError, match="Did you mean 'minimax'"):
            self.make(objective="mini_max")

    def test_dropout_out_of_range(self):
        with pytest.raises(ValueError, match=r"dropout=1.0; expected .* \[0, 1\)"):
            self.make(dropout=1.0)

    def test_the_users_own_networks(self, digits, tmp_path):
        generator = keras.Sequential(
            [
                keras.Input((4,)),
                layers.Dense(784, activation="sigmoid"),
                layers.Reshape((28, 28, 1)),
            ]
        )
        # A last layer of shape (batch, 1) is what most people write.
        discriminator = keras.Sequential(
            [keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(1)]
        )
        model = self.make(generator=generator, discriminator=discriminator)
        assert model.generator is generator
        history = self.fit(model, digits)
        assert np.isfinite(history["generator_loss"]).all()
        assert model.discriminate(digits[0][:5]).shape == (5,)
        model.save(tmp_path / "own.keras")
        loaded = keras.models.load_model(tmp_path / "own.keras")
        assert np.array_equal(loaded.sample(3, seed=0), model.sample(3, seed=0))

    @pytest.mark.parametrize(
        ("name", "shapes", "message"),
        [
            ("generator", ((5,), 784, (28, 28, 1)), r"takes shapes \[\(5,\)\]"),
            ("generator", ((4,), 4, (2, 2, 1)), r"returns shapes \[\(2, 2, 1\)\]"),
            ("discriminator", ((28, 28, 3), 4, (4,)), r"takes shapes .*\(28, 28, 3\)"),
        ],
    )
    def test_networks_of_other_shapes(self, name, shapes, message):
        taken, units, returned = shapes
        network = keras.Sequential(
            [
                keras.Input(taken),
                layers.Flatten(),
                layers.Dense(units),
                layers.Reshape(returned),
            ]
        )
        with pytest.raises(ValueError, match=f"{name} {message}.*this model needs"):
            self.make(**{name: network})

    def test_a_generator_that_leaves_the_range_of_pixels(self):
        generator = keras.Sequential(
            [
                keras.Input((4,)),
                layers.Dense(784, activation="tanh"),
                layers.Reshape((28, 28, 1)),
            ]
        )
        with pytest.raises(ValueError, match="makes pixels in .* End it in a sigmoid"):
            self.make(generator=generator)

    def test_a_network_that_is_not_built(self):
        with pytest.raises(ValueError, match="expected a built keras.Model"):
            self.make(generator=keras.Sequential([layers.Dense(3)]))

    def test_average_follows_the_generator_and_samples(self, digits):
        model = self.make(average_momentum=0.9)
        self.fit(model, digits)
        raw, average = (
            [w.numpy() for w in network.trainable_weights or network.weights]
            for network in (model.generator, model.average)
        )
        assert not contract.same(raw, average[: len(raw)])
        latents = np.zeros((2, 4), "float32")
        expected = keras.ops.convert_to_numpy(model.average(latents, training=False))
        np.testing.assert_allclose(model.generate(latents), expected, atol=1e-6)
        plain = self.make(average_momentum=None)
        assert plain.average is None
        assert plain.sampler is plain.generator
