"""Studies as they run: processes that fail, are killed, and go on."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import kerasgen
from kerasgen import callbacks
from kerasgen import study
from kerasgen.study import executors
from kerasgen.study import lock
from kerasgen.study import plan
from kerasgen.study import run
from kerasgen.study import runner
from kerasgen.study.settings import RunSettings

pytestmark = pytest.mark.slow

ROOT = pathlib.Path(kerasgen.__file__).resolve().parents[1]
SMALL = {"epochs": 2, "batch_size": 32, "arguments": {"width": 8}}
BAD = {"learning_rate_factor": 1e30, "variant": "bad"}


def settings(model="vanilla_gan", **changes):
    return RunSettings(model, **{**SMALL, **changes})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("study")


@pytest.fixture(scope="module")
def carried_out(folder, idx_folder):
    """Three runs, two at a time; one of them cannot but diverge."""
    runs = [settings(seed=0, **BAD), settings(seed=0), settings("cvae", seed=0)]
    return runner.run_study(
        runs,
        runs_dir=folder / "runs",
        saved_models_dir=folder / "saved_models",
        data_dir=str(idx_folder),
        num_samples=64,
        workers=2,
    )


def test_a_failed_run_is_recorded_and_the_others_go_on(folder, carried_out):
    report, failures = carried_out
    assert list(failures) == ["[1/3] VanillaGAN, bad seed 0"]
    found = study.load_study(folder / "runs/mnist")
    assert {one.title: one.status for one in found.runs} == {
        "VanillaGAN": "complete",
        "VanillaGAN, bad": "diverged",
        "CVAE": "complete",
    }
    bad = found.models["VanillaGAN, bad"][0]
    assert bad.failure["kind"] == bad.events[-1]["kind"] == "divergence"
    assert bad.failure["epoch"] == bad.events[-1]["epoch"] == 1
    assert "DivergenceError" not in bad.failure["message"]
    assert bad.evaluation is None
    assert not (folder / "saved_models/vanilla_gan-bad").exists()
    assert report == folder / "runs/mnist/report.html"
    assert "diverged" in report.read_text()


def test_every_run_is_judged_beside_the_real_images(folder, carried_out):
    found = study.load_study(folder / "runs/mnist")
    cvae = found.models["CVAE"][0]
    assert cvae.evaluation["num_samples"] == 64
    assert cvae.evaluation["num_train"] == 128
    assert cvae.evaluation["epoch"] == 2
    assert set(found.real) >= {"final", "during", "pixels"}
    assert [record["epoch"] for record in cvae.evaluations] == [0, 1, 2]
    # In training, samples are set against training images.
    assert any(name.endswith("train128") for name in cvae.evaluations[0]["metrics"])
    shapes = {
        name: {key: array.shape for key, array in cvae.arrays(f"{name}.npz").items()}
        for name in ("interpolations", "neighbours")
    }
    assert shapes["interpolations"] == {"images": (5, 10, 28, 28, 1)}
    assert shapes["neighbours"]["neighbours"] == (10, 5, 28, 28, 1)
    assert cvae.record["environments"][0]["workers"] == 2
    assert (folder / "saved_models/cvae/saved_model.pb").exists()


def test_complete_runs_start_no_process_and_failed_ones_are_tried_again(
    folder, carried_out, idx_folder, monkeypatch
):
    started = []

    def start(self, job, log, receive):
        started.append(job.task)
        return 1, "no memory"

    monkeypatch.setattr(executors.LocalProcesses, "run", start)
    where = {"runs_dir": folder / "runs", "saved_models_dir": folder / "saved_models"}
    common = {"data_dir": str(idx_folder), "num_samples": 64, **where}
    complete = [settings(seed=0), settings("cvae", seed=0)]
    # As after a kill between the last record and the end of an older one.
    failure = folder / "runs/mnist/cvae/seed0/failure.json"
    failure.write_text('{"kind": "killed", "epoch": 1, "message": "m"}')
    assert runner.run_study(complete, **common)[1] == {}
    assert started == []
    assert not failure.exists()
    # A damaged record of the real images is made anew.
    real = folder / "runs/mnist/real.json"
    whole = real.read_text()
    for damaged in ("{", "[]", "3"):
        real.write_text(damaged)
        with pytest.raises(RuntimeError, match="Preparing the study failed"):
            runner.run_study(complete, **common)
        assert started.pop() == "prepare"
    real.write_text(whole)
    with pytest.raises(RuntimeError, match="Preparing the study failed.*\nno memory"):
        runner.run_study([settings(seed=0, **BAD)], **common)
    assert started == ["prepare"]
    # More samples than it was judged by: that is done anew.
    with pytest.raises(RuntimeError, match="Preparing"):
        runner.run_study([settings(seed=0)], **{**common, "num_samples": 65})


def test_what_was_asked_for_and_is_not_there_is_known(
    folder, carried_out, idx_folder, monkeypatch
):
    monkeypatch.setattr(executors.LocalProcesses, "run", lambda *_: (1, "stopped"))
    with pytest.raises(RuntimeError):
        runner.run_study(
            [settings(seed=7)],
            runs_dir=folder / "runs",
            saved_models_dir=None,
            data_dir=str(idx_folder),
            num_samples=64,
        )
    found = study.load_study(folder / "runs/mnist")
    assert [(m.settings.seed, m.failure) for m in found.missing] == [(7, None)]
    assert len(found.runs) == 3


@pytest.mark.parametrize(
    ("runs", "changes", "message"),
    [
        ([], {}, "Got no runs"),
        ([settings()], {"workers": 0}, "workers=0; expected an integer"),
        ([settings()], {"num_samples": 1}, "num_samples=1; expected"),
        ([settings(), settings(limit=64)], {}, "runs of the studies mnist, mnist-f"),
        ([settings(), settings()], {}, "Got vanilla_gan with seed 0 twice"),
    ],
)
def test_mistakes_get_an_answer_before_anything_is_done(
    tmp_path, runs, changes, message
):
    with pytest.raises(ValueError, match=message):
        runner.run_study(runs, runs_dir=tmp_path / "runs", **changes)
    assert not list(tmp_path.iterdir())


SCRIPT = """
import sys
from kerasgen import study
settings = study.RunSettings(
    "vanilla_gan", epochs=3, batch_size=32, arguments={"width": 8}
)
study.run_study(
    [settings], runs_dir=sys.argv[1], data_dir=sys.argv[2], num_samples=64,
    saved_models_dir=None,
)
"""


def start(folder, idx_folder):
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), str(idx_folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def children(pid):
    path = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    every = path.read_text().split()
    threads = pathlib.Path(f"/proc/{pid}/task").iterdir()
    every += [c for t in threads for c in (t / "children").read_text().split()]
    return {int(child) for child in every}


def is_alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    except FileNotFoundError:
        return False
    return state.split()[0] != "Z"


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "It did not come to pass."
        time.sleep(0.05)


def without_seconds(record):
    return {k: v for k, v in record.items() if not k.startswith("seconds")}


needs_proc = pytest.mark.skipif(
    not pathlib.Path("/proc/self/task").exists(), reason="needs /proc"
)


def cut_off(folder, idx_folder, sign):
    """Starts a study and ends it after its first epoch; what it said, its status."""
    process = start(folder, idx_folder)
    for line in process.stdout:
        if "epoch 1/3" in line:
            break
    workers = children(process.pid)
    assert workers
    process.send_signal(sign)
    said = process.communicate()[0]
    wait_for(lambda: not any(map(is_alive, workers)))
    run_directory = folder / "mnist/vanilla_gan/seed0"
    assert not (run_directory / "evaluation.json").exists()
    assert not (run_directory / "failure.json").exists()
    return said, process.returncode


@needs_proc
def test_a_terminated_study_ends_its_workers_and_says_how_to_go_on(
    tmp_path, idx_folder
):
    said, status = cut_off(tmp_path, idx_folder, signal.SIGTERM)
    assert status == executors.TERMINATED
    assert "The same command goes on where it was" in said


@needs_proc
def test_a_killed_study_goes_on_to_the_same_records(tmp_path, idx_folder):
    whole = start(tmp_path / "whole", idx_folder)
    cut_off(tmp_path / "cut", idx_folder, signal.SIGKILL)
    again = start(tmp_path / "cut", idx_folder)
    for process in (whole, again):
        _, errors = process.communicate()
        assert process.returncode == 0, errors[-2000:]
    first, second = (
        study.load_study(tmp_path / name / "mnist").runs[0] for name in ("whole", "cut")
    )
    assert first.status == second.status == "complete"
    for name in ("test_losses", "evaluation", "history"):
        records = [without_seconds(getattr(one, name)) for one in (first, second)]
        assert records[0] == records[1], name
    assert first.events == second.events
    pairs = zip(first.evaluations, second.evaluations, strict=True)
    for one, other in pairs:
        assert without_seconds(one) == without_seconds(other)
    samples = [one.arrays("samples.npz")["images"] for one in (first, second)]
    assert np.array_equal(*samples)


def test_a_crash_keeps_the_end_of_its_log(tmp_path, idx_folder):
    # Checkpoints of another architecture stop the run when it begins.
    common = {
        "runs_dir": tmp_path / "runs",
        "saved_models_dir": None,
        "data_dir": str(idx_folder),
        "num_samples": 64,
    }
    other = settings(arguments={"width": 16}, epochs=1)
    runner.run_study([other], **common)
    folder = tmp_path / "runs/mnist/vanilla_gan/seed0"
    record = json.loads((folder / "settings.json").read_text())
    for key in ("settings", "arguments"):
        text = json.dumps(record[key]).replace('"width": 16', '"width": 8')
        record[key] = json.loads(text)
    (folder / "settings.json").write_text(json.dumps(record))
    _, failures = runner.run_study([settings()], **common)
    (reason,) = failures.values()
    assert "does not belong to this model" in reason
    failure = json.loads((folder / "failure.json").read_text())
    assert (failure["kind"], failure["epoch"]) == ("crash", 1)
    assert "Traceback" in failure["log"]
    assert callbacks.read_history(folder / "history.csv")["epoch"] == [1]


def test_starting_over_is_refused_where_another_process_holds_a_run(tmp_path):
    directory = tmp_path / "mnist/vanilla_gan/seed0"
    message = f"seed0 is in use by process {os.getpid()}"
    with lock.held(directory), pytest.raises(study.HeldError, match=message):
        runner.run_study([settings()], runs_dir=tmp_path, resume=False)


class Answers:
    """An executor whose jobs do nothing and end with statuses that a test gives."""

    workers = 1

    def __init__(self, *statuses):
        self.statuses, self.jobs = list(statuses), []

    def stop(self):
        pass

    def run(self, job, log, receive):
        if job.task == "prepare":
            return 0, ""
        self.jobs.append((job.settings["model"], job.settings["seed"]))
        status = self.statuses.pop(0)
        if status == executors.HELD:
            receive({"kind": "held", "message": "It is in use."})
        return status, "the log"


@pytest.fixture
def in_study(tmp_path, idx_folder, monkeypatch):
    """Runs a study of three seeds with an executor, without a report."""
    monkeypatch.setattr(runner, "write_report", lambda *_: "the report")
    monkeypatch.setattr(runner, "RETRY_SECONDS", 0.05)

    def run(executor, **changes):
        return runner.run_study(
            [settings(seed=seed) for seed in range(3)],
            runs_dir=tmp_path,
            saved_models_dir=None,
            data_dir=str(idx_folder),
            num_samples=64,
            executor=executor,
            **changes,
        )

    return run


def test_a_held_run_is_sent_again_later_and_is_no_failure(in_study):
    executor = Answers(0, executors.HELD, 0, executors.HELD, 0)
    report, failures = in_study(executor)
    assert (report, failures) == ("the report", {})
    seeds = [seed for _, seed in executor.jobs]
    assert seeds == [0, 1, 2, 1, 1]


def test_a_shard_takes_every_nth_run_leaves_held_ones_and_writes_no_report(in_study):
    executor = Answers(executors.HELD, 0)
    assert in_study(executor, shard=(0, 2)) == (None, {})
    assert [seed for _, seed in executor.jobs] == [0, 2]
    executor = Answers(0)
    in_study(executor, shard=(1, 2))
    assert [seed for _, seed in executor.jobs] == [1]
    assert in_study(Answers(), shard=(3, 4)) == (None, {})


def test_a_shard_counts_and_starts_over_its_own_runs_only(in_study, tmp_path, capsys):
    in_study(Answers(0), shard=(1, 2))
    assert "Training on" in capsys.readouterr().out
    folders = [tmp_path / f"mnist/vanilla_gan/seed{seed}" for seed in range(3)]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "settings.json").write_text("{}")
    in_study(Answers(0), shard=(1, 2), resume=False)
    assert [(folder / "settings.json").exists() for folder in folders] == [1, 0, 1]
    planned = json.loads((tmp_path / "mnist/study.json").read_text())["runs"]
    assert [each["seed"] for each in planned] == [0, 1, 2]


@pytest.mark.parametrize("text", ["", "2", "2/2", "-1/2", "a/b", "1/0"])
def test_shards_are_counted_from_zero(text):
    assert runner.parse_shard("0/1") == (0, 1)
    with pytest.raises(ValueError, match="expected i/n with i from 0"):
        runner.parse_shard(text)


def test_a_run_of_other_defaults_is_refused_and_left_alone(tmp_path, idx_folder):
    common = {
        "runs_dir": tmp_path,
        "saved_models_dir": None,
        "data_dir": str(idx_folder),
        "num_samples": 64,
    }
    runner.run_study([settings(epochs=1)], **common)
    folder = tmp_path / "mnist/vanilla_gan/seed0"
    record = json.loads((folder / "settings.json").read_text())
    record["arguments"]["dropout"] = 0.9
    (folder / "settings.json").write_text(json.dumps(record))
    _, failures = runner.run_study([settings()], **common)
    (reason,) = failures.values()
    assert "belongs to a run with other settings (arguments of the model:" in reason
    assert not (folder / "failure.json").exists()


@pytest.mark.parametrize("resume", [True, False])
def test_an_interrupt_says_how_to_go_on(
    tmp_path, idx_folder, monkeypatch, capsys, resume
):
    def start(self, job, log, receive):
        raise KeyboardInterrupt

    monkeypatch.setattr(executors.LocalProcesses, "run", start)
    with pytest.raises(SystemExit):
        runner.run_study(
            [settings()],
            runs_dir=tmp_path,
            data_dir=str(idx_folder),
            saved_models_dir=None,
            resume=resume,
        )
    expected = "command goes on" if resume else "command, without --noresume, goes on"
    assert expected in capsys.readouterr().out


@pytest.fixture
def heeding():
    """Signals do here what they do in a process that was started to heed them."""
    own = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    before = {sign: signal.signal(sign, handler) for sign, handler in own.items()}
    yield
    for sign, handler in before.items():
        signal.signal(sign, handler)


@pytest.mark.usefixtures("heeding")
@pytest.mark.parametrize(
    ("sign", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_signals_have_their_status_and_say_how_to_go_on(
    tmp_path, idx_folder, monkeypatch, capsys, sign, status
):
    def start(self, job, log, receive):
        os.kill(os.getpid(), sign)
        time.sleep(60)

    monkeypatch.setattr(executors.LocalProcesses, "run", start)
    with pytest.raises(SystemExit) as ended:
        runner.run_study([settings()], runs_dir=tmp_path, data_dir=str(idx_folder))
    assert ended.value.code == status
    assert "The same command goes on where it was." in capsys.readouterr().out
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_what_a_library_prints_is_no_message():
    assert executors.read_message('{"kind": "epoch"}\n') == {"kind": "epoch"}
    for line in ("Downloading …\n", '{"kind": "epo', "3\n", "\n"):
        assert executors.read_message(line) is None


def test_a_damaged_plan_is_named(tmp_path):
    (tmp_path / "study.json").write_text('{"runs": [{"modle": "dcgan"}]}')
    with pytest.raises(ValueError, match="study.json is no list of runs.*Remove it"):
        plan.write(tmp_path / "study.json", [settings()])


def test_a_model_that_cannot_be_built_fails_alone(tmp_path, idx_folder):
    runs = [
        settings(epochs=1),
        settings("cvae", arguments={"depth": 5}, variant="deep"),
    ]
    report, failures = runner.run_study(
        runs,
        runs_dir=tmp_path / "runs",
        saved_models_dir=None,
        data_dir=str(idx_folder),
        num_samples=64,
        workers=2,
    )
    assert list(failures) == ["[2/2] CVAE, deep seed 0"]
    found = study.load_study(report.parent)
    assert [run.status for run in found.runs] == ["complete"]
    assert [one.failure["kind"] for one in found.missing] == ["crash"]
    # Nothing is there but the record of the failure, so that it may be started over.
    run.check_removable(report.parent / "cvae-deep/seed0")
