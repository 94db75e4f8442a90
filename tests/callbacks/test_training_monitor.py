import dataclasses
import json
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
from kerasgen.callbacks.training_events import Limits
from kerasgen.callbacks.training_events import find_events
from kerasgen.callbacks.training_observations import read_observations
from kerasgen.callbacks.training_observations import variety
from kerasgen.features.extractor import Extracted
from tests.contract import eagerly

LIMITS = Limits(
    explosion_factor=100.0,
    dominance_loss=0.1,
    min_classes_share=0.5,
    min_spread=0.01,
    patience=3,
)


def observed(losses=None, classes=None, spreads=None):
    """Observations of as many epochs as there are losses, classes or spreads."""
    num = len(losses or classes or spreads or [])
    losses = losses or [{}] * num
    classes = classes or [None] * num
    spreads = spreads or [None if count is None else 0.2 for count in classes]
    return [
        {
            "epoch": epoch,
            "losses": values,
            "not_finite": [],
            "spread": spread,
            "classes": count,
            "num_classes": None if count is None else 10,
        }
        for epoch, (values, count, spread) in enumerate(
            zip(losses, classes, spreads, strict=True), start=1
        )
    ]


def kinds(observations, **limits):
    events = find_events(observations, dataclasses.replace(LIMITS, **limits))
    return [(event["epoch"], event["kind"]) for event in events]


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
        ([-0.7, -0.6, -0.7], []),  # InfoGAN's holds its bound on the information
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
        ([10, 4, None, 4, None, 10, None, 4], [2, 8]),  # samples now and then
    ],
)
def test_collapse_counts_once_classes_were_reached_or_from_the_third_epoch(
    classes, expected
):
    found = kinds(observed(classes=classes))
    assert found == [(epoch, "collapse") for epoch in expected]


@pytest.mark.parametrize(
    ("spreads", "expected"),
    [
        ([0.003, 0.05, 0.2], []),
        ([0.003, 0.003, 0.003, 0.003], [3]),
        ([0.05, 0.003, 0.003], [2]),
    ],
)
def test_samples_that_are_all_alike_are_a_collapse(spreads, expected):
    found = kinds(observed(spreads=spreads))
    assert found == [(epoch, "collapse") for epoch in expected]


def test_limits_are_heeded():
    losses = series("discriminator_loss", 0.2, 0.2, 0.2, 11.0)
    assert kinds(observed(losses), dominance_loss=0.3) == [(3, "dominance")]
    assert kinds(observed(losses), dominance_loss=0.3, patience=4) == []
    assert kinds(observed(losses), explosion_factor=10.0) == [(4, "explosion")]
    classes = observed(classes=[10, 8])
    assert kinds(classes, min_classes_share=0.9) == [(2, "collapse")]
    assert kinds(observed(spreads=[0.3, 0.1]), min_spread=0.2) == [(2, "collapse")]


def test_events_say_what_was_seen_and_what_was_allowed():
    (collapse,) = find_events(observed(classes=[10, 4]), LIMITS)
    assert collapse == {
        "epoch": 2,
        "kind": "collapse",
        "message": "After epoch 2, samples reach 4 of 10 classes, fewer than 5.",
        "quantity": "classes",
        "value": 4,
        "threshold": 5.0,
    }
    (explosion,) = find_events(observed(series("loss", 2.0, 4.0, 6.0, -401.0)), LIMITS)
    assert explosion["threshold"] == 400.0
    assert explosion["value"] == -401.0
    assert "loss is -401, more than 100 times" in explosion["message"]


def test_a_divergence_is_one_event_that_json_can_hold():
    observations = observed(series("loss", 1.0, math.nan))
    observations[1]["not_finite"] = ["loss", "dense/kernel", "dense/bias"]
    (event,) = find_events(observations, LIMITS)
    assert event["message"] == "After epoch 2, loss (NaN) and 2 more are not finite."
    assert (event["quantity"], event["value"]) == ("loss", "NaN")
    assert event["threshold"] is None


@hypothesis_settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(-1e5, 1e5),
            st.floats(0.0, 2.0),
            st.none() | st.integers(0, 10),
        ),
        max_size=12,
    ),
    st.data(),
)
def test_what_was_found_does_not_depend_on_what_comes_later(epochs, draw):
    losses = [{"loss": a, "discriminator_loss": b} for a, b, _ in epochs]
    observations = observed(losses, [count for *_, count in epochs])
    cut = draw.draw(st.integers(0, len(epochs)))
    found = find_events(observations, LIMITS)
    before = [event for event in found if event["epoch"] <= cut]
    assert find_events(observations[:cut], LIMITS) == before


