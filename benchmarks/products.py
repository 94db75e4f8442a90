"""The convolutions and matrix products of a training step, from the model's networks.

Each network is walked layer by layer: a dense layer is a matrix product, a convolution
`Conv2D`, a transposed one the gradient of a convolution by its input. The passes of a
step are what its algorithm needs: forward passes; gradients by weights, which need the
gradient by the input of each layer that has weights before it; and gradients by what a
network is given. Power iterations of spectral norms are matrix times vector and left
out, as is all that works on one number at a time.
"""

import collections
import dataclasses
import math

import tensorflow as tf
from keras import layers

# About what the activations of a step take: more than a cache near a core holds.
WORKING_SET = 16 * 2**20


@dataclasses.dataclass(frozen=True)
class Product:
    """One operation of TensorFlow with the shapes of what it takes and gives.

    Args:
        op: "MatMul", "Conv2D", "Conv2DBackpropInput" or "Conv2DBackpropFilter".
        first: Shape of the first tensor.
        second: Shape of the second tensor.
        result: Shape of the result.
        settings: Pairs of further arguments of the operation.
        flops: Floating-point operations, two for each multiplication.
    """

    op: str
    first: tuple
    second: tuple
    result: tuple
    settings: tuple
    flops: int

    def __call__(self, first, second):
        settings = dict(self.settings)
        if self.op == "MatMul":
            return tf.raw_ops.MatMul(a=first, b=second, **settings)
        if self.op == "Conv2D":
            return tf.raw_ops.Conv2D(input=first, filter=second, **settings)
        if self.op == "Conv2DBackpropInput":
            return tf.raw_ops.Conv2DBackpropInput(
                input_sizes=self.result, filter=second, out_backprop=first, **settings
            )
        return tf.raw_ops.Conv2DBackpropFilter(
            input=first, filter_sizes=self.result, out_backprop=second, **settings
        )


def of_step(model, batch_size):
    """The products of one training step of a model of the zoo.

    Args:
        model: Model of the zoo.
        batch_size: Images in a batch.

    Returns:
        Counter from `Product` to how often it is taken; parts of a step that WGAN takes
        once in `critic_steps` count as that fraction.
    """
    name = type(model).__name__
    total = collections.Counter()

    def add(network, forward=0, weights=0, weights_and_inputs=0, to_inputs=(), times=1):
        walked = Network(network, batch_size)
        names = tuple(tensor.name for tensor in network.inputs)
        for count, products in (
            (forward, walked.forward()),
            (weights, walked.backward()),
            (weights_and_inputs, walked.backward(through=names)),
            *((1, walked.backward(False, (names[i],))) for i in to_inputs),
        ):
            for product in products if count else ():
                total[product] += count * times

    if name in ("VanillaGAN", "DCGAN"):
        add(model.generator, forward=1, weights=1)
        # Each player has its own loss on the fakes, so these are gone through twice.
        add(model.discriminator, forward=2, weights=2, to_inputs=[0])
    elif name == "WGAN":
        add(model.generator, forward=1)
        add(model.critic, forward=2, weights=2)
        share = 1 / model.critic_steps
        add(model.generator, forward=1, weights=1, times=share)
        add(model.critic, forward=1, to_inputs=[0], times=share)
    elif name == "CVAE":
        add(model.encoder, forward=1, weights=1)
        add(model.decoder, forward=1, weights_and_inputs=1)
    else:
        add(model.encoder, forward=1, weights=1)
        add(model.decoder, forward=2, weights=1, weights_and_inputs=1)
        # By the codes of real images, and by the generated images.
        add(model.discriminator, forward=2, weights=2, to_inputs=[1, 0])
    return total


