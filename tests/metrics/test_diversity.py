import numpy as np
import pytest
from scipy.spatial.distance import pdist

from kerasgen.metrics import distances
from kerasgen.metrics import mean_pairwise_distance
from kerasgen.metrics import within_class_distance


def test_a_triangle_by_hand():
    triangle = [[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]]
    assert mean_pairwise_distance(triangle) == pytest.approx((3.0 + 4.0 + 5.0) / 3.0)


def test_agrees_with_scipy_in_blocks_of_any_size(rng, monkeypatch):
    samples = rng.normal(size=(60, 7)) + 3.0
    expected = pytest.approx(pdist(samples).mean())
    assert mean_pairwise_distance(samples) == expected
    monkeypatch.setattr(distances, "_BLOCK_ENTRIES", 100)
    assert mean_pairwise_distance(samples) == expected


def test_a_small_spread_far_from_the_origin_is_not_lost_to_rounding(rng):
    samples = 1e6 + 1e-3 * rng.normal(size=(40, 7))
    expected = pytest.approx(pdist(samples).mean(), rel=1e-6)
    assert mean_pairwise_distance(samples) == expected


def test_images_count_as_vectors_of_pixels(rng):
    images = rng.uniform(size=(20, 4, 4, 1))
    flat = mean_pairwise_distance(images.reshape(20, 16))
    assert mean_pairwise_distance(images) == flat


def test_one_repeated_sample_has_no_diversity():
    collapsed = np.full((50, 20), 123.456)
    assert mean_pairwise_distance(collapsed) == pytest.approx(0.0, abs=1e-9)


def test_within_class_is_the_mean_over_classes_not_over_pairs():
    # Class 0: three points, pairs 1, 2, 1. Class 1: two points, pair 10.
    samples = np.array([[0.0], [1.0], [2.0], [100.0], [110.0]])
    labels = [0, 0, 0, 1, 1]
    expected = ((1.0 + 2.0 + 1.0) / 3.0 + 10.0) / 2.0
    assert within_class_distance(samples, labels) == pytest.approx(expected)


def test_a_class_without_a_pair_is_left_out():
    samples = np.array([[0.0], [4.0], [100.0]])
    assert within_class_distance(samples, [2, 2, 5]) == pytest.approx(4.0)


def test_many_classes_do_not_hide_collapse_within_them(rng, ten_modes):
    samples, labels = ten_modes(200), np.arange(200) % 10
    collapsed = samples[:10][labels]
    assert mean_pairwise_distance(collapsed) > 0.9 * mean_pairwise_distance(samples)
    assert within_class_distance(samples, labels) > 1.0
    assert within_class_distance(collapsed, labels) == pytest.approx(0.0, abs=1e-9)


def test_more_repetition_is_less_diverse(rng):
    samples = rng.normal(size=(200, 5))
    values = []
    for repeated in (1, 50, 100, 150, 200):
        samples[:repeated] = samples[0]
        values.append(mean_pairwise_distance(samples))
    assert all(np.diff(values) < 0.0)


def test_blind_to_order_and_linear_in_scale(rng):
    samples, labels = rng.normal(size=(40, 3)), np.arange(40) % 4
    order = rng.permutation(40)
    value = within_class_distance(samples, labels)
    moved = within_class_distance(3.0 * samples[order] - 1.0, labels[order])
    assert moved == pytest.approx(3.0 * value)


def test_bad_input():
    samples = np.zeros((4, 2))
    with pytest.raises(ValueError, match=r"`samples` with 1 examples.*at least 2"):
        mean_pairwise_distance(samples[:1])
    with pytest.raises(ValueError, match=r"`samples` of shape \(4,\); expected"):
        mean_pairwise_distance(samples[:, 0])
    with pytest.raises(ValueError, match="with 3 labels for 4 examples"):
        within_class_distance(samples, [0, 1, 2])
    with pytest.raises(ValueError, match="no class of 2 samples among 4"):
        within_class_distance(samples, [0, 1, 2, 3])
