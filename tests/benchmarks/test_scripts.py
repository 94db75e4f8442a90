"""The benchmarks as a user runs them, in a process of their own, at smoke size."""

import gzip
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys

import pytest

import kerasgen

pytestmark = pytest.mark.slow

ROOT = pathlib.Path(kerasgen.__file__).resolve().parents[1]


def run(directory, script, *flags, path=()):
    command = [sys.executable, "-m", f"benchmarks.{script}", *flags]
    path = os.pathsep.join([*map(str, path), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        [*command, f"--output={script}.json"],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    record = json.loads((directory / f"{script}.json").read_text())
    assert {"processor", "cores", "tensorflow"} <= record["machine"].keys()
    given = {flag.partition("=")[0][2:] for flag in flags if flag.startswith("--")}
    assert given - {"data_dir"} <= record["settings"].keys()
    assert not {"data_dir", "output"} & record["settings"].keys()  # of this machine
    assert "verbosity" not in record["settings"]  # of absl, not of the script
    return record, done.stdout


@pytest.fixture(scope="session")
def idx_folder(tmp_path_factory, digits):
    """The digits as the four files of MNIST."""
    folder = tmp_path_factory.mktemp("idx")
    images, labels = digits
    for split in ("train", "t10k"):
        for kind, array in (("images-idx3", images[..., 0]), ("labels-idx1", labels)):
            array = array.astype("uint8")
            header = struct.pack(f">{array.ndim + 1}I", 2048 + array.ndim, *array.shape)
            path = folder / f"{split}-{kind}-ubyte.gz"
            path.write_bytes(gzip.compress(header + array.tobytes()))
    return folder


def test_the_zoo_is_timed_beside_dcgan(tmp_path):
    settings = {"rounds": 1, "seconds": 0.1, "batch_size": 4, "num_samples": 4}
    settings |= {"memory_steps": 1, "dtype": "float32"}
    before = {"seconds_per_step": {"dcgan": [0.5], "plain": [1.0]}, "parameters": 3}
    kept = {"settings": settings, "models": {"dcgan": before}}
    (tmp_path / "zoo.json").write_text(json.dumps(kept))
    flags = [f"--{name}={value}" for name, value in settings.items()]
    record, out = run(tmp_path, "zoo", *flags, "--models=acgan:class_weight=0.5")
    assert record["models"].pop("dcgan") == before  # it is not measured again
    ((name, found),) = record["models"].items()
    times = found["seconds_per_step"]
    assert set(times) == {"dcgan", name, "plain"}
    assert all(len(each) == 1 and each[0] > 0 for each in times.values())
    assert found["parameters"] > 10_000
    assert found["seconds_per_1000_samples"] > 0.0
    assert found["peak_above_imports_mb"] > 1.0
    assert "| ACGAN, class_weight=0.5 " in out and "plain Keras loop's steps" in out
    assert re.search(r"\| DCGAN .*\| 1.00 .*\| 0.50 .*\| – ", out)


def test_throughput_compares_within_rounds(tmp_path, idx_folder):
    record, out = run(
        tmp_path,
        "throughput",
        f"--data_dir={idx_folder}",
        "--models=vanilla_gan",
        "--loops=kerasgen,keras_guide",
        "--batch_size=16",
        "--width=4",
        "--rounds=3",
        "--seconds=0.01",
        "--memory_steps=2",
    )
    results = record["models"]["VanillaGAN"]
    guide = results["keras_guide"]
    assert len(guide["seconds_per_step"]) == 3
    assert results["kerasgen"]["speedup"]["kerasgen"]["median"] == 1.0
    ratio = [
        a / b
        for a, b in zip(
            guide["seconds_per_step"],
            results["kerasgen"]["seconds_per_step"],
            strict=True,
        )
    ]
    assert guide["speedup"]["kerasgen"]["median"] == sorted(ratio)[1]
    assert guide["seconds_per_epoch"] * guide["images_per_second"] == pytest.approx(
        60_000
    )
    assert guide["peak_above_imports_mb"] > 1
    assert guide["first_step_seconds"] > 0.5
    assert "| VanillaGAN | keras_guide" in out


def test_roofline_is_the_sum_of_its_products(tmp_path):
    record, out = run(
        tmp_path,
        "roofline",
        "--models=dcgan",
        "--precisions=float32",
        "--batch_size=8",
        "--width=4",
        "--rounds=1",
        "--seconds=0.01",
        "--product_seconds=0.001",
    )
    result = record["models"]["DCGAN"]
    alone = sum(p["count"] * p["seconds"][p["best"]][0] for p in result["products"])
    assert result["products_seconds"] == [pytest.approx(alone)]
    assert result["multiple"]["float32"]["median"] == pytest.approx(
        result["step_seconds"]["float32"][0] / alone
    )
    assert "| DCGAN | float32" in out


def test_scaling_counts_growing_work_and_reads_memory_each_epoch(tmp_path):
    record, out = run(
        tmp_path,
        "scaling",
        "--model=vanilla_gan",
        "--sweeps=batch,epochs",
        "--batches=8,16",
        "--epochs=3",
        "--epoch_images=64",
        "--rounds=1",
        "--seconds=0.01",
        "--memory_steps=1",
    )
    half, whole = record["sweeps"]["batch"]
    assert whole["flops_per_step"] == 2 * half["flops_per_step"]
    assert whole["peak_above_imports_mb"] > 1
    assert len(record["sweeps"]["epochs"]["resident_mb"]) == 3
    assert "above epoch 2, MB" in out


def test_time_to_quality_stops_at_its_target(tmp_path, idx_folder):
    flags = [
        f"--data_dir={idx_folder}",
        "--models=vanilla_gan",
        "--precisions=float32",
        "--batch_size=16",
        "--width=4",
        "--epochs=2",
        "--samples=64",
    ]
    record, _ = run(tmp_path, "time_to_quality", *flags, "--target=1e9")
    (mark,) = record["runs"][0]["marks"]
    assert record["rows"][0]["seconds to target"] == mark["seconds"]
    record, _ = run(tmp_path, "time_to_quality", *flags, "--target=0")
    first, second = record["runs"][0]["marks"]
    assert second["seconds"] > first["seconds"]
    assert record["rows"][0]["seconds to target"] == "not reached"


def test_parity_sets_the_defaults_beside_plain_training(tmp_path, idx_folder):
    record, out = run(
        tmp_path,
        "parity",
        f"--data_dir={idx_folder}",
        "--models=vanilla_gan",
        "--seeds=0,1",
        "--batch_size=16",
        "--width=4",
        "--epochs=1",
        "--samples=64",
    )
    (results,) = record["runs"]
    assert [run["seed"] for run in results["plain"]] == [0, 1]
    quantities = [row["quantity"] for row in record["rows"]]
    assert quantities == ["fid", "discriminator_loss", "generator_loss"]
    assert all(0 <= row["p"] <= 1 for row in record["rows"])
    if record["default_precision"] == "float32":  # the same bits, in more steps a call
        assert results["plain"] == results["default"]
    assert "| VanillaGAN | fid" in out


def test_gpu_needs_little_and_ends_with_a_table_in_its_budget(tmp_path, idx_folder):
    flags = [
        f"--data_dir={idx_folder}",
        "--models=vanilla_gan",
        "--batch_size=16",
        "--width=4",
        "--executions=2",
        "--rounds=1",
        "--seconds=0.01",
    ]
    lacking = tmp_path / "lacking"
    lacking.mkdir()
    for name in ("scipy", "sklearn", "threadpoolctl", "tensorflow_datasets", "tqdm"):
        (lacking / f"{name}.py").write_text("raise ImportError('not on this host')\n")
    record, out = run(tmp_path, "gpu", *flags, "--budget_s=600", path=[lacking])
    tried = [(row["precision"], row["jit"], row["steps"]) for row in record["rows"]]
    assert len(set(tried)) == len(tried) == 6
    assert tried[0] == ("mixed_bfloat16", True, 2)
    assert all(row.get("images/s", 0) > 0 or "error" in row for row in record["rows"])
    assert not any("error" in row for row in record["rows"] if row["jit"] is False)
    assert out.count("| VanillaGAN |") == 6
    record, out = run(tmp_path, "gpu", *flags, "--budget_s=0.01")
    assert len(record["rows"]) == 1
    assert "| model" in out


def test_timing_times_the_models_of_a_study(tmp_path, idx_folder):
    whole, folder = ROOT / "results" / "mnist-20", tmp_path / "study"
    for model in ("dcgan", "cvae"):
        shutil.copytree(whole / model, folder / model)
    shutil.copy(whole / "study.json", folder)
    for path in folder.rglob("settings.json"):
        # Many a processor takes ten times as long in 16 bits.
        text = path.read_text().replace('"mixed_bfloat16"', '"float32"')
        path.write_text(text)
    record, out = run(
        tmp_path,
        "timing",
        str(folder),
        f"--data_dir={idx_folder}",
        "--seconds=0.01",
    )
    seconds = record["seconds_per_epoch"]["dcgan"]
    assert list(seconds) == ["0", "1", "2"] and min(seconds.values()) > 0.0
    assert "| dcgan" in out and "| cvae" in out
