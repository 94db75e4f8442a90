import pathlib

import pytest
import tensorflow as tf

from kerasgen.study import environment


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("fpu avx512f avx512_bf16", "mixed_bfloat16"),
        ("fpu amx_tile amx_bf16", "mixed_bfloat16"),
        ("fpu avx512f avx512_fp16 amx_fp16", "float32"),
    ],
)
def test_auto_precision_of_a_cpu(flags, expected, monkeypatch):
    text = f"processor\t: 0\nmodel name\t: A CPU\nflags\t\t: {flags}\n"
    monkeypatch.setattr(pathlib.Path, "read_text", lambda _: text)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: [])
    assert environment.resolve_precision("auto") == expected
    assert environment.resolve_precision("float32") == "float32"
    assert environment.describe()["processor"] == "A CPU"


def test_without_word_of_the_cpu_precision_is_float32(monkeypatch):
    def missing(_):
        raise FileNotFoundError

    monkeypatch.setattr(pathlib.Path, "read_text", missing)
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _: [])
    assert environment.resolve_precision("auto") == "float32"


@pytest.mark.parametrize(
    ("group", "files", "expected"),
    [
        (
            "0::/job/step",
            {"job/cpu.max": "150000 100000", "job/step/cpu.max": "max"},
            2,
        ),
        ("0::/a name of the host", {"cpu.max": "300000 100000"}, 3),
        ("2:cpu,cpuacct:/job", {"cpu/job/cpu.cfs_quota_us": "100000"}, 1),
        ("2:cpu:/\n0::/", {"cpu/cpu.cfs_quota_us": "-1", "cpu.max": "max 100000"}, 8),
    ],
)
def test_cores_are_those_that_control_groups_grant(
    tmp_path, monkeypatch, group, files, expected
):
    monkeypatch.setattr(environment.os, "sched_getaffinity", lambda _: range(8))
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(group)
    for name, content in files.items():
        path = tmp_path / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content + "\n")
        path.with_name("cpu.cfs_period_us").write_text("100000\n")
    assert environment.available_cores(tmp_path) == expected
