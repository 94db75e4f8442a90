import numpy as np
import pytest
import tensorflow as tf

import kerasgen
from tests import contract


class TestVQVAE(contract.ModelContract):
    model_class = kerasgen.VQVAE
    arguments = {
        "width": 16,
        "codebook_size": 8,
        "code_dim": 3,
        "prior_width": 8,
        "prior_depth": 1,
    }
    epochs, batch_size = 10, 16
    bad_arguments = [
        ({"codebook_size": 1}, "codebook_size=1; expected at least 2"),
        ({"codebook_size": 2.5}, "codebook_size=2.5; expected a positive integer"),
        ({"code_dim": 0}, "code_dim=0; expected a positive integer"),
        ({"commitment_weight": -1}, "commitment_weight=-1; expected a number of at"),
        ({"reconstruction": "gausian"}, "Did you mean 'gaussian'"),
        ({"latent_dim": 5}, "Got latent_dim=5; expected None or 49"),
        ({"depth": 0}, "depth=0; expected a positive integer"),
        ({"depth": 3}, "cannot be made with depth=3"),
        ({"prior_depth": 0}, "depth=0; expected a positive integer"),
    ]

    def gradients(self, model, images, player):
        given = (tf.constant(images), None, model.seed_generator)
        with tf.GradientTape() as tape:
            losses = model.player_losses(*given, training=False)
            loss = tf.reduce_mean(losses[player])
        names = ("encoder", "quantizer", "decoder", "prior")
        groups = [getattr(model, name).trainable_variables for name in names]
        found = tape.gradient(loss, [[v.value for v in group] for group in groups])
        return {
            name: any(g is not None and np.any(tf.convert_to_tensor(g)) for g in group)
            for name, group in zip(names, found, strict=True)
        }

    def test_each_loss_reaches_its_own_networks(self, digits):
        model = self.make()
        images = digits[0][:8].astype("float32") / 255.0
        reached = self.gradients(model, images, "autoencoder")
        assert reached == dict(encoder=True, quantizer=True, decoder=True, prior=False)
        reached = self.gradients(model, images, "prior")
        assert reached == dict(
            encoder=False, quantizer=False, decoder=False, prior=True
        )

    def test_reconstructions_are_decoded_codes(self, digits):
        model = self.make(num_classes=10)
        images, labels = digits[0][:6], digits[1][:6]
        codes = model.tokenize(images)
        assert codes.shape == (6, 7, 7) and codes.dtype == np.int32
        assert codes.min() >= 0 and codes.max() < 8
        restored = model.reconstruct(images, labels)
        np.testing.assert_allclose(restored, model.detokenize(codes, labels), atol=1e-5)
        for decode, given in ((model.reconstruct, images), (model.detokenize, codes)):
            with pytest.raises(ValueError, match="without labels|no labels"):
                decode(given)

    def test_codes_that_are_none_of_its_codebook(self):
        model = self.make()
        codes = np.zeros((2, 7, 7), "int32")
        for bad, message in (
            (codes + 8, r"Got codes in 8..8; expected 0..7"),
            (codes - 1, r"Got codes in -1..-1; expected 0..7"),
            (codes[:0], r"an empty array; expected 0..7"),
            (codes[0], r"shape \(7, 7\) .* expected integers of shape \(num, 7, 7\)"),
            (codes.astype("float32"), "dtype float32; expected integers"),
        ):
            with pytest.raises(ValueError, match=message):
                model.detokenize(bad)

    def test_a_uniform_prior_costs_the_logarithm_of_the_codebook(self, digits):
        model = contract.eagerly(self.make())
        logits = model.prior.get_layer("logits")
        logits.set_weights([np.zeros(w.shape) for w in logits.get_weights()])
        found = model.evaluate(digits[0], verbose=0, return_dict=True)
        assert found["prior_loss"] == pytest.approx(49 * np.log(8), rel=1e-5)

    def test_loss_is_reconstruction_and_both_distances(self, digits):
        model = contract.eagerly(self.make(commitment_weight=0.5))
        found = model.evaluate(digits[0], verbose=0, return_dict=True)
        # Codebook and commitment losses are one distance, of two gradients.
        expected = found["reconstruction_loss"] + 1.5 * found["commitment_loss"]
        assert found["loss"] == pytest.approx(expected, rel=1e-5)

    def test_training_lowers_both_losses(self, digits, trained):
        model, history = trained.model, trained.history
        assert history["reconstruction_loss"][-1] < 0.8 * history["loss"][0]
        assert history["prior_loss"][-1] < history["prior_loss"][0]
        used = np.unique(model.tokenize(digits[0]))
        assert len(used) > 2
