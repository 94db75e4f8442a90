"""An autoregressive prior over a grid of codes, by masked convolutions.

Reference: van den Oord et al. 2016, Pixel Recurrent Neural Networks (arXiv:1601.06759),
section 3.4: PixelCNN, with masks A and B.
"""

import math

import keras
import numpy as np
from keras import layers
from keras import ops

from kerasgen.networks.blocks import check_switches


@keras.saving.register_keras_serializable("kerasgen")
class MaskedConv2D(layers.Conv2D):
    """A convolution that sees what comes earlier in raster order: above, then left.

    Args:
        filters: Number of output channels.
        kernel_size: Odd int, or pair of them.
        sees_itself: Whether the kernel's centre counts: False in the first layer (mask
            A), True after it (mask B).
        **kwargs: Further arguments of `keras.layers.Conv2D`; padding is "same".
    """

    def __init__(self, filters, kernel_size, sees_itself: bool, **kwargs):
        super().__init__(filters, kernel_size, **{**kwargs, "padding": "same"})
        self.sees_itself = sees_itself

    def build(self, input_shape):
        """Make the kernel and its mask of zeros and ones."""
        super().build(input_shape)
        height, width = self.kernel_size
        mask = np.zeros((height, width, 1, 1), "float32")
        mask[: height // 2] = 1.0
        mask[height // 2, : width // 2 + self.sees_itself] = 1.0
        self.mask = mask

    def convolution_op(self, inputs, kernel):
        """Convolve with the kernel where the mask is one."""
        return super().convolution_op(
            inputs, kernel * ops.cast(self.mask, kernel.dtype)
        )

    def get_config(self):
        """Return the constructor's arguments."""
        return super().get_config() | {"sees_itself": self.sees_itself}


def pixel_cnn(
    grid_shape: tuple,
    codebook_size: int,
    num_classes: int | None = None,
    *,
    width: int = 64,
    depth: int = 4,
    name: str = "prior",
) -> keras.Model:
    """Map a grid of codes to the logits of each code given those before it.

    The first layer's kernel spans the grid: 3x3 kernels alone would leave a blind spot
    above to the right.

    Args:
        grid_shape: `(height, width)` of the grid.
        codebook_size: Number of different codes, at least 2.
        num_classes: With an int, labels are a second input.
        width: Channels, a positive int.
        depth: Number of residual blocks.
        name: Name of the network.

    Returns:
        `keras.Model` from codes, int32 `(batch, height, width)` [and labels `(batch,)`]
        to float32 logits `(batch, height, width, codebook_size)`.

    Raises:
        ValueError: If a switch is out of range.
    """
    check_switches(width, depth, None)
    codes = keras.Input(grid_shape, dtype="int32", name="codes")
    inputs = codes
    few = max(width // 4, 1)  # the widest kernel sees them
    x = layers.Embedding(codebook_size, few, name="code_embedding")(codes)
    span = 2 * max(grid_shape) - 1
    x = MaskedConv2D(width, span, sees_itself=False)(x)
    if num_classes is not None:
        labels = keras.Input((), dtype="int32", name="labels")
        inputs = [codes, labels]
        of_label = layers.Embedding(num_classes, width, name="label_embedding")(labels)
        x = layers.Add()([x, layers.Reshape((1, 1, width))(of_label)])
    for _ in range(depth):
        shortcut = x
        x = layers.Conv2D(width // 2 or 1, 1, activation="relu")(layers.ReLU()(x))
        x = MaskedConv2D(width // 2 or 1, 3, sees_itself=True, activation="relu")(x)
        x = layers.Add()([layers.Conv2D(width, 1)(x), shortcut])
    x = layers.Conv2D(width, 1, activation="relu")(layers.ReLU()(x))
    logits = layers.Conv2D(codebook_size, 1, dtype="float32", name="logits")(x)
    return keras.Model(inputs, logits, name=name)


def normal_quantiles(noise):
    """Share of standard normal numbers that lie below given ones, in [0, 1].

    By a polynomial and an exponential, to 1e-7: LiteRT has no error function.

    Reference: Abramowitz & Stegun 1964, Handbook of Mathematical Functions, 7.1.26.

    Args:
        noise: Standard normal numbers, tensor of any shape.

    Returns:
        float32 tensor of the same shape.
    """
    x = ops.abs(noise) / math.sqrt(2.0)
    t = 1.0 / (1.0 + 0.3275911 * x)
    factors = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
    series = ops.zeros_like(t)
    for factor in factors:
        series = (series + factor) * t
    above = 0.5 * series * ops.exp(-ops.square(x))
    return ops.where(noise < 0.0, above, 1.0 - above)


def ancestral_codes(prior, noise, labels=None):
    """Draw grids of codes one place after another, each given those before it.

    Each place takes one number of the noise, whose quantile chooses the code: the
    result is a function of the noise, the same eagerly, in a graph and exported.

    Args:
        prior: `keras.Model` as of `pixel_cnn`.
        noise: Standard normal numbers, shape `(num, height · width)`.
        labels: Class of each grid, integers of shape `(num,)`, or None.

    Returns:
        int32 codes of shape `(num, height, width)`.
    """
    codes_input = prior.inputs[0]
    height, width = codes_input.shape[1:]
    quantiles = normal_quantiles(noise)
    extra = [] if labels is None else [ops.cast(labels, "int32")]
    places = ops.arange(height * width)

    def fill(place, codes):
        grid = ops.reshape(codes, (-1, height, width))
        logits = prior([grid, *extra] if extra else grid, training=False)
        logits = ops.reshape(logits, (-1, height * width, logits.shape[-1]))
        upper = ops.cumsum(ops.softmax(ops.take(logits, place, axis=1)), axis=-1)
        passed = ops.take(quantiles, place, axis=1)[:, None] >= upper[:, :-1]
        code = ops.sum(ops.cast(passed, "int32"), axis=-1, keepdims=True)
        return ops.where(places[None] == place, code, codes)

    start = ops.zeros(ops.shape(noise), dtype="int32")
    codes = ops.fori_loop(0, height * width, fill, start)
    return ops.reshape(codes, (-1, height, width))
