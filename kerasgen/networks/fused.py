"""Layers of Keras on TensorFlow's fused kernels: the same numbers in less time.

The one file of networks that calls TensorFlow: neither a fused normalisation nor a
gradient of one's own can be had from `keras.ops`. The classes keep the names of the
layers that they stand for, so that weights are saved under the same paths.

All may be differentiated twice, as a penalty on input gradients needs. Keras'
normalisations may not: they hold the mean fixed inside the variance, which drops a part
of the second derivative.
"""

import math

import keras
import tensorflow as tf
from keras import layers

from kerasgen import replicas


@keras.saving.register_keras_serializable("kerasgen")
class BatchNormalization(layers.BatchNormalization):
    """Batch normalisation over the last axis in one kernel each way.

    Keras takes mean, variance and the rest as separate operations, always in float32.
    With the fused kernels, which read bfloat16, a step of DCGAN takes 0.9 of the time.
    Moving statistics are Keras': the kernel returns the unbiased variance, which is
    turned back into the biased one. Replicas share the moments of the whole batch,
    which the kernel cannot take; their operations are Keras'.

    Reference: Ioffe & Szegedy 2015, Batch Normalization (arXiv:1502.03167), Alg. 1.
    """

    def call(self, inputs, training=False):
        is_last = self.axis in (-1, len(inputs.shape) - 1)
        if not is_last and replicas.current() is not None:
            raise ValueError(
                f"Got axis={self.axis} on several replicas; expected the last axis. "
                "Train on one device, or normalise the last axis."
            )
        is_plain = self.center and self.scale and self.variable_dtype == "float32"
        is_plain = is_plain and is_last
        if not is_plain or replicas.current() is not None:  # unknown to the kernel
            return super().call(inputs, training=training)
        gamma, beta, mean, variance = (
            tf.convert_to_tensor(weight)
            for weight in (
                self.gamma,
                self.beta,
                self.moving_mean,
                self.moving_variance,
            )
        )
        shape = tf.shape(inputs)
        is_training = bool(training and self.trainable)
        images = inputs
        if len(inputs.shape) != 4:
            images = tf.reshape(inputs, (-1, 1, 1, inputs.shape[-1]))
        outputs, batch_mean, batch_variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=images,
            scale=gamma,
            offset=beta,
            mean=() if is_training else mean,
            variance=() if is_training else variance,
            epsilon=self.epsilon,
            is_training=is_training,
        )
        if is_training:
            num = tf.cast(tf.size(images) // images.shape[-1], tf.float32)
            biased = batch_variance * ((num - 1.0) / num)
            self.moving_mean.assign(
                mean * self.momentum + batch_mean * (1.0 - self.momentum)
            )
            self.moving_variance.assign(
                variance * self.momentum + biased * (1.0 - self.momentum)
            )
        outputs.set_shape(images.shape)
        return outputs if len(inputs.shape) == 4 else tf.reshape(outputs, shape)

    def _moments(self, inputs, mask):
        if replicas.current() is None:
            return super()._moments(inputs, mask)
        axes = [axis for axis in range(len(inputs.shape) - 1)]
        num = tf.size(inputs) // inputs.shape[-1]
        num = replicas.total_sum(tf.cast(num, inputs.dtype))
        mean = replicas.total_sum(tf.reduce_sum(inputs, axes)) / num
        squares = tf.reduce_sum(tf.square(inputs - mean), axes)
        return mean, replicas.total_sum(squares) / num


@keras.saving.register_keras_serializable("kerasgen")
class LayerNormalization(layers.LayerNormalization):
    """Layer normalisation over the last axes, with its gradient written out.

    The axes end with the last one: all but the batch's, as layers of this package have
    them, or fewer. Automatic differentiation of the moments passes over the activations
    more often; a step of WGAN takes 0.92 of the time.

    Reference: Ba et al. 2016, Layer Normalization (arXiv:1607.06450), equation 3.

    Raises:
        ValueError: If the axes are others.
    """

    def build(self, input_shape):
        super().build(input_shape)
        rank = len(input_shape)
        axes = sorted(axis % rank for axis in self.axis)
        if axes != list(range(max(axes[0], 1), rank)):
            raise ValueError(
                f"Got axis={self.axis} for inputs of shape {tuple(input_shape)}; "
                f"expected the last axes, such as {list(range(1, rank))} or [-1]."
            )

    def call(self, inputs):
        if self.variable_dtype != "float32":
            return super().call(inputs)
        shape = inputs.shape[-len(self.axis) :]
        size = math.prod(shape)
        outputs = _standardized(
            tf.reshape(tf.cast(inputs, tf.float32), (-1, size)), self.epsilon
        )
        if self.scale:
            outputs = outputs * tf.reshape(tf.convert_to_tensor(self.gamma), (size,))
        if self.center:
            outputs = outputs + tf.reshape(tf.convert_to_tensor(self.beta), (size,))
        outputs = tf.cast(outputs, self.compute_dtype)
        return tf.reshape(outputs, (-1, *inputs.shape[1:]))


@keras.saving.register_keras_serializable("kerasgen")
class Dropout(layers.Dropout):
    """Dropout that draws 16 random bits for each unit.

    Half as many random numbers as Keras draws; a step of the dense GAN takes 0.98 of
    the time. The share dropped is right to 1 / 65536. Of replicas each takes the bits
    of its own rows.

    Reference: Srivastava et al. 2014, Dropout: A Simple Way to Prevent Neural Networks
    from Overfitting, section 4.
    """

    def call(self, inputs, training=False):
        if not training or self.rate == 0:
            return inputs
        if self.noise_shape is not None:
            if replicas.current() is not None:
                raise ValueError(
                    f"Got noise_shape={self.noise_shape} on several replicas; expected "
                    "None. Train on one device, or leave it out."
                )
            return super().call(inputs, training=training)
        seed = tf.cast(tf.convert_to_tensor(self.seed_generator.next()), tf.int32)
        bits = replicas.draw(lambda shape: _bits(shape, seed), tf.shape(inputs))
        is_kept = bits >= round(self.rate * 2**16)
        scaled = inputs * tf.cast(1.0 / (1.0 - self.rate), inputs.dtype)
        return tf.where(is_kept, scaled, tf.zeros((), inputs.dtype))


@keras.saving.register_keras_serializable("kerasgen")
class LeakyReLU(layers.LeakyReLU):
    """A leaky rectifier whose gradient looks at its outputs, not at its inputs.

    Both have the same sign, so the gradient is the same. On a CPU TensorFlow makes one
    kernel of a convolution, its bias and this rectifier; where a gradient still needs
    the sum in between, its optimizer "remapper" fails over the whole step, and says so
    at length.

    Reference: Maas et al. 2013, Rectifier Nonlinearities Improve Neural Network
    Acoustic Models, section 2.
    """

    def call(self, inputs):
        return _leaky_relu(inputs, float(self.negative_slope))


@keras.saving.register_keras_serializable("kerasgen")
class Conv2D(layers.Conv2D):
    """A convolution of pixels, 4 wide and 2 apart, with a fast gradient to the pixels.

    oneDNN's kernel for that gradient wastes most of its time where there are few
    channels. With this and `Conv2DTranspose`, DCGAN's step takes 0.93 of the time.

    Raises:
        ValueError: If strides, padding, dilation, groups or the data format are others.
    """

    def build(self, input_shape):
        _check_halving(self)
        super().build(input_shape)

    def convolution_op(self, inputs, kernel):
        return _convolution(inputs, tf.convert_to_tensor(kernel))


@keras.saving.register_keras_serializable("kerasgen")
class Conv2DTranspose(layers.Conv2DTranspose):
    """A transposed convolution to pixels, 4 wide and 2 apart; see `Conv2D` above."""

    def build(self, input_shape):
        _check_halving(self)
        super().build(input_shape)

    def call(self, inputs):
        outputs = _transposed_convolution(inputs, tf.convert_to_tensor(self.kernel))
        if self.use_bias:
            outputs = outputs + tf.convert_to_tensor(self.bias)
        return outputs if self.activation is None else self.activation(outputs)


def _check_halving(layer):
    """ValueError unless a convolution is one that the functions below compute."""
    expected = {
        "kernel_size": (4, 4),
        "strides": (2, 2),
        "padding": "same",
        "dilation_rate": (1, 1),
        "groups": 1,
        "data_format": "channels_last",
    }
    for name, value in expected.items():
        found = getattr(layer, name, value)
        if found != value:
            raise ValueError(
                f"Got {name}={found!r} for {type(layer).__name__} {layer.name!r}; "
                f"expected {value!r}. Take keras.layers.{type(layer).__name__}."
            )


def _leaky_relu(x, slope):
    @tf.custom_gradient
    def rectified(x):
        outputs = tf.nn.leaky_relu(x, slope)
        return outputs, lambda upstream: tf.raw_ops.LeakyReluGrad(
            gradients=upstream, features=outputs, alpha=slope
        )

    return rectified(x)


def _bits(shape, seed):
    """16 random bits for each element of a tensor of this shape."""
    size = tf.reduce_prod(shape)
    pairs = tf.random.stateless_uniform(
        [(size + 1) // 2], seed, minval=None, maxval=None, dtype=tf.uint32
    )
    return tf.reshape(tf.reshape(tf.bitcast(pairs, tf.uint16), [-1])[:size], shape)


@tf.custom_gradient
def _standardized(rows, epsilon):
    """Rows with mean 0 and variance 1."""
    centred = rows - _mean(rows)
    scale = tf.math.rsqrt(_mean(tf.square(centred)) + epsilon)
    outputs = centred * scale

    def gradients(upstream):
        along = outputs * _mean(upstream * outputs)
        return (upstream - _mean(upstream) - along) * scale, None

    return outputs, gradients


def _mean(rows):
    return tf.reduce_mean(rows, axis=1, keepdims=True)


@tf.custom_gradient
def _convolution(images, kernel):
    def gradients(upstream):
        return _transposed_convolution(upstream, kernel), _kernel_gradient(
            images, kernel, upstream
        )

    return tf.nn.conv2d(images, kernel, 2, "SAME"), gradients


@tf.custom_gradient
def _transposed_convolution(maps, kernel):
    """One matrix product, then the sum of the overlapping patches.

    Args:
        maps: Tensor of shape `(batch, height, width, features)`.
        kernel: Tensor of shape `(4, 4, channels, features)`.

    Returns:
        Tensor of shape `(batch, 2 * height, 2 * width, channels)` and its gradient.
    """

    def gradients(upstream):
        return _convolution(upstream, kernel), _kernel_gradient(upstream, kernel, maps)

    _, height, width, features = maps.shape
    channels = kernel.shape[2]
    matrix = tf.reshape(kernel, (-1, features))
    patches = tf.matmul(tf.reshape(maps, (-1, features)), matrix, transpose_b=True)
    patches = tf.reshape(patches, (-1, height, width, 4, 4 * channels))
    rows = tf.reshape(_overlap(patches, 1), (-1, 2 * height, width, 4, channels))
    columns = _overlap(rows, 2)
    return tf.reshape(columns, (-1, 2 * height, 2 * width, channels)), gradients


def _kernel_gradient(images, kernel, maps):
    return tf.raw_ops.Conv2DBackpropFilter(
        input=images,
        filter_sizes=kernel.shape,
        out_backprop=maps,
        strides=[1, 2, 2, 1],
        padding="SAME",
    )


def _overlap(patches, axis):
    """Adds what patches of 4 that start 2 apart share along an axis.

    Pixel 2i is the second of patch i and the last of patch i - 1; pixel 2i + 1 the
    third of patch i and the first of patch i + 1.

    Args:
        patches: Tensor of shape `(batch, rows, columns, 4, rest)`.
        axis: 1 for rows, 2 for columns.

    Returns:
        Tensor with the two pixels of each patch on a new axis after `axis`.
    """
    first, second, third, last = tf.unstack(patches, axis=3)
    from_before = _shifted(last, axis, 1)
    from_after = _shifted(first, axis, -1)
    return tf.stack([second + from_before, third + from_after], axis=axis + 1)


def _shifted(x, axis, by):
    """Moves a tensor along an axis by one; zeros come in."""
    begin, size, padding = [0] * 4, [-1] * 4, [[0, 0]] * 4
    begin[axis], size[axis] = max(-by, 0), x.shape[axis] - 1
    padding[axis] = [max(by, 0), max(-by, 0)]
    return tf.pad(tf.slice(x, begin, size), padding)
