import io

import pytest

from kerasgen.study.progress import Progress
from kerasgen.study.progress import clock


@pytest.fixture
def progress():
    titles = ["DCGAN seed 0", "CVAE seed 0", "DCGAN seed 1"]
    return Progress(
        titles, ["dcgan", "cvae", "dcgan"], [2, 2, 2], 60_000, 1, io.StringIO()
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


def test_what_is_left_follows_what_was_measured(progress):
    progress.seconds["dcgan"] = 10.0
    progress.seconds["cvae"] = 5.0
    assert progress.remaining() == 50.0
    progress.receive(0, epoch(1, 12.0))
    assert progress.remaining() == 1 * 12 + 2 * 5 + 2 * 12
    progress.receive(0, epoch(2, 12.0))
    progress.receive(0, {"kind": "evaluating"})
    progress.receive(0, {"kind": "evaluated", "seconds": 7.0})
    assert progress.remaining() == 2 * 5 + 2 * 12 + 2 * 7
    progress.close(1)  # It failed: nothing of it is left.
    assert progress.remaining() == 2 * 12 + 7


def test_workers_share_what_is_left(progress):
    progress.workers = 2
    progress.seconds["dcgan"] = 10.0
    progress.seconds["cvae"] = 5.0
    assert progress.remaining() == 25.0


def test_an_epoch_is_a_line(progress):
    progress.receive(1, epoch(1, 10.0, loss=99.123))
    line = progress.stream.getvalue()
    assert line.startswith("[2/3] CVAE seed 0 epoch 1/2  loss 99.12  6,000 images/s")
    assert "left 0:00:10, all runs 0:00:50" in line


def test_clock():
    assert clock(3723.4) == "1:02:03"
