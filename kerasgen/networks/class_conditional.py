"""Residual networks whose every block sees the class and a part of the latents.

Reference: Brock et al. 2019, Large Scale GAN Training for High Fidelity Natural Image
Synthesis (arXiv:1809.11096), appendix B, at 32 pixels as in the authors' CIFAR code.
"""

import keras
from keras import layers
from keras import ops

from kerasgen.networks import fused
from kerasgen.networks.blocks import SpectralNormalization
from kerasgen.networks.blocks import check_switches
from kerasgen.networks.blocks import inputs_with
from kerasgen.networks.convolutional import check_image_size


def class_conditional_generator(
    image_shape: tuple,
    latent_dim: int,
    num_classes: int | None = None,
    *,
    width: int = 32,
    depth: int = 2,
    embedding_dim: int = 32,
) -> keras.Model:
    """Map latents to images; each block is normalised by class and a part of z.

    Args:
        image_shape: `(height, width, channels)` of the images.
        latent_dim: Number of latents, a multiple of `depth + 1`: one part for the first
            layer and one for each block.
        num_classes: With an int, labels are a second input; their embedding is shared
            by all blocks.
        width: Channels of every block.
        depth: Number of blocks, each of which doubles the image.
        embedding_dim: Width of the shared embedding of labels.

    Returns:
        `keras.Model` from latents `(batch, latent_dim)` [and labels `(batch,)`] to
        float32 pixels in [0, 1].

    Raises:
        ValueError: If the latents cannot be parted, or the image cannot be made by
            `depth` doublings.
    """
    check_switches(width, depth, None)
    check_image_size(image_shape, depth)
    if latent_dim % (depth + 1):
        raise ValueError(
            f"Got latent_dim={latent_dim} with depth={depth}; expected a multiple of "
            f"{depth + 1}, one part for the first layer and one for each block. Take "
            f"{-(-latent_dim // (depth + 1)) * (depth + 1)}."
        )
    start = (image_shape[0] // 2**depth, image_shape[1] // 2**depth)
    latents = keras.Input((latent_dim,), name="latents")
    first, *parts = ops.split(latents, depth + 1, axis=1)
    labels = None
    if num_classes is not None:
        labels = keras.Input((), dtype="int32", name="labels")
        embedding = layers.Embedding(num_classes, embedding_dim, name="label_embedding")
        shared = embedding(labels)
        parts = [layers.Concatenate()([shared, part]) for part in parts]
    x = _spectral(layers.Dense, start[0] * start[1] * width)(first)
    x = layers.Reshape((*start, width))(x)
    for part in parts:
        x = _up_block(x, width, part)
    x = layers.ReLU()(fused.BatchNormalization(momentum=0.9, epsilon=1e-5)(x))
    x = _spectral(layers.Conv2D, image_shape[2], 3, padding="same")(x)
    images = layers.Activation("sigmoid", dtype="float32", name="pixels")(x)
    return keras.Model(inputs_with(labels, latents), images, name="generator")


def class_conditional_discriminator(
    image_shape: tuple,
    num_classes: int | None = None,
    *,
    width: int = 32,
    depth: int = 2,
) -> keras.Model:
    """Map images to one score: blocks that halve, two that do not, sums over positions.

    Labels enter by projection on an embedding that is not normalised: a spectral norm
    there takes the classes away.

    Args:
        image_shape: `(height, width, channels)` of the images, pixels in [0, 1].
        num_classes: With an int, labels are a second input.
        width: Channels of every block.
        depth: Number of blocks that halve the image; at most two do.

    Returns:
        `keras.Model` from images [and labels] to float32 scores of shape `(batch,)`.

    Raises:
        ValueError: If the image cannot be halved `depth` times.
    """
    check_switches(width, depth, None)
    check_image_size(image_shape, depth)
    images = keras.Input(image_shape, name="images")
    x = layers.Rescaling(2.0, offset=-1.0)(images)
    for block in range(min(depth, 2) + 2):
        x = _judging_block(x, width, halve=block < min(depth, 2), is_first=block == 0)
    features = ops.sum(layers.ReLU()(x), axis=(1, 2))
    score = _spectral(layers.Dense, 1, dtype="float32", name="score")(features)
    labels = None
    if num_classes is not None:
        labels = keras.Input((), dtype="int32", name="labels")
        embedded = layers.Embedding(
            num_classes,
            width,
            embeddings_initializer="orthogonal",
            dtype="float32",
            name="label_projection",
        )(labels)
        inner = layers.Dot(axes=1, dtype="float32")([features, embedded])
        score = layers.Add(dtype="float32")([score, inner])
    scores = layers.Reshape((), dtype="float32")(score)
    return keras.Model(inputs_with(labels, images), scores, name="discriminator")


def _spectral(layer_class, units, *args, **kwargs):
    inner = layer_class(
        units, *args, use_bias=False, kernel_initializer="orthogonal", **kwargs
    )
    return SpectralNormalization(inner)


def conditional_normalization(x, condition):
    """Batch normalisation whose gain is 1 + W c + v and whose shift is U c + u.

    The biases v and u are ours; they start at zero.

    Args:
        x: Symbolic maps, shape `(batch, height, width, channels)`.
        condition: Symbolic vectors c, shape `(batch, features)`.

    Returns:
        Symbolic tensor of the shape of `x`.
    """
    channels = x.shape[-1]
    gain, shift = (_spectral(layers.Dense, channels)(condition) for _ in range(2))
    x = fused.BatchNormalization(momentum=0.9, epsilon=1e-5, center=False, scale=False)(
        x
    )
    each = layers.Reshape((1, 1, channels))
    return x * (1.0 + each(gain)) + each(shift)


def _up_block(x, channels, condition):
    shortcut = layers.UpSampling2D(2)(x)
    shortcut = _spectral(layers.Conv2D, channels, 1)(shortcut)
    x = layers.ReLU()(conditional_normalization(x, condition))
    x = layers.UpSampling2D(2)(x)
    x = _spectral(layers.Conv2D, channels, 3, padding="same")(x)
    x = layers.ReLU()(conditional_normalization(x, condition))
    x = _spectral(layers.Conv2D, channels, 3, padding="same")(x)
    return layers.Add()([x, shortcut])


def _judging_block(x, channels, halve, is_first):
    shortcut = x
    if not is_first:  # a rectifier would cut the pixels in half
        x = layers.ReLU()(x)
    x = _spectral(layers.Conv2D, channels, 3, padding="same")(x)
    x = _spectral(layers.Conv2D, channels, 3, padding="same")(layers.ReLU()(x))
    if halve:
        x = layers.AveragePooling2D(2)(x)
        shortcut = layers.AveragePooling2D(2)(shortcut)
    if halve or shortcut.shape[-1] != channels:
        shortcut = _spectral(layers.Conv2D, channels, 1)(shortcut)
    return layers.Add()([x, shortcut])
