"""The dense networks of the first semi-supervised GANs on digits.

Reference: Salimans et al. 2016, Improved Techniques for Training GANs
(arXiv:1606.03498), section 6.1, and its code, train_mnist_feature_matching.py.
"""

import math

import keras
from keras import layers

from kerasgen.networks import fused


def softplus_generator(
    image_shape: tuple, latent_dim: int, *, widths: tuple = (500, 500)
) -> keras.Model:
    """Map latents to images through softplus layers with batch normalisation.

    Args:
        image_shape: `(height, width, channels)` of the images.
        latent_dim: Number of latents.
        widths: Units of each hidden layer.

    Returns:
        `keras.Model` from latents `(batch, latent_dim)` to float32 pixels in [0, 1].
    """
    latents = x = keras.Input((latent_dim,), name="latents")
    for units in widths:
        x = layers.Dense(units, use_bias=False)(x)
        x = layers.Activation("softplus")(fused.BatchNormalization()(x))
    x = layers.Reshape(image_shape)(layers.Dense(math.prod(image_shape))(x))
    images = layers.Activation("sigmoid", dtype="float32", name="pixels")(x)
    return keras.Model(latents, images, name="generator")


def noisy_classifier(
    image_shape: tuple,
    num_outputs: int,
    *,
    widths: tuple = (1000, 500, 250, 250, 250),
    input_noise: float = 0.3,
    noise: float = 0.5,
) -> keras.Model:
    """Map images to logits and to the last hidden layer, with noise in training.

    The paper's weights are normalised (Salimans & Kingma 2016, arXiv:1602.07868) and
    initialised by data; these are not.

    Args:
        image_shape: `(height, width, channels)` of the images, pixels in [0, 1].
        num_outputs: Number of logits.
        widths: Units of each hidden layer.
        input_noise: Standard deviation of Gaussian noise added to the pixels.
        noise: Likewise, to each hidden layer.

    Returns:
        `keras.Model` from images to `[logits, features]`, float32.
    """
    images = keras.Input(image_shape, name="images")
    x = layers.GaussianNoise(input_noise)(layers.Flatten()(images))
    for units in widths:
        x = layers.Dense(units, activation="relu", kernel_initializer="he_normal")(x)
        features = x
        x = layers.GaussianNoise(noise)(x)
    logits = layers.Dense(num_outputs, dtype="float32", name="classes")(x)
    features = layers.Activation("linear", dtype="float32", name="features")(features)
    return keras.Model(images, [logits, features], name="discriminator")
