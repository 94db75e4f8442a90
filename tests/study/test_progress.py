import io

import pytest

from kerasgen.study.progress import Progress
from kerasgen.study.progress import clock


@pytest.fixture
def progress():
    titles = ["DCGAN seed 0", "CVAE seed 0", "DCGAN seed 1"]
    return Progress(
        titles, ["dcgan", "cvae", "dcgan"], [2] * 3, 60_000, stream=io.StringIO()
    )


def epoch(number, seconds, **losses):
    return {
        "kind": "epoch",
        "epoch": number,
        "total": 2,
        "seconds": seconds,
        "losses": losses,
    }


def test_nothing_is_known_before_anything_was_measured(progress):
    assert progress.remaining() is None


def test_what_is_left_follows_what_was_measured(progress, monkeypatch):
    progress.timings = {"dcgan": {"epoch": 10.0}, "cvae": {"epoch": 5.0}}
    assert progress.remaining() == 50.0
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    progress.begin(0)
    progress.receive(0, epoch(1, 12.0))
    assert progress.remaining() == 1 * 12 + 2 * 5 + 2 * 12
    progress.receive(0, epoch(2, 12.0))
    progress.receive(0, {"kind": "stage", "what": "judged: frechet_distance"})
    monkeypatch.setattr("time.monotonic", lambda: 131.0)
    progress.close(0, is_done=True)
    # Of the 31 seconds 24 were epochs: start, evaluation and export took the others.
    assert progress.remaining() == 2 * 5 + 2 * 12 + 2 * 7
    progress.close(1)  # It failed: nothing of it is left.
    assert progress.remaining() == 2 * 12 + 7


def test_the_next_study_knows_what_this_one_took(progress):
    progress.timings = {"dcgan": {"epoch": 10.0, "else": 7.0}}
    known = Progress(["DCGAN seed 3"], ["dcgan"], [2], 60_000, 1, progress.learned())
    assert known.remaining() == 27.0
    known.receive(0, epoch(1, 14.0))
    assert known.learned() == {"dcgan": {"epoch": 12.0, "else": 7.0}}


def test_workers_share_what_is_left(progress):
    progress.workers = 2
    progress.timings = {"dcgan": {"epoch": 10.0}, "cvae": {"epoch": 5.0}}
    # The third begins when the second has ended.
    assert progress.remaining() == 10.0 + 20.0


def test_seconds_that_went_by_are_not_expected_again(progress, monkeypatch):
    progress.timings = {"dcgan": {"epoch": 10.0, "else": 8.0}}
    progress.left = {0}
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    progress.begin(0)
    assert progress.remaining() == 28.0
    monkeypatch.setattr("time.monotonic", lambda: 105.0)
    assert progress.remaining() == 23.0
    # An epoch that compiling made longer leaves less of the rest.
    monkeypatch.setattr("time.monotonic", lambda: 116.0)
    progress.receive(0, epoch(1, 13.0))
    assert progress.remaining() == 13.0 + 8.0 - 3.0
    monkeypatch.setattr("time.monotonic", lambda: 126.0)
    progress.receive(0, epoch(2, 10.0))
    monkeypatch.setattr("time.monotonic", lambda: 128.0)
    progress.close(0, is_done=True)
    assert progress.timings["dcgan"] == {"epoch": 10.0, "else": 8.0}


def test_epochs_that_are_judged_count_by_their_share(progress):
    progress.epochs[0] = 9
    for number, seconds in enumerate((30.0, 10.0, 16.0, 10.0), 1):
        progress.receive(0, epoch(number, seconds))
    # The first one compiles; of the others the mean is expected again.
    assert progress.timings["dcgan"]["epoch"] == 12.0
    progress.models[2] = "dcgan"  # the first epoch of another run tells nothing new
    progress.receive(2, epoch(1, 30.0))
    assert progress.timings["dcgan"]["epoch"] == 12.0


def test_an_epoch_is_a_line(progress):
    progress.receive(1, epoch(1, 10.0, loss=99.123))
    line = progress.stream.getvalue()
    assert line.startswith("[2/3] CVAE seed 0 epoch 1/2  loss 99.12  6,000 images/s")
    assert "left 0:00:10, all runs at least 0:00:50" in line


def test_clock():
    assert clock(3723.4) == "1:02:03"
