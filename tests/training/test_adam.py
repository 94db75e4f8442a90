import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasgen import training

SETTINGS = [
    {},
    {"beta_1": 0.0},
    {"beta_1": 0.5, "epsilon": 1e-3},
    {"amsgrad": True},
    {"weight_decay": 0.1, "clipnorm": 0.5},
    {"learning_rate": keras.optimizers.schedules.ExponentialDecay(0.01, 3, 0.5)},
]


def trained(optimizer, steps=12, sparse=False):
    """Two variables after some steps, and the optimizer's own variables."""
    random = np.random.default_rng(0)
    variables = [
        keras.Variable(random.normal(size=shape), dtype="float32")
        for shape in ((4, 3), (3,))
    ]
    optimizer.build(variables)
    for _ in range(steps):
        gradients = [
            tf.constant(random.normal(size=v.shape), "float32") for v in variables
        ]
        if sparse:
            gradients[0] = tf.IndexedSlices(gradients[0][:2], [1, 3], (4, 3))
        optimizer.apply(gradients, variables)
    return [v.numpy() for v in [*variables, *optimizer.variables]]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("sparse", [False, True])
def test_moves_like_the_adam_of_keras(settings, sparse):
    if sparse and "clipnorm" in settings:
        pytest.skip("Keras cannot clip these either")
    ours = trained(training.Adam(**settings), sparse=sparse)
    theirs = trained(keras.optimizers.Adam(**settings), sparse=sparse)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_first_step_is_the_learning_rate_against_the_gradients_sign():
    x = keras.Variable([1.0, 1.0], dtype="float32")
    training.Adam(0.25).apply([tf.constant([3.0, -2.0])], [x])
    np.testing.assert_allclose(x.numpy(), [0.75, 1.25], atol=1e-5)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_graph_moves_like_eager_code(jit_compile):
    x, y = (keras.Variable([1.0, -2.0], dtype="float32") for _ in range(2))
    eager, graph = training.Adam(0.1), training.Adam(0.1)
    eager.build([x])
    graph.build([y])
    step = tf.function(lambda g: graph.apply([g], [y]), jit_compile=jit_compile)
    for value in ([1.0, 2.0], [0.5, -3.0], [0.0, 1.0]):
        eager.apply([tf.constant(value)], [x])
        step(tf.constant(value))
    np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-5)


def test_loss_scaling_skips_an_overflow():
    x = keras.Variable([1.0], dtype="float32")
    optimizer = keras.optimizers.LossScaleOptimizer(training.Adam(0.1))
    optimizer.build([x])
    optimizer.apply([tf.constant([np.inf])], [x])
    assert x.numpy() == [1.0]


def test_state_of_keras_own_adam_can_be_taken_over(tmp_path):
    def model(optimizer):
        made = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        made.compile(optimizer, loss="mse")
        optimizer.build(made.trainable_variables)
        return made

    old = model(keras.optimizers.Adam(0.1))
    old.fit(np.ones((8, 2)), np.ones((8, 1)), verbose=0)
    old.save_weights(tmp_path / "old.weights.h5")
    new = model(training.Adam(0.1))
    new.load_weights(tmp_path / "old.weights.h5")
    pairs = zip(old.optimizer.variables, new.optimizer.variables, strict=True)
    assert all(np.array_equal(a.numpy(), b.numpy()) for a, b in pairs)
    kept = keras.saving.serialize_keras_object(new.optimizer)
    assert isinstance(keras.saving.deserialize_keras_object(kept), training.Adam)
