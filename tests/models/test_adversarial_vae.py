import keras
import numpy as np
import pytest

import kerasgen
from tests import contract


class TestAdversarialVAE(contract.ModelContract):
    model_class = kerasgen.AdversarialVAE
    bad_arguments = [
        ({"beta": -1.0}, "beta=-1.0; expected a number of at least 0"),
        ({"adversarial_weight": -1}, "adversarial_weight=-1; expected"),
        ({"reconstruction": "gausian"}, "Did you mean 'gaussian'"),
    ]

    def test_loss_has_the_three_terms(self, digits):
        model = contract.eagerly(self.make(beta=2.0, adversarial_weight=3.0))
        found = model.evaluate(digits[0], verbose=0, return_dict=True)
        expected = (
            found["reconstruction_loss"]
            + 2.0 * found["kl_divergence"]
            + 3.0 * found["adversarial_loss"]
        )
        assert found["loss"] == pytest.approx(expected, rel=1e-5)

    def test_without_the_game_a_step_is_that_of_a_vae(self, digits):
        # Batch statistics are those of two passes in one model and of one in the other.
        vae = kerasgen.CVAE(**contract.SMALL, normalization=None, seed=0)
        model = self.make(adversarial_weight=0.0, normalization=None)
        for network in ("encoder", "decoder"):
            weights = getattr(vae, network).get_weights()
            getattr(model, network).set_weights(weights)
        for one in (vae, model):
            rates = {"autoencoder": keras.optimizers.SGD(1e-4)}
            one.compile(rates, run_eagerly=True)
            one.fit(digits[0][:32], batch_size=32, shuffle=False, verbose=0)
        for network in ("encoder", "decoder"):
            pairs = zip(
                getattr(vae, network).get_weights(),
                getattr(model, network).get_weights(),
                strict=True,
            )
            for first, second in pairs:
                np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-6)

    def test_the_players_want_opposite_things(self, digits):
        model = self.make()
        images = digits[0][:32].astype("float32") / 255.0
        tensor = keras.ops.convert_to_tensor(images)
        losses = model.player_losses(tensor, None, model.seed_generator, training=False)
        discriminator, adversarial = (
            np.asarray(losses[key]) for key in ("discriminator", "adversarial")
        )
        # Each is log 2 twice where the discriminator cannot tell; their sum is least
        # there, so that what one player gains the other loses.
        assert np.all(discriminator + adversarial >= 4 * np.log(2) - 1e-4)
        judged = model.discriminate(images)
        assert judged.shape == (32,)
        assert ((judged > 0) & (judged < 1)).all()

    def test_discriminator_sees_the_latents(self, digits):
        model = self.make()
        images = digits[0][:2].astype("float32") / 255.0
        scores = [
            model.discriminator([images, np.full((2, 4), value, "float32")]).numpy()
            for value in (-1.0, 1.0)
        ]
        assert not np.allclose(*scores)
