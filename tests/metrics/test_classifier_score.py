import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasgen.metrics import class_coverage
from kerasgen.metrics import inception_score
from kerasgen.metrics import label_distribution_distance
from kerasgen.metrics import label_entropy


def test_sure_and_even_scores_the_number_of_classes_even_when_sorted():
    sorted_by_class = np.eye(10)[np.repeat(np.arange(10), 200)]
    assert inception_score(sorted_by_class, splits=1).mean == pytest.approx(10.0)
    mean, deviation = inception_score(sorted_by_class, splits=10)
    assert 9.5 < mean < 10.0 and 0.0 < deviation < 0.3


def test_unsure_or_one_class_scores_one():
    unsure, one_class = np.full((50, 10), 0.1), np.eye(10)[[3] * 50]
    assert inception_score(unsure) == pytest.approx((1.0, 0.0))
    assert inception_score(one_class) == pytest.approx((1.0, 0.0))


def test_two_samples_by_hand():
    score = inception_score([[0.9, 0.1], [0.1, 0.9]], splits=1)
    by_hand = math.exp(0.9 * math.log(0.9 / 0.5) + 0.1 * math.log(0.1 / 0.5))
    assert score.mean == pytest.approx(by_hand)


@given(seed=st.integers(0, 1000), sharpness=st.floats(0.05, 5.0))
def test_between_one_and_the_number_of_classes_and_blind_to_order(seed, sharpness):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(6, sharpness), size=40)
    score = inception_score(probabilities, splits=1).mean
    assert 1.0 - 1e-9 <= score <= 6.0 + 1e-9
    shuffled = inception_score(rng.permutation(probabilities), splits=1, seed=seed)
    assert shuffled.mean == pytest.approx(score)


def test_float32_softmax_is_close_enough_to_sum_to_one(rng):
    logits = rng.normal(size=(100, 1000)).astype("float32")
    exponents = np.exp(logits)
    probabilities = exponents / exponents.sum(axis=1, keepdims=True)
    assert inception_score(probabilities).mean > 1.0


def test_inception_score_bad_input(rng):
    with pytest.raises(ValueError, match=r"row 1 sums to 3.*softmax"):
        inception_score([[0.5, 0.5], [1.0, 2.0]], splits=1)
    with pytest.raises(ValueError, match=r"row 0 sums to 1 with least entry -0.5"):
        inception_score([[1.5, -0.5]], splits=1)
    with pytest.raises(ValueError, match=r"with 4 examples.*at least 10"):
        inception_score(np.eye(4))
    with pytest.raises(ValueError, match="splits=0"):
        inception_score(np.eye(4), splits=0)


def test_class_coverage_counts_classes_with_the_share_or_more():
    labels = [0] * 90 + [1] * 7 + [2] * 3
    found = [class_coverage(labels, 4, min_share=s) for s in (0.02, 0.03, 0.07, 0.08)]
    assert found == [3, 3, 2, 1]
    assert class_coverage(labels, 4, min_share=1 / len(labels)) == 3


@pytest.mark.parametrize("num_classes", [3, 7, 10, 49])
def test_even_classes_are_all_covered_at_the_largest_share(num_classes):
    labels = np.arange(3 * num_classes) % num_classes
    share = 1.0 / num_classes
    assert class_coverage(labels, num_classes, min_share=share) == num_classes


def test_more_collapse_covers_fewer_classes(rng):
    covered = [class_coverage(np.arange(1000) % m, 10) for m in range(10, 0, -1)]
    assert covered == list(range(10, 0, -1))


def test_label_entropy_by_hand():
    assert label_entropy([2, 2, 2], num_classes=5) == 0.0
    assert label_entropy([0, 1, 2, 3], num_classes=4) == pytest.approx(math.log(4))
    quarter = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))
    assert label_entropy([0, 1, 1, 1], num_classes=9) == pytest.approx(quarter)


def test_label_distribution_distance_by_hand():
    distance = label_distribution_distance([0, 0, 1, 1], [0, 1, 1, 1], 3)
    divergence = 0.25 * math.log(0.25 / 0.5) + 0.75 * math.log(0.75 / 0.5)
    assert distance == pytest.approx((0.25, divergence))


def test_label_distribution_distance_is_zero_for_equal_shares_of_any_size():
    distance = label_distribution_distance([0, 1, 1], [1, 0, 1, 1, 0, 1], 2)
    assert distance == (0.0, 0.0)


def test_a_class_that_the_data_lacks_is_infinitely_wrong():
    assert label_distribution_distance([0, 0], [1, 1], 2) == (1.0, math.inf)


def test_labels_bad_input():
    with pytest.raises(ValueError, match=r"classes from 0 to 10; .*\[0, 10\)"):
        class_coverage([0, 10], num_classes=10)
    with pytest.raises(ValueError, match="classes from -1 to 3"):
        label_entropy([-1, 3], num_classes=10)
    with pytest.raises(ValueError, match=r"min_share=0.01.*at most 0.001"):
        class_coverage([0, 1], num_classes=1000)
    with pytest.raises(ValueError, match="`labels` with 0 examples"):
        class_coverage([], num_classes=10)
    with pytest.raises(ValueError, match=r"`fake_labels` of shape \(1, 2\).*argmax"):
        label_distribution_distance([0], [[0.0, 1.0]], 2)
    with pytest.raises(ValueError, match="not whole numbers"):
        label_distribution_distance([0.5], [0], 2)


@pytest.mark.parametrize("num_classes", [2.5, "2", True, 0, np.array([2])])
def test_a_count_of_classes_is_a_whole_number(num_classes):
    for metric in (class_coverage, label_entropy):
        with pytest.raises(ValueError, match="Got num_classes="):
            metric([0, 1], num_classes=num_classes)
