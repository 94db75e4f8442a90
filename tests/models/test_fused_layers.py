"""Models of fused layers and the own Adam train like models of Keras' own."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kerasgen import models
from kerasgen import training
from kerasgen.networks import fused
from tests.contract import SMALL

NAMES = ["DCGAN", "CVAE"]  # a game and a likelihood, of all layers that are fused


def made(name):
    keras.utils.set_random_seed(0)
    return getattr(models, name)(**SMALL, seed=0)


def fitted(model, digits):
    """History and weights after two epochs of three batches and a smaller fourth."""
    batches = tf.data.Dataset.from_tensor_slices(digits[0][:120]).batch(32)
    history = model.fit(batches, epochs=2, verbose=0).history
    return history, [w.numpy() for w in model.weights]


@pytest.mark.parametrize("name", ["Conv2D", "Conv2DTranspose"])
def test_other_kernels_are_refused(name):
    layer = getattr(fused, name)(2, 8, strides=2, padding="same")
    with pytest.raises(ValueError, match=r"kernel_size=\(8, 8\).*expected \(4, 4\)"):
        layer.build((4, 8, 8, 3))


@pytest.mark.parametrize("name", NAMES)
def test_fused_layers_train_like_those_of_keras(name, digits, monkeypatch):
    fast = fitted(made(name), digits)
    for kind in ("BatchNormalization", "LayerNormalization", "Conv2D"):
        monkeypatch.setattr(fused, kind, getattr(layers, kind))
    monkeypatch.setattr(fused, "Conv2DTranspose", layers.Conv2DTranspose)
    monkeypatch.setattr(training, "Adam", keras.optimizers.Adam)
    plain = fitted(made(name), digits)
    for key, values in plain[0].items():
        np.testing.assert_allclose(values, fast[0][key], rtol=1e-3, atol=1e-3)
    for one, other in zip(plain[1], fast[1], strict=True):
        assert np.mean(np.abs(one - other)) < 1e-3
