"""A study on Ray ends as it does in peace, whatever was killed."""

import importlib.util
import os
import subprocess
import sys

import pytest

from benchmarks import loopback
from kerasgen.study import ray_executor

needs_ray = pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="needs Ray")


@needs_ray
@pytest.mark.slow
@pytest.mark.skipif(not loopback.possible(), reason="needs a namespace of its own")
def test_a_study_that_loses_processes_and_a_node_ends_the_same():
    """`ray_kills.py` tells what is killed; the second process meets one that lives."""
    command = [sys.executable, "-m", "tests.study.ray_kills"]
    flags = ["--kills=node+orphan", "--models=vanilla_gan", "--seeds=1"]
    ended = subprocess.run(
        [*command, *flags],
        env={**os.environ, "PYTHONPATH": str(loopback.ROOT)},
        cwd=loopback.ROOT,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr[-3000:]
    assert "a second process was refused" in ended.stdout


def test_a_message_that_a_kill_cut_is_passed_over(tmp_path):
    path, found = tmp_path / "messages", []
    path.write_bytes(b'{"kind": "epoch"}\n{"kind": "ep')
    place = ray_executor._pass_on(path, 0, found.append)
    with open(path, "ab") as file:
        file.write(b'{"kind": "batch"}\n{"kind": "evaluating"}\n')
    place = ray_executor._pass_on(path, place, found.append)
    assert [message["kind"] for message in found] == ["epoch", "evaluating"]
    assert place == path.stat().st_size
