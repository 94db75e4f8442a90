"""The dense networks of the first semi-supervised GANs on digits.

Reference: Salimans et al. 2016, Improved Techniques for Training GANs
(arXiv:1606.03498), section 6.1, and its code, train_mnist_feature_matching.py.
"""

import math

import keras
from keras import layers
from keras import ops

from kerasgen.networks import fused

# Mean of the squares of MNIST's pixels, and of a rectified standard normal number.
OF_PIXELS, OF_RECTIFIED = 0.1, 0.5


@keras.saving.register_keras_serializable("kerasgen")
class WeightNormalizedDense(layers.Layer):
    """Dense layer whose kernel has columns of one length.

    Reference: Salimans & Kingma 2016, Weight Normalization (arXiv:1602.07868).

    Args:
        units: Number of outputs.
        activation: Activation of the outputs by Keras' name, or None.
        scale: Length of the columns, positive float.
        trains_scale: Whether each column's length is trained, from `scale` on.
        **kwargs: Further arguments of `keras.layers.Layer`.
    """

    # Not a `keras.layers.Dense`, which saves its kernel and its bias alone.

    def __init__(
        self, units, *, activation=None, scale=1.0, trains_scale=False, **kwargs
    ):
        super().__init__(**kwargs)
        self.units = units
        self.activation = keras.activations.get(activation)
        self.scale, self.trains_scale = scale, trains_scale

    def build(self, input_shape):
        shape = (input_shape[-1], self.units)
        normal = keras.initializers.RandomNormal(0, 0.1)
        self.kernel = self.add_weight(shape, normal, name="kernel")
        self.bias = self.add_weight((self.units,), "zeros", name="bias")
        if self.trains_scale:
            start = keras.initializers.Constant(self.scale)
            self.lengths = self.add_weight((self.units,), start, name="lengths")

    def call(self, inputs):
        kernel = ops.convert_to_tensor(self.kernel)
        found = ops.sqrt(ops.sum(ops.square(kernel), axis=0) + 1e-12)
        lengths = self.lengths if self.trains_scale else self.scale
        outputs = ops.matmul(inputs, kernel * (lengths / found)) + self.bias
        return self.activation(outputs)

    def get_config(self):
        return super().get_config() | {
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "scale": self.scale,
            "trains_scale": self.trains_scale,
        }


def softplus_generator(
    image_shape: tuple, latent_dim: int, *, widths: tuple = (500, 500)
) -> keras.Model:
    """Map latents to images through softplus layers with batch normalisation.

    The weights of the last layer are normalised, with lengths that are trained.

    Args:
        image_shape: `(height, width, channels)` of the images.
        latent_dim: Number of latents.
        widths: Units of each hidden layer.

    Returns:
        `keras.Model` from latents `(batch, latent_dim)` to float32 pixels in [0, 1].
    """
    latents = x = keras.Input((latent_dim,), name="latents")
    for units in widths:
        x = layers.Dense(units, use_bias=False)(x)
        x = layers.Activation("softplus")(fused.BatchNormalization()(x))
    x = WeightNormalizedDense(math.prod(image_shape), trains_scale=True)(x)
    x = layers.Reshape(image_shape)(x)
    images = layers.Activation("sigmoid", dtype="float32", name="pixels")(x)
    return keras.Model(latents, images, name="generator")


def noisy_classifier(
    image_shape: tuple,
    num_outputs: int,
    *,
    widths: tuple = (1000, 500, 250, 250, 250),
    input_noise: float = 0.3,
    noise: float = 0.5,
) -> keras.Model:
    """Map images to logits and to the last hidden layer, with noise in training.

    The weights are normalised, so that noise stays noise: a network of free weights
    would drown it in large activations. Hidden layers keep the length of their columns.
    In the paper a batch of data finds these; here they are those that give outputs of
    variance 1 by the mean squares of MNIST's pixels and of rectified normal numbers.

    Args:
        image_shape: `(height, width, channels)` of the images, pixels in [0, 1].
        num_outputs: Number of logits.
        widths: Units of each hidden layer.
        input_noise: Standard deviation of Gaussian noise added to the pixels.
        noise: Likewise, to each hidden layer.

    Returns:
        `keras.Model` from images to `[logits, features]`, float32.
    """
    images = keras.Input(image_shape, name="images")
    x = layers.GaussianNoise(input_noise)(layers.Flatten()(images))
    scale = (OF_PIXELS + input_noise**2) ** -0.5
    for units in widths:
        x = WeightNormalizedDense(units, scale=scale, activation="relu")(x)
        features = x
        x = layers.GaussianNoise(noise)(x)
        scale = (OF_RECTIFIED + noise**2) ** -0.5
    logits = WeightNormalizedDense(
        num_outputs, scale=scale, trains_scale=True, dtype="float32", name="classes"
    )(x)
    features = layers.Activation("linear", dtype="float32", name="features")(features)
    return keras.Model(images, [logits, features], name="discriminator")
