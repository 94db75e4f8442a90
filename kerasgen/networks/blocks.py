"""The pieces that the networks are made of: normalisation, labels, residual paths."""

import keras
from keras import layers
from keras import ops

from kerasgen.networks import fused

NORMALIZATIONS = ("batch", "layer", "spectral", None)


@keras.saving.register_keras_serializable("kerasgen")
class SpectralNormalization(layers.Wrapper):
    """Divides the kernel of a linear layer by its largest singular value.

    The kernel itself is left alone and the gradient passes through the singular value,
    which one power iteration per training call estimates.

    Reference: Miyato et al. 2018, Spectral Normalization for Generative Adversarial
    Networks (arXiv:1802.05957), Algorithm 1.

    Args:
        layer: `Dense`, `Conv2D` or `Conv2DTranspose` with `use_bias=False` and no
            activation; the wrapper adds the bias after the division.
    """

    def __init__(self, layer, **kwargs):
        super().__init__(layer, **kwargs)
        self.autocast = False  # the singular value is found in float32

    def build(self, input_shape=None):
        super().build(input_shape)
        kernel = self.layer.kernel
        # Of Keras' kernels only the transposed one keeps its outputs second to last.
        transposed = isinstance(self.layer, layers.Conv2DTranspose)
        self.output_axis = -2 if transposed else -1
        self.bias = self.add_weight(
            shape=(kernel.shape[self.output_axis],), initializer="zeros", name="bias"
        )
        self.direction = self.add_weight(
            shape=(kernel.shape[self.output_axis], 1),
            initializer=keras.initializers.RandomNormal(),
            trainable=False,
            name="direction",
        )

    def call(self, inputs, training=False):
        kernel = ops.convert_to_tensor(self.layer.kernel)
        scale = 1.0 / self._largest_singular_value(kernel, training)
        inputs = ops.cast(inputs, self.compute_dtype)
        if isinstance(self.layer, layers.Conv2D):
            # A convolution has fewer weights than outputs.
            kernel = ops.cast(kernel * scale, self.compute_dtype)
            outputs = self.layer.convolution_op(inputs, kernel)
        else:
            outputs = self.layer(inputs)
            outputs = outputs * ops.cast(scale, outputs.dtype)
        return outputs + ops.cast(self.bias, outputs.dtype)

    def _largest_singular_value(self, kernel, training):
        """One power iteration on the kernel as a matrix, a row for each output."""
        if self.output_axis == -2:
            kernel = ops.moveaxis(kernel, -2, -1)
        # The transpose of that matrix, since so the weights lie in memory.
        matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
        right = _unit(ops.matmul(matrix, self.direction))
        left = _unit(ops.matmul(ops.transpose(right), matrix))
        left, right = ops.stop_gradient(left), ops.stop_gradient(right)
        if training and self.trainable:
            self.direction.assign(ops.transpose(left))
        return ops.sum(ops.matmul(ops.transpose(right), matrix) * left)


def _unit(vector):
    return vector / (ops.norm(vector) + 1e-12)


def linear(layer_class, *args, normalization=None, use_bias=True, **kwargs):
    """A linear layer, wrapped where its kernel is to be spectrally normalised."""
    if normalization == "spectral":
        return SpectralNormalization(layer_class(*args, use_bias=False, **kwargs))
    # The shift of a normalisation that follows makes a bias redundant.
    use_bias = use_bias and normalization is None
    return layer_class(*args, use_bias=use_bias, **kwargs)


def spectral_only(normalization):
    """The switch for a layer whose activations are not normalised."""
    return "spectral" if normalization == "spectral" else None


def normalize(x, normalization):
    """Normalises activations: "batch", "layer" (all axes), or not at all."""
    if normalization == "batch":
        return fused.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    if normalization == "layer":
        return fused.LayerNormalization(axis=list(range(1, len(x.shape))))(x)
    return x


def check_switches(width, depth, normalization):
    """Raises ValueError unless a network can be made with these switches."""
    for name, value in (("width", width), ("depth", depth)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name}={value!r}; expected a positive integer.")
    if normalization not in NORMALIZATIONS:
        raise ValueError(
            f"normalization={normalization!r}; expected one of {NORMALIZATIONS}."
        )


def labelled(x, num_classes):
    """Appends an embedding of the label to a flat tensor.

    Args:
        x: Symbolic tensor of shape `(batch, features)`.
        num_classes: Number of classes, or None.

    Returns:
        `(x, labels)`: the longer tensor and the symbolic labels of shape `(batch,)`;
        `(x, None)` without classes.
    """
    if num_classes is None:
        return x, None
    labels = keras.Input((), dtype="int32", name="labels")
    embedded = layers.Embedding(num_classes, num_classes, name="label_embedding")
    return layers.Concatenate()([x, embedded(labels)]), labels


def hidden(x, units, normalization):
    """A dense layer with a leaky rectifier: what is far apart in an image meets here.

    Without one a discriminator is a linear template over the last feature map; DCGAN's
    samples were twice as far from the data. Of normalisations only "spectral" matters.
    """
    spectral = spectral_only(normalization)
    x = linear(layers.Dense, units, normalization=spectral)(x)
    return fused.LeakyReLU(0.2)(x)


def logit(features, num_classes, normalization):
    """The last layer of a discriminator or critic: one number for each example.

    Of normalisations only "spectral" matters: it bounds the slope of the logit, and
    with it how sure a discriminator can be. Without that bound DCGAN's discriminator
    won the game after some seven epochs, and samples became worse (`results/search/`).

    Labels enter by projection: the logit gains the inner product of the features with
    an embedding of the label (Miyato & Koyama 2018, cGANs with Projection
    Discriminator, arXiv:1802.05637). The embeddings are the columns of the kernel of
    "label_projection", so that the bound holds for their part, too.

    Args:
        features: Symbolic tensor of shape `(batch, features)`.
        num_classes: Number of classes, or None.
        normalization: "batch", "layer", "spectral" or None.

    Returns:
        `(logits, labels)`: float32 logits of shape `(batch,)`; symbolic labels or None.
    """
    spectral = spectral_only(normalization)
    out = linear(
        layers.Dense, 1, normalization=spectral, dtype="float32", name="logit"
    )(features)
    labels = None
    if num_classes is not None:
        labels = keras.Input((), dtype="int32", name="labels")
        projection = linear(
            layers.Dense,
            num_classes,
            normalization=spectral,
            dtype="float32",
            name="label_projection",
        )
        chosen = ops.one_hot(labels, num_classes, dtype="float32")
        inner = layers.Dot(axes=1, dtype="float32")([projection(features), chosen])
        out = layers.Add(dtype="float32")([out, inner])
    return layers.Reshape((), dtype="float32")(out), labels


def inputs_with(labels, *inputs):
    """The inputs of a network as Keras wants them: one tensor, or a list."""
    inputs = list(inputs) + ([] if labels is None else [labels])
    return inputs[0] if len(inputs) == 1 else inputs
