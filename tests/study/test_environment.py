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
