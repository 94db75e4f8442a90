import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasgen
from kerasgen.models import WGANGP
from tests import contract

TWO_CLOUDS = (4, 4, 1)


def fixed_share(shape, seed):
    return tf.linspace(0.1, 0.9, shape[0])


class TestWGANGP(contract.ModelContract):
    model_class = WGANGP
    on_replicas = {"critic_steps": 1}
    arguments = {**contract.SMALL, "critic_steps": 2}
    bad_arguments = [
        ({"critic_steps": 0}, "critic_steps=0; expected a positive integer"),
        ({"penalty_weight": 0.0}, "penalty_weight=0.0; expected a positive number"),
        (
            {"critic_normalization": "batch"},
            "critic with batch normalisation .*by itself",
        ),
        ({"depth": 3}, "multiples of 8"),
    ]

    @pytest.mark.slow
    def test_xla_trains_like_the_graph(self, digits, monkeypatch):
        monkeypatch.setattr("kerasgen.models.wgan_gp.uniform", fixed_share)
        super().test_xla_trains_like_the_graph(digits, monkeypatch)

    def test_a_users_critic_with_batch_normalisation_is_refused(self):
        images = keras.Input((28, 28, 1))
        x = keras.layers.BatchNormalization()(keras.layers.Flatten()(images))
        critic = keras.Model(images, keras.layers.Dense(1)(x))
        with pytest.raises(ValueError, match="critic with batch normalisation"):
            self.make(critic=critic)

    @pytest.mark.parametrize("kind", ["LayerNormalization", "GroupNormalization"])
    def test_a_normalisation_with_wrong_second_derivatives_is_refused(self, kind):
        images = keras.Input((28, 28, 1))
        given = {"groups": 1} if kind == "GroupNormalization" else {}
        x = getattr(keras.layers, kind)(**given)(images)
        critic = keras.Model(images, keras.layers.Dense(1)(keras.layers.Flatten()(x)))
        with pytest.raises(ValueError, match=f"critic with keras.layers.{kind}"):
            self.make(critic=critic)

    def test_the_generator_moves_after_every_few_critic_steps(self, trained):
        assert trained.steps == {"critic": 4, "generator": 2}

    def test_a_loss_of_no_step_is_told(self, digits):
        model = contract.eagerly(self.make(critic_steps=3))
        with pytest.warns(UserWarning, match="No step of this epoch had a generator_l"):
            model.fit(digits[0][:16], batch_size=8, verbose=0)

    def test_a_linear_critic_has_the_penalty_of_its_slope(self, digits):
        """10 (|a| - 1)², wherever the points between real and made images lie."""
        images = keras.Input((28, 28, 1))
        score = keras.layers.Dense(1, kernel_initializer="ones", use_bias=False)
        critic = keras.Model(images, score(keras.layers.Flatten()(images)))
        model = self.make(critic=critic)
        batch = digits[0][:4].astype("float32") / 255.0, None, model.seed_generator
        losses = model.critic_losses(*batch, training=True)
        np.testing.assert_allclose(losses["gradient_penalty"], 27.0**2, rtol=1e-4)

    def test_the_estimate_for_two_shifted_laws(self):
        """At a shift d the critic settles at d + d² / (2λ): an over-estimate."""
        rng = np.random.default_rng(0)
        pixels = rng.uniform(0.2, 0.4, (512, *TWO_CLOUDS)).astype("float32")
        shift = 0.4  # of each of 16 pixels: a distance of 1.6
        latents = keras.Input((4,))
        offset = keras.layers.Dense(16, kernel_initializer="zeros", use_bias=False)
        made = keras.layers.Reshape(TWO_CLOUDS)(offset(latents))
        generator = keras.Model(latents, keras.layers.Rescaling(1.0, 0.3)(made))
        images = keras.Input(TWO_CLOUDS)
        score = keras.layers.Dense(1, kernel_initializer="ones", use_bias=False)
        critic = keras.Model(images, score(keras.layers.Flatten()(images)))
        model = self.make(image_shape=TWO_CLOUDS, generator=generator, critic=critic)
        rates = {"generator": 0.0, "critic": 0.02}
        model.compile({p: keras.optimizers.SGD(rate) for p, rate in rates.items()})
        real = 0.3 + shift + (pixels - pixels.mean(axis=0))
        model.fit(real, batch_size=512, epochs=40, verbose=0)
        between = model.discriminate(real).mean() - model.discriminate(
            np.full((1, *TWO_CLOUDS), 0.3, "float32")
        )
        distance = shift * 4.0
        assert between == pytest.approx(distance + distance**2 / 20.0, rel=0.02)

    def test_published_critic_rests_on_no_normalisation(self):
        model = kerasgen.models.WGANGP.as_published()
        names = [type(layer).__name__ for layer in model.critic.layers]
        assert not any("Normalization" in name for name in names)
