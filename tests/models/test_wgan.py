import numpy as np
import pytest

import kerasgen
from tests import contract


class TestWGAN(contract.ModelContract):
    model_class = kerasgen.WGAN
    # Of a bound that nothing reaches, clipping changes nothing.
    arguments = {**contract.SMALL, "clip_value": 10.0}
    on_replicas = {"critic_steps": 1}
    bad_arguments = [
        ({"critic_steps": -1}, "critic_steps=-1; expected a positive integer"),
        ({"clip_value": 0.0}, "clip_value=0.0; expected a positive number"),
        ({"clip_value": float("nan")}, "clip_value=nan"),
    ]

    def test_networks_are_those_of_dcgan(self):
        wgan = self.make(critic_normalization="spectral")
        dcgan = kerasgen.DCGAN(**contract.SMALL)
        for mine, its in (
            (wgan.generator, dcgan.generator),
            (wgan.critic, dcgan.discriminator),
        ):
            assert [w.shape for w in mine.weights] == [w.shape for w in its.weights]

    @pytest.mark.parametrize(("critic_steps", "expected"), [(5, 3), (20, 0)])
    def test_the_generator_moves_after_every_few_critic_steps(
        self, digits, critic_steps, expected
    ):
        model = self.make(critic_steps=critic_steps)
        model.fit(digits[0], batch_size=8, verbose=0)
        assert int(model.optimizer["critic"].iterations) == 16
        assert int(model.optimizer["generator"].iterations) == expected

    def test_the_critics_weights_are_clipped_and_the_generators_not(self, digits):
        model = contract.eagerly(self.make(clip_value=0.02))
        model.train_on_batch(digits[0][:16])
        for weight in model.critic.trainable_variables:
            assert np.abs(weight.numpy()).max() <= 0.02 + 1e-7
        largest = [np.abs(w.numpy()).max() for w in model.generator.trainable_variables]
        assert max(largest) > 0.02

    def test_losses_are_differences_of_scores(self, digits):
        images = digits[0][:8].astype("float32") / 255.0
        model = self.make(average_momentum=None)
        model.seed_generator.state.assign([0, 5])
        losses = model.critic_losses(images, None, model.seed_generator, training=False)
        model.seed_generator.state.assign([0, 5])
        fakes = model.generate(model.draw_latents(images, model.seed_generator))
        expected = model.discriminate(fakes) - model.discriminate(images)
        np.testing.assert_allclose(losses["critic"], expected, rtol=1e-4, atol=1e-6)
