import numpy as np
import pytest

from kerasgen.metrics import checks


@pytest.mark.parametrize("wrong", [["a", "b"], [None, 1.0], [1j, 2.0], [[1], [1, 2]]])
def test_what_is_not_an_array_of_real_numbers_is_named(wrong):
    with pytest.raises(
        ValueError, match=r"Got `x` (of type|that is no rectangular).*number"
    ):
        checks.checked_values(wrong, "x")


def test_arrays_come_back_as_float64_without_being_changed():
    images = np.linspace(0.0, 1.0, 8, dtype="float32").reshape(2, 2, 2, 1)
    checked = checks.checked_images(images, "images")
    assert checked.dtype == np.float64
    assert np.array_equal(checked, images)


def test_one_example_is_enough_where_no_more_are_asked_for():
    assert checks.checked_values([0.5], "x").tolist() == [0.5]
    assert checks.checked_features([[0.5]], "x").tolist() == [[0.5]]
    assert checks.checked_samples([[[0.5], [1.0]]], "x").tolist() == [[0.5, 1.0]]
    assert checks.checked_images([[[[0.5]]]], "x").tolist() == [[[[0.5]]]]
    assert checks.checked_probabilities([[1.0]], "x").tolist() == [[1.0]]
    assert checks.checked_labels([3], "x").tolist() == [3]


def test_binary_images_may_be_booleans():
    images = np.eye(4, dtype=bool)[None, ..., None]
    assert checks.checked_images(images, "images").sum() == 4.0


@pytest.mark.parametrize("size", [(1, 3), (3, 1)])
def test_both_sides_must_be_large_enough(size):
    with pytest.raises(ValueError, match="sides of at least 2"):
        checks.checked_images(np.zeros((1, *size, 1)), "images", smallest_side=2)


def test_bytes_are_pixels_and_floats_up_to_255_are_told_what_to_do():
    pixels = np.full((1, 2, 2, 1), 255, dtype="uint8")
    assert checks.checked_images(pixels, "images").max() == 1.0
    with pytest.raises(ValueError, match=r"expected.*255"):
        checks.checked_images(pixels.astype("float32"), "images")


@pytest.mark.parametrize("shape", [(0, 4), (4, 0)])
def test_empty_features(shape):
    with pytest.raises(
        ValueError, match=r"Got `features` (with 0 examples|of shape \(4, 0\))"
    ):
        checks.checked_features(np.zeros(shape), "features")


def test_the_first_bad_example_and_their_number_are_told():
    features = np.zeros((5, 2))
    features[[2, 4], 1] = np.nan, np.inf
    with pytest.raises(ValueError, match="in 2 of 5 examples, first in example 2"):
        checks.checked_features(features, "features")


def test_probabilities_within_float32_are_brought_to_sum_to_one():
    checked = checks.checked_probabilities([[0.50001, 0.50001]], "probabilities")
    assert checked.tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize("row", [[0.501, 0.5], [0.5, 0.499], [-0.5, 1.5], [0.0, 0.0]])
def test_what_is_no_distribution_is_refused(row):
    with pytest.raises(ValueError, match="`probabilities`"):
        checks.checked_probabilities([[0.5, 0.5], row], "probabilities")


def test_labels_come_back_as_integers_from_whole_floats():
    labels = checks.checked_labels(np.array([0.0, 2.0], dtype="float32"), "labels")
    assert labels.dtype == np.int64 and labels.tolist() == [0, 2]


@pytest.mark.parametrize("seed", [None, 1.5, -1, True, "0"])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(ValueError, match=r"Got seed=.*whole number of at least 0"):
        checks.check_seed(seed)


def test_a_seed_fits_32_bits():
    checks.check_seed(np.int64(2**32 - 1))
    with pytest.raises(ValueError, match=r"expected a number below 2\*\*32"):
        checks.check_seed(2**32)


@pytest.mark.parametrize("value", [0.0, 1.5, np.nan, "half"])
def test_a_number_out_of_range(value):
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        checks.check_between(value, "share", 0.0, 1.0)
