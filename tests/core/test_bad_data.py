"""Images and labels that no model can be trained on: told at the start of `fit`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.core.toy import ToyGAN
from tests.core.toy import ToyVAE


@pytest.fixture(scope="module")
def model(registered):
    return ToyGAN(seed=0)


@pytest.fixture(scope="module")
def conditional(registered):
    return ToyVAE(num_classes=10, seed=0)


IMAGES = [
    (np.full((8, 8, 8, 1), 255.0, "float32"), r"floats in \[255, 255\]"),
    (np.full((8, 8, 8, 1), -1.0, "float32"), r"floats in \[-1, -1\]"),
    (np.full((8, 8, 8, 1), np.nan, "float32"), "NaN or infinite"),
    (np.zeros((8, 8, 8), "uint8"), "expected rank 4"),
    (np.zeros((8, 8, 8, 3), "uint8"), r"expected \(8, 8, 1\)"),
    (np.zeros((8, 4, 8, 1), "uint8"), r"expected \(8, 8, 1\)"),
    (np.zeros((0, 8, 8, 1), "uint8"), "empty"),
    (np.zeros((8, 8, 8, 1), "int64"), "dtype int64; expected uint8"),
]


@pytest.mark.parametrize(("images", "message"), IMAGES)
@pytest.mark.parametrize("as_dataset", [False, True])
def test_bad_images(model, images, message, as_dataset):
    if as_dataset:
        images = tf.data.Dataset.from_tensor_slices(images).batch(4)
    with pytest.raises(ValueError, match=message):
        model.fit(images, batch_size=None if as_dataset else 4, verbose=0)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "without labels; .* takes labels"),
        (np.full(8, 10), r"expected 0\.\.9, as num_classes=10"),
        (np.full(8, -1), r"labels in -1\.\.-1"),
        (np.zeros(8, "float32"), "dtype float32; expected integers"),
        (np.zeros((8, 10), "int32"), "one-hot"),
        (np.zeros(7, "int32"), "8 images and 7 labels"),
    ],
)
def test_bad_labels(conditional, small_digits, labels, message):
    with pytest.raises(ValueError, match=message):
        conditional.fit(small_digits[0][:8], labels, batch_size=8)


def test_fewer_images_than_a_batch(model, small_digits):
    with pytest.raises(ValueError, match="8 images, fewer than one batch of 64"):
        model.fit(small_digits[0][:8])


class Endless(keras.utils.PyDataset):
    def __getitem__(self, index):
        return np.zeros((4, 8, 8, 1), "uint8")

    num_batches = None


BATCHES = tf.data.Dataset.from_tensors(np.zeros((4, 8, 8, 1), "uint8"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": Endless()}, "PyDataset without an end.*Pass steps_per_epoch"),
        ({"x": {"image": 0, "label": 0}, "y": 0}, "y beside a dict that holds labels"),
        ({"x": (0, 0), "y": 0}, "y beside a tuple that holds labels itself"),
        ({"x": BATCHES, "batch_size": 4}, "batch_size=4 beside a _TensorDataset of"),
        ({"shuffle": "batch"}, r"shuffle='batch'; expected one of \[True, False\]"),
        ({"initial_epoch": -1}, "initial_epoch=-1; expected an integer of at least 0"),
        ({"initial_epoch": 0.5}, "initial_epoch=0.5; expected an integer of at least"),
        ({"initial_epoch": 3, "epochs": 2}, "of the last epoch.*Pass epochs=5 for so"),
        ({"validation_freq": 0}, "validation_freq=0; expected a positive integer"),
    ],
)
def test_bad_arguments_of_fit(model, arguments, message):
    images = np.zeros((8, 8, 8, 1), "uint8")
    with pytest.raises(ValueError, match=message):
        model.fit(**{"x": images, "validation_data": images, **arguments})


def test_a_file_is_written_with_its_optimizers(model, tmp_path):
    with pytest.raises(ValueError, match="include_optimizer=False; expected True"):
        model.save(tmp_path / "it.keras", include_optimizer=False)


def test_unbatched_and_endless_datasets(model, small_digits):
    images = tf.data.Dataset.from_tensor_slices(small_digits[0])
    with pytest.raises(ValueError, match=r"a single image.*dataset\.batch\(64\)"):
        model.fit(images)
    with pytest.raises(ValueError, match="infinite dataset"):
        model.fit(images.batch(8).repeat())
    with pytest.raises(ValueError, match="tuple of 3 parts; expected"):
        model.fit((1, 2, 3))
