"""Fully connected networks, as in the first GAN."""

import math

import keras
from keras import layers

from kerasgen.networks import fused
from kerasgen.networks.blocks import check_switches
from kerasgen.networks.blocks import inputs_with
from kerasgen.networks.blocks import labelled
from kerasgen.networks.blocks import linear
from kerasgen.networks.blocks import logit
from kerasgen.networks.blocks import normalize


def dense_generator(
    image_shape,
    latent_dim,
    num_classes=None,
    *,
    width=256,
    depth=2,
    normalization="batch",
    skip_connections=False,
):
    """Maps latents to images through `depth` hidden layers.

    Args:
        image_shape: `(height, width, channels)` of the images.
        latent_dim: Number of latents.
        num_classes: With an int, labels are a second input.
        width: Units of the first hidden layer; each next one is twice as wide.
        depth: Number of hidden layers, at least 1.
        normalization: "batch", "layer", "spectral" or None.
        skip_connections: Whether each hidden layer also sees the latents.

    Returns:
        `keras.Model` from latents `(batch, latent_dim)` [and labels `(batch,)`] to
        float32 pixels in [0, 1].
    """
    check_switches(width, depth, normalization)
    latents = keras.Input((latent_dim,), name="latents")
    code, labels = labelled(latents, num_classes)
    x = code
    for stage in range(depth):
        if skip_connections and stage:
            x = layers.Concatenate()([x, code])
        x = linear(layers.Dense, width * 2**stage, normalization=normalization)(x)
        x = normalize(x, normalization)
        x = fused.LeakyReLU(0.2)(x)
    x = layers.Dense(math.prod(image_shape))(x)
    x = layers.Reshape(image_shape)(x)
    images = layers.Activation("sigmoid", dtype="float32", name="pixels")(x)
    return keras.Model(inputs_with(labels, latents), images, name="generator")


def dense_discriminator(
    image_shape,
    num_classes=None,
    *,
    width=256,
    depth=2,
    normalization=None,
    skip_connections=False,
    dropout=0.0,
):
    """Maps images to one logit through `depth` hidden layers.

    Args:
        image_shape: `(height, width, channels)` of the images, pixels in [0, 1].
        num_classes: With an int, labels are a second input.
        width: Units of the last hidden layer; each one before is twice as wide.
        depth: Number of hidden layers, at least 1.
        normalization: "batch", "layer", "spectral" or None.
        skip_connections: Whether each hidden layer also sees the pixels.
        dropout: Share of hidden units dropped in training, in [0, 1).

    Returns:
        `keras.Model` from images [and labels] to float32 logits of shape `(batch,)`.
    """
    check_switches(width, depth, normalization)
    images = keras.Input(image_shape, name="images")
    pixels = layers.Flatten()(layers.Rescaling(2.0, offset=-1.0)(images))
    x = pixels
    for stage in reversed(range(depth)):
        if skip_connections and stage < depth - 1:
            x = layers.Concatenate()([x, pixels])
        x = linear(layers.Dense, width * 2**stage, normalization=normalization)(x)
        x = normalize(x, normalization)
        x = fused.LeakyReLU(0.2)(x)
        if dropout:
            x = fused.Dropout(dropout)(x)
    logits, labels = logit(x, num_classes, normalization)
    return keras.Model(inputs_with(labels, images), logits, name="discriminator")


def rectifier_generator(image_shape, latent_dim, num_classes=None, *, widths):
    """Maps latents to images through rectifiers, without normalisation.

    Reference: Goodfellow et al. 2014 (arXiv:1406.2661), section 5: the networks of the
    first GAN on digits.

    Args:
        image_shape: `(height, width, channels)` of the images.
        latent_dim: Number of latents.
        num_classes: With an int, labels are a second input.
        widths: Units of each hidden layer.

    Returns:
        `keras.Model` from latents `(batch, latent_dim)` [and labels `(batch,)`] to
        float32 pixels in [0, 1].
    """
    small = keras.initializers.RandomUniform(-0.05, 0.05)
    latents = keras.Input((latent_dim,), name="latents")
    x, labels = labelled(latents, num_classes)
    for units in widths:
        x = layers.Dense(units, activation="relu", kernel_initializer=small)(x)
    x = layers.Dense(math.prod(image_shape), kernel_initializer=small)(x)
    x = layers.Reshape(image_shape)(x)
    images = layers.Activation("sigmoid", dtype="float32", name="pixels")(x)
    return keras.Model(inputs_with(labels, latents), images, name="generator")


def maxout_discriminator(image_shape, num_classes=None, *, widths, pieces=5):
    """Maps images to one logit through maxout layers with dropout.

    Reference: Goodfellow et al. 2014 (arXiv:1406.2661), section 5; Goodfellow et al.
    2013, Maxout Networks (arXiv:1302.4389), section 2. Dropout takes 0.2 of the pixels
    and half of each hidden layer.

    Args:
        image_shape: `(height, width, channels)` of the images, pixels in [0, 1].
        num_classes: With an int, labels are a second input.
        widths: Units of each hidden layer.
        pieces: Linear pieces of each unit, of which the largest counts.

    Returns:
        `keras.Model` from images [and labels] to float32 logits of shape `(batch,)`.
    """
    small = keras.initializers.RandomUniform(-0.005, 0.005)
    images = keras.Input(image_shape, name="images")
    x = fused.Dropout(0.2)(layers.Flatten()(images))
    for units in widths:
        x = layers.Dense(units * pieces, kernel_initializer=small)(x)
        x = layers.Reshape((1, units * pieces))(x)
        x = layers.MaxPooling1D(pieces, data_format="channels_first")(x)
        x = fused.Dropout(0.5)(layers.Flatten()(x))
    logits, labels = logit(x, num_classes, None)
    return keras.Model(inputs_with(labels, images), logits, name="discriminator")
