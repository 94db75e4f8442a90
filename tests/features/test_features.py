"""Extractors: pinned, accurate, the same for all; trained and cached where needed."""

import json
import os
import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasgen import data
from kerasgen import features
from kerasgen.features import extractor
from kerasgen.features import inception_v3
from kerasgen.features import trained_extractor
from kerasgen.features.classifier import build_classifier

SMALL = (8, 8, 1)


@pytest.fixture(scope="module")
def mnist_features():
    return features.load("mnist")


@pytest.fixture
def two_classes():
    """60 images: bright on the left, or on the right."""
    labels = np.arange(60) % 2
    images = np.random.default_rng(0).integers(0, 60, (60, *SMALL), dtype=np.uint8)
    images[labels == 0, :, :4] += 180
    images[labels == 1, :, 4:] += 180
    return images, labels


@pytest.mark.parametrize(
    ("dataset", "least"),
    [("mnist", 0.994), *[(name, 0.9) for name in features.SHIPPED if name != "mnist"]],
)
def test_shipped_weights_are_small_and_good_by_their_record(dataset, least):
    path = extractor.weights_path(dataset)
    record = json.loads(path.with_suffix(".json").read_text())
    assert record["sha256"] == features.SHIPPED[dataset]
    assert record["test_accuracy"] >= least
    assert (record["num_train"], record["num_test"]) == (60_000, 10_000)
    assert path.stat().st_size <= 2 * 2**20
    loaded = features.load(dataset)
    assert loaded.name == f"{dataset}_v{record['version']}"
    assert (loaded.num_classes, loaded.image_shape) == (10, (28, 28, 1))


@pytest.mark.slow
@pytest.mark.parametrize("dataset", features.SHIPPED)
def test_recorded_accuracy_is_that_of_the_weights(dataset):
    folder = os.environ.get("TFDS_DATA_DIR")
    if not folder or not os.path.isdir(os.path.join(folder, dataset)):
        pytest.skip(f"TFDS_DATA_DIR holds no prepared {dataset}")
    images, labels = data.load_arrays(dataset, "test", data_dir=folder)
    path = extractor.weights_path(dataset)
    record = json.loads(path.with_suffix(".json").read_text())
    found = extractor.accuracy(features.load(dataset), images, labels)
    # Sums in another order may move an image or two across a border.
    assert found == pytest.approx(record["test_accuracy"], abs=3e-4)


def test_other_digits_are_mostly_recognised(mnist_features, digits):
    # 8x8 pixels made large are far from MNIST; scrambled weights give a tenth.
    assert extractor.accuracy(mnist_features, *digits) > 0.5


def test_an_altered_file_does_not_load(tmp_path):
    content = bytearray(extractor.weights_path("mnist").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "altered.npz").write_bytes(content)
    with pytest.raises(ValueError, match="SHA-256 .*expected a359a84e.*Install"):
        features.load("mnist", tmp_path / "altered.npz")
    with pytest.raises(
        ValueError, match="Got dataset='cifar10'; expected one with shipped"
    ):
        features.load("cifar10")


def test_pickles_are_not_loaded(tmp_path):
    shape, weight = np.array(SMALL), np.array([object()])
    np.savez(tmp_path / "bad.npz", image_shape=shape, weight_000=weight)
    with pytest.raises(ValueError, match="Got weights of mine that cannot be read"):
        extractor.from_bytes("mine", (tmp_path / "bad.npz").read_bytes())


def test_bytes_and_floats_alone_and_in_batches_are_the_same(mnist_features, digits):
    images = digits[0]
    whole = mnist_features(np.tile(images, (4, 1, 1, 1)))  # 512: more than a batch
    assert whole.features.shape == (512, features.classifier.NUM_FEATURES)
    np.testing.assert_allclose(whole.probabilities.sum(axis=1), 1.0, atol=1e-5)
    again = mnist_features(np.float32(images[-12:] / 255.0))
    np.testing.assert_allclose(again.features, whole.features[-12:], atol=1e-4)


def test_few_images_cost_what_they_are_and_trace_nothing_anew():
    traced = []
    network = keras.Sequential([keras.Input(SMALL), keras.layers.Flatten()])
    call = network.call
    network.call = lambda x, **options: traced.append(x.shape) or call(x, **options)
    few = features.FeatureExtractor("mine", network)
    images = np.random.default_rng(0).random((7, *SMALL), "float32")
    for num in (7, 3, 1):
        found = few(images[:num]).features
        np.testing.assert_array_equal(found, images[:num].reshape(num, -1))
    assert traced == [(None, *SMALL)]


