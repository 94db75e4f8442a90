import numpy as np
import pytest
import tensorflow as tf

import kerasgen
from tests import contract


class TestIWAE(contract.ModelContract):
    model_class = kerasgen.IWAE
    arguments = {**contract.SMALL, "num_samples": 3}
    bad_arguments = [
        ({"num_samples": 0}, "num_samples=0; expected a positive integer"),
        ({"num_samples": 2.0}, "num_samples=2.0; expected a positive integer"),
        ({"reconstruction": "gausian"}, "Did you mean 'gaussian'"),
        ({"width": 0}, "width=0; expected a positive integer"),
    ]

    def test_one_sample_is_the_vae(self, digits):
        model = self.make(num_samples=1)
        other = kerasgen.VAE(**contract.SMALL, depth=2, seed=0)
        other.set_weights(model.get_weights())
        images = tf.constant(digits[0].astype("float32") / 255.0)
        losses = []
        for each in (model, other):
            each.seed_generator.state.assign([0, 5])
            given = (images, None, each.seed_generator)
            losses.append(each.player_losses(*given, training=False))
        for key in ("reconstruction", "kl_divergence"):
            np.testing.assert_allclose(losses[0][key], losses[1][key], rtol=1e-4)
        # The one has log q - log p of the draw, the other the divergence: equal means.
        draw = tf.function(
            lambda: model.player_losses(
                images, None, model.seed_generator, training=False
            )
        )
        repeated = [draw() for _ in range(200)]
        bound = np.mean([each["autoencoder"] for each in repeated])
        elbo = np.mean([each["reconstruction"] for each in repeated])
        elbo += np.mean(losses[0]["kl_divergence"])
        assert bound == pytest.approx(elbo, abs=0.05)

    def test_more_samples_do_not_loosen_the_bound(self, digits):
        models = [contract.eagerly(self.make(num_samples=num)) for num in (1, 8, 64)]
        models[0].fit(digits[0], epochs=2, batch_size=32, verbose=0)
        bounds = []
        for model in models:
            model.set_weights(models[0].get_weights())
            found = model.evaluate(digits[0][:64], verbose=0, return_dict=True)
            bounds.append(found["loss"])
        assert bounds == sorted(bounds, reverse=True)
        assert bounds[0] - bounds[-1] > 0.5

    def test_samples_of_an_image_do_not_mix_with_those_of_another(self, digits):
        model = self.make(num_classes=10)
        images = tf.constant(digits[0][:2].astype("float32") / 255.0)
        labels = tf.constant([3, 7])
        model.seed_generator.state.assign([0, 5])
        given = (images, labels, model.seed_generator)
        pair = model.player_losses(*given, training=False)
        other = tf.concat([images[:1], 1.0 - images[1:]], axis=0)
        model.seed_generator.state.assign([0, 5])
        given = (other, tf.constant([3, 1]), model.seed_generator)
        changed = model.player_losses(*given, training=False)
        for key in ("autoencoder", "reconstruction", "kl_divergence"):
            before, after = pair[key].numpy(), changed[key].numpy()
            assert before.shape == (2,)
            assert before[0] == pytest.approx(after[0], rel=1e-5)
            assert before[1] != pytest.approx(after[1], rel=1e-5)
