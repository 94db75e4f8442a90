import numpy as np

import kerasgen
from tests import contract


class TestDCGAN(contract.ModelContract):
    model_class = kerasgen.DCGAN
    arguments = {**contract.SMALL, "width": 8}
    epochs, batch_size = 3, 16
    bad_arguments = [
        ({"image_shape": (30, 28, 1)}, "multiples of 4.* resize .* to 32x28"),
        ({"depth": 3}, "multiples of 8"),
        ({"depth": 0}, "depth=0; expected a positive integer"),
        ({"width": 0}, "width=0; expected a positive integer"),
        ({"normalization": "bach"}, "normalization='bach'; expected one of"),
        ({"objective": "mini_max"}, "Did you mean 'minimax'"),
    ]

    def test_discriminate_gives_probabilities(self, digits):
        judged = self.make().discriminate(digits[0][:7])
        assert judged.shape == (7,)
        assert ((judged > 0) & (judged < 1)).all()

    def test_other_games_have_scores(self, digits):
        game = self.make(objective="least_squares", average_momentum=None)
        outputs = game.discriminator(digits[0][:7] / np.float32(255), training=False)
        judged = game.discriminate(digits[0][:7])
        np.testing.assert_allclose(judged, outputs, rtol=1e-4, atol=1e-5)

    def test_discriminator_learns_to_tell_real_from_made(self, digits, trained):
        made = trained.model.sample(64, seed=0)
        gaps = [
            model.discriminate(digits[0]).mean() - model.discriminate(made).mean()
            for model in (self.make(), trained.model)
        ]
        assert gaps[1] > max(gaps[0], 0.0)
