"""Features of a fixed random convolutional network, for images of any kind.

No label and no image shaped them, nothing is trained and nothing downloaded, so they
serve pictures that no classifier knows, and as a second opinion where a classifier of
digits rewards balanced classes. Distances in them see form and texture, not meaning.

Reference: Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative
Models", ICML 2020, section 4.3, where the network is a VGG16 at random weights.

Departure: smaller, and deeper for larger images, so that 28x28 pixels suffice. A 3x3
convolution with rectifiers and a halving by averages follow each other until no side
has more than eight pixels; a 4x4 grid of averages is then projected to 64 numbers by a
matrix with orthonormal columns. All weights come from one fixed seed.
"""

import functools

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from kerasgen.features.extractor import FeatureExtractor

# Another network, seed or size of the features is another version.
NAME = "random_cnn_v1"
SEED = 2020
# Channels of the first convolution and of all others.
FIRST_WIDTH, WIDTH = 32, 64
GRID, NUM_FEATURES, LARGEST_SIDE = 4, 64, 8


@functools.cache
def random_features(image_shape: tuple[int, int, int]) -> FeatureExtractor:
    """Extractor of random features for images of one shape.

    Args:
        image_shape: `(height, width, channels)`, sides of at least 4 pixels.

    Returns:
        `FeatureExtractor` named `random_cnn_v1`, in float32 whatever the global policy
        is: 64 features and no probabilities. Equal shapes give equal features on any
        machine, up to rounding.

    Raises:
        ValueError: If a side has fewer than 4 pixels.

    Example:
        >>> random_features((28, 28, 1)).name
        'random_cnn_v1'
    """
    if len(image_shape) != 3 or min(image_shape[:2]) < GRID:
        raise ValueError(
            f"Got images of shape {image_shape}; expected (height, width, channels) "
            f"with sides of at least {GRID} pixels. Resize the images."
        )
    model = _network(tuple(image_shape))
    return FeatureExtractor(NAME, model, image_shape=image_shape, fingerprint=NAME)


def _network(image_shape):
    generator = np.random.default_rng(SEED)
    policy = keras.DTypePolicy("float32")
    # Zeros until the weights are set: Keras would move the global seed for others.
    options = {"use_bias": False, "kernel_initializer": "zeros", "dtype": policy}
    weights = []

    def convolution(x):
        width = WIDTH if weights else FIRST_WIDTH
        shape = (3, 3, x.shape[-1], width)
        # Rectifiers halve the power; the factor 2 keeps it from block to block.
        weights.append(generator.normal(0.0, np.sqrt(2.0 / np.prod(shape[:3])), shape))
        layer = layers.Conv2D(width, 3, padding="same", activation="relu", **options)
        return layer(x)

    images = keras.Input(image_shape, name="images")
    x = layers.Rescaling(2.0, -1.0, dtype=policy)(images)
    while True:
        x = convolution(x)
        if max(x.shape[1:3]) <= LARGEST_SIDE:
            break
        x = layers.AveragePooling2D(2, padding="same", dtype=policy)(x)
    grid = layers.Lambda(
        lambda x: tf.image.resize(x, (GRID, GRID), method="area"),
        output_shape=(GRID, GRID, x.shape[-1]),
        dtype=policy,
    )
    x = layers.Flatten(dtype=policy)(grid(x))
    gaussian = generator.normal(size=(x.shape[-1], NUM_FEATURES))
    weights.append(np.linalg.qr(gaussian)[0])
    x = layers.Dense(NUM_FEATURES, name="features", **options)(x)
    model = keras.Model(images, x, name=NAME)
    model.set_weights(weights)
    return model
