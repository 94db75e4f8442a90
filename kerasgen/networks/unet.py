"""A small U-Net with a time input: the velocity of a flow, the noise of a diffusion.

Reference: Ronneberger et al. 2015, U-Net (arXiv:1505.04597), with the residual blocks
and the time embedding of Ho et al. 2020, Denoising Diffusion Probabilistic Models
(arXiv:2006.11239), appendix B; without attention.
"""

import math

import keras
from keras import layers
from keras import ops

from kerasgen.networks import fused
from kerasgen.networks.blocks import check_switches
from kerasgen.networks.convolutional import check_image_size

# Embeddings of this form are meant for steps 0 to 1000; times lie in [0, 1].
STEPS = 1000.0


@keras.saving.register_keras_serializable("kerasgen")
class SinusoidalEmbedding(layers.Layer):
    """Cosines and sines of a time in [0, 1], at frequencies in geometric progression.

    Reference: Vaswani et al. 2017, Attention Is All You Need (arXiv:1706.03762),
    section 3.5.

    Args:
        units: Length of the embedding, an even positive int.
        **kwargs: Further arguments of `keras.layers.Layer`.

    Raises:
        ValueError: If `units` is odd or not positive.
    """

    def __init__(self, units: int, **kwargs):
        super().__init__(**kwargs)
        if units < 2 or units % 2:
            raise ValueError(f"Got units={units}; expected an even positive integer.")
        self.units = units
        self.autocast = False  # sixteen bits cannot tell neighbouring times apart

    def call(self, time):
        """Embed times of shape `(batch,)`; the result has shape `(batch, units)`."""
        half = self.units // 2
        exponents = ops.arange(half, dtype="float32") / half
        frequencies = ops.exp(-math.log(10_000.0) * exponents)
        angles = STEPS * ops.cast(time, "float32")[:, None] * frequencies
        embedded = ops.concatenate([ops.cos(angles), ops.sin(angles)], axis=-1)
        return ops.cast(embedded, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        """Append the units to the shape of the times."""
        return (*input_shape, self.units)

    def get_config(self):
        """Return the constructor's arguments."""
        return super().get_config() | {"units": self.units}


def unet(
    image_shape: tuple,
    num_classes: int | None = None,
    *,
    width: int = 32,
    depth: int = 2,
    dropout: float = 0.0,
    name: str = "velocity",
) -> keras.Model:
    """Map noisy images and times to tensors of the images' shape.

    Going down, `depth` stages halve the image (28, 14, 7); going up, each joins what
    was seen at its size. One residual block a stage each way and two at the bottom, of
    `width` channels at the full size and twice as many below. The last convolution
    starts at zero, so that training starts from the least bold guess.

    Args:
        image_shape: `(height, width, channels)` of the images.
        num_classes: With an int, labels are the last input; the label `num_classes`
            stands for "not given", for guidance.
        width: Channels at the full size, a multiple of 4.
        depth: Number of stages that halve the image.
        dropout: Share of activations dropped in each block, in [0, 1).
        name: Name of the network.

    Returns:
        `keras.Model` from `[images (batch, *image_shape), times (batch,)]` [and labels
        `(batch,)`] to float32 of shape `(batch, *image_shape)`.

    Raises:
        ValueError: If a switch is out of range, or the image cannot be halved so often.
    """
    check_switches(width, depth, None)
    check_image_size(image_shape, depth)
    if width % 4:
        raise ValueError(f"Got width={width}; expected a multiple of 4.")
    images = keras.Input(image_shape, name="images")
    time = keras.Input((), name="time")
    inputs = [images, time]
    embedded = _embedded_time(time, 4 * width)
    if num_classes is not None:
        labels = keras.Input((), dtype="int32", name="labels")
        inputs.append(labels)
        of_label = layers.Embedding(num_classes + 1, 4 * width, name="label_embedding")
        embedded = layers.Add()([embedded, of_label(labels)])
    embedded = layers.Activation("silu")(embedded)
    outputs = _body(images, embedded, width, depth, dropout)
    return keras.Model(inputs, outputs, name=name)


def _embedded_time(time, units):
    x = SinusoidalEmbedding(units // 2)(time)
    return layers.Dense(units)(layers.Dense(units, activation="silu")(x))


def _body(images, embedded, width, depth, dropout):
    """Down, the bottom, and up, each stage joining what was seen at its size."""
    x = layers.Conv2D(width, 3, padding="same")(images)
    seen = []
    for stage in range(depth + 1):
        channels = width * min(2**stage, 2)
        x = _residual_block(x, embedded, channels, dropout)
        if stage < depth:
            seen.append(x)
            x = layers.Conv2D(channels, 3, strides=2, padding="same")(x)
    x = _residual_block(x, embedded, x.shape[-1], dropout)
    for stage in reversed(range(depth)):
        channels = width * min(2**stage, 2)
        x = layers.Conv2D(channels, 3, padding="same")(layers.UpSampling2D(2)(x))
        x = layers.Concatenate()([x, seen.pop()])
        x = _residual_block(x, embedded, channels, dropout)
    x = layers.Activation("silu")(_group_normalize(x))
    return layers.Conv2D(
        images.shape[-1],
        3,
        padding="same",
        kernel_initializer="zeros",
        dtype="float32",
        name="outputs",
    )(x)


def _residual_block(x, embedded, channels, dropout):
    """Two convolutions, with the embedding of time and label added in between."""
    shortcut = x
    if x.shape[-1] != channels:
        shortcut = layers.Conv2D(channels, 1)(x)
    x = layers.Activation("silu")(_group_normalize(x))
    x = layers.Conv2D(channels, 3, padding="same")(x)
    shift = layers.Reshape((1, 1, channels))(layers.Dense(channels)(embedded))
    x = layers.Activation("silu")(_group_normalize(layers.Add()([x, shift])))
    if dropout:
        x = fused.Dropout(dropout)(x)
    # The block starts as its shortcut (Ho et al. 2020).
    x = layers.Conv2D(channels, 3, padding="same", kernel_initializer="zeros")(x)
    return layers.Add()([x, shortcut])


def _group_normalize(x):
    # Each image for itself: batch statistics would mix levels of noise.
    return layers.GroupNormalization(groups=4, epsilon=1e-5)(x)
