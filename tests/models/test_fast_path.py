"""The fast training path does what plain Keras does, step by step."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kerasgen import models
from kerasgen import training
from kerasgen.networks import fused
from tests.contract import SMALL

NAMES = ["VanillaGAN", "DCGAN", "WGAN", "CVAE", "AdversarialVAE"]


def made(name, **changes):
    keras.utils.set_random_seed(0)
    return getattr(models, name)(**SMALL, seed=0, **changes)


def fitted(model, digits):
    """History and weights after two epochs of three batches and a smaller fourth."""
    batches = tf.data.Dataset.from_tensor_slices(digits[0][:120]).batch(32)
    history = model.fit(batches, epochs=2, verbose=0).history
    return history, [w.numpy() for w in model.weights]


@pytest.mark.parametrize("name", NAMES)
def test_many_steps_are_the_steps_of_keras_own_loop(name, digits):
    plain, fast = made(name), made(name)
    plain.compile(steps_per_execution=1)
    keras.Model.make_train_function(plain)
    fast.compile(steps_per_execution=3)
    (history, weights), (fast_history, fast_weights) = (
        fitted(model, digits) for model in (plain, fast)
    )
    assert fast_history == history
    for one, other in zip(weights, fast_weights, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", NAMES)
def test_fused_layers_train_like_those_of_keras(name, digits, monkeypatch):
    changes = {"dropout": 0.0} if name == "VanillaGAN" else {}
    fast = fitted(made(name, **changes), digits)
    for kind in ("BatchNormalization", "LayerNormalization", "Conv2D"):
        monkeypatch.setattr(fused, kind, getattr(layers, kind))
    monkeypatch.setattr(fused, "Conv2DTranspose", layers.Conv2DTranspose)
    monkeypatch.setattr(training, "Adam", keras.optimizers.Adam)
    plain = fitted(made(name, **changes), digits)
    for key, values in plain[0].items():
        np.testing.assert_allclose(values, fast[0][key], rtol=1e-3, atol=1e-3)
    for one, other in zip(plain[1], fast[1], strict=True):
        assert np.mean(np.abs(one - other)) < 1e-3


def test_only_the_steps_asked_for_are_taken(digits):
    model = made("CVAE")
    endless = tf.data.Dataset.from_tensor_slices(digits[0]).batch(8).repeat()
    model.fit(
        endless,
        epochs=2,
        steps_per_epoch=10,
        validation_data=endless,
        validation_steps=6,
        verbose=0,
    )
    assert int(model.optimizer["autoencoder"].iterations) == 20
    assert model.steps_per_execution == 16


def test_evaluation_takes_the_steps_asked_for(digits):
    model = made("CVAE")
    pixels = tf.data.Dataset.from_tensor_slices(digits[0]).batch(8)
    part = model.evaluate(pixels.repeat(), steps=5, verbose=0)
    np.testing.assert_allclose(part, model.evaluate(pixels.take(5), verbose=0))


def test_training_on_one_batch_and_eagerly(digits):
    model = made("CVAE")
    model.train_on_batch(digits[0][:8])
    assert int(model.optimizer["autoencoder"].iterations) == 1
    model.compile(run_eagerly=True)
    assert model.steps_per_execution == 1
    model.fit(digits[0][:16], batch_size=8, verbose=0)
    assert int(model.optimizer["autoencoder"].iterations) == 2


def test_arrays_come_in_batches_of_64(digits):
    images, labels = (array[:100] for array in digits)
    for given in (images, (images, labels), {"image": images, "label": labels}):
        model = made("CVAE")
        model.fit(given, verbose=0)
        assert int(model.optimizer["autoencoder"].iterations) == 2
