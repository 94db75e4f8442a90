import math

import numpy as np
import pytest
import tensorflow as tf

import kerasgen
from kerasgen.core.arguments import latent_path
from tests import contract

NONE = 10


class TestSSAAE(contract.ModelContract):
    model_class = kerasgen.SSAAE
    arguments = {**contract.SMALL, "discriminator_width": 8}
    classes = (10,)
    bad_arguments = [
        ({"num_classes": None}, "num_classes=None; expected the number of classes"),
        ({"reconstruction": "gausian"}, "Did you mean 'gaussian'"),
        ({"discriminator_width": 0}, "width=0; expected a positive integer"),
    ]

    def losses(self, model, images, labels):
        images = tf.constant(images / np.float32(255))
        labels = tf.constant(labels, "int32")
        model.seed_generator.state.assign([0, 5])
        return model.player_losses(images, labels, model.seed_generator, False)

    def test_blind_players_by_hand(self, digits):
        """All logits 0: a game costs 2 log 2 and its encoder log 2, a class log 10."""
        model = self.make()
        mean = model.encoder.get_layer("mean")
        mean.set_weights([np.zeros(w.shape) for w in mean.get_weights()])
        for judge in (model.discriminator, model.class_discriminator):
            last = judge.layers[-2]
            last.set_weights([np.zeros(w.shape) for w in last.get_weights()])
        found = self.losses(model, digits[0][:4], [3, 1, NONE, NONE])
        assert np.mean(found["discriminator"]) == pytest.approx(4 * math.log(2))
        of_class = contract.mean_of(found["class"])
        assert of_class == pytest.approx(math.log(10), rel=1e-5)
        expected = 2 * math.log(2) + math.log(10)
        assert np.mean(found["encoder"]) == pytest.approx(expected, rel=1e-5)
        np.testing.assert_allclose(model.classify(digits[0][:4]), 0.1, rtol=1e-5)

    def test_labelled_images_teach_the_class_alone(self, digits):
        """What a labelled image looks like is not in the other losses of a batch."""
        model = self.make()
        first, second = digits[0][:6], digits[0][:6].copy()
        second[:2] = 255 - second[:2]
        labels = [3, 1, NONE, NONE, NONE, NONE]
        one, other = (self.losses(model, images, labels) for images in (first, second))
        for name in ("autoencoder", "discriminator"):
            assert np.mean(one[name]) == pytest.approx(np.mean(other[name]), rel=1e-5)
        one, other = (contract.mean_of(each["class"]) for each in (one, other))
        assert one != pytest.approx(other, rel=1e-5)

    def test_accuracy_is_that_of_classify_on_labelled_images(self, digits):
        contract.check_unlabelled_batches_do_not_count(self.make(), digits)

    def test_a_prior_is_fitted_to_labelled_images(self, digits):
        model, labels = self.make(), np.arange(96) % (NONE + 1)
        model.fit_prior(digits[0][:96], labels, components=1)
        assert model.fitted_prior.num_classes == NONE

    def test_reconstructions_need_no_labels(self, digits):
        model = self.make()
        expected = model.reconstruct(digits[0][:4])
        for found in (
            model.predict(digits[0][:4], verbose=0),
            model.predict((digits[0][:4], digits[1][:4]), verbose=0),
            model.predict_on_batch(digits[0][:4]),
        ):
            np.testing.assert_allclose(found, expected, atol=1e-5)

    def test_the_prior_has_fair_classes_and_normal_styles(self):
        model = self.make()
        draws = model.draw_prior(5000, (0, -1)).numpy()
        style, one_hot = draws[:, :4], draws[:, 4:]
        assert np.array_equal(np.sort(np.unique(one_hot)), [0.0, 1.0])
        assert np.all(one_hot.sum(axis=1) == 1.0)
        np.testing.assert_allclose(one_hot.mean(axis=0), 0.1, atol=0.02)
        np.testing.assert_allclose(style.mean(axis=0), 0.0, atol=0.07)
        np.testing.assert_allclose(style.std(axis=0), 1.0, atol=0.05)
        threes = model.draw_prior(50, (0, -1), np.full(50, 3)).numpy()
        assert np.all(threes[:, 4:].argmax(axis=1) == 3)
        assert np.array_equal(threes[:, :4], model.draw_prior(50, (0, -1))[:, :4])

    def test_a_class_is_in_the_latents_between_which_images_lie(self):
        model = self.make()
        first, last = model.draw_prior(2, (0, -1), np.array([3, 3])).numpy()
        assert model.interpolate(first, last, 3).shape == (3, *model.image_shape)
        with pytest.raises(ValueError, match="label=3; expected none.*hold the class"):
            model.interpolate(first, last, 3, label=3)
        way = latent_path(first, last, 3, model.num_gaussian)
        np.testing.assert_array_equal(way[:, 4:], [first[4:]] * 3)

    def test_few_labels_are_enough_for_the_classes_of_a_toy(self):
        model = kerasgen.SSAAE((8, 8, 1), 2, 2, width=8, seed=0)
        contract.check_few_labels(model, epochs=10)

    def test_labels_set_the_class_and_not_the_style(self, digits):
        model = self.make()
        assert model.is_conditional and not model.takes_labels("decoder")
        codes = model.codes(digits[0][:3])
        assert codes.shape == (3, 14)
        np.testing.assert_allclose(codes[:, 4:], model.classify(digits[0][:3]), 1e-5)
        with pytest.raises(ValueError, match=r"expected 0\.\.9"):
            model.sample(2, labels=10)
        with pytest.raises(ValueError, match="Got labels; expected none"):
            model.encode(digits[0][:3], [1, 2, 3])
        fitted = model.fit_prior(*(part[:60] for part in digits), components=1)
        assert fitted.sample(3, seed=0).shape[0] == 3
