"""A run on Ray ends as it does on this machine, whatever was killed."""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import pytest

import kerasgen
from kerasgen.study.executors import HELD
from kerasgen.study.executors import Job
from kerasgen.study.executors import LocalProcesses
from kerasgen.study.settings import RunSettings
from tests.study.same_runs import differences

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="needs Ray"),
]

SETTINGS = RunSettings(
    "vanilla_gan",
    seed=0,
    epochs=3,
    batch_size=32,
    arguments={"width": 8},
    precision="float32",
)

# Ray keeps threads and processes, which are to end with this one.
SCRIPT = """
import json, os, pathlib, signal, sys
import ray
from kerasgen.study import lock
from kerasgen.study.ray_executor import RayTasks
from kerasgen.study.executors import Job

ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
given = json.loads(sys.argv[1])
directory = pathlib.Path(given["directory"])
killed, epochs = [], []

def receive(message):
    if message["kind"] == "epoch":
        epochs.append(message["epoch"])
        if not killed:
            holder = directory.with_name(directory.name + ".holder")
            killed.append(json.loads(holder.read_text())["pid"])
            os.kill(killed[0], signal.SIGKILL)

executor = RayTasks(None, workers=1)
log = directory.with_suffix(".log")
with lock.held(directory):  # as by one that still lives when it is sent again
    held, _ = executor.run(Job(**given), log, receive)
status, end = executor.run(Job(**given), log, receive)
print(json.dumps({"held": held, "status": status, "end": end, "epochs": epochs}))
"""


def job(directory, data_dir):
    settings = SETTINGS.to_dict()
    return Job("run", settings, str(directory), str(data_dir), 64, workers=1)


def test_a_worker_that_is_killed_goes_on_and_ends_the_same(tmp_path, idx_folder):
    alone = tmp_path / "alone"
    log = tmp_path / "log"
    status, end = LocalProcesses().run(job(alone, idx_folder), log, print)
    assert status == 0, end
    given = job(tmp_path / "ray", idx_folder)
    root = pathlib.Path(kerasgen.__file__).parents[1]
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(vars(given))],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    found = json.loads(ended.stdout.splitlines()[-1])
    assert (found["held"], found["status"]) == (HELD, 0), found["end"]
    assert found["epochs"][-1] == 3 and 1 in found["epochs"]
    # The evaluation tells its seconds, too.
    assert differences(alone, tmp_path / "ray") == ["evaluation.json"]
    records = [
        json.loads((tmp_path / name / "evaluation.json").read_text())
        for name in ("alone", "ray")
    ]
    assert records[0]["metrics"] == records[1]["metrics"]
