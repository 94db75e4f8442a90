"""What worker processes are given."""

import pytest

from kerasgen.study.processes import Processes

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
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    environment = Processes(workers).environment
    assert tuple(environment.get(name) for name in NAMES) == expected


def test_settings_of_the_user_stand(monkeypatch):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "7")
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert Processes(2).environment["TF_NUM_INTRAOP_THREADS"] == "7"
