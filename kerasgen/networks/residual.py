"""Residual networks without normalisation, as in R3GAN.

A block's last convolution starts at zero and the others are scaled by the number of
blocks (Zhang et al. 2019, Fixup Initialization, arXiv:1901.09321), which takes the
place of normalisation.

Reference: Huang et al. 2024, The GAN is dead; long live the GAN! A Modern Baseline GAN
(arXiv:2501.05441), section 4.
"""

import keras
from keras import layers
from keras import ops

from kerasgen.networks import fused
from kerasgen.networks.blocks import check_switches
from kerasgen.networks.blocks import inputs_with
from kerasgen.networks.blocks import labelled
from kerasgen.networks.blocks import logit
from kerasgen.networks.convolutional import check_image_size

SLOPE = 0.2


def residual_generator(
    image_shape: tuple,
    latent_dim: int,
    num_classes: int | None = None,
    *,
    width: int = 32,
    depth: int = 2,
    blocks: int = 1,
) -> keras.Model:
    """Map latents to images: a learned basis, then residual blocks and doublings.

    Args:
        image_shape: `(height, width, channels)` of the images.
        latent_dim: Number of latents.
        num_classes: With an int, labels are a second input.
        width: Channels of the last stage; each one before has twice as many.
        depth: Number of stages that double the image, the last one to pixels.
        blocks: Residual blocks of each stage.

    Returns:
        `keras.Model` from latents `(batch, latent_dim)` [and labels `(batch,)`] to
        float32 pixels in [0, 1].

    Raises:
        ValueError: If the image cannot be made by `depth` doublings.
    """
    check_switches(width, depth, None)
    check_image_size(image_shape, depth)
    start = (image_shape[0] // 2**depth, image_shape[1] // 2**depth)
    latents = keras.Input((latent_dim,), name="latents")
    x, labels = labelled(latents, num_classes)
    x = layers.Dense(width * 2 ** (depth - 1), kernel_initializer=_initial(1.0))(x)
    x = LearnedBasis(*start, name="basis")(x)
    for stage in range(depth - 1, -1, -1):
        channels = width * 2**stage
        if x.shape[-1] != channels:
            x = layers.UpSampling2D(2, interpolation="bilinear")(x)
            x = layers.Conv2D(
                channels, 1, use_bias=False, kernel_initializer=_initial(1.0)
            )(x)
        for _ in range(blocks):
            x = _block(x, blocks * depth)
    x = fused.Conv2DTranspose(image_shape[2], 4, strides=2, padding="same")(x)
    images = layers.Activation("sigmoid", dtype="float32", name="pixels")(x)
    return keras.Model(inputs_with(labels, latents), images, name="generator")


def residual_discriminator(
    image_shape: tuple,
    num_classes: int | None = None,
    *,
    width: int = 32,
    depth: int = 2,
    blocks: int = 1,
) -> keras.Model:
    """Map images to one logit: the generator's stages in reverse.

    Args:
        image_shape: `(height, width, channels)` of the images, pixels in [0, 1].
        num_classes: With an int, labels are a second input.
        width: Channels of the first stage; each next one has twice as many.
        depth: Number of stages that halve the image, the first one from pixels.
        blocks: Residual blocks of each stage.

    Returns:
        `keras.Model` from images [and labels] to float32 logits of shape `(batch,)`.

    Raises:
        ValueError: If the image cannot be halved `depth` times.
    """
    check_switches(width, depth, None)
    check_image_size(image_shape, depth)
    images = keras.Input(image_shape, name="images")
    x = layers.Rescaling(2.0, offset=-1.0)(images)
    x = fused.Conv2D(
        width, 4, strides=2, padding="same", kernel_initializer=_initial(1.0)
    )(x)
    for stage in range(depth):
        channels = width * 2**stage
        if x.shape[-1] != channels:
            x = layers.Conv2D(
                channels, 1, use_bias=False, kernel_initializer=_initial(1.0)
            )(x)
            x = layers.AveragePooling2D(2)(x)
        for _ in range(blocks):
            x = _block(x, blocks * depth)
    # The generator's basis in reverse: one weighted sum over positions per channel.
    positions = x.shape[1] * x.shape[2]
    x = layers.DepthwiseConv2D(
        x.shape[1:3],
        use_bias=False,
        depthwise_initializer=keras.initializers.RandomNormal(stddev=positions**-0.5),
    )(x)
    logits, labels = logit(layers.Flatten()(x), num_classes, None)
    return keras.Model(inputs_with(labels, images), logits, name="discriminator")


@keras.saving.register_keras_serializable("kerasgen")
class LearnedBasis(layers.Layer):
    """Maps that are learned, each scaled by a number: vectors to small images.

    Args:
        height: Height of the maps.
        width: Width of the maps.
    """

    def __init__(self, height, width, **kwargs):
        super().__init__(**kwargs)
        self.height, self.width = height, width

    def build(self, input_shape):
        self.maps = self.add_weight(
            shape=(self.height, self.width, input_shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            name="maps",
        )

    def call(self, inputs):
        maps = ops.cast(ops.convert_to_tensor(self.maps), self.compute_dtype)
        return inputs[:, None, None, :] * maps

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.height, self.width, input_shape[-1])

    def get_config(self):
        return super().get_config() | {"height": self.height, "width": self.width}


def _block(x, num_blocks):
    """x + f(x), where f widens to twice the channels, mixes 3x3, and narrows again."""
    channels = x.shape[-1]
    scale = 2.0 / (1.0 + SLOPE**2) * num_blocks**-0.5
    y = layers.Conv2D(2 * channels, 1, kernel_initializer=_initial(scale))(x)
    y = fused.LeakyReLU(SLOPE)(y)
    y = layers.Conv2D(
        2 * channels, 3, padding="same", kernel_initializer=_initial(scale)
    )(y)
    y = fused.LeakyReLU(SLOPE)(y)
    y = layers.Conv2D(channels, 1, use_bias=False, kernel_initializer="zeros")(y)
    return layers.Add()([x, y])


def _initial(scale):
    """Normal weights of variance `scale` over the number of inputs."""
    return keras.initializers.VarianceScaling(scale, "fan_in", "untruncated_normal")
