"""An evaluated run is not evaluated again, unless its record came to harm."""

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
