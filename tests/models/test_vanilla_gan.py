import numpy as np

import kerasgen
from tests import contract


class TestVanillaGAN(contract.ModelContract):
    model_class = kerasgen.VanillaGAN
    without_dropout = {"dropout": 0.0}
    bad_arguments = [
        ({"objective": "mini_max"}, "Did you mean 'minimax'"),
        ({"dropout": 1.0}, r"dropout=1.0; expected .* \[0, 1\)"),
    ]

    def test_losses_are_those_of_the_paper(self, digits):
        images = digits[0][:8].astype("float32") / 255.0
        for objective in ("non_saturating", "minimax"):
            model = self.make(objective=objective, average_momentum=None)
            model.seed_generator.state.assign([0, 5])
            losses = model.player_losses(
                images, None, model.seed_generator, training=False
            )
            model.seed_generator.state.assign([0, 5])
            fakes = model.generate(model.draw_latents(images, model.seed_generator))
            real, fake = model.discriminate(images), model.discriminate(fakes)
            expected = -np.log(real) - np.log(1.0 - fake)
            np.testing.assert_allclose(losses["discriminator"], expected, rtol=1e-4)
            goals = {"minimax": np.log(1.0 - fake), "non_saturating": -np.log(fake)}
            np.testing.assert_allclose(losses["generator"], goals[objective], rtol=1e-4)
