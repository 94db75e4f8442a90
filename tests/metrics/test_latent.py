import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import silhouette_score

from kerasgen.metrics import class_silhouette
from kerasgen.metrics import hungarian_accuracy
from kerasgen.metrics import kmeans_clustering
from kerasgen.metrics import knn_accuracy
from kerasgen.metrics import linear_probe_accuracy

SUPERVISED = [linear_probe_accuracy, knn_accuracy]
ALL = [*SUPERVISED, kmeans_clustering]


@pytest.fixture
def clusters(ten_modes, rng):
    """Training and test codes of ten distant classes, in different orders."""
    labels, order = np.arange(200) % 10, rng.permutation(200)
    return ten_modes(200), labels, ten_modes(200)[order], labels[order]


def test_distant_classes_are_told_apart_perfectly(clusters):
    assert linear_probe_accuracy(*clusters) == 1.0
    assert knn_accuracy(*clusters) == 1.0
    assert kmeans_clustering(*clusters) == (1.0, 1.0, 1.0)
    assert class_silhouette(*clusters[:2]) > 0.8


def test_codes_without_labels_in_them_score_chance(rng):
    codes, labels = rng.normal(size=(2, 400, 4)), rng.integers(10, size=(2, 400))
    for metric in SUPERVISED:
        assert metric(codes[0], labels[0], codes[1], labels[1]) < 0.2
    clustering = kmeans_clustering(codes[0], labels[0], codes[1], labels[1])
    assert clustering.accuracy < 0.25
    assert clustering.normalized_mutual_information < 0.1
    assert abs(clustering.adjusted_rand_index) < 0.05
    assert abs(class_silhouette(codes[0], labels[0])) < 0.1


@pytest.mark.parametrize("metric", ALL)
def test_less_noise_scores_higher(metric, rng):
    labels = np.arange(400) % 4
    scores = []
    for noise in (2.0, 0.7, 0.1):
        train, test = np.eye(4)[labels] + noise * rng.normal(size=(2, 400, 4))
        scores.append(np.min(metric(train, labels, test, labels)))
    assert all(np.diff(scores) > 0.05)


def test_the_test_set_is_what_is_scored(clusters):
    train, labels, test, test_labels = clusters
    shifted = (test_labels + 1) % 10
    assert linear_probe_accuracy(train, labels, test, shifted) == 0.0
    assert knn_accuracy(train, labels, test, shifted) == 0.0
    # Clusters have no names, so a consistent renaming of classes costs nothing.
    assert kmeans_clustering(train, labels, test, shifted).accuracy == 1.0


def test_neighbours_see_what_a_line_cannot(rng):
    train, test = rng.uniform(-1.0, 1.0, size=(2, 500, 2))
    exclusive_or = [(codes.prod(axis=1) > 0).astype(int) for codes in (train, test)]
    data = train, exclusive_or[0], test, exclusive_or[1]
    assert knn_accuracy(*data) > 0.9 > 0.65 > linear_probe_accuracy(*data)


def test_linear_probe_does_not_hang_on_the_scale_of_a_dimension(rng):
    labels = np.arange(200) % 2
    codes = rng.normal(size=(2, 200, 3)) + labels[:, None] * [0.0, 0.0, 2.0]
    scaled = codes * [1.0, 1e4, 1e-4]
    plain, rescaled = (
        linear_probe_accuracy(z[0], labels, z[1], labels) for z in (codes, scaled)
    )
    assert plain > 0.75 and rescaled == pytest.approx(plain, abs=0.005)


def test_more_voters_outvote_a_wrong_label():
    train, labels = [[0.0], [0.1], [0.2], [9.0], [9.1], [9.2]], [0, 1, 0, 1, 1, 1]
    assert knn_accuracy(train, labels, [[0.1]], [0], k=1) == 0.0
    assert knn_accuracy(train, labels, [[0.1]], [0], k=3) == 1.0


