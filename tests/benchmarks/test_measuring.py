"""Timing in turn, ratios within rounds, tables and records."""

import json
import time

import pytest

from benchmarks import measuring

pytestmark = pytest.mark.slow


def test_variants_are_timed_in_turn():
    order = []
    variants = {
        name: (lambda steps, name=name: order.append((name, steps)), steps)
        for name, steps in (("a", 2), ("b", 3))
    }
    times = measuring.interleaved(variants, rounds=3)
    assert order == 3 * [("a", 2), ("b", 3)]
    assert [len(times[name]) for name in "ab"] == [3, 3]


def test_time_is_per_step():
    times = measuring.interleaved({"a": (lambda _: time.sleep(0.02), 4)}, 1)
    assert 0.005 <= times["a"][0] < 0.02


def test_ratios_are_taken_within_rounds():
    # A busy round slows both; medians of each side alone would say 2.
    ratio = measuring.ratios([2.0, 30.0, 4.0], [1.0, 10.0, 1.0])
    assert ratio == {"median": 3.0, "least": 2.0, "greatest": 4.0}
    assert measuring.ratio_text(ratio) == "3.00 (2.00 to 4.00)"


def test_calibration_aims_at_the_length_asked_for():
    calls = []

    def train(steps):
        calls.append(steps)
        time.sleep(steps * 0.001)

    steps = measuring.calibrated(train, seconds=0.1, multiple=10)
    assert steps % 10 == 0 and 30 <= steps <= 100
    assert calls == [10, 10, steps]  # to compile, to time, to warm up


def test_memory_of_a_fresh_process_is_its_own():
    held = bytearray(300 * 2**20)
    held[:: 2**12] = b"x" * len(held[:: 2**12])
    ours = measuring.resident_mb()
    if ours is None:
        pytest.skip("Only Linux tells a process's memory.")
    assert ours > 300
    assert measuring.resident_mb("VmHWM") >= ours


def test_table_and_record(tmp_path):
    rows = [{"model": "A", "images/s": 1234.5678}, {"model": "Bcd", "images/s": None}]
    assert measuring.table(rows) == (
        "| model | images/s |\n"
        "| ----- | -------- |\n"
        "| A     | 1235     |\n"
        "| Bcd   | –        |"
    )
    measuring.write(tmp_path / "a.json", rows=rows)
    record = json.loads((tmp_path / "a.json").read_text())
    assert record["rows"] == rows
    assert record["machine"]["cores"] >= 1
    assert record["machine"]["tensorflow"].startswith("2.")
