import numpy as np
import pytest

from kerasgen import data
from kerasgen import metrics
from kerasgen.data import stacked

# Training images of each digit in MNIST.
MNIST_COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]


def test_channels_are_three_digits_and_labels_the_number_they_write(
    tmp_path, write_idx
):
    folder = write_idx(tmp_path)  # pixel 0, 0 of image i is i, its label i % 10
    found = data.fetch("stacked_mnist", "train[:500]", data_dir=folder)
    assert found.images.shape == (500, 4, 5, 3) and found.images.dtype == np.uint8
    assert (found.num_classes, found.labels.dtype) == (1000, np.int32)
    digits = found.images[:, 0, 0].astype(int) % 10
    np.testing.assert_array_equal(found.labels, digits @ [100, 10, 1])
    # Training images alone, and all of them; test triples are of the six test images.
    assert set(found.images[:, 0, 0].ravel()) == set(range(12))
    assert "triples of digits from IDX files" in found.source
    test = data.fetch("stacked_mnist", "test[:300]", data_dir=folder)
    assert set(test.images[:, 0, 0].ravel()) == set(range(6))


def test_a_slice_holds_the_same_triples(tmp_path, write_idx):
    folder = write_idx(tmp_path)
    part = data.fetch("stacked_mnist", "train[100:110]", data_dir=folder)
    whole = data.fetch("stacked_mnist", "train[:200]", data_dir=folder)
    np.testing.assert_array_equal(part.images, whole.images[100:110])
    with pytest.raises(ValueError, match="no split 'valid'"):
        data.fetch("stacked_mnist", "valid", data_dir=folder)


def test_the_floor_of_real_triples_is_that_of_its_formula():
    # 26,000 uniform draws: (1000 - 1) / (2 · 26,000). Digits are unevenly many: their
    # own divergence from uniform, once for each channel, comes on top.
    labels = np.repeat(np.arange(10), MNIST_COUNTS)
    found = []
    for seed in range(3):
        rows = stacked.draw_triples(len(labels), 26_000, seed)
        classes = stacked.stacked_labels(labels[rows])
        assert metrics.class_coverage(classes, 1000, min_share=1 / 26_000) == 1000
        found.append(np.log(1000) - metrics.label_entropy(classes, 1000))
    uneven = 3 * (np.log(10) - metrics.label_entropy(labels, 10))
    assert np.mean(found) == pytest.approx(999 / 52_000 + uneven, abs=0.001)
    assert np.mean(found) == pytest.approx(0.0235, abs=0.001)
