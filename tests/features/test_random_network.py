"""Features of the fixed random network: fixed, for any images, and of use."""

import doctest

import keras
import numpy as np
import pytest

from kerasgen import metrics
from kerasgen.features import random_features
from kerasgen.features import random_network


def digits(num, seed, side=28, channels=1):
    """Bright bars at random places on black."""
    generator = np.random.default_rng(seed)
    images = np.zeros((num, side, side, channels), np.float32)
    for image in images:
        row, column = generator.integers(0, side - 4, 2)
        image[row : row + 4, column // 2 : column + 4] = 0.5 + 0.5 * generator.random()
    return images


# Of the released network: the first three features of two images.
KNOWN = [[-1.03853, -0.67068, -1.39128], [-1.07625, -0.84898, -1.39808]]


def test_example_of_the_docstring():
    assert doctest.testmod(random_network) == (0, 1)


def test_features_are_those_that_they_were():
    found = random_features((28, 28, 1))(digits(2, seed=0)).features
    assert (found.shape, found.dtype) == ((2, 64), np.float32)
    np.testing.assert_allclose(found[:, :3], KNOWN, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(8, 8, 1), (32, 32, 3), (40, 24, 3), (64, 64, 1)])
def test_any_size_and_colour_has_features(shape):
    extractor = random_features(shape)
    images = np.random.default_rng(0).integers(0, 256, (3, *shape), np.uint8)
    features, probabilities = extractor(images)
    assert features.shape == (3, 64) and probabilities is None
    assert features.std(axis=0).min() > 0.0
    assert not extractor.classifies and extractor.num_classes is None
    np.testing.assert_allclose(
        extractor(np.float32(images / 255.0)).features, features, rtol=1e-5, atol=1e-6
    )


def test_distance_grows_with_noise_and_with_blur():
    extractor = random_features((28, 28, 1))
    real, other = (extractor(digits(500, seed)).features for seed in (1, 2))
    floor = metrics.frechet_distance(real, other)
    noise = np.random.default_rng(3).random((500, 28, 28, 1)) - 0.5
    for spoiled in (
        lambda s: digits(500, 2) * (1 - s) + s * np.roll(digits(500, 2), 1, axis=1),
        lambda s: np.clip(digits(500, 2) + s * noise, 0.0, 1.0),
    ):
        distances = [
            metrics.frechet_distance(real, extractor(np.float32(spoiled(s))).features)
            for s in (0.2, 0.5)
        ]
        assert floor < distances[0] < distances[1]


def test_the_seed_and_the_policy_of_keras_do_not_matter():
    images = digits(4, seed=5)
    expected = random_features((28, 28, 1))(images).features
    keras.utils.set_random_seed(7)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        random_features.cache_clear()
        found = random_features((28, 28, 1))(images).features
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_array_equal(found, expected)


def test_images_that_are_too_small_are_refused():
    with pytest.raises(ValueError, match=r"Got images of shape \(3, 28, 1\)"):
        random_features((3, 28, 1))
