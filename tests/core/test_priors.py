import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasgen.core.priors import COVARIANCE_FLOOR
from kerasgen.core.priors import GaussianMixturePrior


def blobs(num=600, seed=0):
    """Codes around (-3, 0) and, three times as often, around (3, 1), correlated."""
    rng = np.random.default_rng(seed)
    far = rng.multivariate_normal([3.0, 1.0], [[1.0, 0.8], [0.8, 1.0]], 3 * num // 4)
    near = rng.multivariate_normal([-3.0, 0.0], 0.25 * np.eye(2), num // 4)
    return np.concatenate([near, far])


def fitted(components=2, codes=None, **kwargs):
    prior = GaussianMixturePrior(2, components)
    prior.fit(blobs() if codes is None else codes, **kwargs)
    return prior


def test_until_fitted_it_is_the_standard_normal_distribution():
    draws = GaussianMixturePrior(3).draw(40_000, (1, -1)).numpy()
    assert draws.dtype == np.float32
    np.testing.assert_allclose(draws.mean(axis=0), 0.0, atol=0.03)
    np.testing.assert_allclose(np.cov(draws.T), np.eye(3), atol=0.03)


def test_one_component_has_the_mean_and_covariance_of_the_codes():
    codes = blobs()
    prior = fitted(components=1, codes=codes)
    np.testing.assert_allclose(prior.component_weights, [[1.0]], rtol=1e-6)
    np.testing.assert_allclose(prior.means[0, 0], codes.mean(axis=0), rtol=1e-5)
    factor = prior.cholesky_factors[0, 0].numpy()
    assert factor[0, 1] == 0.0
    expected = np.cov(codes.T, bias=True) + COVARIANCE_FLOOR * np.eye(2)
    np.testing.assert_allclose(factor @ factor.T, expected, rtol=1e-4)


def test_components_are_the_clusters_of_the_codes():
    prior = fitted()
    order = np.argsort(prior.component_weights[0])
    weights = prior.component_weights.numpy()[0, order]
    np.testing.assert_allclose(weights, [0.25, 0.75], atol=0.01)
    means = prior.means.numpy()[0, order]
    np.testing.assert_allclose(means, [[-3.0, 0.0], [3.0, 1.0]], atol=0.15)


def test_draws_have_the_moments_of_the_codes():
    codes = blobs()
    draws = fitted(codes=codes).draw(40_000, (3, -1)).numpy()
    np.testing.assert_allclose(draws.mean(axis=0), codes.mean(axis=0), atol=0.06)
    np.testing.assert_allclose(np.cov(draws.T), np.cov(codes.T), rtol=0.05, atol=0.05)
    assert np.mean(draws[:, 0] < 0) == pytest.approx(0.25, abs=0.01)


def test_draws_depend_on_the_seed_alone(tmp_path):
    prior = fitted()
    first = prior.draw(7, (5, -1)).numpy()
    assert np.array_equal(first, prior.draw(7, (5, -1)))
    assert not np.array_equal(first, prior.draw(7, (6, -1)))
    spec = [tf.TensorSpec((), tf.int32), tf.TensorSpec((2,), tf.int32)]
    graph = tf.function(prior.draw, input_signature=spec)
    assert np.array_equal(first, graph(tf.constant(7), tf.constant([5, -1])))
    archive = keras.export.ExportArchive()
    archive.add_endpoint("draw", prior.draw, spec)
    archive.write_out(tmp_path / "exported", verbose=False)
    restored = tf.saved_model.load(str(tmp_path / "exported"))
    assert np.array_equal(first, restored.draw(tf.constant(7), tf.constant([5, -1])))


def test_it_is_saved_with_the_model_that_holds_it(tmp_path):
    class Holder(keras.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.prior = GaussianMixturePrior(2, components=2)
            self.built = True

        def call(self, inputs):
            return inputs

    model, other = Holder(), Holder()
    model.prior.fit(blobs())
    assert not model.trainable_variables
    assert len(model.weights) == 3
    model.save_weights(tmp_path / "model.weights.h5")
    other.load_weights(tmp_path / "model.weights.h5")
    same = [each.prior.draw(5, (0, -1)) for each in (model, other)]
    assert np.array_equal(*same)


def test_its_config_makes_it_again():
    prior = GaussianMixturePrior(4, components=3, num_classes=5, name="fitted")
    again = GaussianMixturePrior.from_config(prior.get_config())
    assert again.get_config() == prior.get_config()
    assert [w.shape for w in again.weights] == [w.shape for w in prior.weights]


def test_equal_seeds_fit_equal_mixtures():
    first, second = fitted(seed=4), fitted(seed=4)
    for one, other in zip(first.weights, second.weights, strict=True):
        assert np.array_equal(one, other)


def test_reduced_precision_leaves_it_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    prior = GaussianMixturePrior(2)
    assert {w.dtype for w in prior.weights} == {"float32"}
    assert prior.draw(3, (0, -1)).dtype == tf.float32


def test_a_class_has_a_mixture_of_its_own():
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 3
    codes = 10.0 * labels[:, None] + rng.normal(size=(300, 2))
    prior = GaussianMixturePrior(2, components=2, num_classes=3)
    prior.fit(codes, labels)
    asked = np.array([2, 0, 1, 2] * 50)
    draws = prior.draw(200, (0, -1), asked).numpy()
    assert np.abs(draws - 10.0 * asked[:, None]).max() < 5.0


@pytest.mark.parametrize("labels", [None, np.zeros(3, "int32")])
def test_labels_are_for_a_prior_with_classes(labels):
    prior = GaussianMixturePrior(2, num_classes=2 if labels is None else None)
    with pytest.raises(ValueError, match="expected labels exactly where"):
        prior.draw(3, (0, -1), labels)


def test_codes_without_spread_have_the_floor_as_covariance():
    codes = np.zeros((50, 2))
    codes[:, 0] = np.random.default_rng(0).normal(size=50)
    prior = fitted(components=1, codes=codes)
    floor = prior.cholesky_factors[0, 0, 1, 1]
    assert float(floor) == pytest.approx(COVARIANCE_FLOOR**0.5, rel=1e-3)
    assert np.isfinite(prior.draw(10, (0, -1))).all()
    equal = fitted(components=3, codes=np.ones((20, 2)))
    assert np.isfinite(equal.draw(10, (0, -1))).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"components": 0}, "components=0; expected a positive integer"),
        ({"components": 2.0}, "components=2.0; expected a positive integer"),
        ({"latent_dim": 0}, "latent_dim=0; expected a positive integer"),
        ({"num_classes": 1}, "num_classes=1; expected at least 2"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixturePrior(**{"latent_dim": 2, **arguments})


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.zeros((9, 2)), "Got 9 codes for 10 components; expected at least 10"),
        (np.zeros((20, 3)), r"Got codes of shape \(20, 3\).*\(num, 2\)"),
        (np.zeros(20), r"Got codes of shape \(20,\)"),
        (np.full((20, 2), np.nan), "NaN or infinity"),
        (np.full((20, 2), np.inf), "NaN or infinity"),
        (np.full((20, 2), "a"), "expected floats"),
    ],
)
def test_bad_codes(codes, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixturePrior(2).fit(codes)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "Got no labels"),
        (np.zeros(40), "dtype float64; expected 40 integers"),
        (np.zeros(39, "int32"), r"shape \(39,\)"),
        (np.full(40, 2), "Got the label 2; expected 0 to 1"),
        (np.zeros(40, "int32"), "Got 0 codes of class 1 for 10 components"),
    ],
)
def test_bad_labels(labels, message):
    codes = np.random.default_rng(0).normal(size=(40, 2))
    with pytest.raises(ValueError, match=message):
        GaussianMixturePrior(2, num_classes=2).fit(codes, labels)


def test_bad_seed_and_labels_without_classes():
    with pytest.raises(
        ValueError, match="Got seed=-1; expected an integer of at least"
    ):
        fitted(seed=-1)
    with pytest.raises(ValueError, match="labels for a prior without classes"):
        fitted(labels=np.zeros(600, "int32"))
