"""The products of a step against counts by hand."""

import numpy as np
import pytest
import tensorflow as tf

import kerasgen
from benchmarks import products

pytestmark = pytest.mark.slow


def flops_by_op(model, batch_size):
    found = {}
    for product, count in products.of_step(model, batch_size).items():
        found[product.op] = found.get(product.op, 0) + count * product.flops
    return found


def test_dense_gan_by_hand():
    model = kerasgen.VanillaGAN(width=8, latent_dim=4)
    generator = [4 * 8, 8 * 16, 16 * 784]
    discriminator = [784 * 16, 16 * 8, 8]
    forward, weights = sum(generator), sum(generator)
    inputs = sum(generator[1:])
    forward += 2 * sum(discriminator)
    weights += 2 * sum(discriminator)
    # Gradients by the fakes on top, for the generator, go through the first layer too.
    inputs += 2 * sum(discriminator[1:]) + sum(discriminator)
    total = 2 * 32 * (forward + weights + inputs)
    assert flops_by_op(model, 32) == {"MatMul": total}


def test_convolutional_autoencoder_by_hand():
    model = kerasgen.CVAE(width=4, latent_dim=2)
    first, second = 14 * 14 * 16 * 1 * 4, 7 * 7 * 16 * 4 * 8
    found = flops_by_op(model, 10)
    encoder_forward = {"Conv2D": first + second}
    encoder_backward = {"Conv2DBackpropInput": second}
    decoder = {"Conv2DBackpropInput": first + second, "Conv2D": first + second}
    for op in ("Conv2D", "Conv2DBackpropInput"):
        parts = (encoder_forward, encoder_backward, decoder)
        assert found[op] == 20 * sum(part.get(op, 0) for part in parts)
    assert found["Conv2DBackpropFilter"] == 20 * 2 * (first + second)
    heads, start = 392 * 16 + 16 * 2 * 2, 2 * 392
    assert found["MatMul"] == 20 * 3 * (heads + start)


def test_a_part_of_wgans_step_is_taken_less_often():
    every, fifth = (
        sum(flops_by_op(kerasgen.WGAN(width=4, critic_steps=steps), 8).values())
        for steps in (1, 5)
    )
    critic = sum(flops_by_op(kerasgen.WGAN(width=4, critic_steps=10**9), 8).values())
    assert fifth - critic == pytest.approx((every - critic) / 5)


def test_joint_discriminator_is_gone_through_from_the_side_that_is_wanted():
    model = kerasgen.AdversarialVAE(width=4, latent_dim=3)
    walked = products.Network(model.discriminator, 8)
    images, latents = (tensor.name for tensor in model.discriminator.inputs)
    ops = [p.op for p in walked.backward(False, (latents,))]
    assert ops == ["MatMul"] * 3
    ops = [p.op for p in walked.backward(False, (images,))]
    assert sorted(ops) == ["Conv2DBackpropInput"] * 2 + ["MatMul"] * 2


@pytest.mark.parametrize("name", ["DCGAN", "VanillaGAN"])
def test_every_product_runs_and_gives_its_shape(name):
    model = getattr(kerasgen, name)(width=4)
    for product in products.of_step(model, 8):
        tensors = (tf.ones(product.first), tf.ones(product.second))
        assert tuple(product(*tensors).shape) == product.result


def test_the_products_are_those_of_the_layer():
    """The three products of a transposed convolution against automatic gradients."""
    layer = kerasgen.DCGAN(width=4).generator.layers[-2]
    of = products.of_layer(layer, 2)
    x = tf.random.normal((2, *layer.input.shape[1:]))
    kernel = tf.convert_to_tensor(layer.kernel)
    with tf.GradientTape() as tape:
        tape.watch((x, kernel))
        y = layer.__class__.__bases__[0].call(layer, x)
        loss = tf.reduce_sum(y * y) / 2
    by_input, by_kernel = tape.gradient(loss, (x, layer.kernel.value))
    bare = y - layer.bias
    np.testing.assert_allclose(of["forward"](x, kernel), bare, atol=1e-5)
    np.testing.assert_allclose(of["by_input"](y, kernel), by_input, atol=1e-4)
    np.testing.assert_allclose(of["by_weights"](y, x), by_kernel, atol=1e-3)


def test_a_repeated_product_is_really_computed_each_time():
    product = products.of_layer(kerasgen.VanillaGAN(width=8).generator.layers[1], 2)
    computed = []

    class Counted(products.Product):
        def __call__(self, first, second):
            def count(x):
                computed.append(x.dtype)
                return x

            # Not stateful: TensorFlow may leave it out, as it may any product.
            first = tf.numpy_function(count, [first], first.dtype, stateful=False)
            first.set_shape(self.first)
            return super().__call__(first, second)

    counted = Counted(**vars(product["forward"]))
    times = products.repeated(counted, "float32")
    assert products.copies(counted) == 64
    times(128)
    assert computed == 128 * [np.float32]
