"""Images read from disk as they are due."""

import re

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import kerasgen
from kerasgen import data

IMAGES = np.random.default_rng(0).integers(0, 256, (23, 4, 4, 3), np.uint8)


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Three TFRecord files, of raw pixels and labels."""
    folder = tmp_path_factory.mktemp("records")
    for part in range(3):
        with tf.io.TFRecordWriter(str(folder / f"set.tfrecord-{part}")) as writer:
            for number in range(part, 23, 3):
                writer.write(example(IMAGES[number].tobytes(), number))
    return folder


def example(content, label):
    features = {
        "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[content])),
        "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
    }
    return written(features)


def written(features):
    features = tf.train.Features(feature=features)
    return tf.train.Example(features=features).SerializeToString()


def order(dataset):
    return [int(label) for _, labels in dataset for label in labels]


def make(records, **arguments):
    arguments = {"batch_size": 5, "image_shape": (4, 4, 3), **arguments}
    return data.stream(records, **arguments)


def test_every_pass_has_all_records_and_their_labels(records):
    dataset = make(records, drop_remainder=False)
    assert int(dataset.cardinality()) == 5
    passes = []
    for _ in range(2):
        for images, labels in dataset:
            expected = IMAGES[labels.numpy()].astype(np.float32) / 255.0
            np.testing.assert_array_equal(images, expected)
        passes.append(order(dataset))
    assert all(sorted(one) == list(range(23)) for one in passes)
    assert passes[0] != passes[1]


def test_a_pass_resumed_in_its_middle_goes_on(records):
    whole = make(records, seed=3)
    passes = [order(whole) for _ in range(3)]
    assert order(make(records, seed=3, initial_epoch=2)) == passes[2]
    assert order(make(records, seed=3, initial_epoch=1).skip(2)) == passes[1][10:]


def test_fit_takes_the_passes_in_order(records):
    seen = []

    class Toy(kerasgen.CVAE):
        def train_step(self, batch):
            tf.py_function(lambda labels: seen.append(labels.numpy()), [batch[1]], [])
            return super().train_step(batch)

    model = Toy((4, 4, 3), latent_dim=2, num_classes=23, width=4, seed=0)
    model.fit(make(records), epochs=2, verbose=0)
    expected = make(records)
    assert np.concatenate(seen).tolist() == order(expected) + order(expected)
    other = kerasgen.CVAE((4, 4, 3), latent_dim=2, num_classes=3, width=4)
    with pytest.raises(ValueError, match=r"labels|classes"):
        other.fit(make(records), verbose=0)


def test_pictures_of_a_folder_are_scaled_and_labelled(tmp_path):
    for name in ("cats", "dogs"):
        (tmp_path / name).mkdir()
        for number in range(3):
            picture = Image.fromarray(np.full((8, 8), 80, np.uint8))
            picture.save(tmp_path / name / f"{number}.png")
    made = data.stream(tmp_path, batch_size=2, image_shape=(4, 4, 1), shuffle=False)
    assert order(made) == [0, 0, 0, 1, 1, 1]
    np.testing.assert_allclose(next(iter(made))[0], np.full((2, 4, 4, 1), 80 / 255))
    assert data.stream(tmp_path / "cats", batch_size=3).element_spec.shape == (
        3,
        8,
        8,
        1,
    )


def test_pictures_within_records(tmp_path):
    picture = tmp_path / "one.png"
    Image.fromarray(IMAGES[0]).save(picture)
    with tf.io.TFRecordWriter(str(tmp_path / "one.tfrecord")) as writer:
        writer.write(example(picture.read_bytes(), 0))
    images, _ = next(iter(data.stream(tmp_path / "one.tfrecord", batch_size=1)))
    np.testing.assert_array_equal(images[0], IMAGES[0].astype(np.float32) / 255.0)


def test_a_training_that_goes_on_has_the_order_of_its_epoch(records):
    whole = make(records)
    orders = [order(whole) for _ in range(3)]
    restored = make(records)
    restored.begin_at(2)
    assert order(restored) == orders[2] != orders[0]


def test_what_does_not_fit_is_named(records, tmp_path):
    cut = tmp_path / "cut.tfrecord"
    cut.write_bytes((records / "set.tfrecord-0").read_bytes()[:-5])
    for source, arguments, message in [
        (cut, {}, "record 7 does not end in it; expected a whole TFRecord file"),
        (tmp_path / "none", {}, "expected a folder of pictures, or TFRecord files"),
        ([], {}, "an empty list of files; expected"),
        (records, {"image_shape": None}, "neither PNG nor JPEG; expected the shape"),
        (records, {"image_key": "x"}, r"features \['image', 'label'\]; expected 'x'"),
        (records, {"batch_size": 24}, "23 images, fewer than one batch of 24"),
    ]:
        with pytest.raises(ValueError, match=message):
            make(source, **arguments)
    words = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"cat"]))
    floats = tf.train.Feature(float_list=tf.train.FloatList(value=48 * [0.5]))
    pixels = tf.train.Feature(bytes_list=tf.train.BytesList(value=[bytes(48)]))
    for name, features, message in [
        ("words", {"image": pixels, "label": words}, "with b'cat' as 'label'; .*int64"),
        ("floats", {"image": floats}, r"48 values of a float_list as 'image'.*tobytes"),
    ]:
        with tf.io.TFRecordWriter(str(tmp_path / f"{name}.tfrecord")) as writer:
            writer.write(written(features))
        with pytest.raises(ValueError, match=message):
            make(tmp_path / f"{name}.tfrecord", batch_size=1)
    with tf.io.TFRecordWriter(str(tmp_path / "negative.tfrecord")) as writer:
        writer.write(example(bytes(48), 0))
        writer.write(example(bytes(48), -1))
    with pytest.raises(tf.errors.OpError, match="record 1 with -1 as 'label'"):
        list(make(tmp_path / "negative.tfrecord", batch_size=2))
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        next(iter(make(records, image_shape=(4, 4, 1))))
    assert re.search("with 48 bytes of pixels; expected 16", str(caught.value))
