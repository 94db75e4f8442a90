import math

import numpy as np
import pytest
from sklearn.metrics import log_loss

from kerasgen.metrics import bernoulli_cross_entropy
from kerasgen.metrics import mean_squared_error


def images(*pixels):
    return np.array(pixels, dtype="float32").reshape(len(pixels), 2, 1, 1)


def test_mean_squared_error_by_hand_one_value_per_image():
    errors = mean_squared_error(
        images([0.0, 1.0], [1.0, 1.0]), images([0.5, 1.0], [0.0, 0.0])
    )
    assert errors.tolist() == [0.125, 1.0]


def test_cross_entropy_by_hand_summed_over_pixels():
    nats = bernoulli_cross_entropy(
        images([1.0, 0.0], [1.0, 1.0]), images([0.5, 0.25], [0.1, 0.9])
    )
    by_hand = [-math.log(0.5 * 0.75), -math.log(0.1 * 0.9)]
    assert nats == pytest.approx(by_hand)


def test_cross_entropy_agrees_with_scikit_learn(rng):
    binary = rng.integers(2, size=(5, 6, 6, 3))
    probabilities = rng.uniform(0.01, 0.99, size=(5, 6, 6, 3))
    expected = [
        log_loss(x.ravel(), p.ravel(), normalize=False, labels=[0, 1])
        for x, p in zip(binary, probabilities, strict=True)
    ]
    nats = bernoulli_cross_entropy(binary, probabilities)
    assert nats == pytest.approx(expected)


def test_certainty_is_clipped_to_a_finite_cost():
    right = bernoulli_cross_entropy(images([1.0, 0.0]), images([1.0, 0.0]))
    wrong = bernoulli_cross_entropy(images([1.0, 0.0]), images([0.0, 1.0]))
    assert right == pytest.approx([2e-7], rel=1e-5)
    assert wrong == pytest.approx([-2.0 * math.log(1e-7)])
    softer = bernoulli_cross_entropy(
        images([1.0, 0.0]), images([0.0, 1.0]), epsilon=0.01
    )
    assert softer == pytest.approx([-2.0 * math.log(0.01)])


def test_the_best_reconstruction_of_grey_is_itself_at_its_entropy():
    grey = images([0.3, 0.3])
    entropy = -2.0 * (0.3 * math.log(0.3) + 0.7 * math.log(0.7))
    assert bernoulli_cross_entropy(grey, grey) == pytest.approx([entropy])
    for other in (images([0.2, 0.3]), images([0.3, 0.4])):
        assert bernoulli_cross_entropy(grey, other)[0] > entropy


@pytest.mark.parametrize("metric", [mean_squared_error, bernoulli_cross_entropy])
def test_bad_input(metric):
    good = np.full((2, 4, 4, 1), 0.5)
    with pytest.raises(ValueError, match="1 `reconstructions`; expected as many"):
        metric(good, good[:1])
    with pytest.raises(ValueError, match="Got examples of different shapes"):
        metric(good, good[:, :2])
    with pytest.raises(ValueError, match=r"`reconstructions` with floats in \[2, 2\]"):
        metric(good, 4.0 * good)
    with pytest.raises(ValueError, match="`real_images` with NaN"):
        metric(np.nan * good, good)


def test_epsilon_out_of_range():
    with pytest.raises(ValueError, match="epsilon=0; expected a number above 0"):
        bernoulli_cross_entropy(images([0.0, 1.0]), images([0.0, 1.0]), epsilon=0)
    with pytest.raises(ValueError, match="epsilon=0.6; expected"):
        bernoulli_cross_entropy(images([0.0, 1.0]), images([0.0, 1.0]), epsilon=0.6)
