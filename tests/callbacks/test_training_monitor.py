import logging
import math

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import kerasgen
from kerasgen.callbacks import Checkpoint
from kerasgen.callbacks import DivergenceError
from kerasgen.callbacks import TrainingMonitor
from kerasgen.callbacks import read_events
from kerasgen.callbacks.training_trouble import find_events
from kerasgen.features.extractor import Extracted


def observed(losses, classes=None, not_finite=()):
    """Observations of as many epochs as there are losses or counts of classes."""
    losses = losses or [{}] * len(classes)
    classes = classes or [None] * len(losses)
    return [
        {
            "epoch": epoch,
            "losses": values,
            "not_finite": list(not_finite) if epoch == len(losses) else [],
            "classes": count,
            "num_classes": None if count is None else 10,
        }
        for epoch, (values, count) in enumerate(zip(losses, classes, strict=True), 1)
    ]


def kinds(observations):
    return [(event["epoch"], event["kind"]) for event in find_events(observations)]


def series(name, *values):
    return [{name: value} for value in values]


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        (series("loss", 200.0, 150.0, 140.0, 139.0), []),
        (series("loss", 200.0, 150.0, 140.0, 1e6, 2e6, 130.0, 1e6), [4, 7]),
        # A divergence that grows from nearly nothing is healthy.
        (series("kl_divergence", 0.01, 0.01, 0.01, 25.0), []),
        (series("critic_loss", -2.0, -1.0, -1.0, -500.0), [4]),
        # Too early to say.
        (series("loss", 1.0, 1.0, 1e9), []),
    ],
)
def test_explosion_is_measured_by_what_a_loss_was(losses, expected):
    assert kinds(observed(losses)) == [(epoch, "explosion") for epoch in expected]


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([1.3, 0.05, 0.05, 0.05, 0.01], [4]),
        ([0.05, 0.05, 1.0, 0.05, 0.05], []),
        ([0.05, 0.05, 0.05, 1.0, 0.05, 0.05, 0.05], [3, 7]),
        ([0.11, 0.11, 0.11], []),
    ],
)
def test_dominance_needs_three_epochs(losses, expected):
    found = kinds(observed(series("discriminator_loss", *losses)))
    assert found == [(epoch, "dominance") for epoch in expected]


def test_a_critic_near_zero_dominates_nobody():
    assert kinds(observed(series("critic_loss", *[-0.01] * 5))) == []


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        ([1, 3, 10, 10], []),
        ([1, 2, 4, 4, 4], [3]),  # it never got there
        ([10, 4, 4, 10, 4], [2, 5]),  # it lost them
        ([1, 1], []),  # too early
        ([5, 5, 5], []),  # half is enough
    ],
)
def test_collapse_counts_once_classes_were_reached_or_from_the_third_epoch(
    classes, expected
):
    found = kinds(observed(None, classes))
    assert found == [(epoch, "collapse") for epoch in expected]


def test_an_event_says_what_was_seen_and_what_was_allowed():
    (event,) = find_events(observed(None, [10, 4]))
    assert event == {
        "epoch": 2,
        "kind": "collapse",
        "message": "After epoch 2, samples reach 4 of 10 classes, fewer than 5.",
        "quantity": "classes",
        "value": 4,
        "threshold": 5.0,
    }


@hypothesis_settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-1e5, 1e5), st.floats(0.0, 2.0), st.integers(0, 10)),
        max_size=12,
    ),
    st.data(),
)
def test_what_was_found_does_not_depend_on_what_comes_later(epochs, draw):
    losses = [{"loss": a, "discriminator_loss": b} for a, b, _ in epochs]
    observations = observed(losses, [count for *_, count in epochs]) if epochs else []
    cut = draw.draw(st.integers(0, len(epochs)))
    found = find_events(observations)
    assert find_events(observations[:cut]) == [e for e in found if e["epoch"] <= cut]


class Classes:
    """Features of a classifier that sees as many classes as it is told to."""

    num_classes = 10

    def __init__(self, reached):
        self.reached = iter(reached)

    def check_shape(self, image_shape):
        assert image_shape == (28, 28, 1)

    def __call__(self, images):
        rows = np.arange(len(images)) % next(self.reached)
        return Extracted(None, np.eye(10)[rows])


