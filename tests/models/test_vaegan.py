import numpy as np
import pytest
import tensorflow as tf

import kerasgen
from tests import contract


class TestVAEGAN(contract.ModelContract):
    model_class = kerasgen.VAEGAN
    bad_arguments = [
        ({"beta": -1}, "beta=-1; expected a number of at least 0"),
        ({"feature_weight": -1}, "feature_weight=-1; expected a number of at least 0"),
        ({"encoder_normalization": "bach"}, "normalization='bach'; expected one of"),
        ({"discriminator_normalization": "no"}, "normalization='no'; expected one of"),
    ]

    def losses(self, model, digits, **kwargs):
        images = tf.constant(digits[0][:8].astype("float32") / 255.0)
        model.seed_generator.state.assign([0, 5])
        given = (images, None, model.seed_generator)
        return model.player_losses(*given, training=False)

    @pytest.mark.parametrize(
        ("player", "weights", "reached"),
        [
            # With the game alone the decoder moves by it, with the features by them.
            ("encoder", {"beta": 0.0}, {"encoder", "decoder", "discriminator"}),
            ("decoder", {"feature_weight": 0.0}, {"decoder", "discriminator"}),
            ("discriminator", {}, {"encoder", "decoder", "discriminator"}),
        ],
    )
    def test_a_loss_depends_on_networks_but_moves_its_own_player_alone(
        self, digits, player, weights, reached
    ):
        model = contract.eagerly(self.make(average_momentum=None, **weights))
        names = ("encoder", "decoder", "discriminator")
        model.compile(
            {p: tf.keras.optimizers.SGD(1e-2 * (p == player)) for p in names},
            run_eagerly=True,
        )
        before = {name: contract.weights(getattr(model, name)) for name in names}
        model.train_step(tf.constant(digits[0][:8].astype("float32") / 255.0))
        moved = {
            name
            for name in names
            if any(
                not np.array_equal(a, b)
                for a, b in zip(
                    before[name], contract.weights(getattr(model, name)), strict=True
                )
                if a.ndim > 1 and a.shape[-1] > 1
            )
        }
        assert moved - {"decoder", "discriminator"} <= {player}
        assert player in moved

    def test_losses_are_made_of_their_terms(self, digits):
        model = self.make(beta=0.5, feature_weight=3.0)
        found = self.losses(model, digits)
        expected = found["feature_loss"] + 0.5 * found["kl_divergence"]
        np.testing.assert_allclose(found["encoder"], expected, rtol=1e-5)
        without = self.make(beta=0.5, feature_weight=0.0)
        without.set_weights(model.get_weights())
        game = self.losses(without, digits)["decoder"]
        expected = game + 3.0 * found["feature_loss"]
        np.testing.assert_allclose(found["decoder"], expected, rtol=1e-5)

    def test_a_judge_that_cannot_tell_costs_log_2_for_each_term(self, digits):
        model = self.make()
        weights = [np.zeros(w.shape) for w in model.discriminator.get_weights()]
        model.discriminator.set_weights(weights)
        found = self.losses(model, digits)
        np.testing.assert_allclose(found["discriminator"], 3 * np.log(2), rtol=1e-5)
        np.testing.assert_allclose(found["decoder"], 2 * np.log(2), rtol=1e-5)
        np.testing.assert_allclose(found["feature_loss"], 0.0, atol=1e-6)
        judged = model.discriminate(digits[0][:3])
        np.testing.assert_allclose(judged, 0.5)
