import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasgen.models import SGAN
from tests import contract

NONE = 10


class TestSGAN(contract.ModelContract):
    model_class = SGAN
    arguments = {**contract.SMALL, "dropout": 0.0}
    classes = (10,)
    bad_arguments = [
        ({"num_classes": None}, "num_classes=None; expected the number of classes"),
        ({"objective": "odenna"}, "objective='odenna'; .*Did you mean 'odena'"),
        ({"dropout": 1.0}, r"dropout=1.0; expected a number in \[0, 1\)"),
    ]

    def losses(self, model, images, labels):
        images = tf.constant(images / np.float32(255))
        noise = model.evaluation_seed
        return model.player_losses(
            images, tf.constant(labels, "int32"), noise, training=False
        )

    @pytest.mark.parametrize("objective", ["odena", "feature_matching"])
    def test_a_blind_classifier_by_hand(self, digits, objective):
        """Of 10 classes and FAKE at equal logits, 10 of 11 parts are real."""
        model = self.make(objective=objective)
        for judge in (model.discriminator, model.averages["discriminator"]):
            head = judge.get_layer("classes")
            head.kernel.assign(0.0 * head.kernel)
        images, labels = digits[0][:8], [3, 1, 0, 9, NONE, NONE, NONE, NONE]
        found = self.losses(model, images, labels)
        game = np.log(11 / 10) + np.log(11.0)  # .0953 and 2.398
        of_class = np.log(11.0 if objective == "odena" else 10.0)
        weight = {"odena": 1.0, "feature_matching": 0.5}[objective]
        mean = np.mean(found["discriminator"])
        assert mean == pytest.approx(of_class + weight * game, rel=1e-5)
        assert contract.mean_of(found["class"]) == pytest.approx(of_class, rel=1e-5)
        assert model.discriminate(images) == pytest.approx([10 / 11] * 8)

    def test_the_labels_of_unlabelled_images_are_not_used(self, digits):
        model = self.make()
        images, some = digits[0][:8], np.array([3, 1, 0, 9, NONE, NONE, NONE, NONE])
        mixed = self.losses(model, images, some)
        labelled_alone = self.losses(model, images[:4], some[:4])
        mixed, labelled_alone = (
            contract.mean_of(each["class"]) for each in (mixed, labelled_alone)
        )
        assert mixed == pytest.approx(labelled_alone, rel=1e-5)

    def test_accuracy_is_that_of_classify_on_labelled_images(self, digits):
        model = self.make()
        model.discriminator.set_weights(
            [1.0 + w for w in model.discriminator.get_weights()]
        )
        contract.check_unlabelled_batches_do_not_count(model, digits)

    def test_matching_equal_features_costs_nothing(self, digits):
        model = self.make()
        images = model.sample(8, seed=0)
        model.bound = lambda labels, training: [
            lambda latents: images,
            lambda x: model.discriminator(x, training=False),
        ]
        found = model.player_losses(
            images, np.full(8, NONE), model.evaluation_seed, False
        )
        np.testing.assert_allclose(found["generator"], 0.0, atol=1e-12)

    @pytest.mark.parametrize("objective", ["odena", "feature_matching"])
    def test_few_labels_are_enough_for_the_classes_of_a_toy(self, objective):
        model = SGAN(
            (8, 8, 1), 4, 2, width=8, seed=0, objective=objective, average_momentum=0.9
        )
        contract.check_few_labels(model, epochs=5)

    def test_it_classifies_by_averaged_weights(self, digits):
        model = self.make()
        before = model.classify(digits[0][:3])
        for network, changes in (
            (model.discriminator, False),
            (model.averages["discriminator"], True),
        ):
            network.set_weights([3.0 * w for w in network.get_weights()])
            same = np.array_equal(before, model.classify(digits[0][:3]))
            assert same != changes

    def test_it_conditions_on_no_labels(self, digits):
        model = self.make()
        assert not model.is_conditional
        assert model.classify(digits[0][:3]).shape == (3, 10)
        with pytest.raises(ValueError, match="not conditional"):
            model.sample(2, labels=3)
        with pytest.raises(ValueError, match=r"expected 0\.\.10"):
            model.fit(digits[0][:8], np.full(8, 11), batch_size=8)

    def test_a_generator_that_takes_labels_is_refused(self):
        inputs = [keras.Input((4,)), keras.Input(())]
        flat = keras.layers.Dense(784)(inputs[0])
        made = keras.layers.Reshape((28, 28, 1))(flat)
        with pytest.raises(ValueError, match="generator takes .*this model needs"):
            self.make(generator=keras.Model(inputs, made))

    def test_published_networks_suit_either_objective(self):
        for objective, outputs in (("feature_matching", 10), ("odena", 11)):
            model = SGAN.as_published(objective=objective)
            assert model.discriminator.outputs[0].shape[-1] == outputs
