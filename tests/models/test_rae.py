import numpy as np
import pytest
from keras import ops

import kerasgen
from tests import contract


class TestRAE(contract.ModelContract):
    model_class = kerasgen.RAE
    arguments = {**contract.SMALL, "width": 8}
    epochs, batch_size = 8, 16
    bad_arguments = [
        ({"code_weight": -1}, "code_weight=-1; expected a number of at least 0"),
        ({"decoder_weight": "no"}, "decoder_weight='no'; expected a number"),
        ({"gradient_weight": -1}, "gradient_weight=-1; expected a number of at least"),
        ({"gradient_weight": 1}, "decoder with batch normalisation"),
        ({"encoder_normalization": "bach"}, "normalization='bach'; expected one of"),
    ]

    def test_loss_is_the_sum_of_its_three_terms(self, digits):
        model = contract.eagerly(
            self.make(code_weight=0.3, decoder_weight=0.01, normalization="layer")
        )
        images = digits[0].astype("float32") / 255.0
        found = model.evaluate(images, batch_size=128, verbose=0, return_dict=True)
        codes = model.encode(images)
        lengths = 0.5 * np.square(codes).sum(axis=1).mean()
        layers = model.decoder._flatten_layers(include_self=False)
        kernels = [np.array(each.kernel) for each in layers if hasattr(each, "kernel")]
        penalty = 0.3 * lengths + 0.01 * sum(np.square(k).sum() for k in kernels)
        assert found["code_penalty"] == pytest.approx(lengths, rel=1e-4)
        expected = found["reconstruction_loss"] + penalty
        assert found["loss"] == pytest.approx(expected, rel=1e-4)

    def test_the_slope_of_a_linear_decoder_is_the_length_of_its_matrix(self, digits):
        """The mean of |Wᵀv|² over directions v is |W|²; the sigmoid's slope is 1/4."""
        model = kerasgen.RAE(
            (8, 8, 1), 2, normalization=None, gradient_weight=1.0, depth=1, width=2
        )
        matrix = np.random.default_rng(0).normal(size=(2, 64)).astype("float32") * 0.01
        model.seed_generator.state.assign([0, 5])
        penalty = model.slope_penalty(
            ops.zeros((20_000, 2)),
            lambda z: ops.reshape(ops.sigmoid(ops.matmul(z, matrix)), (-1, 8, 8, 1)),
            model.seed_generator,
        )
        expected = 0.5 * np.square(matrix / 4).sum()
        assert np.mean(penalty) == pytest.approx(expected, rel=0.02)

    def test_the_slope_of_the_decoder_is_in_the_loss(self, digits):
        model = self.make(normalization=None, gradient_weight=2.0)
        images = ops.convert_to_tensor(digits[0][:8] / np.float32(255))
        model.seed_generator.state.assign([0, 5])
        found = model.player_losses(images, None, model.seed_generator, training=False)
        encode, decode = model.bound(None, False)
        model.seed_generator.state.assign([0, 5])
        slope = model.slope_penalty(encode(images), decode, model.seed_generator)
        expected = found["reconstruction"] + model.code_weight * found["code_penalty"]
        expected += model.decoder_weight * model.decoder_norm() + 2.0 * slope
        assert np.min(slope) > 0.0
        np.testing.assert_allclose(found["autoencoder"], expected, rtol=1e-5)
        assert np.isfinite(self.fit(model, digits)["loss"]).all()

    def test_a_penalty_shrinks_the_decoder(self, digits):
        norms = []
        for weight in (0.0, 10.0):
            model = contract.eagerly(self.make(decoder_weight=weight))
            self.fit(model, digits, epochs=2)
            norms.append(float(model.decoder_norm()))
        assert norms[1] < 0.95 * norms[0]

    def test_a_fitted_prior_has_the_moments_of_the_codes(self, digits, tmp_path):
        model = self.make()
        codes = model.encode(digits[0])
        standard = model.sample(4, seed=0)
        model.fit_prior(digits[0], components=1)
        draws = model.fitted_prior.draw(20_000, (0, -1)).numpy()
        np.testing.assert_allclose(draws.mean(0), codes.mean(0), atol=0.05)
        np.testing.assert_allclose(np.cov(draws.T), np.cov(codes.T), atol=0.05)
        assert not np.array_equal(standard, model.sample(4, seed=0))
        assert np.array_equal(standard, model.sample(4, seed=0, prior="standard"))
        model.save(tmp_path / "model.keras")
        loaded = kerasgen.RAE.from_config(model.get_config())
        loaded.load_weights(tmp_path / "model.keras")
        assert np.array_equal(loaded.sample(4, seed=0), model.sample(4, seed=0))

    def test_fewer_images_than_components(self, digits):
        with pytest.raises(ValueError, match="Got 8 codes for 10 components"):
            self.make().fit_prior(digits[0][:8])

    def test_training_lowers_the_loss(self, trained):
        losses = trained.history["loss"]
        assert losses[-1] < 0.7 * losses[0]
