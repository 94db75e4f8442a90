import numpy as np
import pytest

from kerasgen import features
from kerasgen.features import classifier
from kerasgen.features import kept


@pytest.fixture
def images(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(kept, "LEAST_IMAGES", 4)
    return np.random.default_rng(0).integers(0, 256, (6, 28, 28, 1), np.uint8)


def count_calls(monkeypatch, extractor):
    calls, original = [], type(extractor).__call__

    def call(self, images):
        calls.append(len(images))
        return original(self, images)

    monkeypatch.setattr(type(extractor), "__call__", call)
    return calls


@pytest.mark.parametrize("name", ["mnist", "random"])
def test_features_are_computed_once_and_come_back_equal(monkeypatch, images, name):
    random = features.random_features((28, 28, 1))
    extractor = random if name == "random" else features.load(name)
    expected = extractor(images)
    calls = count_calls(monkeypatch, extractor)
    for _ in range(2):
        found = features.kept_features(extractor, images)
        assert calls == [6]
        np.testing.assert_array_equal(found.features, expected.features)
        if name == "random":
            assert found.probabilities is None
        else:
            np.testing.assert_array_equal(found.probabilities, expected.probabilities)


def test_other_images_networks_and_small_sets_are_computed(monkeypatch, images):
    digits, random = features.load("mnist"), features.random_features((28, 28, 1))
    calls = count_calls(monkeypatch, digits)
    for some in (images, images[:5], images[::-1], np.float32(images / 255.0)):
        features.kept_features(digits, some)
    features.kept_features(random, images)
    assert calls == [6, 5, 6, 6, 6]
    for _ in range(2):
        features.kept_features(digits, images[:3])
    own = features.FeatureExtractor("mine", classifier.build_classifier((28, 28, 1), 2))
    for _ in range(2):
        features.kept_features(own, images)
    assert calls[5:] == [3, 3, 6, 6]


def test_a_damaged_file_or_a_full_disk_costs_time_alone(tmp_path, monkeypatch, images):
    digits = features.load("mnist")
    expected = features.kept_features(digits, images).features
    (path,) = (tmp_path / "kerasgen/features").glob("mnist_v1-*.npz")
    path.write_bytes(path.read_bytes()[:1000])
    assert np.array_equal(features.kept_features(digits, images).features, expected)
    assert np.load(path)["features"].shape == (6, 64)
    monkeypatch.setenv("XDG_CACHE_HOME", str(path))  # a file, where no folder can be
    assert np.array_equal(features.kept_features(digits, images).features, expected)
