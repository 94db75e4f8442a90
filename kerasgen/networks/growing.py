"""Networks that grow: every level is there from the start, and fades in by a number.

A level's share is 0 before it is born, in between while it fades in, and 1 afterwards.
With a share of 0 neither outputs nor gradients of a level count, so that weights of
levels to come stay as they are.

Reference: Karras et al. 2018, Progressive Growing of GANs for Improved Quality,
Stability, and Variation (arXiv:1710.10196).
"""

import math

import keras
from keras import layers
from keras import ops

from kerasgen import replicas
from kerasgen.networks import fused
from kerasgen.networks.blocks import check_switches
from kerasgen.networks.blocks import inputs_with
from kerasgen.networks.blocks import labelled
from kerasgen.networks.convolutional import check_image_size

ROOT_2 = math.sqrt(2.0)


def growing_generator(
    image_shape: tuple,
    latent_dim: int,
    num_classes: int | None = None,
    *,
    width: int = 16,
    depth: int = 2,
) -> keras.Model:
    """Map latents to images by levels, each twice as large as the one before.

    Args:
        image_shape: `(height, width, channels)` of the images.
        latent_dim: Number of latents, which are scaled to one length.
        num_classes: With an int, labels are a second input.
        width: Channels of the last level; each one before has twice as many.
        depth: Number of levels after the first.

    Returns:
        `keras.Model` from latents `(batch, latent_dim)` [and labels `(batch,)`] to
        float32 pixels in [0, 1], whose `Fade` layers are numbered from 1.

    Raises:
        ValueError: If the image cannot be made by `depth` doublings.
    """
    check_switches(width, depth, None)
    check_image_size(image_shape, depth)
    start = (image_shape[0] // 2**depth, image_shape[1] // 2**depth)
    channels = width * 2**depth
    latents = keras.Input((latent_dim,), name="latents")
    x, labels = labelled(latents, num_classes)
    x = PixelNormalization()(x)
    units = start[0] * start[1] * channels
    x = EqualizedDense(units, gain=ROOT_2 / 4.0)(x)
    x = layers.Reshape((*start, channels))(x)
    x = PixelNormalization()(fused.LeakyReLU(0.2)(x))
    x = _made(x, channels)
    images = _to_pixels(x, image_shape[2], 0)
    for level in range(1, depth + 1):
        channels //= 2
        x = layers.UpSampling2D(2)(x)
        x = _made(_made(x, channels), channels)
        older = layers.UpSampling2D(2, dtype="float32")(images)
        newer = _to_pixels(x, image_shape[2], level)
        images = Fade(level, dtype="float32", name=f"fade_{level}")([older, newer])
    return keras.Model(inputs_with(labels, latents), images, name="generator")


def growing_critic(
    image_shape: tuple,
    num_classes: int | None = None,
    *,
    width: int = 16,
    depth: int = 2,
) -> keras.Model:
    """Map images to one score: the generator's levels in reverse.

    Before the last level stands the standard deviation over the batch as a map of its
    own, so that a score depends on the batch that its image is in.

    Args:
        image_shape: `(height, width, channels)` of the images, pixels in [0, 1].
        num_classes: With an int, labels are a second input.
        width: Channels of the first level; each next one has twice as many.
        depth: Number of levels that halve the image.

    Returns:
        `keras.Model` from images [and labels] to float32 scores of shape `(batch,)`.

    Raises:
        ValueError: If the image cannot be halved `depth` times.
    """
    check_switches(width, depth, None)
    check_image_size(image_shape, depth)
    images = keras.Input(image_shape, name="images")
    smaller = layers.Rescaling(2.0, offset=-1.0)(images)
    channels = width
    x = _from_pixels(smaller, channels, depth)
    for level in range(depth, 0, -1):
        x = _judged(x, channels)
        x = layers.AveragePooling2D(2)(_judged(x, 2 * channels))
        channels *= 2
        smaller = layers.AveragePooling2D(2)(smaller)
        older = _from_pixels(smaller, channels, level - 1)
        x = Fade(level, name=f"fade_{level}")([older, x])
    x = layers.Concatenate()([x, BatchDeviation()(x)])
    x = layers.Flatten()(_judged(x, channels))
    features = fused.LeakyReLU(0.2)(EqualizedDense(channels, gain=ROOT_2)(x))
    score = EqualizedDense(1, gain=1.0, dtype="float32", name="score")(features)
    labels = None
    if num_classes is not None:
        labels = keras.Input((), dtype="int32", name="labels")
        projection = EqualizedDense(
            num_classes, gain=1.0, dtype="float32", name="label_projection"
        )
        chosen = ops.one_hot(labels, num_classes, dtype="float32")
        inner = layers.Dot(axes=1, dtype="float32")([projection(features), chosen])
        score = layers.Add(dtype="float32")([score, inner])
    scores = layers.Reshape((), dtype="float32")(score)
    return keras.Model(inputs_with(labels, images), scores, name="critic")


def set_growth(network: keras.Model, level) -> None:
    """Set the shares of all levels of a growing network.

    Args:
        network: Network with `Fade` layers.
        level: Level reached, a float: 1.25 is level 1 and a quarter of level 2.
    """
    for layer in network.layers:
        if isinstance(layer, Fade):
            layer.share.assign(_share(level, layer.level))


def levels_of(network: keras.Model) -> list[int]:
    """Numbers of the levels that a network grows by; none if it does not."""
    return sorted(each.level for each in network.layers if isinstance(each, Fade))


@keras.saving.register_keras_serializable("kerasgen")
class Fade(layers.Layer):
    """(1 - share) · older + share · newer, with a share that training sets.

    Args:
        level: Number of the level that fades in, from 1.
    """

    def __init__(self, level, **kwargs):
        super().__init__(**kwargs)
        self.level = level

    def build(self, input_shape=None):
        self.share = self.add_weight(
            shape=(), initializer="zeros", trainable=False, name="share"
        )

    def call(self, inputs):
        older, newer = inputs
        share = ops.cast(self.share, older.dtype)
        return (1.0 - share) * older + share * newer

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return super().get_config() | {"level": self.level}


@keras.saving.register_keras_serializable("kerasgen")
class PixelNormalization(layers.Layer):
    """Divide the channels of every pixel by their root mean square.

    Reference: Karras et al. 2018 (arXiv:1710.10196), section 4.2.
    """

    def call(self, inputs):
        x = ops.cast(inputs, "float32")
        squares = ops.mean(ops.square(x), axis=-1, keepdims=True)
        return ops.cast(x * ops.rsqrt(squares + 1e-8), self.compute_dtype)


@keras.saving.register_keras_serializable("kerasgen")
class BatchDeviation(layers.Layer):
    """One constant map: the standard deviation over the batch, averaged over features.

    Reference: Karras et al. 2018 (arXiv:1710.10196), section 3; here the whole batch is
    one group.
    """

    def call(self, inputs):
        x = ops.cast(inputs, "float32")
        batch = replicas.whole(x)
        variance = ops.mean(ops.square(batch - ops.mean(batch, axis=0)), axis=0)
        deviation = ops.mean(ops.sqrt(variance + 1e-8))
        shape = (*ops.shape(x)[:3], 1)
        return ops.cast(ops.broadcast_to(deviation, shape), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:3], 1)


