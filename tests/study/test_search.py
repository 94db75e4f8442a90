"""The search with an equal budget: what it holds out, and that it goes on."""

import math

import numpy as np
import pytest

from kerasgen.comparisons import JAISWAL
from kerasgen.study import run
from kerasgen.study import search

SMALL = {"trials": 3, "epochs": 1, "held_out": 20, "num_samples": 8}


def test_every_model_has_as_many_knobs_that_its_settings_take(image_sets):
    assert len({len(knobs) for knobs in JAISWAL.knobs.values()}) == 1
    assert set(JAISWAL.knobs) == set(JAISWAL.models)
    for model, knobs in JAISWAL.knobs.items():
        values = {k.name: k.choices[0] if k.choices else k.high for k in knobs}
        settings = search.RunSettings(model=model, **search._changes(knobs, values))
        built = run.build(settings, image_sets[0])
        for knob in knobs:
            if knob.path[0] == "arguments":
                assert getattr(built, knob.path[1]) == values[knob.name]
            if knob.path[0] == "optimizers":
                for optimizer in built.optimizer.optimizers:
                    assert getattr(optimizer, knob.path[2]) == values[knob.name]


@pytest.fixture
def scored(monkeypatch):
    """The settings that were scored, by a formula instead of by training."""
    found = []

    def score(settings, images, reference, num_samples):
        found.append((settings, len(images.images), len(reference.test.images)))
        # A search has to live with trainings that diverge.
        rate = settings.learning_rate_factor
        return math.inf if len(found) == 2 else abs(math.log(rate))

    monkeypatch.setattr(search, "_score", score)
    return found


def test_an_interrupted_search_goes_on_as_if_it_had_not_been(
    scored, image_sets, tmp_path
):
    def go(name, trials):
        scored.clear()
        arguments = {**SMALL, "trials": trials, "tell": lambda _: None}
        storage = tmp_path / f"{name}.sqlite"
        best = search.search(JAISWAL, "dcgan", image_sets[0], storage, **arguments)
        return best, list(scored)

    best, whole = go("whole", 3)
    _, first = go("parts", 1)
    scored.clear()
    again, rest = go("parts", 3)
    assert [len(first), len(rest)] == [1, 2]
    assert first[0][0] == whole[0][0]
    # The defaults are a trial, once.
    settings = whole[0][0]
    assert (settings.learning_rate_factor, settings.batch_size) == (1.0, 64)
    assert settings.arguments == {"latent_dim": 32}
    assert settings.optimizers == {"all": {"beta_1": 0.0}}
    assert [each[0] for each in whole].count(settings) == 1
    assert {"learning_rate_factor", "batch_size", "optimizers", "arguments"} == set(
        best
    )
    count = len(image_sets[0].images)
    assert all((n, m) == (count - 20, 20) for _, n, m in whole)
    assert go("parts", 3)[1] == []  # it is done
    with pytest.raises(ValueError, match=r"'epochs': 1,.*asked for.*'epochs': 2,"):
        search.search(
            JAISWAL,
            "dcgan",
            image_sets[0],
            tmp_path / "parts.sqlite",
            **{**SMALL, "trials": 4, "epochs": 2},
        )
    search.write_records(tmp_path / "parts.sqlite", tmp_path / "trials.csv")
    lines = (tmp_path / "trials.csv").read_text().splitlines()
    assert len(lines) == 4 and lines[0].startswith("model,number,value")
    assert again.keys() == best.keys()


def test_a_trial_is_trained_and_scored(image_sets):
    images = image_sets[0]
    settings = search.RunSettings(
        "vanilla_gan", epochs=1, batch_size=32, arguments={"width": 8}
    )
    reference = search.evaluation.Reference(
        ((images.images, images.labels), (images.images, images.labels)),
        features="mnist",
    )
    assert np.isfinite(search._score(settings, images, reference, 64))


def test_holding_out_everything_is_refused(image_sets, tmp_path):
    with pytest.raises(ValueError, match="Got held_out=999999"):
        search.search(JAISWAL, "dcgan", image_sets[0], tmp_path / "a", held_out=999_999)