class Network:
    """The linear layers of a functional model, and what lies before each."""

    def __init__(self, network, batch_size):
        self.found = []  # (products of a layer, names of inputs before, weights before)
        before = {tensor.name: ({tensor.name}, False) for tensor in network.inputs}
        for layer in network.layers:
            if isinstance(layer, layers.InputLayer):
                before[layer] = before[layer.output.name]
                continue
            given = layer.input if isinstance(layer.input, list) else [layer.input]
            parents = [before[tensor._keras_history.operation] for tensor in given]
            names = set().union(*(names for names, _ in parents))
            has_weights = any(weights for _, weights in parents)
            products = of_layer(layer, batch_size)
            if products:
                self.found.append((products, names, has_weights))
            before[layer] = names, has_weights or bool(layer.trainable_weights)

    def forward(self):
        return [products["forward"] for products, *_ in self.found]

    def backward(self, by_weights=True, through=()):
        """Products of a gradient by the weights or inputs, given that of the output.

        Args:
            by_weights: Whether the gradient by the network's weights is wanted.
            through: Names of the inputs that a gradient is wanted by.
        """
        taken = []
        for products, names, has_weights in self.found:
            if by_weights:
                taken.append(products["by_weights"])
            if names.intersection(through) or (by_weights and has_weights):
                taken.append(products["by_input"])
        return taken


def of_layer(layer, batch_size):
    """Dict of the three products of a layer, or None if it has none."""
    linear = layer.layer if isinstance(layer, layers.Wrapper) else layer
    if not isinstance(linear, layers.Dense | layers.Conv2D | layers.Conv2DTranspose):
        return None
    given, result = (
        (batch_size, *tensor.shape[1:]) for tensor in (layer.input, layer.output)
    )
    kernel = tuple(linear.kernel.shape)
    if isinstance(linear, layers.Dense):
        return _matrix_products(given, kernel, result)
    settings = (
        ("strides", (1, *linear.strides, 1)),
        ("padding", linear.padding.upper()),
    )
    if isinstance(linear, layers.Conv2D):
        images, maps = given, result
        names = ("forward", "by_input", "by_weights")
    else:
        images, maps = result, given
        names = ("by_input", "forward", "by_weights")
    flops = 2 * math.prod(maps[:3]) * math.prod(kernel)
    products = (
        Product("Conv2D", images, kernel, maps, settings, flops),
        Product("Conv2DBackpropInput", maps, kernel, images, settings, flops),
        Product("Conv2DBackpropFilter", images, maps, kernel, settings, flops),
    )
    return dict(zip(names, products, strict=True))


def _matrix_products(given, kernel, result):
    flops = 2 * given[0] * math.prod(kernel)
    flip = {name: ((name, True),) for name in ("transpose_a", "transpose_b")}
    return {
        "forward": Product("MatMul", given, kernel, result, (), flops),
        "by_input": Product(
            "MatMul", result, kernel, given, flip["transpose_b"], flops
        ),
        "by_weights": Product(
            "MatMul", given, result, kernel, flip["transpose_a"], flops
        ),
    }


def copies(product):
    """How many copies of a product's tensors, in float32, make up a working set."""
    size = 4 * sum(math.prod(s) for s in (product.first, product.second))
    return min(max(WORKING_SET // size, 4), 64)


def repeated(product, dtype):
    """A function that takes a product a number of times, one after the other.

    One call of TensorFlow takes it once on each of several copies of its tensors, which
    a step does not have in the nearest cache either. A number of each result is part of
    what is returned: a result that nothing is made of, TensorFlow would not compute.

    Returns:
        Function from a number of products, a multiple of `copies(product)`.

    Raises:
        tf.errors.OpError: At the first call, where the device lacks it in this dtype.
    """
    shapes = (product.first, product.second)
    pairs = [
        [tf.cast(tf.random.normal(shape), dtype) for shape in shapes]
        for _ in range(copies(product))
    ]

    @tf.function(autograph=False)
    def once_each(pairs):
        total = tf.zeros((), dtype)
        for first, second in pairs:
            with tf.control_dependencies([total]):
                total += tf.reshape(product(first, second), [-1])[0]
        return total

    def times(number):
        for _ in range(number // len(pairs)):
            total = once_each(pairs)
        total.numpy()  # waits for the device

    return times
