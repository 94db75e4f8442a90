"""Environment of worker processes."""

import pytest

from kerasgen.study import executors
from kerasgen.study.executors import LocalProcesses

NAMES = ("TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS")


@pytest.mark.parametrize(
    "cores, workers, expected",
    [
        (2, 1, ("2", "1", "2")),
        (2, 2, ("1", "1", "1")),
        (2, 3, ("1", "1", "1")),
        (16, 4, (None, "4", "4")),
        (16, 1, (None, None, "16")),
    ],
)
def test_workers_share_the_cores(monkeypatch, cores, workers, expected):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(executors.environment, "available_cores", lambda: cores)
    environment = LocalProcesses(workers).environment
    assert tuple(environment.get(name) for name in NAMES) == expected


def test_settings_of_the_user_stand(monkeypatch):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "7")
    monkeypatch.setattr(executors.environment, "available_cores", lambda: 2)
    assert LocalProcesses(2).environment["TF_NUM_INTRAOP_THREADS"] == "7"
