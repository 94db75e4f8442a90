"""Hostile files: each is refused by name, in little memory, and left alone."""

import gzip
import io
import json
import resource
import struct
import zipfile

import keras
import pytest
from PIL import Image

import kerasgen
from kerasgen import callbacks
from kerasgen import evaluation
from kerasgen import features
from kerasgen import study
from kerasgen.data import idx
from kerasgen.data.splits import Split
from kerasgen.study import presets
from kerasgen.study.records import load_run
from tests.bad_input.table import check

MOST_KILOBYTES = 200_000
ZEROS = bytes(2**24)


def _idx(*shape, dims=None, kind=8, body=b""):
    dims = len(shape) if dims is None else dims
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, kind, dims, *shape) + body


def _bomb(*shape):
    """A few hundred kilobytes that unpack to two gigabytes."""
    return gzip.compress(_idx(*shape)) + 128 * gzip.compress(ZEROS)


def _npy(shape, descr="|u1"):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    text = header.ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def _zip(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return file.getvalue()


def _png(width, height):
    file = io.BytesIO()
    Image.new("L", (2, 2)).save(file, "PNG")
    content = bytearray(file.getvalue())
    content[16:24] = struct.pack(">II", width, height)
    content[29:33] = struct.pack(">I", idx.zlib.crc32(content[12:29]))
    return bytes(content)


def _keras(config):
    text = config if isinstance(config, str) else json.dumps(config)
    return _zip(config__json=text, metadata__json="{}", model__weights__h5="")


LAMBDA = {
    "module": "keras.layers",
    "class_name": "Lambda",
    "config": {"function": {"class_name": "__lambda__", "config": {"code": "4wAA"}}},
}
FOREIGN = {"module": "os", "class_name": "system", "config": {"command": "true"}}


def _images(path):
    return idx.read(path, dims=3)


def _labels(path):
    return idx.read(path, dims=1)


def _extractor(path):
    return features.extractor.from_bytes("digits", path.read_bytes())


def _shipped(path):
    return features.load("mnist", path)


def _run(path):
    return load_run(path.parent)


def _real(path):
    return presets._real(path.parent, 64)


HOSTILE = [
    ("2^31 images", _images, "a", _idx(2**31, 28, 28), "truncated or its header"),
    ("2^96 pixels", _images, "a", _idx(*[2**32 - 1] * 3), "truncated or its header"),
    ("2^31 labels packed", _labels, "a.gz", gzip.compress(_idx(2**31)), "truncated"),
    ("bomb behind a label", _labels, "a.gz", _bomb(1), "but more came"),
    ("bomb that tells", _labels, "a.gz", _bomb(2**31), "268,435,456 at most"),
    ("bomb of images", _images, "a.gz", _bomb(2**21, 32, 32), "268,435,456 at most"),
    ("signed bytes", _labels, "a", _idx(2, kind=9, body=b"ab"), "begins with"),
    ("little-endian", _labels, "a", _idx(2)[:4] + b"\2\0\0\0ab", "truncated"),
    ("four dimensions", _images, "a", _idx(1, 1, 1, 1, body=b"a"), "begins with"),
    ("no dimension", _labels, "a", _idx(dims=0), "begins with"),
    ("no rows", _images, "a", _idx(1, 0, 28), "is empty"),
    ("one pixel short", _images, "a", _idx(1, 2, 2, body=b"abc"), "only 3"),
    ("two files in one", _labels, "a", 2 * _idx(1, body=b"a"), "but more came"),
    ("packed twice", _labels, "a.gz", gzip.compress(gzip.compress(b"")), "begins with"),
    ("not packed", _labels, "a.gz", _idx(1, body=b"a"), "not a whole gzip file"),
    ("packed, not said", _labels, "a", gzip.compress(_idx(1)), "begins with 0x1f8b"),
    ("empty gzip", _labels, "a.gz", b"", "begins with 0x"),
    ("half a gzip header", _labels, "a.gz", b"\x1f\x8b", "not a whole gzip file"),
    ("other compression", _labels, "a.gz", b"\x1f\x8b\x01" + bytes(9), "not a whole"),
    ("text as npy", evaluation.load_images, "a.npy", b"text", "cannot be read"),
    ("huge npy", evaluation.load_images, "a.npy", _npy((2**50,)), "cannot be read"),
    ("large npy", evaluation.load_images, "a.npy", _npy((2**32, 28)), "cannot be read"),
    ("negative npy", evaluation.load_images, "a.npy", _npy((-5,)), "cannot be read"),
    ("npy of code", evaluation.load_images, "a.npy", _npy("exit()"), "cannot be read"),
    ("objects", evaluation.load_images, "a.npy", _npy((1,), "|O"), "cannot be read"),
    ("text as npz", evaluation.load_images, "a.npz", b"PK text", "cannot be read"),
    (
        "huge npz",
        evaluation.load_images,
        "a.npz",
        _zip(a__npy=_npy((2**50,))),
        "cannot be",
    ),
    ("empty npz", evaluation.load_images, "a.npz", _zip(), "expected a single"),
    ("text in npz", evaluation.load_images, "a.npz", _zip(a__npy="text"), "cannot be"),
    ("pickle", evaluation.load_images, "a.npy", b"\x80\x04K\x01.", "cannot be read"),
    (
        "another ending",
        evaluation.load_images,
        "a.pkl",
        b"\x80\x04K\x01.",
        "not something",
    ),
    ("text as a picture", evaluation.load_images, "p/a.png", b"text", "cannot be read"),
    ("half a picture", evaluation.load_images, "p/a.png", _png(2, 2)[:40], "cannot be"),
    (
        "picture bomb",
        evaluation.load_images,
        "p/a.png",
        _png(2**30, 2**30),
        "cannot be",
    ),
    ("no picture", evaluation.load_images, "p/a.txt", b"text", "without a picture"),
    ("weights: text", _extractor, "a.npz", b"text", "cannot be read"),
    (
        "weights: huge",
        _extractor,
        "a.npz",
        _zip(image_shape__npy=_npy((2**50,))),
        "cannot",
    ),
    ("weights: others", _shipped, "a.npz", b"text", "with SHA-256"),
    ("keras: text", study.load_model, "a.keras", b"text", "cannot be loaded"),
    ("keras: empty zip", study.load_model, "a.keras", _zip(), "cannot be loaded"),
    ("keras: no JSON", study.load_model, "a.keras", _keras("{"), "cannot be loaded"),
    ("keras: no config", study.load_model, "a.keras", _keras({}), "cannot be loaded"),
    ("keras: lambda", study.load_model, "a.keras", _keras(LAMBDA), "cannot be loaded"),
    ("keras: system", study.load_model, "a.keras", _keras(FOREIGN), "cannot be loaded"),
    ("keras: other ending", study.load_model, "a.h5", b"text", "neither the folder"),
    (
        "SavedModel",
        kerasgen.export.load,
        "p/saved_model.pb",
        b"text",
        "cannot be loaded",
    ),
    ("history: no columns", callbacks.read_history, "a.csv", b"a,b\n1,2\n", "Line 1"),
    ("history: text", callbacks.read_history, "a.csv", b"epoch\nx\n1\n", "Line 2"),
    ("history: list", callbacks.read_history, "a.json", b"[1]", "not a history"),
    (
        "history: uneven",
        callbacks.read_history,
        "a.json",
        b'{"epoch": [1], "a": []}',
        "equally",
    ),
    ("history: deep", callbacks.read_history, "a.json", 99_999 * b"[", "not a history"),
    (
        "history: ending",
        callbacks.read_history,
        "a.txt",
        b"",
        "expected a .csv or .json",
    ),
    ("run: text", _run, "p/settings.json", b"text", "not the settings of a run"),
    ("run: list", _run, "p/settings.json", b"[]", "not the settings of a run"),
    ("run: nothing", _run, "p/settings.json", b"{}", "not the settings of a run"),
    ("run: number", _run, "p/settings.json", b'{"settings": 5}', "not the settings"),
    ("run: deep", _run, "p/settings.json", 99_999 * b"[", "not the settings of a run"),
    ("run: bytes", _run, "p/settings.json", b"\xff\xfe", "not the settings of a run"),
    ("real: text", _real, "p/real.json", b"text", r"real\.json cannot be read"),
    ("real: list", _real, "p/real.json", b"[]", r"real\.json holds a list"),
    ("real: deep", _real, "p/real.json", 99_999 * b"[", r"real\.json cannot be read"),
]


def _given(path):
    return path.parent if path.parent.name == "p" and path.suffix != ".json" else path


@pytest.mark.parametrize(
    ("read", "name", "content", "message"),
    [pytest.param(*values, id=case) for case, *values in HOSTILE],
)
def test_hostile_file(tmp_path, read, name, content, message):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    check(lambda: read(_given(path)), message, ValueError)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < MOST_KILOBYTES
    assert path.read_bytes() == content
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("events.jsonl", b'{"epoch": Infinity}\n[]\n5\n{"epoch": "x"}\n\xff\n'),
        ("events.jsonl", 99_999 * b"["),
    ],
)
def test_hostile_lines_are_left_out(tmp_path, name, lines):
    (tmp_path / name).write_bytes(lines + b'\n{"epoch": 3}\n')
    assert callbacks.read_events(tmp_path / name) == [{"epoch": 3}]


