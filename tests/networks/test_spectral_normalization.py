import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kerasgen.networks.blocks import SpectralNormalization

CASES = {
    "dense": (lambda: layers.Dense(5, use_bias=False), (7,), (7, 5)),
    "conv": (
        lambda: layers.Conv2D(5, 3, strides=2, padding="same", use_bias=False),
        (6, 6, 4),
        (3, 3, 4, 5),
    ),
    "transposed": (
        lambda: layers.Conv2DTranspose(5, 3, strides=2, padding="same", use_bias=False),
        (4, 4, 6),
        (3, 3, 5, 6),
    ),
}


def matrix(kernel, kind):
    """The kernel as Miyato et al. reshape it: one row for each output channel."""
    kernel = np.moveaxis(np.asarray(kernel), -2 if kind == "transposed" else -1, 0)
    return kernel.reshape(len(kernel), -1)


def largest_singular_value(kernel, kind):
    return np.linalg.svd(matrix(kernel, kind), compute_uv=False)[0]


@pytest.fixture(params=CASES)
def kind(request):
    return request.param


def made(kind, training_calls=0):
    """A built wrapper with a kernel far from unit norm, and inputs for it."""
    layer, shape, kernel_shape = CASES[kind]
    wrapper = SpectralNormalization(layer())
    random = np.random.default_rng(0)
    inputs = tf.constant(random.normal(size=(2, *shape)), "float32")
    wrapper.build((None, *shape))
    wrapper.layer.kernel.assign(random.normal(0, 3, kernel_shape))
    for _ in range(training_calls):
        wrapper(inputs, training=True)
    return wrapper, inputs


def test_calls_leave_the_kernel_alone(kind):
    wrapper, inputs = made(kind)
    before = wrapper.layer.kernel.numpy()
    wrapper(inputs, training=True)
    wrapper(inputs, training=False)
    assert np.array_equal(before, wrapper.layer.kernel.numpy())


def test_outputs_are_divided_by_the_largest_singular_value(kind):
    wrapper, inputs = made(kind, training_calls=100)
    sigma = largest_singular_value(wrapper.layer.kernel, kind)
    assert sigma > 5
    plain = wrapper.layer(inputs)
    np.testing.assert_allclose(wrapper(inputs), plain / sigma, rtol=1e-3, atol=1e-5)


def test_the_effective_dense_map_has_largest_singular_value_one():
    wrapper, _ = made("dense", training_calls=100)
    effective = np.asarray(wrapper(tf.eye(7)))
    values = np.linalg.svd(effective, compute_uv=False)
    assert values[0] == pytest.approx(1.0, abs=1e-3)
    assert values[1] < 1.0


def test_one_power_iteration_for_each_training_call(kind):
    wrapper, inputs = made(kind)
    rows = matrix(wrapper.layer.kernel, kind)
    left = wrapper.direction.numpy()
    for _ in range(3):
        right = rows.T @ left
        right /= np.linalg.norm(right)
        left = rows @ right
        left /= np.linalg.norm(left)
        wrapper(inputs, training=True)
        np.testing.assert_allclose(wrapper.direction, left, rtol=1e-4, atol=1e-5)


def test_inference_does_not_update_the_direction(kind):
    wrapper, inputs = made(kind, training_calls=1)
    before = wrapper.direction.numpy()
    first = wrapper(inputs).numpy()
    wrapper(inputs, training=False)
    assert np.array_equal(before, wrapper.direction.numpy())
    assert np.array_equal(first, wrapper(inputs).numpy())
    wrapper(inputs, training=True)
    assert not np.array_equal(before, wrapper.direction.numpy())


def test_the_gradient_passes_through_the_singular_value(kind):
    wrapper, inputs = made(kind, training_calls=200)
    kernel = wrapper.layer.kernel
    random = np.random.default_rng(1)
    weights = random.normal(size=wrapper(inputs).shape).astype("float32")

    def loss(value):
        kernel.assign(value)
        plain = np.asarray(wrapper.layer(inputs), "float64")
        return np.sum(weights * plain) / largest_singular_value(value, kind)

    with tf.GradientTape() as tape:
        total = tf.reduce_sum(weights * wrapper(inputs, training=True))
    slope = tape.gradient(total, kernel)

    here = kernel.numpy()
    along = random.normal(size=here.shape).astype("float32")
    step = 1e-2
    numerical = (loss(here + step * along) - loss(here - step * along)) / (2 * step)
    assert np.sum(slope * along) == pytest.approx(numerical, rel=5e-3, abs=1e-3)
    # A longer kernel is the same map, so there is no slope along the kernel itself.
    assert abs(np.sum(slope * here)) < 1e-2 * np.linalg.norm(slope * here)


def test_only_the_direction_is_not_trained(kind):
    wrapper, _ = made(kind)
    trained = {v.name for v in wrapper.trainable_variables}
    assert trained == {"kernel", "bias"}
    assert [v.name for v in wrapper.non_trainable_variables] == ["direction"]


def test_the_bias_is_added_after_the_division(kind):
    wrapper, inputs = made(kind, training_calls=1)
    before = wrapper(inputs).numpy()
    shift = np.arange(5, dtype="float32")
    wrapper.bias.assign(shift)
    np.testing.assert_allclose(wrapper(inputs), before + shift, atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_keeps_the_iteration_in_float32(policy):
    keras.config.set_dtype_policy(policy)
    wrapper, inputs = made("conv", training_calls=50)
    assert wrapper(inputs).dtype == policy.removeprefix("mixed_")
    assert {v.dtype for v in wrapper.variables} == {"float32"}
    sigma = largest_singular_value(wrapper.layer.kernel, "conv")
    plain = np.asarray(tf.cast(wrapper.layer(inputs), "float32"))
    outputs = np.asarray(tf.cast(wrapper(inputs), "float32"))
    np.testing.assert_allclose(outputs, plain / sigma, rtol=0.03, atol=0.03)


def test_keras_file_round_trip(kind, tmp_path):
    layer, shape, _ = CASES[kind]
    inputs = keras.Input(shape)
    model = keras.Model(inputs, SpectralNormalization(layer())(inputs))
    batch = np.random.default_rng(0).normal(size=(2, *shape)).astype("float32")
    for _ in range(3):
        model(batch, training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert np.array_equal(model(batch), loaded(batch))
    for old, new in zip(model.weights, loaded.weights, strict=True):
        assert np.array_equal(old, new)


def test_it_is_registered_under_the_name_of_the_package():
    registered = keras.saving.get_custom_objects()
    assert registered["kerasgen>SpectralNormalization"] is SpectralNormalization
