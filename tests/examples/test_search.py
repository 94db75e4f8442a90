"""The search over settings: what it holds out, records and refuses."""

import json

import pytest

from tests.examples.test_examples import run

pytestmark = pytest.mark.slow

SMALL = {"latent_dim": 4, "width": 8}


def search(directory, idx_folder, trials, *flags, fails=False):
    (directory / "trials.json").write_text(json.dumps(trials))
    return run(
        directory,
        "search.py",
        "--trials=trials.json",
        "--output=records.jsonl",
        f"--data_dir={idx_folder}",
        "--held_out=32",
        "--num_samples=32",
        *flags,
        fails=fails,
    )


def test_trials_are_run_once_and_ranked(tmp_path, idx_folder):
    slow = {"class_name": "Adam", "learning_rate": 1e-4}
    trials = [
        {"model": "vanilla_gan", "epochs": 2, "batch_size": 32, "arguments": SMALL},
        {
            "model": "vanilla_gan",
            "epochs": 1,
            "batch_size": 32,
            "arguments": SMALL,
            "optimizer": {"generator": slow},
        },
    ]
    search(tmp_path, idx_folder, trials[:1], "--marks=1")
    first = (tmp_path / "records.jsonl").read_text()
    search(tmp_path, idx_folder, trials, "--marks=1")
    lines = (tmp_path / "records.jsonl").read_text().splitlines(keepends=True)
    assert lines[0] == first  # not run again
    records = [json.loads(line) for line in lines]
    assert [[m["epoch"] for m in r["marks"]] for r in records] == [[1, 2], [1]]
    assert records[1]["trial"]["optimizer"] == {"generator": slow}
    rows = (tmp_path / "records.md").read_text().splitlines()
    assert [row.split(" | ")[2] for row in rows[2:]] == ["1", "2"]


def test_wrong_trials_are_refused(tmp_path, idx_folder):
    for trials, said in (
        ([{"model": "gan"}], "expected a dict with a 'model' of vanilla_gan"),
        ([{"model": "dcgan", "lr": 1}], "A trial has no lr; known are model, epochs"),
        ({"model": "dcgan"}, "holds a dict; expected a list"),
        (
            [{"model": "dcgan", "optimizer": {"critic": {"class_name": "Adam"}}}],
            "critic",
        ),
    ):
        done = search(tmp_path, idx_folder, trials, fails=True)
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "records.jsonl").exists()


def test_wrong_flags_are_refused(tmp_path, idx_folder):
    for flag, said in (
        (
            "--models=dcgan,gan",
            "--models=gan came; expected some of vanilla_gan, dcgan",
        ),
        ("--held_out=128", "--held_out=128 came; expected fewer than the 128 training"),
    ):
        trials = [{"model": "dcgan"}]
        done = search(tmp_path, idx_folder, trials, flag, fails=True)
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_a_file_that_is_not_there_is_named(tmp_path):
    done = run(tmp_path, "search.py", "--trials=none.json", fails=True)
    assert "trials='none.json' is no file; expected a JSON file" in done.stderr