def test_variety_is_counted_in_pixels_and_classes():
    images = np.zeros((40, 28, 28, 1), np.float32)
    images[::2] = 0.5
    assert variety(images) == {"spread": 0.25, "classes": None, "num_classes": None}
    assert variety(images, Classes([3]))["classes"] == 3


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


def test_samples_are_drawn_now_and_then_and_at_the_end(tmp_path, gan, fit):
    monitor = TrainingMonitor(tmp_path, Classes([10, 2, 2]), num_samples=20, every=2)
    fit(gan, [monitor], epochs=5)
    lines = (tmp_path / "monitor.jsonl").read_text().splitlines()
    assert [json.loads(line).get("classes") for line in lines] == [None, 10, None, 2, 2]
    (event,) = read_events(tmp_path / "events.jsonl")
    assert (event["epoch"], event["kind"]) == (4, "collapse")


def test_classes_of_a_conditional_model_are_asked_for_evenly(tmp_path, digits):
    class Watching(Classes):
        def __call__(self, images):
            seen.append(images)
            return super().__call__(images)

    seen = []
    model = eagerly(kerasgen.CVAE(width=4, num_classes=10, seed=0))
    monitor = TrainingMonitor(tmp_path, Watching([10]), num_samples=30)
    model.fit(*digits, epochs=1, verbose=0, callbacks=[monitor])
    assert np.array_equal(seen[0], model.sample(30, np.arange(30) % 10, seed=0))