def test_images_of_another_shape_are_refused(mnist_features):
    with pytest.raises(
        ValueError, match=r"Got images of shape \(32, 32, 3\); .* mnist_v1 are made"
    ):
        mnist_features(np.zeros((2, 32, 32, 3), np.uint8))


def test_training_records_itself_and_touches_no_global_state(tmp_path, two_classes):
    keras.config.set_dtype_policy("mixed_float16")
    states = random.getstate(), np.random.get_state()[1].tolist()
    record = features.train("halves", two_classes, two_classes, tmp_path, epochs=20)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states
    assert record["test_accuracy"] > 0.9
    assert json.loads((tmp_path / "halves-v1.json").read_text()) == record
    content = (tmp_path / "halves-v1.npz").read_bytes()
    found = extractor.from_bytes("halves", content)(two_classes[0])
    assert found.features.dtype == np.float32
    assert np.isfinite(found.features).all()


def test_movements_keep_the_middle_and_stay_small():
    generator = np.random.default_rng(0)
    moves = features.classifier._movements(generator, 1000, (28, 28))
    a, b, x, c, d, y = moves[:, :6].T
    middle = 13.5
    moved = np.stack([a * middle + b * middle + x, c * middle + d * middle + y])
    assert 1.9 < np.abs(moved - middle).max() <= 2.0 + 1e-5
    lengths = np.hypot(a, c)
    assert lengths.min() >= 0.9 and lengths.max() <= 1.1


@pytest.fixture
def trainings(tmp_path, monkeypatch):
    """An empty cache, and a list of the trainings, which take no time."""
    done = []

    def train(images, labels, num_classes, epochs, seed):
        done.append(epochs)
        return build_classifier(images.shape[1:], num_classes, seed)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(trained_extractor, "train_classifier", train)
    return done


def test_own_features_are_trained_once(trainings, two_classes, caplog):
    first = features.cached("halves", two_classes, two_classes)
    assert trainings == [100]
    assert "training a classifier on 60 images" in caplog.text
    assert first.name.startswith("halves_own_") and len(first.name) == 19
    again = features.cached("halves", two_classes)
    assert len(trainings) == 1
    np.testing.assert_array_equal(
        first(two_classes[0]).features, again(two_classes[0]).features
    )
    features.cached("halves", (two_classes[0], 1 - two_classes[1]))
    assert len(trainings) == 2  # other labels, other features


def test_a_damaged_cache_is_trained_anew(tmp_path, trainings, two_classes):
    features.cached("halves", two_classes)
    path = next(tmp_path.rglob("halves-v1.npz"))
    path.write_bytes(path.read_bytes()[:-20])
    assert features.cached("halves", two_classes).num_classes == 2
    assert len(trainings) == 2


def test_a_single_class_cannot_be_learned(tmp_path, two_classes):
    only = two_classes[0], np.zeros(60, np.int32)
    with pytest.raises(ValueError, match="single class"):
        features.train("one", only, None, tmp_path)


def test_only_images_that_are_known_are_recognised(digits):
    assert features.recognise(digits[0], (digits[1] + 1) % 10) is None
    assert features.recognise(digits[0], None) is None
    assert features.recognise(np.zeros((3, 8, 8, 1), np.uint8), [0, 1, 2]) is None


def test_inception_without_a_network_says_so_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(inception_v3, "HOST", "http://127.0.0.1:9")
    with pytest.raises(RuntimeError, match='cannot be downloaded .*features="auto"'):
        features.inception()


def test_inception_gets_tiled_large_pictures(monkeypatch):
    policies = []

    def tiny(weights):
        policies.append(keras.config.dtype_policy().name)
        seen = keras.Input((299, 299, 3))
        pooled = keras.layers.GlobalAveragePooling2D(name="avg_pool")(seen)
        return keras.Model(seen, keras.layers.Softmax()(pooled))

    monkeypatch.setattr(inception_v3, "_probe", lambda url, seconds: None)
    monkeypatch.setattr(keras.applications, "InceptionV3", tiny)
    keras.config.set_dtype_policy("mixed_bfloat16")
    extract = features.inception()
    assert policies == ["float32"]
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
    assert (extract.name, extract.num_classes) == ("inception_keras", None)
    found = extract(np.full((2, 28, 28, 1), 0.75, np.float32))
    np.testing.assert_allclose(found.features, np.full((2, 3), 0.5), atol=1e-5)
    # By TensorFlow 1's rule the first pixel of a row is the first pixel of the image.
    ramp = tf.reshape(tf.range(4.0) / 4.0, (1, 1, 4, 1))
    row = inception_v3.prepare(ramp)[0, 0, :, 0].numpy()
    np.testing.assert_allclose(
        row[[0, 150]], [-1.0, 2 * 150 * 4 / 299 / 4 - 1], atol=1e-5
    )