class Equalized:
    """Mixin: a kernel of unit variance, scaled by gain / sqrt(fan in) at run time.

    Reference: Karras et al. 2018 (arXiv:1710.10196), section 4.1.
    """

    def __init__(self, *args, gain=ROOT_2, **kwargs):
        kwargs["kernel_initializer"] = keras.initializers.RandomNormal(stddev=1.0)
        super().__init__(*args, **kwargs)
        self.gain = gain

    def scaled_kernel(self):
        kernel = ops.convert_to_tensor(self.kernel)
        return kernel * (self.gain / math.sqrt(math.prod(kernel.shape[:-1])))

    def get_config(self):
        config = super().get_config() | {"gain": self.gain}
        del config["kernel_initializer"]
        return config


@keras.saving.register_keras_serializable("kerasgen")
class EqualizedDense(Equalized, layers.Dense):
    """Dense layer with an equalised rate.

    Args:
        units: Number of outputs.
        gain: Standard deviation of an output per root mean square of the inputs.
    """

    def call(self, inputs):
        return ops.matmul(inputs, self.scaled_kernel()) + self.bias


@keras.saving.register_keras_serializable("kerasgen")
class EqualizedConv2D(Equalized, layers.Conv2D):
    """Convolution with an equalised rate.

    Args:
        filters: Number of output channels.
        kernel_size: Width of the square kernel.
        gain: Standard deviation of an output per root mean square of the inputs.
    """

    def call(self, inputs):
        outputs = self.convolution_op(inputs, self.scaled_kernel())
        return outputs + self.bias


def _made(x, channels):
    x = EqualizedConv2D(channels, 3, padding="same")(x)
    return PixelNormalization()(fused.LeakyReLU(0.2)(x))


def _judged(x, channels):
    return fused.LeakyReLU(0.2)(EqualizedConv2D(channels, 3, padding="same")(x))


def _to_pixels(x, channels, level):
    x = EqualizedConv2D(channels, 1, gain=1.0, name=f"to_pixels_{level}")(x)
    return layers.Activation("sigmoid", dtype="float32")(x)


def _from_pixels(images, channels, level):
    x = EqualizedConv2D(channels, 1, name=f"from_pixels_{level}")(images)
    return fused.LeakyReLU(0.2)(x)


def at_level(images, level, depth: int):
    """Images as large as before, with the detail of a level between two others.

    What the critic is shown of real images while the generator cannot make more.

    Args:
        images: Tensor of shape `(batch, height, width, channels)`.
        level: Level reached, a float scalar; see `set_growth`.
        depth: Number of the last level, whose detail is that of `images`.

    Returns:
        Tensor of the shape of `images`.
    """
    shown = _coarse(images, 2**depth)
    for number in range(1, depth + 1):
        share = _share(level, number)
        finer = _coarse(images, 2 ** (depth - number))
        shown = (1.0 - share) * shown + share * finer
    return shown


def _share(reached, level):
    return ops.clip(ops.cast(reached, "float32") - (level - 1.0), 0.0, 1.0)


def _coarse(images, factor):
    if factor == 1:
        return images
    pooled = ops.average_pool(images, factor, factor)
    return ops.repeat(ops.repeat(pooled, factor, axis=1), factor, axis=2)
