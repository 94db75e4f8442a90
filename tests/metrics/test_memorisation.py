import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from kerasgen.metrics import distances
from kerasgen.metrics import memorisation_scores


def test_points_on_a_line_by_hand():
    train, test = [[0.0], [10.0]], [[2.0], [5.0], [11.0]]  # distances 2, 5, 1
    fake = [[10.5], [-1.0], [16.0]]  # distances 0.5, 1, 6
    result = memorisation_scores(train, test, fake)
    assert result.distance_ratio == 1.0 / 2.0
    # Nearer than the test example in 3 + 2 + 0 of 9 pairs, a tie in one.
    assert result.auc == pytest.approx((3 + 2 + 0.5) / 9)
    assert result.nearest_indices.tolist() == [1, 0, 1]
    assert result.nearest_distances.tolist() == [0.5, 1.0, 6.0]


def test_copies_are_found_exactly_whatever_the_rounding(rng):
    train, test = rng.normal(size=(2, 100, 30)) + 1000.0
    copied = rng.integers(100, size=40)
    result = memorisation_scores(train, test, train[copied])
    assert (result.distance_ratio, result.auc) == (0.0, 1.0)
    assert result.nearest_indices.tolist() == copied.tolist()
    assert not result.nearest_distances.any()


def test_held_out_data_is_no_copy(rng):
    train, test, fake = rng.normal(size=(3, 1000, 8))
    result = memorisation_scores(train, test, fake)
    assert result.distance_ratio == pytest.approx(1.0, abs=0.05)
    assert result.auc == pytest.approx(0.5, abs=0.04)


def test_samples_far_from_everything_are_no_copies_either(rng):
    train, test = rng.normal(size=(2, 100, 4))
    result = memorisation_scores(train, test, test + 100.0)
    assert result.auc == 0.0 and result.distance_ratio > 10.0


def test_more_copies_raise_the_score(rng):
    train, test, fake = rng.normal(size=(3, 200, 6))
    scores = []
    for copies in (0, 50, 100, 200):
        mixed = np.concatenate([train[:copies], fake[copies:]])
        scores.append(memorisation_scores(train, test, mixed).auc)
    assert all(np.diff(scores) > 0.08)


def test_agrees_with_scikit_learn_on_images(rng, monkeypatch):
    monkeypatch.setattr(distances, "_BLOCK_ENTRIES", 500)
    train, test, fake = rng.uniform(size=(3, 90, 5, 5, 1))
    flat_train, flat_test, flat_fake = (x.reshape(90, 25) for x in (train, test, fake))
    search = NearestNeighbors(n_neighbors=1).fit(flat_train)
    fake_distances, indices = search.kneighbors(flat_fake)
    test_distances, _ = search.kneighbors(flat_test)
    result = memorisation_scores(train, test, fake)
    assert result.nearest_indices.tolist() == indices[:, 0].tolist()
    assert result.nearest_distances == pytest.approx(fake_distances[:, 0])
    is_fake = np.repeat([1, 0], 90)
    nearness = -np.concatenate([fake_distances, test_distances])
    assert result.auc == pytest.approx(roc_auc_score(is_fake, nearness))


def test_bad_input(rng):
    train, test = rng.normal(size=(2, 10, 4))
    with pytest.raises(ValueError, match="Got `test_samples` of which half or more"):
        memorisation_scores(train, train, test)
    with pytest.raises(ValueError, match=r"`train_samples` of \(4,\).*\(2,\)"):
        memorisation_scores(train, test, test[:, :2])
    with pytest.raises(ValueError, match=r"`fake_samples`.*NaN"):
        memorisation_scores(train, test, np.full((3, 4), np.inf))
