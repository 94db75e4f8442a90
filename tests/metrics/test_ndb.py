import numpy as np
import pytest
import scipy.stats

from kerasgen.metrics import fit_bins
from kerasgen.metrics import number_of_different_bins
from kerasgen.metrics.ndb import two_proportion_p_values


def test_p_values_are_those_of_the_chi_squared_test():
    real, fake = np.array([30, 50, 20, 100]), np.array([10, 25, 15, 50])
    expected = [
        scipy.stats.chi2_contingency(
            [[r, real.sum() - r], [f, fake.sum() - f]], correction=False
        ).pvalue
        for r, f in zip(real, fake, strict=True)
    ]
    assert two_proportion_p_values(real, fake) == pytest.approx(expected)


def test_p_value_by_hand():
    # Shares 0.6 and 0.4 of 100 each: z = 0.2 / sqrt(0.5 * 0.5 * 2 / 100) = 2.828.
    assert two_proportion_p_values([60, 40], [40, 60])[0] == pytest.approx(
        0.0046777, rel=1e-4
    )


def test_an_empty_bin_is_no_difference():
    assert two_proportion_p_values([5, 0], [9, 0]).tolist() == [1.0, 1.0]


def test_a_set_against_itself_has_no_different_bin(rng):
    real = rng.normal(size=(500, 4))
    result = number_of_different_bins(real, rng.permutation(real), num_bins=20)
    assert result == (0, 0.0, 0.0)


def test_equal_distributions_differ_about_as_often_as_chance_allows(rng):
    shares = []
    for seed in range(10):
        real, fake = rng.normal(size=(2, 1000, 3))
        shares.append(number_of_different_bins(real, fake, 40, seed=seed).share)
    # Above 0.05 by a little: K-means fitted its bins to this very real set.
    assert 0.01 < np.mean(shares) < 0.15


def test_lost_modes_are_different_bins(ten_modes):
    real = ten_modes(1000)
    results = [
        number_of_different_bins(real, ten_modes(1000, modes), num_bins=10)
        for modes in (10, 5, 1)
    ]
    # One bin holds one mode; every bin is wrong as soon as the shares move.
    assert [result.count for result in results] == [0, 10, 10]
    assert [result.share for result in results] == [0.0, 1.0, 1.0]
    divergences = [result.js_divergence for result in results]
    assert divergences == sorted(divergences) and divergences[0] == 0.0
    # Half of the bins are empty, the other half twice as full.
    half = 0.5 * np.log(1.0 / 0.75) + 0.5 * (0.5 * np.log(0.5 / 0.75) + 0.5 * np.log(2))
    assert divergences[1] == pytest.approx(half)
    assert divergences[2] < np.log(2.0)


def test_significance_is_the_share_of_false_alarms_that_is_accepted(rng):
    real, fake = rng.normal(size=(2, 800, 3))
    counts = [
        number_of_different_bins(real, fake, 40, significance=s).count
        for s in (0.001, 0.05, 0.5, 1.0)
    ]
    assert counts == sorted(counts) and counts[0] <= 2 and counts[2] > 10


def test_images_are_taken_as_pixels_in_any_order_of_the_samples(grey_digits, rng):
    images, _ = grey_digits
    real, fake = images[:250], images[250:]
    result = number_of_different_bins(real, fake, num_bins=10, seed=3)
    shuffled = rng.permutation(fake).reshape(250, -1)
    flat = number_of_different_bins(real.reshape(250, -1), shuffled, 10, seed=3)
    assert flat == result and result.js_divergence > 0.0
    in_bytes = np.rint(255 * real).astype("uint8")
    pair = (in_bytes, in_bytes / 255.0)
    one, other = (number_of_different_bins(r, fake, 10, seed=3) for r in pair)
    assert one == other


def test_bins_of_large_examples_are_made_of_a_part_of_their_numbers(rng):
    groups = np.repeat(rng.normal(size=(5, 4000)), 20, axis=0)
    real = np.float32(groups + 0.01 * rng.normal(size=groups.shape))
    bins = fit_bins(real, num_bins=5)
    assert len(set(bins.numbers)) == bins.centres.shape[1] == 3072
    assert bins.real_counts.tolist() == [20] * 5
    assert sorted(bins.histogram(real[:30])) == [0, 0, 0, 10, 20]
    assert fit_bins(real[:, :3072], num_bins=5).numbers is None


def test_bins_of_bytes_take_pixels_between_0_and_1(rng):
    real = rng.integers(0, 256, (200, 4, 4, 1), dtype=np.uint8)
    bins = fit_bins(real, num_bins=10)
    assert bins.of_bytes and bins.histogram(real).tolist() == bins.real_counts.tolist()
    found = bins.histogram(np.float32(real / 255.0))
    assert found.tolist() == bins.real_counts.tolist()
    whole = bins.histogram(real.astype("int64"))
    assert whole.tolist() == bins.real_counts.tolist()
    with pytest.raises(ValueError, match="to 255 for bins of bytes; .* Divide by 255"):
        bins.histogram(real.astype("float32"))


def test_bad_input(rng):
    real = rng.normal(size=(100, 2))
    with pytest.raises(ValueError, match=r"`real_samples` with 100.*at least 500"):
        number_of_different_bins(real, real)
    with pytest.raises(ValueError, match=r"cannot be cut into 10 bins.*distinct"):
        number_of_different_bins(np.repeat(real[:5], 20, axis=0), real, num_bins=10)
    for wrong in (0.0, 1.5):
        with pytest.raises(ValueError, match=f"significance={wrong}; expected"):
            number_of_different_bins(real, real, num_bins=10, significance=wrong)
    with pytest.raises(ValueError, match="seed=-1"):
        number_of_different_bins(real, real, num_bins=10, seed=-1)
    with pytest.raises(ValueError, match=r"`fake_counts` of shape \(3,\)"):
        two_proportion_p_values([1, 2], [1, 2, 3])
    for nothing in ([0, 0], [3, -1]):
        with pytest.raises(ValueError, match=r"fake_counts=.*of at least 0, and one"):
            two_proportion_p_values([50, 50], nothing)