class Kill(keras.callbacks.Callback):
    """Ends the process, as it were, when an epoch is nearly done."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


def test_an_interrupted_fit_reports_what_an_uninterrupted_one_does(
    tmp_path, gan, fit, caplog
):
    def callbacks(directory, classes):
        limits = {"num_samples": 20, "explosion_factor": 1.5}
        monitor = TrainingMonitor(directory, Classes(classes), **limits)
        return [monitor, Kill(killed), Checkpoint(directory / "checkpoint")]

    classes = [10, 2, 2, 10, 2, 2, 10, 2]
    killed = None
    fit(gan, callbacks(tmp_path / "whole", classes), epochs=8)
    killed = 5
    with pytest.raises(KeyboardInterrupt):
        fit(type(gan)(), callbacks(tmp_path / "cut", classes), epochs=8)
    killed, fresh = None, type(gan)()
    again = callbacks(tmp_path / "cut", classes[5:])
    assert again[-1].restore(fresh) == 5
    fit(fresh, again, epochs=8, initial_epoch=5)
    for name in ("events.jsonl", "monitor.jsonl"):
        whole, cut = ((tmp_path / d / name).read_text() for d in ("whole", "cut"))
        assert whole == cut
    found = [
        (e["epoch"], e["kind"]) for e in read_events(tmp_path / "cut/events.jsonl")
    ]
    assert found == [
        (2, "collapse"),
        (4, "explosion"),
        (5, "collapse"),
        (8, "collapse"),
    ]


def test_events_outlive_observations_that_came_to_harm(
    tmp_path, gan, epoch_logs, caplog
):
    gan.steps.assign(5.0)  # at 0 its samples are black
    logs = [{"loss": v} for v in (1.0, 1.0, 1.0, 1e4, 1.0, 1e4)]
    epoch_logs(TrainingMonitor(tmp_path), gan, logs[:5])
    (tmp_path / "monitor.jsonl").unlink()
    with caplog.at_level(logging.WARNING):
        epoch_logs(TrainingMonitor(tmp_path), gan, logs[5:], initial_epoch=5)
    assert "nothing on the epochs [1, 2, 3, 4, 5]" in caplog.text
    assert [event["epoch"] for event in read_events(tmp_path / "events.jsonl")] == [4]


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

    model = eagerly(kerasgen.VanillaGAN(width=8, seed=0))
    checkpoint = Checkpoint(tmp_path / "checkpoint")
    watch = [Poison(), TrainingMonitor(tmp_path, "mnist", 20), checkpoint]
    with pytest.raises(DivergenceError, match="VanillaGAN diverged in epoch 2"):
        model.fit(digits[0], epochs=3, verbose=0, callbacks=watch)
    (event,) = read_events(tmp_path / "events.jsonl")
    assert (event["epoch"], event["kind"]) == (2, "divergence")
    fresh = kerasgen.VanillaGAN(width=8)
    assert checkpoint.restore(fresh) == 1
    assert all(np.isfinite(weight).all() for weight in fresh.get_weights())


def test_watching_does_not_change_the_training(tmp_path, digits):
    weights = []
    for watch in ([], [TrainingMonitor(tmp_path, "mnist", num_samples=50)]):
        keras.utils.set_random_seed(0)
        model = eagerly(kerasgen.CVAE(width=4, seed=0))
        model.fit(digits[0], epochs=2, verbose=0, callbacks=watch, shuffle=False)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        assert np.array_equal(one, other)


def test_samples_that_are_not_finite_are_a_divergence(tmp_path, gan, fit):
    gan.sample = lambda num, labels=None, seed=None: np.full((num, 28, 28, 1), np.inf)
    with pytest.raises(DivergenceError, match="no finite numbers in samples"):
        fit(gan, [TrainingMonitor(tmp_path)], epochs=1)
    (event,) = read_events(tmp_path / "events.jsonl")
    assert (event["kind"], event["quantity"]) == ("divergence", "samples")


def test_files_are_strict_json(tmp_path, gan, epoch_logs):
    def refuse(constant):
        raise ValueError(constant)

    with pytest.raises(DivergenceError, match="epoch 1: no finite numbers in loss"):
        epoch_logs(TrainingMonitor(tmp_path), gan, [{"loss": math.inf}])
    for name in ("events.jsonl", "monitor.jsonl"):
        json.loads((tmp_path / name).read_text(), parse_constant=refuse)
    (event,) = read_events(tmp_path / "events.jsonl")
    assert float(event["value"]) == math.inf


def test_mistakes_get_an_answer(tmp_path, gan, fit):
    with pytest.raises(ValueError, match="Got num_samples=.* at least 2"):
        TrainingMonitor(tmp_path, num_samples=1)
    with pytest.raises(ValueError, match="Got num_samples=.* at least 20"):
        TrainingMonitor(tmp_path, "mnist", num_samples=19)
    with pytest.raises(
        ValueError, match="'mnits'; expected one of mnist, fashion_mnist"
    ):
        TrainingMonitor(tmp_path, "mnits")
    with pytest.raises(ValueError, match="Got patience=.*an integer"):
        TrainingMonitor(tmp_path, patience=0)
    with pytest.raises(ValueError, match="Got every=.*an integer"):
        TrainingMonitor(tmp_path, every=0)
    gan.image_shape = (32, 32, 1)
    with pytest.raises(ValueError, match="32"):
        fit(gan, [TrainingMonitor(tmp_path, "mnist")], epochs=1)
    monitor = TrainingMonitor(tmp_path)
    monitor.set_model(keras.Sequential())
    with pytest.raises(ValueError, match="Sequential has none"):
        monitor.on_train_begin()


@pytest.mark.parametrize(
    "name", ["explosion_factor", "dominance_loss", "min_classes_share", "min_spread"]
)
@pytest.mark.parametrize("value", [0, -1.0, math.nan, math.inf, "1", True])
def test_limits_out_of_range_are_refused(tmp_path, name, value):
    with pytest.raises(ValueError, match=f"Got {name}=.*a finite number above 0"):
        TrainingMonitor(tmp_path, **{name: value})


def test_a_share_is_at_most_one(tmp_path):
    with pytest.raises(ValueError, match="=50; .*above 0 and at most 1"):
        TrainingMonitor(tmp_path, min_classes_share=50)


def test_damaged_lines_are_left_out(tmp_path, caplog):
    path = tmp_path / "events.jsonl"
    assert read_events(path) == []
    path.write_text('{"epoch": 3}\n{"epo\n{"epoch": 1}\n[]\n')
    with caplog.at_level(logging.WARNING):
        assert [event["epoch"] for event in read_events(path)] == [1, 3]
    assert "Line 2" in caplog.text
    assert "Line 4" in caplog.text


@pytest.mark.parametrize(
    "damaged",
    [
        {},
        {"losses": 3, "not_finite": []},
        {"losses": {"loss": "x"}, "not_finite": []},
        {"losses": {"loss": 1.0}},
        {"losses": {"loss": 1.0}, "not_finite": [], "spread": 0.1},
    ],
    ids=["nothing", "number", "text", "no weights", "no classes"],
)
def test_damaged_observations_are_missed(tmp_path, gan, epoch_logs, caplog, damaged):
    monitor = TrainingMonitor(tmp_path)
    epoch_logs(monitor, gan, [{"loss": 1.0}] * 3)
    path = tmp_path / "monitor.jsonl"
    first, _, third = path.read_text().splitlines()
    second = json.dumps({"epoch": 2, **damaged})
    path.write_text("\n".join([first, second, third]) + "\n")
    with caplog.at_level(logging.WARNING):
        found = read_observations(path, 3)
    assert [line["epoch"] for line in found] == [1, 3]
    assert "has nothing on the epochs [2]" in caplog.text
    find_events(found, monitor.limits)
