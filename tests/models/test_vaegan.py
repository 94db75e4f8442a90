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
        (
            {"discriminator_normalization": "no"},
            "The discriminator cannot be made: normalization='no'; expected one of",
        ),
    ]

    def losses(self, model, digits, **kwargs):
        images = tf.constant(digits[0][:8].astype("float32") / 255.0)
        model.seed_generator.state.assign([0, 5])
        given = (images, None, model.seed_generator)
        return model.player_losses(*given, training=False)

    def test_the_game_stays_out_of_the_encoder(self, digits):
        model = self.make(discriminator_normalization=None)
        before = self.losses(model, digits)
        logit = model.discriminator.get_layer("logit")
        logit.set_weights([3.0 * weight + 1.0 for weight in logit.get_weights()])
        after = self.losses(model, digits)
        for key in ("encoder", "feature_loss", "kl_divergence"):
            np.testing.assert_allclose(before[key], after[key], rtol=1e-5)
        for key in ("decoder", "discriminator"):
            assert np.abs(before[key] - after[key]).min() > 1e-3

    @pytest.mark.parametrize("player", ["encoder", "decoder", "discriminator"])
    def test_a_loss_moves_its_own_network_alone(self, digits, player):
        model = self.make(average_momentum=None)
        rates = {name: 1e-3 * (name == player) for name in model.players}
        optimizers = {n: tf.keras.optimizers.Adam(rate) for n, rate in rates.items()}
        model.compile(optimizers, run_eagerly=True)

        def values():
            return {
                name: [v.numpy() for v in variables]
                for name, variables in model.player_variables().items()
            }

        before = values()
        model.train_step(tf.constant(digits[0][:8].astype("float32") / 255.0))
        after = values()
        moved = {n for n in before if not contract.same(before[n], after[n])}
        assert moved == {player}

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
        model = self.make(discriminator_normalization=None)
        weights = [np.zeros(w.shape) for w in model.discriminator.get_weights()]
        model.discriminator.set_weights(weights)
        found = self.losses(model, digits)
        np.testing.assert_allclose(found["discriminator"], 3 * np.log(2), rtol=1e-5)
        np.testing.assert_allclose(found["decoder"], 2 * np.log(2), rtol=1e-5)
        np.testing.assert_allclose(found["feature_loss"], 0.0, atol=1e-6)
        judged = model.discriminate(digits[0][:3])
        np.testing.assert_allclose(judged, 0.5)
