"""The dense networks of semi-supervised GANs."""

import keras
import numpy as np
import pytest

from kerasgen import networks
from kerasgen.networks.semi_supervised import WeightNormalizedDense


@pytest.mark.parametrize("trains_scale", [True, False])
def test_columns_have_the_length_that_is_asked_for(trains_scale):
    layer = WeightNormalizedDense(3, scale=2.0, trains_scale=trains_scale)
    images = np.eye(5, dtype="float32")
    kernel = np.asarray(layer(images))
    np.testing.assert_allclose(np.linalg.norm(kernel, axis=0), 2.0, rtol=1e-5)
    # However large the weights become, the outputs stay.
    layer.kernel.assign(100.0 * layer.kernel)
    np.testing.assert_allclose(np.asarray(layer(images)), kernel, rtol=1e-4)
    assert len(layer.trainable_weights) == 2 + trains_scale
    again = WeightNormalizedDense.from_config(layer.get_config())
    again.build((None, 5))
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(images), layer(images))


def test_noise_does_not_drown_nor_is_drowned_at_the_start():
    keras.utils.set_random_seed(0)
    judge = networks.noisy_classifier((28, 28, 1), 10)
    random = np.random.default_rng(0)
    images = random.random((200, 28, 28, 1), "float32") * 0.3**0.5  # mean square 0.1
    _, features = judge(images, training=True)
    assert 0.1 < np.mean(np.square(features)) < 5.0
