"""Convolutional networks, shared by all models that compare objectives.

DCGAN and WGAN use the same generator and discriminator body; CVAE and AdversarialVAE
the same encoder and decoder, which is the generator. Stages halve or double the image,
so height and width must be multiples of 2 to the power of `depth`.

Reference: Radford et al. 2016, Unsupervised Representation Learning with Deep
Convolutional Generative Adversarial Networks (arXiv:1511.06434), section 3.
"""

import keras
from keras import layers

from kerasgen.networks import fused
from kerasgen.networks.blocks import check_switches
from kerasgen.networks.blocks import hidden
from kerasgen.networks.blocks import inputs_with
from kerasgen.networks.blocks import labelled
from kerasgen.networks.blocks import linear
from kerasgen.networks.blocks import logit
from kerasgen.networks.blocks import normalize
from kerasgen.networks.blocks import spectral_only


def convolutional_generator(
    image_shape,
    latent_dim,
    num_classes=None,
    *,
    width=32,
    depth=2,
    normalization="batch",
    skip_connections=False,
    hidden_units=None,
    name="generator",
):
    """Maps latents to images: a dense layer, then `depth` transposed convolutions.

    Args:
        image_shape: `(height, width, channels)` of the images.
        latent_dim: Number of latents.
        num_classes: With an int, labels are a second input.
        width: Channels of the last hidden stage; each one before has twice as many.
        depth: Number of stages that double the image.
        normalization: "batch", "layer", "spectral" or None.
        skip_connections: Whether each stage adds its upsampled input to its output.
        hidden_units: Units of one more dense layer before all others, or None.
        name: Name of the network.

    Returns:
        `keras.Model` from latents `(batch, latent_dim)` [and labels `(batch,)`] to
        float32 pixels in [0, 1].

    Raises:
        ValueError: If the image cannot be made by `depth` doublings.
    """
    check_switches(width, depth, normalization)
    check_image_size(image_shape, depth)
    start = (image_shape[0] // 2**depth, image_shape[1] // 2**depth)
    channels = width * 2 ** (depth - 1)
    latents = keras.Input((latent_dim,), name="latents")
    x, labels = labelled(latents, num_classes)
    if hidden_units is not None:
        x = hidden(x, hidden_units, normalization)
    units = start[0] * start[1] * channels
    x = linear(layers.Dense, units, normalization=normalization)(x)
    x = layers.Reshape((*start, channels))(x)
    x = layers.ReLU()(normalize(x, normalization))
    for stage in range(depth - 1, 0, -1):
        shortcut = x
        x = up(width * 2 ** (stage - 1), normalization)(x)
        if skip_connections:
            shortcut = _shortcut(x.shape[-1], normalization)(shortcut)
            x = layers.Add()([x, layers.UpSampling2D(2)(shortcut)])
        x = layers.ReLU()(normalize(x, normalization))
    x = fused.Conv2DTranspose(image_shape[2], 4, strides=2, padding="same")(x)
    images = layers.Activation("sigmoid", dtype="float32", name="pixels")(x)
    return keras.Model(inputs_with(labels, latents), images, name=name)


def convolutional_discriminator(
    image_shape,
    num_classes=None,
    *,
    width=32,
    depth=2,
    normalization="batch",
    skip_connections=False,
    dropout=0.0,
    latent_dim=None,
    name="discriminator",
):
    """Maps images to one logit: `depth` strided convolutions, then two dense layers.

    The hidden dense layer, of 4 · `width` units, is a departure from Radford et al.,
    whose networks are deeper.

    Args:
        image_shape: `(height, width, channels)` of the images, pixels in [0, 1].
        num_classes: With an int, labels are the last input.
        width: Channels of the first stage; each next one has twice as many.
        depth: Number of stages that halve the image.
        normalization: "batch", "layer", "spectral" or None; the first stage has none.
        skip_connections: Whether each stage adds its downsampled input to its output.
        dropout: Share of activations dropped after each stage, in [0, 1).
        latent_dim: With an int, latents are the second input and the logit judges the
            pair (Dumoulin et al. 2017, arXiv:1606.00704).
        name: Name of the network.

    Returns:
        `keras.Model` from `images[, latents][, labels]` to float32 logits of shape
        `(batch,)`.

    Raises:
        ValueError: If the image cannot be halved `depth` times.
    """
    images = keras.Input(image_shape, name="images")
    x = down_stages(
        layers.Rescaling(2.0, offset=-1.0)(images),
        width,
        depth,
        normalization,
        skip_connections,
        dropout,
    )
    inputs = [images]
    if latent_dim is not None:
        latents = keras.Input((latent_dim,), name="latents")
        inputs.append(latents)
        code = hidden(latents, 4 * width, normalization)
        x = layers.Concatenate()([x, code])
    features = hidden(x, 4 * width, normalization)
    logits, labels = logit(features, num_classes, normalization)
    return keras.Model(inputs_with(labels, *inputs), logits, name=name)


def convolutional_encoder(
    image_shape,
    latent_dim,
    num_classes=None,
    *,
    width=32,
    depth=2,
    normalization=None,
    skip_connections=False,
):
    """Maps images to the mean and log-variance of a diagonal Gaussian over latents.

    After the convolutions comes a dense layer of 4 · `width` units.

    Args:
        image_shape: `(height, width, channels)` of the images, pixels in [0, 1].
        latent_dim: Number of latents.
        num_classes: With an int, labels are a second input.
        width: Channels of the first stage; each next one has twice as many.
        depth: Number of stages that halve the image.
        normalization: "batch", "layer", "spectral" or None; the first stage has none.
        skip_connections: Whether each stage adds its downsampled input to its output.

    Returns:
        `keras.Model` from images [and labels] to `[mean, log_variance]`, both float32
        of shape `(batch, latent_dim)`.

    Raises:
        ValueError: If the image cannot be halved `depth` times.
    """
    images = keras.Input(image_shape, name="images")
    x = down_stages(
        layers.Rescaling(2.0, offset=-1.0)(images),
        width,
        depth,
        normalization,
        skip_connections,
        dropout=0.0,
    )
    x, labels = labelled(x, num_classes)
    x = hidden(x, 4 * width, normalization)
    mean = layers.Dense(latent_dim, dtype="float32", name="mean")(x)
    log_variance = layers.Dense(latent_dim, dtype="float32", name="log_variance")(x)
    return keras.Model(
        inputs_with(labels, images), [mean, log_variance], name="encoder"
    )


def check_image_size(image_shape, depth):
    """Raises ValueError unless height and width can be halved `depth` times."""
    factor = 2**depth
    height, width, _ = image_shape
    if height % factor or width % factor:
        raise ValueError(
            f"image_shape={tuple(image_shape)} cannot be made with depth={depth}: "
            f"height and width must be multiples of {factor}. Pad or resize the "
            f"images, for example to {-(-height // factor) * factor}x"
            f"{-(-width // factor) * factor}, or pass a smaller depth."
        )


def up(channels, normalization):
    return linear(
        layers.Conv2DTranspose,
        channels,
        4,
        strides=2,
        padding="same",
        normalization=normalization,
    )


def _shortcut(channels, normalization):
    # What it is added to has a bias already.
    return linear(
        layers.Conv2D,
        channels,
        1,
        use_bias=False,
        normalization=spectral_only(normalization),
    )


def down_stages(x, width, depth, normalization, skip_connections, dropout):
    """Strided convolutions with leaky rectifiers, then flat features."""
    check_switches(width, depth, normalization)
    check_image_size(x.shape[1:], depth)
    for stage in range(depth):
        # The first stage sees pixels: normalising it would erase their contrast.
        here = None if stage == 0 and normalization != "spectral" else normalization
        shortcut = x
        x = linear(
            layers.Conv2D if stage else fused.Conv2D,
            width * 2**stage,
            4,
            strides=2,
            padding="same",
            normalization=here,
        )(x)
        if skip_connections:
            shortcut = layers.AveragePooling2D(2)(shortcut)
            x = layers.Add()([x, _shortcut(x.shape[-1], normalization)(shortcut)])
        x = fused.LeakyReLU(0.2)(normalize(x, here))
        if dropout:
            x = fused.Dropout(dropout)(x)
    return layers.Flatten()(x)
