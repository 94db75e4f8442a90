"""A judge that is an autoencoder: what it cannot reconstruct has a high energy."""

import keras
from keras import layers
from keras import ops

from kerasgen.networks import fused
from kerasgen.networks.blocks import hidden
from kerasgen.networks.blocks import inputs_with
from kerasgen.networks.blocks import labelled
from kerasgen.networks.blocks import linear
from kerasgen.networks.blocks import normalize
from kerasgen.networks.convolutional import down_stages
from kerasgen.networks.convolutional import up


def autoencoding_judge(
    image_shape: tuple,
    code_dim: int,
    num_classes: int | None = None,
    *,
    width: int = 32,
    depth: int = 2,
    normalization: str | None = None,
    skip_connections: bool = False,
    name: str = "discriminator",
) -> keras.Model:
    """Map images to the error of their reconstruction, and to their codes.

    The energy is the Euclidean distance between image and reconstruction over all
    pixels and channels: some 10 for 28x28 digits and an untrained network.

    Reference: Zhao et al. 2017, Energy-based Generative Adversarial Network
    (arXiv:1609.03126), section 2.3.

    Args:
        image_shape: `(height, width, channels)` of the images, pixels in [0, 1].
        code_dim: Width of the code.
        num_classes: With an int, labels are a second input, which the decoder sees.
        width: Channels of the stage nearest to the pixels.
        depth: Number of stages that halve and double the image.
        normalization: "batch", "layer", "spectral" or None; "spectral" is the
            encoder's alone.
        skip_connections: Whether each stage of the encoder adds its downsampled input.
        name: Name of the network.

    Returns:
        `keras.Model` from images [and labels] to `[energy, code]`, float32 of shapes
        `(batch,)` and `(batch, code_dim)`.

    Raises:
        ValueError: If the image cannot be halved `depth` times.
    """
    images = keras.Input(image_shape, name="images")
    x = layers.Rescaling(2.0, offset=-1.0)(images)
    x = down_stages(x, width, depth, normalization, skip_connections, 0.0)
    code = layers.Dense(code_dim, dtype="float32", name="code")(x)
    x, labels = labelled(code, num_classes)
    decoder = None if normalization == "spectral" else normalization
    x = hidden(x, 4 * width, None)
    start = (image_shape[0] // 2**depth, image_shape[1] // 2**depth)
    channels = width * 2 ** (depth - 1)
    x = linear(layers.Dense, start[0] * start[1] * channels, normalization=decoder)(x)
    x = layers.Reshape((*start, channels))(x)
    x = layers.ReLU()(normalize(x, decoder))
    for stage in range(depth - 1, 0, -1):
        x = up(width * 2 ** (stage - 1), decoder)(x)
        x = layers.ReLU()(normalize(x, decoder))
    x = fused.Conv2DTranspose(image_shape[2], 4, strides=2, padding="same")(x)
    reconstruction = layers.Activation("sigmoid", dtype="float32", name="pixels")(x)
    squares = ops.square(reconstruction - ops.cast(images, "float32"))
    # A root has no slope at 0; 1e-6 moves an energy of 10 by less than its rounding.
    energy = ops.sqrt(ops.sum(squares, axis=(1, 2, 3)) + 1e-6)
    return keras.Model(inputs_with(labels, images), [energy, code], name=name)
