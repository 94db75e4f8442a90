import pytest

from kerasgen import data


@pytest.fixture
def image_sets(digits):
    """The digits as training and as test images."""
    images, labels = digits
    arguments = {"images": images, "labels": labels, "num_classes": 10}
    return [
        data.ImageSet(name="mnist", split=split, source="a test", **arguments)
        for split in ("train", "test")
    ]