@pytest.mark.parametrize("read", [_images, callbacks.read_history, _shipped])
def test_no_file(tmp_path, read):
    with pytest.raises(FileNotFoundError, match=r"none\.csv"):
        read(tmp_path / "none.csv")


@pytest.mark.parametrize("name", ["../../escaped", "/etc/escaped"])
def test_names_in_a_keras_file_do_not_leave_it(tmp_path, name):
    path = tmp_path / "a.keras"
    path.write_bytes(_zip(**{name: "text"}))
    check(lambda: study.load_model(path), "cannot be loaded", ValueError)
    assert not (tmp_path.parent / "escaped").exists()


def test_a_model_of_another_package(tmp_path):
    inputs = keras.Input((1,))
    keras.Model(inputs, inputs).save(tmp_path / "a.keras")
    with pytest.raises(ValueError, match="not a model of kerasgen"):
        study.load_model(tmp_path / "a.keras")


@pytest.mark.parametrize(
    "record", ["text", "[]", "{}", '{"settings": 5}', '{"num_classes": 5}']
)
def test_a_damaged_record_of_an_export(tmp_path, record):
    (tmp_path / "gan").mkdir()
    (tmp_path / "gan/export.json").write_text(record)
    model = kerasgen.VanillaGAN((4, 4, 1), 2, width=2, depth=1)
    with pytest.raises(FileExistsError, match="to replace it"):
        model.export(tmp_path / "gan")
    assert (tmp_path / "gan/export.json").read_text() == record


def test_images_and_labels_of_other_numbers(tmp_path):
    for name, content in zip(
        idx.FILES["test"], (_idx(2, 1, 1, body=b"ab"), _idx(1, body=b"\1")), strict=True
    ):
        (tmp_path / name).write_bytes(content)
    check(
        lambda: idx.load(tmp_path, "mnist", Split.parse("test")),
        "2 images.*1 label",
        ValueError,
    )
