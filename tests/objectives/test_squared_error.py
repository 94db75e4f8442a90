import math

import numpy as np
import pytest
import tensorflow as tf

from kerasgen.objectives import flow_matching_loss
from kerasgen.objectives import squared_error_loss


def test_values_by_hand():
    targets = tf.constant([[[1.0], [2.0]], [[0.0], [0.0]]])
    predictions = tf.constant([[[4.0], [6.0]], [[0.0], [1.0]]])
    assert squared_error_loss(targets, predictions).numpy().tolist() == [25.0, 1.0]


@pytest.mark.parametrize("shape", [(5,), (5, 3), (5, 4, 4, 2)])
def test_any_rank_gives_one_value_for_each_example(shape):
    first, second = np.random.default_rng(0).normal(size=(2, *shape))
    expected = np.square(first - second).reshape(5, -1).sum(axis=1)
    np.testing.assert_allclose(squared_error_loss(first, second), expected, rtol=1e-5)


def gaussian_velocity(x, time, mean, deviation):
    """The best velocity where the images are N(mean, deviation²)."""
    slope = time * deviation**2 - (1 - time)
    spread = (1 - time) ** 2 + (time * deviation) ** 2
    return mean + slope / spread * (x - time * mean)


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (2.0, 0.5)])
def test_the_floor_of_gaussian_images(mean, deviation):
    rng = np.random.default_rng(0)
    noise, draws = rng.normal(size=(2, 400_000, 1))
    images = mean + deviation * draws
    time = rng.random((400_000, 1))
    x = (1 - time) * noise + time * images
    velocity = gaussian_velocity(x, time, mean, deviation)
    losses = flow_matching_loss(noise, images, velocity).numpy()
    grid = (np.arange(10_000) + 0.5) / 10_000
    floor = np.mean(deviation**2 / ((1 - grid) ** 2 + (grid * deviation) ** 2))
    error = losses.std() / math.sqrt(len(losses))
    assert abs(losses.mean() - floor) < 4 * error
    if deviation == 1.0:
        assert floor == pytest.approx(math.pi / 2, abs=1e-4)
    # Any other velocity costs more: by the square of what it is off.
    worse = flow_matching_loss(noise, images, velocity + 0.3).numpy()
    assert worse.mean() == pytest.approx(losses.mean() + 0.09, abs=5 * error)
