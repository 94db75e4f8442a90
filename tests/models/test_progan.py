import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasgen import networks
from kerasgen.models import ProGAN
from kerasgen.networks import growing
from tests import contract


def images_of(network, num=3, seed=0):
    shape = (num, network.inputs[0].shape[-1])
    latents = np.random.default_rng(seed).normal(size=shape).astype("float32")
    return network(latents).numpy()


def enlarged(images):
    return images.repeat(2, axis=1).repeat(2, axis=2)


def halved(images):
    n, h, w, c = images.shape
    return images.reshape(n, h // 2, 2, w // 2, 2, c).mean(axis=(2, 4))


class TestProGAN(contract.ModelContract):
    model_class = ProGAN
    # Both levels are born and complete within the first hundred images.
    arguments = {"latent_dim": 4, "width": 4, "images_per_phase": 12}
    # Its weights are of unit size before they are scaled, and pixel normalisation of a
    # few channels enlarges what rounding changes.
    preset_tolerance = 2e-2
    replicas_refused = "growth under MirroredStrategy; expected one device"
    bad_arguments = [
        ({"images_per_phase": 0}, "images_per_phase=0; expected a positive integer"),
        ({"penalty_weight": 0}, "penalty_weight=0; expected a positive number"),
        ({"drift_weight": -1}, "drift_weight=-1; expected a number of at least 0"),
        ({"latent_dim": 1}, "latent_dim=1; expected at least 2"),
        ({"depth": 3}, "multiples of 8"),
        ({"image_shape": (30, 28, 1)}, "multiples of 4"),
    ]

    @pytest.mark.slow
    def test_xla_trains_like_the_graph(self, digits, monkeypatch):
        monkeypatch.setattr(
            "kerasgen.models.progan.uniform",
            lambda shape, seed: tf.linspace(0.1, 0.9, shape[0]),
        )
        super().test_xla_trains_like_the_graph(digits, monkeypatch)

    def test_a_users_critic_with_batch_normalisation_is_refused(self):
        images = keras.Input((28, 28, 1))
        x = keras.layers.BatchNormalization()(keras.layers.Flatten()(images))
        critic = keras.Model(images, keras.layers.Dense(1)(x))
        with pytest.raises(ValueError, match="critic with batch normalisation"):
            self.make(critic=critic)

    def test_levels_follow_from_the_images_seen(self):
        model = self.make(images_per_phase=100)
        for seen, level in (
            (0, 0),
            (100, 0),
            (150, 0.5),
            (300, 1),
            (325, 1.25),
            (999, 2),
        ):
            model.images_seen.assign(seen)
            assert model.level == pytest.approx(level), seen

    def test_a_level_without_a_share_repeats_the_one_before(self):
        network = networks.growing_generator((8, 8, 1), 4, width=2, depth=2)
        networks.set_growth(network, 1.0)
        coarse = images_of(network)
        np.testing.assert_array_equal(coarse, enlarged(coarse[:, ::2, ::2]))
        networks.set_growth(network, 2.0)
        fine = images_of(network)
        assert not np.allclose(fine, enlarged(fine[:, ::2, ::2]), atol=1e-3)
        networks.set_growth(network, 1.25)
        expected = 0.75 * coarse + 0.25 * fine
        np.testing.assert_allclose(images_of(network), expected, atol=1e-6)
        # At the end the old way out to pixels is not used any more.
        networks.set_growth(network, 2.0)
        for level in (0, 1):
            old = network.get_layer(f"to_pixels_{level}")
            old.kernel.assign(old.kernel + 5.0)
        np.testing.assert_array_equal(images_of(network), fine)

    def test_a_critic_without_the_last_level_sees_halved_images(self):
        critic = networks.growing_critic((8, 8, 1), width=2, depth=2)
        images = np.random.default_rng(0).random((4, 8, 8, 1)).astype("float32")
        networks.set_growth(critic, 1.0)
        coarse = enlarged(halved(images)).astype("float32")
        np.testing.assert_allclose(critic(images), critic(coarse), rtol=1e-4)
        networks.set_growth(critic, 1.5)
        assert not np.allclose(critic(images), critic(coarse), rtol=1e-4)

    def test_real_images_are_shown_at_the_level_reached(self):
        images = np.random.default_rng(0).random((2, 8, 8, 1)).astype("float32")
        once = enlarged(halved(images))
        twice = enlarged(enlarged(halved(halved(images))))
        for level, expected in (
            (0.0, twice),
            (0.5, 0.5 * twice + 0.5 * once),
            (1.0, once),
            (1.75, 0.25 * once + 0.75 * images),
            (2.0, images),
        ):
            shown = networks.at_level(tf.constant(images), level, 2)
            np.testing.assert_allclose(shown, expected, atol=1e-6)

    def test_weights_of_levels_to_come_do_not_move(self, digits):
        model = contract.eagerly(self.make(images_per_phase=10_000))
        kernels = {
            player: [v for v in own if v.shape.rank > 1]
            for player, own in model.player_variables().items()
        }
        before = {v.path: v.numpy() for own in kernels.values() for v in own}
        model.fit(digits[0][:8], batch_size=8, verbose=0)
        for player, at_first, pixels in (
            ("generator", slice(0, 2), "to_pixels_0"),
            ("critic", slice(-3, None), "from_pixels_0"),
        ):
            paths = [v.path for v in kernels[player]]
            moved = {
                v.path
                for v in kernels[player]
                if not np.array_equal(before[v.path], v.numpy())
            }
            (own,) = [path for path in paths if pixels in path]
            assert moved == {own, *paths[at_first]}

    def test_networks_that_do_not_grow_alike_are_refused(self):
        lower = networks.growing_generator((28, 28, 1), 32, width=4, depth=1)
        message = (
            r"generator that grows by the levels \[1\]; expected those from 1 to 2"
        )
        with pytest.raises(ValueError, match=message):
            self.make(latent_dim=32, generator=lower)

    def test_the_product_of_nadam_starts_at_one_again(self, digits):
        model = contract.eagerly(self.make(images_per_phase=16))
        model.compile(optimizer="nadam", run_eagerly=True)
        model.fit(digits[0][:24], batch_size=8, verbose=0)
        assert 0.0 < model.level < 1.0
        for player in model.players:
            assert float(model.optimizer[player]._u_product) == 1.0

    def test_moments_are_reset_when_a_level_is_born(self, digits):
        model = contract.eagerly(self.make(images_per_phase=16))
        model.fit(digits[0][:16], batch_size=8, verbose=0)
        assert model.level == 0.0
        assert int(model.optimizer["critic"].iterations) == 2
        model.fit(digits[0][:8], batch_size=8, verbose=0)
        assert 0.0 < model.level < 1.0
        for player in model.players:
            optimizer = model.optimizer[player]
            assert int(optimizer.iterations) == 0
            assert all(np.all(m.numpy() == 0.0) for m in optimizer._momentums)
            assert float(optimizer.learning_rate) == pytest.approx(1e-3)

    def test_the_average_remembers_when_a_level_is_born(self, digits):
        model = contract.eagerly(self.make(images_per_phase=16, average_momentum=0.99))
        model.steps_seen.assign(10**6)
        model.fit(digits[0][:16], batch_size=8, verbose=0)
        kernel = model.average.get_layer("to_pixels_0").kernel
        before = kernel.numpy() + 1.0
        kernel.assign(before)
        model.fit(digits[0][:8], batch_size=8, verbose=0)
        assert 0.0 < model.level < 1.0
        now = model.generator.get_layer("to_pixels_0").kernel.numpy()
        expected = before + 0.01 * (now - before)
        np.testing.assert_allclose(kernel.numpy(), expected, rtol=1e-4)

    def test_a_training_stopped_in_a_fade_goes_on_there(self, digits, tmp_path):
        model = contract.eagerly(self.make(images_per_phase=16))
        model.fit(digits[0][:24], batch_size=8, verbose=0)
        assert 0.0 < model.level < 1.0
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
        assert loaded.level == model.level
        assert loaded.run_eagerly
        for each in (model, loaded):
            each.fit(digits[0][:16], batch_size=8, shuffle=False, verbose=0)
        assert contract.same(contract.weights(model), contract.weights(loaded))

    def test_the_average_has_the_same_shares(self, digits):
        model = contract.eagerly(self.make(images_per_phase=16))
        model.fit(digits[0][:24], batch_size=8, verbose=0)
        assert 0.0 < model.level < 1.0
        for name, expected in (("fade_1", model.level), ("fade_2", 0.0)):
            for network in (model.generator, model.critic, model.average):
                assert float(network.get_layer(name).share) == expected


def test_pixel_normalisation_gives_a_mean_square_of_one():
    x = np.random.default_rng(0).normal(0.0, 5.0, (4, 3, 3, 8)).astype("float32")
    found = growing.PixelNormalization()(x).numpy()
    np.testing.assert_allclose((found**2).mean(axis=-1), 1.0, rtol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        growing.EqualizedDense(4000, gain=1.0),
        growing.EqualizedConv2D(500, 3, gain=1.0, padding="same"),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_equalised_layers_keep_the_variance_and_have_unit_weights(layer):
    shape = (64, 50) if isinstance(layer, keras.layers.Dense) else (8, 8, 8, 20)
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    outputs = layer(x).numpy()
    if outputs.ndim == 4:
        outputs = outputs[:, 1:-1, 1:-1]  # the border sees zeros
    assert outputs.std() == pytest.approx(1.0, rel=0.1)
    assert layer.kernel.numpy().std() == pytest.approx(1.0, rel=0.05)


def test_the_deviation_map_of_equal_images_is_the_root_of_epsilon():
    x = np.repeat(np.random.default_rng(0).random((1, 4, 4, 3)), 5, axis=0)
    found = growing.BatchDeviation()(x.astype("float32")).numpy()
    assert found.shape == (5, 4, 4, 1)
    np.testing.assert_allclose(found, 1e-4, rtol=1e-2)
    x[1:] += 1.0
    assert growing.BatchDeviation()(x.astype("float32")).numpy().min() > 0.3
