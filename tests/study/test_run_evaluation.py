"""Evaluation of runs: what is made once, and what of a run that is short of images."""

import json
import types

import numpy as np
import pytest

from kerasgen.study import run_evaluation

REFERENCE = types.SimpleNamespace(
    extractor=types.SimpleNamespace(name="mine"),
    train=types.SimpleNamespace(images=np.zeros((3, 28, 28, 1))),
    test=types.SimpleNamespace(images=np.zeros((2, 28, 28, 1))),
)
WHOLE = {
    "wanted": {
        "num_samples": 7,
        "features": "mine",
        "num_train": 3,
        "record_version": run_evaluation.evaluation.RECORD_VERSION,
    },
    "final": {"fid": 1.0},
    "during": {"fid": 2.0},
    "pixels": {"fid": 3.0},
}


@pytest.fixture
def evaluated(tmp_path, monkeypatch):
    """A function from the text of real.json to what it holds after evaluating."""
    answers = {"evaluate": "during", "evaluate_real": "final"}
    answers["evaluate_pixels"] = "pixels"
    for name, key in answers.items():
        answer = lambda *_, key=key, **__: {"seconds_total": 1.0, "fid": key}  # noqa: E731
        monkeypatch.setattr(run_evaluation.evaluation, name, answer)

    def judge(text):
        path = tmp_path / "real.json"
        if text is not None:
            path.write_text(text)
        run_evaluation.evaluate_real_images(REFERENCE, None, path, num_samples=7)
        return json.loads(path.read_text())

    return judge


def test_real_images_are_evaluated_once(evaluated):
    assert evaluated(json.dumps(WHOLE)) == WHOLE


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "[]",
        "null",
        "3",
        '{"wanted": 3}',
        json.dumps(WHOLE)[:-9],
        json.dumps({**WHOLE, "wanted": {**WHOLE["wanted"], "num_samples": 8}}),
    ],
)
def test_a_damaged_or_other_record_of_real_images_is_made_anew(evaluated, text):
    made = evaluated(text)
    assert made["wanted"] == WHOLE["wanted"]
    for key in ("final", "during", "pixels"):
        assert made[key] == {"seconds_total": 1.0, "metrics": {"fid": key}}


@pytest.mark.parametrize(
    ("labels", "num", "expected"),
    [
        (None, 60, 10),
        (None, 4, 4),
        ([0] * 20 + [1] * 20, 40, 10),
        ([0] * 20 + [1] * 6, 26, 6),
        ([0] * 20, 20, 0),  # class 1 has no images
    ],
)
def test_a_prior_has_as_many_components_as_the_rarest_class_allows(
    labels, num, expected
):
    model = types.SimpleNamespace(fit_prior=None, num_classes=2)
    images = np.zeros((num, 28, 28, 1))
    assert run_evaluation.components_of_prior(model, images, labels) == expected
    assert run_evaluation.components_of_prior(object(), images, labels) == 0
