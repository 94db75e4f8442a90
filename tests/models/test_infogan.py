import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasgen.core.arguments import latent_path
from kerasgen.models import InfoGAN
from kerasgen.study import pictures
from tests import contract

SMALL = {**contract.SMALL, "num_categories": 3, "num_codes": 2}


class TestInfoGAN(contract.ModelContract):
    model_class = InfoGAN
    arguments = SMALL
    classes = (None,)
    bad_arguments = [
        ({"num_classes": 10}, "num_classes=10; expected None"),
        ({"num_categories": 0}, "num_categories=0; expected a positive integer"),
        ({"num_categories": 1}, "num_categories=1; expected at least 2"),
        ({"num_codes": 0}, "num_codes=0; expected a positive integer"),
        ({"information_weight": -1}, "information_weight=-1; expected a number"),
    ]

    def test_arguments_are_attributes_and_make_the_same_model(self):
        model = self.make()
        again = InfoGAN.from_config(model.get_config())
        assert again.get_config() == model.get_config()
        assert again.num_categories == 3

    def test_conditional_model_uses_its_labels(self, digits):
        assert not self.make().is_conditional

    def test_the_prior_has_three_parts(self):
        model = self.make()
        latents = model.draw_prior(3000, (1, 2))
        z, category, codes = (part.numpy() for part in model.split_latents(latents))
        assert latents.shape[1:] == model.latent_shape == (9,)
        assert z.std() == pytest.approx(1.0, abs=0.05)
        assert set(np.unique(category)) == {0.0, 1.0}
        np.testing.assert_array_equal(category.sum(axis=1), 1.0)
        np.testing.assert_allclose(category.mean(axis=0), 1 / 3, atol=0.05)
        assert -1.0 <= codes.min() < -0.99 and 0.99 < codes.max() <= 1.0
        # Parts are independent draws, not the same numbers in other forms.
        assert abs(np.corrcoef(z[:, 0], codes[:, 0])[0, 1]) < 0.1

    def test_pictures_of_a_run_go_between_latents_of_all_parts(self):
        model = self.make()
        shape = (2, pictures.INTERPOLATION_STEPS, *model.image_shape)
        assert pictures.interpolate(model, 2).shape == shape

    def test_ways_between_latents_stay_in_the_prior(self):
        model = self.make()
        ends = model.draw_prior(2, (0, -1)).numpy()
        way = latent_path(*ends, 5, model.num_gaussian)
        np.testing.assert_allclose(way[[0, -1]], ends, atol=1e-6)
        z, category, codes = map(np.array, model.split_latents(way))
        np.testing.assert_allclose(category.sum(axis=1), 1.0, rtol=1e-6)
        assert np.abs(codes).max() <= 1.0
        lengths = np.linalg.norm(z, axis=1)
        assert lengths.min() > 0.99 * lengths[[0, -1]].min()

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"category": 3}, "category=3; expected an int from 0 to 2"),
            ({"category": -1}, "category=-1"),
            ({"category": 1.5}, "category=1.5"),
            ({"category": True}, "category=True"),
            ({"codes": [1, 2, 3]}, r"codes=.*broadcast to \(2, 2\)"),
            ({"codes": float("nan")}, "codes=nan; expected finite"),
            ({"codes": "a"}, "codes='a'"),
            ({"num": 0}, "num=0"),
        ],
    )
    def test_codes_that_cannot_be_are_refused(self, changes, message):
        with pytest.raises(ValueError, match=message):
            self.make().latents_with(**{"num": 2, **changes})

    @pytest.mark.parametrize("seed", [2**40, 1.5, True, "a", None])
    def test_a_seed_of_latents_is_checked(self, seed):
        with pytest.raises(ValueError, match="Got seed=.*; expected an integer"):
            self.make().latents_with(2, seed=seed)

    def test_latents_with_chosen_codes(self):
        model = self.make()
        latents = model.latents_with(4, category=2, codes=[-1.0, 0.5], seed=1)
        _, category, codes = model.split_latents(latents)
        np.testing.assert_array_equal(category, [[0.0, 0.0, 1.0]] * 4)
        np.testing.assert_array_equal(codes, [[-1.0, 0.5]] * 4)
        assert model.generate(latents).shape == (4, 28, 28, 1)

    def test_information_is_in_both_losses(self, digits):
        images, found = digits[0][:8].astype("float32") / 255.0, {}
        model = self.make()
        for weight in (0.0, 2.0):
            model.information_weight = weight
            model.evaluation_seed.state.assign([0, 0])
            found[weight] = model.player_losses(
                images, None, model.evaluation_seed, training=False
            )
        bound = found[2.0]["category_information"] + found[2.0]["code_information"]
        for player in ("generator", "discriminator"):
            difference = found[0.0][player] - found[2.0][player]
            np.testing.assert_allclose(difference, 2.0 * bound, rtol=1e-3, atol=1e-4)

    def test_the_bound_reaches_the_entropy_where_codes_can_be_read(self, digits):
        """A generator that paints its category: Q learns log 3 nats about it."""
        latents = keras.Input((9,))
        picked = keras.layers.Lambda(lambda x: x[:, 4:7], output_shape=(3,))(latents)
        shown = keras.layers.Activation("sigmoid")(
            keras.layers.Rescaling(10.0, -5.0)(picked)
        )
        row = keras.layers.UpSampling1D(16)(keras.layers.Reshape((3, 1))(shown))
        square = keras.layers.Reshape((4, 12, 1))(row)
        generator = keras.Model(latents, square)
        model = InfoGAN(
            (4, 12, 1), **SMALL, seed=0, generator=generator, average_momentum=None
        )
        # The default judge is slow on purpose.
        model.compile(optimizer={p: keras.optimizers.Adam(2e-3) for p in model.players})
        images = np.random.default_rng(0).random((256, 4, 12, 1)).astype("float32")
        history = model.fit(images, batch_size=32, epochs=25, verbose=0).history
        reached = history["category_information"]
        assert reached[-1] == pytest.approx(np.log(3.0), abs=0.05)
        assert max(reached) <= np.log(3.0)
        drawn = model.draw_prior(64, (5, 5))
        read = model.classify(model.generate(drawn)).argmax(axis=1)
        np.testing.assert_array_equal(read, tf.argmax(drawn[:, 4:7], axis=1))
