import keras
import numpy as np
import pytest

from kerasgen.models import EBGAN
from tests import contract


class TestEBGAN(contract.ModelContract):
    model_class = EBGAN
    arguments = {**contract.SMALL, "width": 8}
    epochs, batch_size = 10, 16
    bad_arguments = [
        ({"margin": 0.0}, "margin=0.0; expected a positive number"),
        ({"margin": -1.0}, "margin=-1.0; expected a positive number"),
        ({"pull_away_weight": -0.1}, "pull_away_weight=-0.1; expected a number of"),
        ({"code_dim": 0}, "code_dim=0; expected a positive integer"),
        ({"discriminator_normalization": "bach"}, "normalization='bach'"),
    ]

    def test_the_energy_is_the_distance_to_the_reconstruction(self, digits):
        model, images = self.make(), digits[0][:5]
        pixels = model.discriminator.get_layer("pixels").output
        autoencoder = keras.Model(model.discriminator.inputs[0], pixels)
        scaled = images.astype("float32") / 255.0
        error = (scaled - autoencoder(scaled).numpy()).reshape(5, -1)
        expected = np.linalg.norm(error, axis=1)
        np.testing.assert_allclose(model.discriminate(images), expected, rtol=1e-4)

    def test_losses_are_made_of_energies(self, digits):
        images = digits[0][:8].astype("float32") / 255.0
        model = self.make(margin=6.0, pull_away_weight=0.5)
        found = model.player_losses(images, None, model.evaluation_seed, False)
        real, fake = found["real_energy"].numpy(), found["fake_energy"].numpy()
        np.testing.assert_allclose(
            found["discriminator"], real + np.maximum(6.0 - fake, 0.0), rtol=1e-6
        )
        np.testing.assert_allclose(
            found["generator"], fake + 0.5 * found["pull_away"].numpy(), rtol=1e-6
        )

    def test_the_discriminator_becomes_an_autoencoder(self, digits, trained):
        model = trained.model
        before = self.make().discriminate(digits[0]).mean()
        after = model.discriminate(digits[0]).mean()
        noise = model.discriminate(np.random.default_rng(0).random((64, 28, 28, 1)))
        assert after < 0.8 * before
        assert noise.mean() > 1.2 * after

    @pytest.mark.parametrize("normalization", ["batch", "layer", "spectral"])
    def test_discriminators_with_a_normalisation_train(self, digits, normalization):
        model = contract.eagerly(self.make(discriminator_normalization=normalization))
        history = model.fit(digits[0][:32], batch_size=16, verbose=0).history
        assert all(np.isfinite(values).all() for values in history.values())
