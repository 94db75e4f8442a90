"""Images that stay on disk and act as an array."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerasgen import data
from kerasgen.data import stored
from kerasgen.data.own_images import folder_name
from kerasgen.evaluation import Reference
from tests.data.test_stream import example

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 4, 4, 3), np.uint8)


@pytest.fixture
def pets(tmp_path):
    """Two classes of twenty pictures."""
    for number, pixels in enumerate(PIXELS):
        folder = tmp_path / "pets" / ("cats", "dogs")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return tmp_path / "pets"


def write_records(folder, rows):
    folder.mkdir(parents=True)
    for part in range(2):
        with tf.io.TFRecordWriter(str(folder / f"one.tfrecord-{part}")) as writer:
            for row in rows[part::2]:
                writer.write(example(PIXELS[row].tobytes(), row))


def test_streamed_pictures_are_those_in_memory(pets):
    for split in ("train", "test", "train[:7]", "all"):
        whole, streamed = (data.fetch(n, split) for n in (pets, f"stream:{pets}"))
        np.testing.assert_array_equal(streamed.images[:], whole.images)
        np.testing.assert_array_equal(streamed.labels, whole.labels)
        assert streamed.num_classes == 2 and streamed.is_own
        assert isinstance(streamed.images, np.ndarray) == (split == "test")
    assert folder_name("stream:some/pets/") == "pets-stream"


def test_batches_of_stored_images_are_those_of_an_array(pets):
    found = data.fetch(f"stream:{pets}").take(slice(20))
    arrays = found.images[:], found.labels
    both = (
        data.batches(*given, batch_size=8, seed=3).as_numpy_iterator()
        for given in ((found.images, found.labels), arrays)
    )
    for one, other in zip(*both, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_records_have_splits_and_labels(tmp_path):
    write_records(tmp_path / "set/train", range(30))
    write_records(tmp_path / "set/test", range(30, 40))
    name, form = f"stream:{tmp_path}/set", {"image_size": 4, "channels": 3}
    for split, rows in (("train", range(30)), ("test", range(30, 40))):
        found = data.fetch(name, split, **form)
        assert sorted(found.labels) == [*rows] and found.num_classes == 40
        np.testing.assert_array_equal(found.images[:], PIXELS[found.labels])
    held_out = data.fetch(f"stream:{tmp_path}/set/test", "test", **form)
    assert held_out.images.shape == (1, 4, 4, 3)
    with pytest.raises(ValueError, match="Pass image_shape=.*or a dataset's image_siz"):
        data.fetch(name)


def test_what_is_judged_against_is_limited(pets, monkeypatch):
    name = f"stream:{pets}"
    monkeypatch.setattr(stored, "MOST_TEST", 3)
    sets = [data.fetch(name, split) for split in ("train", "test")]
    assert [len(one.images) for one in sets] == [37, 3]
    monkeypatch.setattr(stored.in_memory, "__defaults__", (9,))
    reference = Reference(sets)
    assert (reference.train.count, reference.test.count) == (9, 3)
    np.testing.assert_array_equal(reference.train.images, sets[0].images[:9])
    monkeypatch.setattr(stored, "MOST_BYTES", 100)
    with pytest.raises(ValueError, match="of 4x4x3, of which 3 .*smaller image_size"):
        data.fetch(name, "test")
    with pytest.raises(ValueError, match="which is no folder; expected one of pict"):
        data.fetch(f"stream:{pets}/none")
