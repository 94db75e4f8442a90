"""Latents of images: known solutions, recovery, independence, refusals."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import kerasgen
from kerasgen.training import fit_latents
from kerasgen.training import inversion
from kerasgen.training import normal

SHAPE = (4, 3, 1)
MATRIX = np.random.default_rng(0).normal(size=(12, 5)).astype("float32")


def linear(latents, labels=None):
    """Images that are a linear map of five latents; labels lift all pixels."""
    flat = ops.matmul(latents, MATRIX.T)
    if labels is not None:
        flat = flat + 0.05 * ops.cast(labels, "float32")[:, None]
    return ops.reshape(flat, (-1, *SHAPE))


@pytest.fixture
def images():
    return np.random.default_rng(1).random((7, *SHAPE)).astype("float32")


def ridge(images, weight):
    """The solution of the linear problem: (AᵀA + w)⁻¹ Aᵀ x."""
    normal_matrix = MATRIX.T @ MATRIX + weight * np.eye(5)
    flat = images.reshape(len(images), -1)
    return np.linalg.solve(normal_matrix, MATRIX.T @ flat.T).T


@pytest.mark.parametrize("weight", [0.0, 2.0])
def test_a_linear_generator_is_inverted_by_ridge_regression(images, weight):
    latents, errors = fit_latents(linear, images, 5, steps=1500, prior_weight=weight)
    assert latents.dtype == errors.dtype == np.float32
    # Up to 6e-3 on some processors; without the prior it would be 0.1 and more.
    np.testing.assert_allclose(latents, ridge(images, weight), atol=1e-2)
    squares = (images - linear(latents).numpy()) ** 2
    np.testing.assert_allclose(errors, squares.mean(axis=(1, 2, 3)), rtol=1e-4)


def test_labels_reach_the_generator(images):
    labels = np.array([0, 3, 1, 2, 0, 4, 1])
    fitted = fit_latents(linear, images, 5, labels, steps=600, prior_weight=0.0)
    lifted = images - 0.05 * labels[:, None, None, None]
    np.testing.assert_allclose(fitted.latents, ridge(lifted, 0.0), atol=1e-3)


def test_bytes_are_the_pixels_that_they_stand_for(images):
    in_bytes = np.uint8(images * 255.0)
    found = fit_latents(linear, in_bytes, 5, steps=20).latents
    expected = fit_latents(linear, np.float32(in_bytes / 255.0), 5, steps=20).latents
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_images_do_not_disturb_each_other(images, monkeypatch):
    whole = fit_latents(linear, images, 5, steps=30)
    monkeypatch.setattr(inversion, "_BATCH_SIZE", 3)
    batched = fit_latents(linear, images, 5, steps=30)
    alone = fit_latents(linear, images[4:5], 5, steps=30)
    np.testing.assert_allclose(batched.latents, whole.latents, atol=1e-5)
    np.testing.assert_allclose(batched.errors, whole.errors, atol=1e-6)
    np.testing.assert_allclose(alone.latents, whole.latents[4:5], atol=1e-5)


def test_equal_seeds_give_equal_latents(images):
    first, again, other = (
        fit_latents(linear, images, 5, steps=10, seed=seed).latents
        for seed in (3, 3, 4)
    )
    assert np.array_equal(first, again)
    assert not np.allclose(first, other, atol=1e-3)


def test_a_model_finds_its_own_images_and_does_not_change():
    model = kerasgen.DCGAN(latent_dim=4, width=4, normalization="layer")
    generator = model.raw_generator  # trainable, unlike the averaged one
    latents = normal((6, 4), (1, 2))
    images = generator(latents, training=False).numpy()
    before = model.get_weights()
    fitted = fit_latents(
        lambda latents, labels: generator(latents, training=False),
        images,
        4,
        steps=300,
        prior_weight=0.0,
    )
    nothing = np.mean((images - images.mean(axis=0)) ** 2, axis=(1, 2, 3))
    assert np.median(fitted.errors / nothing) < 0.01
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_generator_that_is_dead_around_the_mean_is_inverted():
    # As some DCGANs are: latents of the prior never come near its mean.
    hidden = keras.layers.Dense(64, "relu")
    generator = keras.Sequential(
        [
            keras.Input((16,)),
            hidden,
            keras.layers.Dense(12, "sigmoid"),
            keras.layers.Reshape(SHAPE),
        ]
    )
    kernel = np.random.default_rng(0).normal(size=(16, 64))
    hidden.set_weights([kernel, np.full(64, -2.0)])
    near_mean = generator(0.1 * normal((5, 16), (0, 1))).numpy()
    assert np.abs(near_mean - 0.5).max() < 1e-6
    images = generator(normal((5, 16), (0, 0))).numpy()
    fitted = fit_latents(
        lambda latents, labels: generator(latents), images, 16, prior_weight=0.0
    )
    blank = np.mean((images - 0.5) ** 2, axis=(1, 2, 3))
    assert (fitted.errors < 0.1 * blank).all()


def test_half_precision_comes_back_as_float32(images):
    half = tf.cast(MATRIX, "bfloat16")

    def generate(latents, labels):
        flat = tf.cast(latents, "bfloat16") @ tf.transpose(half)
        return tf.reshape(flat, (-1, *SHAPE))

    fitted = fit_latents(generate, images, 5, steps=300, prior_weight=0.0)
    assert fitted.latents.dtype == fitted.errors.dtype == np.float32
    np.testing.assert_allclose(fitted.latents, ridge(images, 0.0), atol=0.1)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((2, *SHAPE[:2])), None, r"shape \(2, 4, 3\); expected \(num, height"),
        (np.zeros((0, *SHAPE)), None, "at least one image"),
        (np.full((2, *SHAPE), 1.5), None, r"floats in \[1.5, 1.5\]; expected \[0, 1\]"),
        (np.full((2, *SHAPE), np.nan), None, "NaN"),
        (np.zeros((2, *SHAPE), "int64"), None, "dtype int64; expected uint8"),
        (np.zeros((2, *SHAPE)), np.zeros(3, int), "2 images and 3 labels"),
        (np.zeros((2, 8, 8, 1)), None, r"makes images of shape \(4, 3, 1\); those to"),
    ],
)
def test_images_that_do_not_fit_are_refused(images, labels, message):
    with pytest.raises(ValueError, match=message):
        fit_latents(linear, images, 5, labels, steps=1)


def test_a_generator_without_gradients_is_refused(images):
    def rounded(latents, labels):
        return linear(ops.one_hot(ops.argmax(latents, axis=1), 5))

    with pytest.raises(ValueError, match="No gradient of the generated images"):
        fit_latents(rounded, images, 5)


def test_many_inversions_trace_without_a_warning(images, caplog):
    for _ in range(8):
        fit_latents(linear, images, 5, steps=1)
    assert "retracing" not in caplog.text
