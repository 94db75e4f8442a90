"""What runs of a study on unlike machines have in common."""

import json
import types

import keras
import numpy as np
import pytest

from kerasgen import features
from kerasgen.features.classifier import build_classifier
from kerasgen.study import choices
from kerasgen.study import environment


def machine(monkeypatch, precision):
    """What "auto" stands for here, from now on."""
    monkeypatch.setattr(environment, "resolve_precision", lambda _: precision)
    monkeypatch.setattr(environment, "_gpus", list)


def reference(name):
    keras.utils.set_random_seed(0)
    model = build_classifier((28, 28, 1), 10)
    # As of a file, whose weights are of 16 bits.
    model.set_weights([w.astype("float16") for w in model.get_weights()])
    extractor = features.FeatureExtractor(name, model, 10, (28, 28, 1), "print")
    return types.SimpleNamespace(extractor=extractor)


def test_the_first_machine_decides_for_all(tmp_path, image_sets, monkeypatch):
    assert choices.precision(tmp_path) is None
    machine(monkeypatch, "mixed_bfloat16")
    first = reference("birds_own_12345678")
    choices.decide(tmp_path, first)
    machine(monkeypatch, "float32")
    choices.decide(tmp_path, reference("birds_own_87654321"))
    assert choices.precision(tmp_path) == "mixed_bfloat16"
    found = choices.reference(tmp_path, *image_sets).extractor
    assert found.name == "birds_own_12345678"
    images = image_sets[0].images[:5]
    assert np.array_equal(found(images).features, first.extractor(images).features)
    choices.forget(tmp_path)
    assert choices.precision(tmp_path) is None


def test_a_record_that_is_there_decides(tmp_path, monkeypatch):
    folder = tmp_path / "dcgan/seed0"
    folder.mkdir(parents=True)
    record = {"settings": {"precision": "auto"}, "precision": "mixed_float16"}
    (folder / "settings.json").write_text(json.dumps(record))
    machine(monkeypatch, "float32")
    choices.decide(tmp_path, reference("mnist_v1"))
    assert choices.precision(tmp_path) == "mixed_float16"
    choices.forget(tmp_path)  # while the run is there, it stays
    assert choices.precision(tmp_path) == "mixed_float16"


def test_other_features_than_the_study_has_are_refused(tmp_path, image_sets):
    choices.decide(tmp_path, reference("mnist_v0"))
    with pytest.raises(ValueError, match="features mnist_v1 .*expected mnist_v0"):
        choices.reference(tmp_path, *image_sets)


def test_a_machine_says_what_does_not_suit_it(monkeypatch, caplog):
    machine(monkeypatch, "float32")
    environment.check_precision("float32")
    assert not caplog.text
    environment.check_precision("mixed_bfloat16")
    assert "mixed_bfloat16, which precision='auto' stands for" in caplog.text
    with pytest.raises(ValueError, match="Got mixed_float16.*expected a machine with"):
        environment.check_precision("mixed_float16")
