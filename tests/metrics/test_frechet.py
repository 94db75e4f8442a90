import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from kerasgen.metrics import frechet_distance
from kerasgen.metrics import gaussian_frechet_distance
from kerasgen.metrics import gaussian_statistics


def covariance(rng, size):
    factor = rng.normal(size=(size, 2 * size))
    return factor @ factor.T / size


def test_equal_covariances_leave_the_squared_shift_of_the_means(rng):
    real = rng.normal(size=(300, 6)) @ rng.normal(size=(6, 6))
    shift = rng.normal(size=6)
    assert frechet_distance(real, real + shift) == pytest.approx(shift @ shift)


def test_two_gaussians_on_a_line_by_hand():
    # (0 - 3)^2 + (1 - 2)^2
    assert gaussian_frechet_distance(([0.0], [[1.0]]), ([3.0], [[4.0]])) == 10.0


def test_diagonal_covariances_differ_by_their_standard_deviations(rng):
    first, second = rng.uniform(0.1, 3.0, size=(2, 7))
    distance = gaussian_frechet_distance(
        (np.zeros(7), np.diag(first**2)), (np.zeros(7), np.diag(second**2))
    )
    assert distance == pytest.approx(np.sum((first - second) ** 2))


def test_agrees_with_the_general_matrix_square_root(rng):
    first, second = covariance(rng, 12), covariance(rng, 12)
    root = scipy.linalg.sqrtm(first @ second)
    expected = 12.0 + np.trace(first + second - 2.0 * root.real)
    distance = gaussian_frechet_distance((np.zeros(12), first), (np.ones(12), second))
    assert distance == pytest.approx(expected, rel=1e-10)


def test_cached_statistics_give_the_same_number(rng):
    real, fake = rng.normal(size=(2, 50, 5))
    cached = gaussian_statistics(real), gaussian_statistics(fake)
    assert gaussian_frechet_distance(*cached) == frechet_distance(real, fake)


@pytest.mark.parametrize("count", [5, 40, 400])
def test_a_set_against_itself_is_zero_at_any_rank(rng, count):
    real = 100.0 + rng.normal(size=(count, 40))
    assert frechet_distance(real, real) == pytest.approx(0.0, abs=1e-9)


def test_orthogonal_rank_deficient_sets_share_nothing(rng):
    real, fake = np.zeros((2, 30, 10))
    real[:, :3] = rng.normal(size=(30, 3))
    fake[:, 5:] = rng.normal(size=(30, 5))
    spread = real.var(axis=0, ddof=1).sum() + fake.var(axis=0, ddof=1).sum()
    shift = np.sum((real.mean(axis=0) - fake.mean(axis=0)) ** 2)
    assert frechet_distance(real, fake) == pytest.approx(spread + shift)


def test_one_repeated_sample_costs_the_whole_real_spread(rng):
    real = rng.normal(size=(100, 4))
    collapsed = np.broadcast_to(real.mean(axis=0), (100, 4))
    spread = real.var(axis=0, ddof=1).sum()
    assert frechet_distance(real, collapsed) == pytest.approx(spread)


def test_it_grows_as_modes_are_lost(ten_modes):
    real = ten_modes(500)
    distances = [frechet_distance(real, ten_modes(500, modes)) for modes in (10, 5, 1)]
    assert distances == sorted(distances) and distances[0] < 0.01 * distances[1]


@given(seed=st.integers(0, 1000), scale=st.floats(0.01, 100.0))
def test_symmetric_quadratic_in_scale_blind_to_order_and_rotation(seed, scale):
    rng = np.random.default_rng(seed)
    real, fake = rng.normal(size=(2, 20, 3))
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    distance = frechet_distance(real, fake)
    assert distance > 0.0
    for same in (
        frechet_distance(fake, real),
        frechet_distance(rng.permutation(real), fake),
        frechet_distance(real @ rotation, fake @ rotation),
        frechet_distance(scale * real, scale * fake) / scale**2,
    ):
        assert same == pytest.approx(distance, rel=1e-6)


def test_bad_input():
    good = np.eye(3)
    with pytest.raises(ValueError, match=r"`fake_features` with 1 examples.*least 2"):
        frechet_distance(good, good[:1])
    with pytest.raises(ValueError, match=r"`real_features` of \(3,\).*of \(2,\)"):
        frechet_distance(good, good[:, :2])
    with pytest.raises(ValueError, match=r"fake_features.*NaN.*first in example 1"):
        frechet_distance(good, [[0.0, 0.0, 0.0], [np.nan, 0.0, 0.0]])
    with pytest.raises(ValueError, match=r"mean of shape \(2,\).*gaussian_statistics"):
        gaussian_frechet_distance((np.zeros(2), good), (np.zeros(3), good))
    for wrong in (3.0, (np.zeros(3),), (np.zeros(3), good, good)):
        with pytest.raises(ValueError, match="expected a pair of mean and"):
            gaussian_frechet_distance(wrong, (np.zeros(3), good))
    for wrong in (-good, np.triu(np.ones((3, 3)))):
        with pytest.raises(ValueError, match=r"fake_statistics.covariance.*symmetric"):
            gaussian_frechet_distance((np.zeros(3), good), (np.zeros(3), wrong))
    with pytest.raises(ValueError, match=r"real_statistics.*of.*fake_statistics"):
        gaussian_frechet_distance((np.zeros(3), good), (np.zeros(2), np.eye(2)))
