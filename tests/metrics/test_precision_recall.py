import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from kerasgen.metrics import density_coverage
from kerasgen.metrics import distances
from kerasgen.metrics import precision_recall
from kerasgen.metrics.precision_recall import _squared_radii


def naive(real, fake, k):
    """All four as their papers define them, every distance by subtraction."""

    def distance(first, second):
        return np.linalg.norm(first[:, None] - second[None], axis=-1)

    between = distance(real, fake)
    real_radii = np.sort(distance(real, real), axis=1)[:, k]
    fake_radii = np.sort(distance(fake, fake), axis=1)[:, k]
    in_real_ball = between < real_radii[:, None]
    return (
        in_real_ball.any(axis=0).mean(),
        (between < fake_radii).any(axis=1).mean(),
        in_real_ball.sum() / (k * len(fake)),
        in_real_ball.any(axis=1).mean(),
    )


def all_four(real, fake, k=5):
    return (*precision_recall(real, fake, k), *density_coverage(real, fake, k))


def test_points_on_a_line_by_hand():
    real = np.array([[0.0], [1.0], [3.0]])  # radii 1, 1, 2
    fake = np.array([[0.5], [10.0], [11.0]])  # radii 9.5, 1, 1
    assert precision_recall(real, fake, k=1) == pytest.approx((1 / 3, 1.0))
    assert density_coverage(real, fake, k=1) == pytest.approx((2 / 3, 2 / 3))


def test_the_surface_of_a_ball_is_outside():
    real, fake = np.array([[0.0], [1.0]]), np.array([[2.0], [3.0]])
    assert precision_recall(real, fake, k=1) == (0.0, 0.0)
    assert density_coverage(real, fake, k=1) == (0.0, 0.0)


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("dimension", [2, 64])
def test_agrees_with_the_naive_definition(rng, k, dimension):
    real, fake = rng.normal(size=(150, dimension)), rng.normal(size=(100, dimension))
    expected = naive(real, 0.8 * fake + 0.1, k)
    assert all_four(real, 0.8 * fake + 0.1, k) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_agrees_with_the_prdc_package(rng, k, capsys):
    prdc = pytest.importorskip("prdc", reason="the authors' package is not installed")
    real, fake = rng.normal(size=(500, 32)), 0.9 * rng.normal(size=(400, 32)) + 0.1
    theirs = prdc.compute_prdc(real_features=real, fake_features=fake, nearest_k=k)
    names = ("precision", "recall", "density", "coverage")
    expected = [theirs[name] for name in names]
    assert all_four(real, fake, k) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_equal_sets_are_perfect_despite_rounding(rng, offset):
    # Every k-th neighbour lies on a surface here; rounding must not put it inside.
    real = rng.normal(size=(400, 128)) + offset
    assert all_four(real, rng.permutation(real)) == (1.0, 1.0, 1.0, 1.0)


def test_equal_distributions_have_density_one_and_known_coverage(rng):
    real, fake = rng.normal(size=(2, 2000, 16))
    density, coverage = density_coverage(real, fake, k=3)
    assert density == pytest.approx(1.0, abs=0.1)
    assert coverage == pytest.approx(1.0 - 2.0**-3, abs=0.03)


def test_sets_far_apart_score_nothing(rng):
    real = rng.normal(size=(50, 4))
    assert all_four(real, real + 1000.0) == (0.0, 0.0, 0.0, 0.0)


def test_losing_modes_lowers_recall_and_coverage_step_by_step(ten_modes):
    real = ten_modes(600)
    scores = [all_four(real, ten_modes(600, modes)) for modes in (10, 8, 6, 4, 2, 1)]
    recalls = [score[1] for score in scores]
    coverages = [score[3] for score in scores]
    assert all(np.diff(recalls) < -0.05) and all(np.diff(coverages) < -0.05)
    assert min(score[0] for score in scores) > 0.8  # what is left still looks real


def test_one_repeated_sample_covers_next_to_nothing(rng):
    real = rng.normal(size=(200, 32)) + 1000.0
    precision, recall, _, coverage = all_four(real, np.repeat(real[:1], 200, axis=0))
    assert precision == 1.0 and recall == 0.0 and coverage < 0.3


def test_repeated_real_examples_hold_nothing_but_spoil_nothing(rng):
    # With radius 0 around the repeated points only the others can be covered.
    real = np.concatenate([rng.normal(size=(50, 3)), np.full((50, 3), 9.0)])
    assert density_coverage(real, real).coverage == 0.5


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000), scale=st.floats(0.1, 10.0))
def test_blind_to_order_rotation_shift_and_scale(seed, scale):
    rng = np.random.default_rng(seed)
    real, fake = rng.normal(size=(2, 30, 3))
    rotation = scale * np.linalg.qr(rng.normal(size=(3, 3)))[0]
    moved = (rng.permutation(real) @ rotation + 5.0, fake @ rotation + 5.0)
    assert all_four(*moved, k=3) == pytest.approx(all_four(real, fake, k=3))


def test_swapping_the_sets_swaps_precision_and_recall(rng):
    real, fake = rng.normal(size=(80, 4)), 0.5 * rng.normal(size=(60, 4))
    assert precision_recall(real, fake) == precision_recall(fake, real)[::-1]


def test_blocks_of_any_size_give_the_same(rng, monkeypatch):
    real, fake = rng.normal(size=(70, 4)), rng.normal(size=(50, 4))
    whole = all_four(real, fake)
    monkeypatch.setattr(distances, "_BLOCK_ENTRIES", 130)
    assert all_four(real, fake) == whole


@pytest.mark.parametrize("metric", [precision_recall, density_coverage])
def test_bad_input(metric):
    features = np.zeros((5, 2))
    with pytest.raises(ValueError, match=r"`real_features` with 5 .*at least 6"):
        metric(features, features)
    with pytest.raises(ValueError, match="k=0; expected a whole number"):
        metric(features, features, k=0)
    with pytest.raises(ValueError, match=r"k=2.5"):
        metric(features, features, k=2.5)
    with pytest.raises(ValueError, match=r"`fake_features` of shape.*Flatten"):
        metric(features, np.zeros((5, 2, 1)), k=2)
    with pytest.raises(ValueError, match="Got examples of different shapes"):
        metric(features, np.zeros((5, 3)), k=2)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_the_radius_reaches_the_kth_other_point(rng, k):
    points = rng.normal(size=(300, 3))
    squares = ((points[:, None] - points) ** 2).sum(axis=2)
    expected = np.sort(squares, axis=1)[:, k]  # column 0 is the point itself
    radii = _squared_radii(points, k)
    np.testing.assert_allclose(radii, expected, rtol=1e-6, atol=1e-9)
