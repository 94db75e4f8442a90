import numpy as np
import pytest

import kerasgen
from kerasgen import data

LABELS = np.arange(60) % 3
IMAGES = np.broadcast_to(
    np.arange(60, dtype="uint8")[:, None, None, None], (60, 2, 2, 1)
)


def test_equally_many_of_each_class_are_drawn():
    rows = data.draw_labelled(LABELS, 12, seed=0)
    assert np.bincount(LABELS[rows]).tolist() == [4, 4, 4]
    assert len(set(rows)) == 12
    np.testing.assert_array_equal(rows, data.draw_labelled(LABELS, 12, seed=0))
    assert set(rows) != set(data.draw_labelled(LABELS, 12, seed=1))


def test_half_of_each_batch_is_labelled_and_the_rest_are_all_images():
    rows = set(data.draw_labelled(LABELS, 6, seed=0))
    seen = []
    for images, labels in data.few_labels(IMAGES, LABELS, 6, batch_size=20):
        numbers = np.round(images.numpy()[:, 0, 0, 0] * 255).astype(int)
        assert set(numbers[:10]) <= rows
        np.testing.assert_array_equal(labels[:10], LABELS[numbers[:10]])
        np.testing.assert_array_equal(labels[10:], 3)
        seen += list(numbers[10:])
    assert sorted(seen) == list(range(60))


def test_a_training_that_goes_on_has_the_order_of_its_epoch():
    def passes(count, **arguments):
        dataset = data.few_labels(IMAGES, LABELS, 6, batch_size=20, **arguments)
        return dataset, [
            [images.numpy().tolist() for images, _ in dataset] for _ in range(count)
        ]

    _, whole = passes(3)
    restored, (first,) = passes(1)
    assert first == whole[0] != whole[1]
    restored.begin_at(2)
    assert [images.numpy().tolist() for images, _ in restored] == whole[2]


@pytest.mark.parametrize(
    ("num_labels", "message"),
    [
        (7, "num_labels=7 for 3 classes; expected a multiple of 3"),
        (63, "expected at most 20, as class 0 has no more images"),
        (0, "num_labels=0"),
    ],
)
def test_numbers_of_labels_that_cannot_be(num_labels, message):
    with pytest.raises(ValueError, match=message):
        data.draw_labelled(LABELS, num_labels)


def test_classes_without_images_are_told_from_no_label():
    labels = 2 * LABELS  # 0, 2 and 4 of ten classes
    dataset = data.few_labels(IMAGES, labels, 6, num_classes=10, batch_size=20)
    _, seen = next(iter(dataset))
    assert set(seen[:10].numpy()) <= {0, 2, 4}
    assert set(seen[10:].numpy()) == {10}
    model = kerasgen.SGAN(image_shape=(2, 2, 1), width=4, depth=1)
    model.fit(dataset, verbose=0)
    fewer = data.few_labels(IMAGES, labels, 6, batch_size=20)
    with pytest.raises(
        ValueError, match="with 6 labels, .* none; expected 11, as this"
    ):
        model.fit(fewer, verbose=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": LABELS[:-1]}, "59"),
        ({"labels": None}, "labels=None; expected the class of every image"),
        ({"num_classes": 2}, "num_classes"),
    ],
)
def test_labels_that_do_not_fit_are_refused(changes, message):
    given = {"labels": LABELS, "num_labels": 6, **changes}
    with pytest.raises(ValueError, match=message):
        data.few_labels(IMAGES, **given)


def test_an_odd_batch_cannot_be_halved():
    with pytest.raises(ValueError, match="batch_size=7; expected an even number"):
        data.few_labels(IMAGES, LABELS, 6, batch_size=7)
