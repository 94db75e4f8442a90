import pytest

from kerasgen import data


def sets_of(digits):
    """The digits as training and as test images."""
    images, labels = digits
    arguments = {"images": images, "labels": labels, "num_classes": 10}
    return [
        data.ImageSet(name="mnist", split=split, source="a test", **arguments)
        for split in ("train", "test")
    ]


@pytest.fixture
def image_sets(digits):
    return sets_of(digits)
