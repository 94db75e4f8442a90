"""Fully connected encoder and decoder, as in the first variational autoencoders.

Reference: Kingma & Welling 2014, Auto-Encoding Variational Bayes (arXiv:1312.6114),
appendix C: hidden layers of tanh units.
"""

import math

import keras
from keras import layers

from kerasgen.networks.blocks import check_switches
from kerasgen.networks.blocks import inputs_with
from kerasgen.networks.blocks import labelled
from kerasgen.networks.blocks import linear
from kerasgen.networks.blocks import normalize


def dense_encoder(
    image_shape: tuple,
    latent_dim: int,
    num_classes: int | None = None,
    *,
    width: int = 500,
    depth: int = 1,
    normalization: str | None = None,
    skip_connections: bool = False,
    activation: str = "tanh",
) -> keras.Model:
    """Map images to the mean and log-variance of a diagonal Gaussian over latents.

    Args:
        image_shape: `(height, width, channels)` of the images, pixels in [0, 1].
        latent_dim: Number of latents.
        num_classes: With an int, labels are a second input.
        width: Units of each hidden layer.
        depth: Number of hidden layers, at least 1.
        normalization: "batch", "layer", "spectral" or None.
        skip_connections: Whether each hidden layer after the first adds its input.
        activation: Keras activation of the hidden layers.

    Returns:
        `keras.Model` from images `(batch, *image_shape)` [and labels `(batch,)`] to
        `[mean, log_variance]`, both float32 of shape `(batch, latent_dim)`.

    Raises:
        ValueError: If a switch is out of range.
    """
    check_switches(width, depth, normalization)
    images = keras.Input(image_shape, name="images")
    pixels, labels = labelled(layers.Flatten()(images), num_classes)
    x = _hidden_layers(
        pixels, width, depth, normalization, skip_connections, activation
    )
    mean = layers.Dense(latent_dim, dtype="float32", name="mean")(x)
    log_variance = layers.Dense(latent_dim, dtype="float32", name="log_variance")(x)
    return keras.Model(
        inputs_with(labels, images), [mean, log_variance], name="encoder"
    )


def dense_decoder(
    image_shape: tuple,
    latent_dim: int,
    num_classes: int | None = None,
    *,
    width: int = 500,
    depth: int = 1,
    normalization: str | None = None,
    skip_connections: bool = False,
    activation: str = "tanh",
) -> keras.Model:
    """Map latents to images through hidden layers of one width.

    Args:
        image_shape: `(height, width, channels)` of the images.
        latent_dim: Number of latents.
        num_classes: With an int, labels are a second input.
        width: Units of each hidden layer.
        depth: Number of hidden layers, at least 1.
        normalization: "batch", "layer", "spectral" or None.
        skip_connections: Whether each hidden layer after the first adds its input.
        activation: Keras activation of the hidden layers.

    Returns:
        `keras.Model` from latents `(batch, latent_dim)` [and labels `(batch,)`] to
        float32 pixels in [0, 1], shape `(batch, *image_shape)`.

    Raises:
        ValueError: If a switch is out of range.
    """
    check_switches(width, depth, normalization)
    latents = keras.Input((latent_dim,), name="latents")
    code, labels = labelled(latents, num_classes)
    x = _hidden_layers(code, width, depth, normalization, skip_connections, activation)
    x = layers.Reshape(image_shape)(layers.Dense(math.prod(image_shape))(x))
    images = layers.Activation("sigmoid", dtype="float32", name="pixels")(x)
    return keras.Model(inputs_with(labels, latents), images, name="decoder")


def point_encoder(encoder: keras.Model) -> keras.Model:
    """Make a deterministic encoder of a Gaussian one: its mean, without the variance.

    Args:
        encoder: `keras.Model` to `[mean, log_variance]`.

    Returns:
        `keras.Model` from the same inputs to codes, float32 `(batch, latent_dim)`.
    """
    return keras.Model(
        inputs_with(None, *encoder.inputs), encoder.outputs[0], name=encoder.name
    )


def _hidden_layers(x, width, depth, normalization, skip_connections, activation):
    for stage in range(depth):
        shortcut = x
        x = linear(layers.Dense, width, normalization=normalization)(x)
        x = layers.Activation(activation)(normalize(x, normalization))
        if skip_connections and stage:
            x = layers.Add()([x, shortcut])
    return x