def test_hungarian_accuracy_by_hand():
    # Cluster 7 goes to class 1 and cluster 3 to class 0; cluster 4 is left over.
    assert hungarian_accuracy([0, 0, 1, 1, 1], [3, 7, 7, 7, 4]) == 3 / 5


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1))
def test_hungarian_accuracy_is_the_best_of_all_matchings(pairs):
    labels, found = np.array(pairs).T
    best = max(
        np.mean(np.array(matching)[found] == labels)
        for matching in itertools.permutations(range(4))
    )
    assert hungarian_accuracy(labels, found) == pytest.approx(best)


def test_clusters_follow_the_seed_and_not_the_training_labels(rng):
    codes, labels = rng.normal(size=(300, 2)), np.arange(300) % 5
    first = kmeans_clustering(codes, labels, codes, labels, seed=1)
    assert first == kmeans_clustering(codes, labels, codes, labels, seed=1)
    assert first == kmeans_clustering(codes, labels[::-1], codes, labels, seed=1)


def test_collapsed_codes_score_the_largest_class_without_a_warning(recwarn):
    codes, labels = np.ones((10, 3)), [0] * 6 + [1] * 4
    clustering = kmeans_clustering(codes, labels, codes, labels)
    assert clustering == pytest.approx((0.6, 0.0, 0.0))
    assert not recwarn.list


def test_silhouette_is_scikit_learns_and_its_sample_is_seeded(rng):
    labels = np.arange(300) % 3
    codes = rng.normal(size=(300, 2)) + labels[:, None]
    assert class_silhouette(codes, labels) == silhouette_score(codes, labels)
    sampled = class_silhouette(codes, labels, max_samples=100, seed=1)
    assert sampled == class_silhouette(codes, labels, max_samples=100, seed=1)
    assert sampled != class_silhouette(codes, labels, max_samples=100, seed=2)
    assert sampled == pytest.approx(silhouette_score(codes, labels), abs=0.1)


def test_a_silhouette_takes_no_example_twice(rng):
    labels = np.arange(9) % 3
    codes = rng.normal(size=(9, 2))
    possible = [
        silhouette_score(np.delete(codes, i, axis=0), np.delete(labels, i))
        for i in range(9)
    ]
    for seed in range(5):
        drawn = class_silhouette(codes, labels, max_samples=8, seed=seed)
        assert np.isclose(drawn, possible).any()


@pytest.mark.parametrize("metric", ALL)
def test_bad_input(metric):
    codes, labels = np.zeros((4, 2)), [0, 0, 1, 1]
    with pytest.raises(ValueError, match="`train_labels` with 4 labels for 3"):
        metric(codes[:3], labels, codes, labels)
    with pytest.raises(ValueError, match="`test_labels` with 4 labels for 3"):
        metric(codes, labels, codes[:3], labels)
    with pytest.raises(ValueError, match=r"`train_latents` of.*`test_latents` of"):
        metric(codes, labels, codes[:, :1], labels)
    with pytest.raises(ValueError, match="`train_labels` of a single class"):
        metric(codes, [1, 1, 1, 1], codes, labels)
    with pytest.raises(ValueError, match=r"`test_latents`.*NaN"):
        metric(codes, labels, codes * np.nan, labels)


def test_bad_input_of_neighbours_and_silhouette():
    codes, labels = np.zeros((4, 2)), [0, 0, 1, 1]
    with pytest.raises(ValueError, match=r"`train_latents` with 4.*at least 5"):
        knn_accuracy(codes, labels, codes, labels, k=5)
    for k in (0, 1.5, True):
        with pytest.raises(ValueError, match="k="):
            knn_accuracy(codes, labels, codes, labels, k=k)
    for wrong in ([0, 0, 0, 0], [0, 1, 2, 3]):
        with pytest.raises(ValueError, match="classes among 4 examples; expected"):
            class_silhouette(codes, wrong)
    with pytest.raises(ValueError, match="max_samples=2"):
        class_silhouette(codes, labels, max_samples=2)
