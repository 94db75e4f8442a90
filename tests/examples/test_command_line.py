import pathlib
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).parents[2]
SCRIPTS = sorted(
    path.name
    for path in (ROOT / "examples").glob("*.py")
    if path.name not in ("command_line.py", "records.py")
)


def run(script, *arguments):
    return subprocess.run(
        [sys.executable, str(ROOT / "examples" / script), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["wgan", "--epochs=1"], "'wgan'; expected flags alone. .* --model=wgan?"),
        (["--epochs", "1", "wgan"], "'wgan'; expected flags alone."),
        (["epochs=3"], "expected flags alone. Did you mean --epochs"),
        (["--epoch=3"], "unknown flag --epoch; .* Did you mean --epochs?"),
        (["--no_resume"], "unknown flag --no_resume; .*--resume?"),
        (["--noepochs"], "unknown flag --noepochs"),
        (["--xyz"], "unknown flag --xyz; expected those of --help. Run with --help"),
    ],
)
def test_slips_are_answered(monkeypatch, arguments, answer):
    monkeypatch.syspath_prepend(ROOT / "examples")
    import command_line

    found = command_line.find_mistake(ROOT / "examples/train_one.py", arguments)
    assert found.startswith("Got the ")
    for part in answer.split(".*"):
        assert part.strip() in found


def test_what_is_right_is_let_through(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "examples")
    import command_line

    for script, *arguments in (
        ("train_one.py", "--epochs=1", "--model", "wgan", "--noresume", "-v=1"),
        ("train_one.py", "--conditional", "--", "anything"),
        ("evaluate.py", "some.keras", "--num_samples=3"),
    ):
        path = ROOT / "examples" / script
        assert command_line.find_mistake(path, arguments) is None


def test_every_script_asks_first():
    for script in SCRIPTS:
        text = (ROOT / "examples" / script).read_text("utf-8")
        first = text.index("import command_line")
        for slow in ("import keras", "from kerasgen", "import numpy", "import tensor"):
            assert slow not in text[:first], script


def test_an_answer_takes_less_than_a_second_of_processor_time():
    begun = time.perf_counter()
    ended = run("train_one.py", "wgan")
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: Got the argument 'wgan'")
    assert time.perf_counter() - begun < 5  # the import of TensorFlow alone takes 6


def test_a_job_array_of_slurm_gives_each_job_its_shard(tmp_path):
    told = tmp_path / "kerasgen"
    told.write_text('#!/bin/sh\necho "$@"\n')
    told.chmod(0o755)
    done = subprocess.run(
        ["bash", str(ROOT / "examples/slurm.sh"), "--seeds=5"],
        env={
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "SLURM_ARRAY_TASK_ID": "3",
            "SLURM_ARRAY_TASK_COUNT": "8",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["compare", "--shard=3/8", "--seeds=5"]
