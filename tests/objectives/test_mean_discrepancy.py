import numpy as np
import pytest
import tensorflow as tf

from kerasgen.objectives import inverse_multiquadratic_kernel
from kerasgen.objectives import mean_discrepancy_loss


def normal(seed, *shape, shift=0.0):
    draws = np.random.default_rng(seed).normal(shift, 1.0, shape)
    return tf.constant(draws.astype("float32"))


def test_kernel_by_hand():
    first = tf.constant([[0.0, 0.0], [3.0, 4.0]])
    kernel = inverse_multiquadratic_kernel(first, first[:1], scales=(1.0, 2.0))
    # C = 4 and 8, |a - b|² = 25
    np.testing.assert_allclose(kernel, [[2.0], [4 / 29 + 8 / 33]], rtol=1e-6)


def test_estimate_by_hand():
    codes, draws = tf.constant([[0.0], [2.0]]), tf.constant([[0.0], [1.0]])
    terms = mean_discrepancy_loss(codes, draws, scales=(0.5,))
    # k = 1 / (1 + d²): k(q, q') = 1/5, k(p, p') = 1/2; between 1, 1/2 and 1/5, 1/2
    expected = [0.7 - 1.5, 0.7 - 0.7]
    np.testing.assert_allclose(terms, expected, atol=1e-6)


def test_reference_by_loops():
    codes, draws = normal(0, 5, 3), normal(1, 5, 3, shift=1.0)
    terms = mean_discrepancy_loss(codes, draws)

    def kernel(a, b):
        squares = float(np.square(a - b).sum())
        scales = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
        return sum(6 * s / (6 * s + squares) for s in scales)

    q, p = codes.numpy(), draws.numpy()
    pairs = [(i, j) for i in range(5) for j in range(5)]
    within = sum(kernel(q[i], q[j]) + kernel(p[i], p[j]) for i, j in pairs if i != j)
    between = sum(kernel(q[i], p[j]) for i, j in pairs)
    assert np.mean(terms) == pytest.approx(within / 20 - 2 * between / 25, rel=1e-4)


def test_a_single_code_has_no_pair():
    codes = normal(0, 1, 3)
    with tf.GradientTape() as tape:
        tape.watch(codes)
        terms = mean_discrepancy_loss(codes, normal(1, 1, 3))
    assert terms.numpy().tolist() == [0.0]
    assert not np.any(tape.gradient(terms, codes))


def test_it_is_unbiased():
    estimates = [
        np.mean(mean_discrepancy_loss(normal(seed, 10, 4), normal(seed + 5000, 10, 4)))
        for seed in range(400)
    ]
    error = np.std(estimates) / np.sqrt(len(estimates))
    assert abs(np.mean(estimates)) < 3 * error
    assert min(estimates) < 0.0
    # With the pairs of a point with itself it would be about (7 - mean of k) 2 / N.
    assert error < 0.02


@pytest.mark.parametrize("shift", [0.5, 1.0, 3.0])
def test_codes_off_the_prior_are_drawn_to_it(shift):
    codes, draws = normal(0, 200, 4, shift=shift), normal(1, 200, 4)
    with tf.GradientTape() as tape:
        tape.watch(codes)
        loss = tf.reduce_mean(mean_discrepancy_loss(codes, draws))
    assert float(loss) > 0.02
    assert np.all(tape.gradient(loss, codes).numpy().mean(axis=0) > 0.0)


def test_equal_batches_leave_the_pairs_with_themselves():
    codes = normal(0, 8, 2)
    loss = np.mean(mean_discrepancy_loss(codes, codes))
    kernel = inverse_multiquadratic_kernel(codes, codes).numpy()
    off = (kernel.sum() - 8 * 7.0) / 56
    assert loss == pytest.approx(2 * off - 2 * kernel.mean(), abs=1e-5)
