import numpy as np
import pytest
import tensorflow as tf

from kerasgen.models import ACGAN
from tests import contract


class TestACGAN(contract.ModelContract):
    model_class = ACGAN
    classes = (10,)
    bad_arguments = [
        ({"num_classes": None}, "num_classes=None; expected the number of classes"),
        ({"class_weight": -1}, "class_weight=-1; expected a number of at least 0"),
        ({"discriminator_normalization": "bach"}, "normalization='bach'"),
    ]

    def train_on_all(self, digits, **changes):
        model = self.make(width=8, **changes)
        model.fit(*digits, epochs=15, batch_size=16, verbose=0)
        return model

    def test_a_blind_head_costs_log_k_and_is_in_both_losses(self, digits):
        images = tf.constant(digits[0][:8] / np.float32(255))
        labels = tf.constant(digits[1][:8], "int32")
        found, model = {}, self.make(discriminator_normalization=None)
        head = model.discriminator.get_layer("classes")
        head.kernel.assign(0.0 * head.kernel)
        for weight in (0.0, 1.0):
            model.class_weight = weight
            model.evaluation_seed.state.assign([0, 0])
            found[weight] = model.player_losses(
                images, labels, model.evaluation_seed, training=False
            )
        np.testing.assert_allclose(found[1.0]["class"], np.log(10.0), rtol=1e-5)
        for player, terms in (("generator", 1), ("discriminator", 2)):
            difference = found[1.0][player] - found[0.0][player]
            np.testing.assert_allclose(difference, terms * np.log(10.0), rtol=1e-4)

    def test_it_learns_the_classes_of_real_images(self, digits):
        model = self.train_on_all(digits)
        probabilities = model.classify(digits[0])
        assert probabilities.shape == (len(digits[0]), 10)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
        accuracy = np.mean(probabilities.argmax(axis=1) == digits[1])
        assert accuracy > 0.9
        logged = model.evaluate(*digits, verbose=0, return_dict=True)
        assert logged["accuracy"] == pytest.approx(accuracy, abs=0.02)
        # A softmax of probabilities could not come below log(1 + 9/e) = 1.46.
        assert logged["class_loss"] < 1.0

    def test_the_discriminator_sees_no_labels(self, digits):
        model = self.make()
        assert len(model.discriminator.inputs) == 1
        assert model.discriminate(digits[0][:3]).shape == (3,)
        with pytest.raises(ValueError, match="labels"):
            model.discriminate(digits[0][:3], [1, 2, 3])
