import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasgen.models import BigGAN
from kerasgen.networks.blocks import SpectralNormalization
from kerasgen.networks.class_conditional import conditional_normalization
from tests import contract


def fixed_labels(shape, seed, stop):
    return tf.range(shape[0]) % stop


class TestBigGAN(contract.ModelContract):
    model_class = BigGAN
    arguments = {"latent_dim": 6, "width": 4, "embedding_dim": 4, "depth": 1}
    on_replicas = {"discriminator_steps": 1}
    bad_arguments = [
        (
            {"latent_dim": 4, "depth": 2},
            "latent_dim=4 with depth=2; expected a multiple of 3.* 6",
        ),
        ({"discriminator_steps": 0}, "discriminator_steps=0; expected a positive"),
        ({"orthogonal_weight": -1}, "orthogonal_weight=-1; expected a number of"),
        ({"depth": 3, "latent_dim": 8}, "multiples of 8"),
    ]

    def test_zero_scores_cost_two_and_nothing(self, digits):
        images = keras.Input((28, 28, 1))
        blind = keras.layers.Dense(1, kernel_initializer="zeros")
        judge = keras.Model(images, blind(keras.layers.Flatten()(images)))
        model = self.make(discriminator=judge, orthogonal_weight=0.0)
        batch = digits[0][:4].astype("float32") / 255.0
        losses = model.player_losses(batch, None, model.evaluation_seed, training=True)
        np.testing.assert_allclose(losses["discriminator"], 2.0)
        np.testing.assert_allclose(losses["generator"], 0.0, atol=1e-9)

    def test_conditional_normalisation_without_a_condition_is_the_plain_one(self):
        x, condition = keras.Input((3, 3, 4)), keras.Input((2,))
        ours = keras.Model([x, condition], conditional_normalization(x, condition))
        values = np.random.default_rng(0).normal(2.0, 3.0, (16, 3, 3, 4))
        values = values.astype("float32")
        found = ours([values, np.zeros((16, 2), "float32")], training=True)
        plain = keras.layers.BatchNormalization(epsilon=1e-5)
        np.testing.assert_allclose(found, plain(values, training=True), atol=1e-5)
        other = ours([values, np.ones((16, 2), "float32")], training=True)
        assert not np.allclose(found, other, atol=1e-2)

    def test_kernels_have_singular_values_of_at_most_one(self, digits):
        model = self.make(depth=2)
        images = digits[0][:4].astype("float32") / 255.0
        iterate = tf.function(
            lambda: model.player_losses(
                images, None, model.seed_generator, training=True
            ),
            autograph=False,
        )
        for _ in range(20):
            iterate()
        for network in (model.generator, model.discriminator):
            wrapped = [
                layer
                for layer in network.layers
                if isinstance(layer, SpectralNormalization)
            ]
            assert len(wrapped) > 8
            for layer in wrapped:
                kernel = layer.layer.kernel.numpy()
                largest = np.linalg.svd(
                    kernel.reshape(-1, kernel.shape[-1]), compute_uv=False
                )[0]
                found = layer._largest_singular_value(layer.layer.kernel.value, False)
                assert float(found) == pytest.approx(largest, rel=0.01)

    def test_the_regulariser_is_in_the_generators_loss_alone(self, digits):
        batch = tf.constant(digits[0][:4] / np.float32(255)), None
        model, found = self.make(), {}
        for weight in (0.0, 1.0):
            model.orthogonal_weight = weight
            model.evaluation_seed.state.assign([0, 0])
            found[weight] = model.player_losses(
                *batch, model.evaluation_seed, training=False
            )
        penalty = float(model.orthogonal_penalty())
        assert penalty > 0.0  # kernels with more columns than rows cannot be orthogonal
        for player, expected in (("generator", penalty), ("discriminator", 0.0)):
            difference = found[1.0][player] - found[0.0][player]
            np.testing.assert_allclose(difference, expected, rtol=1e-3, atol=1e-5)

    def test_truncation_cuts_latents_at_its_quantiles(self):
        model = self.make(average_momentum=None)
        seen = {}
        model.generator = lambda x, training: seen.setdefault("latents", x)
        latents = np.random.default_rng(0).normal(size=(20000, 6)).astype("float32")
        model.decode(latents, truncation=0.5)
        cut = np.asarray(seen["latents"])
        assert 0.49 < np.abs(cut).max() <= 0.5 + 1e-5
        kept = latents[np.abs(latents) < 0.5]
        assert cut.std() == pytest.approx(kept.std(), rel=0.02)
        assert np.array_equal(np.sign(cut), np.sign(latents))

    def test_truncation_holds_for_latents_that_are_far_out(self):
        model = self.make(average_momentum=None)
        seen = {}
        model.generator = lambda x, training: seen.setdefault("latents", x)
        latents = np.array([[-40.0, -8.0, -6.0, 4.5, 6.0, 8.0]], "float32")
        for cut in (0.5, 5.5, 100.0):
            seen.clear()
            model.decode(latents, truncation=cut)
            found = np.asarray(seen["latents"])
            assert np.isfinite(found).all() and np.abs(found).max() <= cut
        np.testing.assert_allclose(found[0, 2:5], latents[0, 2:5], rtol=1e-3)

    def test_samples_take_a_truncation(self):
        model = self.make(num_classes=10)
        plain, cut = (model.sample(4, seed=0, truncation=t) for t in (None, 0.3))
        assert not np.array_equal(plain, cut)
        with pytest.raises(ValueError, match="^truncation=-1; expected a positive"):
            model.sample(4, truncation=-1)
        with pytest.raises(ValueError, match="expected one of .*'truncation'"):
            model.sample(4, trunkation=0.3)
        with pytest.raises(ValueError, match=r"^truncation=\[1, 2\]; expected"):
            model.sample(4, truncation=[1, 2])

    def test_classes_are_rows_of_one_embedding(self):
        model = self.make(num_classes=3, average_momentum=None)
        latents = np.random.default_rng(0).normal(size=(3, 6))
        before = model.generate(latents, [0, 1, 2])
        table = model.generator.get_layer("label_embedding").embeddings
        table.assign(table.numpy()[[2, 0, 1]])
        after = model.generate(latents, [1, 2, 0])
        np.testing.assert_allclose(after, before, atol=1e-6)

    def test_the_generator_moves_after_every_few_steps(self, trained):
        assert trained.steps == {"discriminator": 4, "generator": 2}
