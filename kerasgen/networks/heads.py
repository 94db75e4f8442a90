"""Judges that tell more than one thing of an image from shared features."""

import keras
from keras import layers

from kerasgen.networks.blocks import hidden
from kerasgen.networks.blocks import linear
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
        out = linear(
            layers.Dense,
            units or 1,
            normalization=spectral_only(normalization),
            dtype="float32",
            name=head,
        )(features)
        if units is None:
            out = layers.Reshape((), dtype="float32")(out)
        outputs.append(out)
    return keras.Model(images, outputs, name=name)
