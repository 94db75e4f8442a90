"""Judges that tell more than one thing of an image from shared features."""

import keras
from keras import layers

from kerasgen.networks import fused
from kerasgen.networks.blocks import hidden
from kerasgen.networks.blocks import linear
from kerasgen.networks.blocks import normalize
from kerasgen.networks.blocks import spectral_only
from kerasgen.networks.convolutional import down_stages


def judge_with_heads(
    image_shape: tuple,
    heads: dict,
    *,
    width: int = 32,
    depth: int = 2,
    normalization: str | None = "spectral",
    skip_connections: bool = False,
    dropout: float = 0.0,
    name: str = "discriminator",
) -> keras.Model:
    """Map images to several outputs: the body of DCGAN's discriminator, then heads.

    Args:
        image_shape: `(height, width, channels)` of the images, pixels in [0, 1].
        heads: Dict from the name of a head to its number of outputs; None stands for
            one number without an axis of its own, 0 for the shared features
            themselves, of width 4 · `width`.
        width: Channels of the first stage; each next one has twice as many.
        depth: Number of stages that halve the image.
        normalization: "batch", "layer", "spectral" or None; the first stage has none.
        skip_connections: Whether each stage adds its downsampled input to its output.
        dropout: Share of activations dropped after each stage, in [0, 1).
        name: Name of the network.

    Returns:
        `keras.Model` from images to a list of float32 outputs, in the order of `heads`.

    Raises:
        ValueError: If the image cannot be halved `depth` times.
    """
    images = keras.Input(image_shape, name="images")
    x = layers.Rescaling(2.0, offset=-1.0)(images)
    x = down_stages(x, width, depth, normalization, skip_connections, dropout)
    features = hidden(x, 4 * width, normalization)
    outputs = []
    for head, units in heads.items():
        if units == 0:
            linear_head = layers.Activation("linear", dtype="float32", name=head)
            outputs.append(linear_head(features))
            continue
        outputs.append(_head(features, units, normalization, head))
    return keras.Model(images, outputs, name=name)


def recognizing_judge(
    image_shape: tuple,
    num_categories: int,
    num_codes: int,
    *,
    width: int = 32,
    depth: int = 2,
    normalization: str | None = "batch",
    skip_connections: bool = False,
    name: str = "discriminator",
) -> keras.Model:
    """Map images to a logit, and by a further layer to a category and codes.

    Reference: Chen et al. 2016, InfoGAN (arXiv:1606.03657), appendix C.1: both dense
    layers are normalised like the convolutions.

    Args:
        image_shape: `(height, width, channels)` of the images, pixels in [0, 1].
        num_categories: Number of logits of a category.
        num_codes: Number of codes.
        width: Channels of the first stage; each next one has twice as many, the dense
            layer 8 · `width` units, that of category and codes 4 · `width`.
        depth: Number of stages that halve the image.
        normalization: "batch", "layer", "spectral" or None; the first stage has none.
        skip_connections: Whether each stage adds its downsampled input to its output.
        name: Name of the network.

    Returns:
        `keras.Model` from images to a list of float32 tensors of shapes `(batch,)`,
        `(batch, num_categories)` and `(batch, num_codes)`.

    Raises:
        ValueError: If the image cannot be halved `depth` times.
    """
    images = keras.Input(image_shape, name="images")
    x = layers.Rescaling(2.0, offset=-1.0)(images)
    x = down_stages(x, width, depth, normalization, skip_connections, 0.0)
    features = _dense_stage(x, 8 * width, normalization)
    recognized = _dense_stage(features, 4 * width, normalization)
    outputs = [
        _head(features, None, normalization, "logit"),
        _head(recognized, num_categories, normalization, "category"),
        _head(recognized, num_codes, normalization, "codes"),
    ]
    return keras.Model(images, outputs, name=name)


def _head(features, units, normalization, name):
    """A last layer; of one number without an axis of its own where `units` is None."""
    x = linear(
        layers.Dense,
        units or 1,
        normalization=spectral_only(normalization),
        dtype="float32",
        name=name,
    )(features)
    return layers.Reshape((), dtype="float32")(x) if units is None else x


def _dense_stage(x, units, normalization):
    x = linear(layers.Dense, units, normalization=normalization)(x)
    return fused.LeakyReLU(0.2)(normalize(x, normalization))