def test_events_are_written_and_logged_as_they_happen(tmp_path, gan, fit, caplog):
    monitor = TrainingMonitor(tmp_path, Classes([10, 10, 2, 2]), num_samples=40)
    with caplog.at_level(logging.WARNING):
        fit(gan, [monitor], epochs=4)
    (event,) = read_events(tmp_path / "events.jsonl")
    assert (event["epoch"], event["kind"], event["value"]) == (3, "collapse", 2)
    assert caplog.text.count("samples reach 2 of 10 classes") == 1
    assert {request["num"] for request in gan.requests} == {40}


def test_an_interrupted_fit_reports_what_an_uninterrupted_one_does(
    tmp_path, gan, epoch_logs
):
    logs = [{"loss": v} for v in (1.0, 1.0, 1.0, 1e4, 1e4, 1.0, 1e4)]
    epoch_logs(TrainingMonitor(tmp_path / "whole"), gan, logs)
    epoch_logs(TrainingMonitor(tmp_path / "cut"), gan, logs[:5], to_the_end=False)
    # The checkpoint was of epoch 4; epoch 5 is done once more.
    epoch_logs(TrainingMonitor(tmp_path / "cut"), gan, logs[4:], initial_epoch=4)
    for name in ("events.jsonl", "monitor.jsonl"):
        whole, cut = ((tmp_path / d / name).read_text() for d in ("whole", "cut"))
        assert whole == cut
    events = read_events(tmp_path / "cut/events.jsonl")
    assert [event["epoch"] for event in events] == [4, 7]


def test_a_fresh_fit_forgets_an_earlier_one(tmp_path, gan, epoch_logs):
    with pytest.raises(DivergenceError):
        epoch_logs(TrainingMonitor(tmp_path), gan, [{"loss": math.nan}])
    assert len(read_events(tmp_path / "events.jsonl")) == 1
    epoch_logs(TrainingMonitor(tmp_path), gan, [{"loss": 1.0}])
    assert read_events(tmp_path / "events.jsonl") == []


@pytest.mark.parametrize("where", ["weights", "average"])
def test_divergence_ends_training_and_spares_the_last_good_checkpoint(
    tmp_path, digits, where
):
    class Poison(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                network = model.average if where == "average" else model.generator
                weight = network.trainable_variables or network.non_trainable_variables
                weight[0].assign(weight[0] * np.nan)

    model = kerasgen.VanillaGAN(width=8, seed=0)
    checkpoint = Checkpoint(tmp_path / "checkpoint")
    watch = [Poison(), TrainingMonitor(tmp_path, "mnist", 20), checkpoint]
    with pytest.raises(DivergenceError, match="VanillaGAN diverged in epoch 2"):
        model.fit(digits[0], epochs=3, verbose=0, callbacks=watch)
    (event,) = [
        e for e in read_events(tmp_path / "events.jsonl") if e["quantity"] != "samples"
    ]
    assert (event["epoch"], event["kind"]) == (2, "divergence")
    fresh = kerasgen.VanillaGAN(width=8)
    assert checkpoint.restore(fresh) == 1
    assert all(np.isfinite(weight).all() for weight in fresh.get_weights())


def test_watching_does_not_change_the_training(tmp_path, digits):
    weights = []
    for watch in ([], [TrainingMonitor(tmp_path, "mnist", num_samples=50)]):
        keras.utils.set_random_seed(0)
        model = kerasgen.CVAE(width=4, seed=0)
        model.fit(digits[0], epochs=2, verbose=0, callbacks=watch, shuffle=False)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        assert np.array_equal(one, other)


def test_mistakes_get_an_answer(tmp_path, gan, fit):
    with pytest.raises(ValueError, match="`num_samples` must be an integer"):
        TrainingMonitor(tmp_path, num_samples=0)
    with pytest.raises(ValueError, match="mnits"):
        TrainingMonitor(tmp_path, "mnits")
    gan.image_shape = (32, 32, 1)
    with pytest.raises(ValueError, match="32"):
        fit(gan, [TrainingMonitor(tmp_path, "mnist")], epochs=1)


def test_damaged_lines_are_left_out(tmp_path, caplog):
    path = tmp_path / "events.jsonl"
    assert read_events(path) == []
    path.write_text('{"epoch": 3}\n{"epo\n{"epoch": 1}\n[]\n')
    with caplog.at_level(logging.WARNING):
        assert [event["epoch"] for event in read_events(path)] == [1, 3]
    assert "Line 2" in caplog.text
    assert "Line 4" in caplog.text
