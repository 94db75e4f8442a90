import gzip
import struct
import zlib

import numpy as np
import pytest

from kerasgen.data import idx
from kerasgen.data.splits import Split

TRAIN = Split.parse("train")


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("subfolder", ["", "mnist"])
def test_load(tmp_path, write_idx, packed, subfolder):
    write_idx(tmp_path / subfolder, packed=packed)
    found = idx.load(tmp_path, "mnist", Split.parse("train[3:]"))
    assert found.images.shape == (9, 4, 5, 1) and found.images.dtype == np.uint8
    np.testing.assert_array_equal(found.images[:, 0, 0, 0], np.arange(3, 12))
    np.testing.assert_array_equal(found.labels, np.arange(3, 12) % 10)
    assert found.labels.dtype == np.int32 and found.num_classes == 10
    assert found.source == f"IDX files in {tmp_path / subfolder}"


def test_images_can_be_changed_by_their_owner(tmp_path, write_idx):
    found = idx.load(write_idx(tmp_path), "mnist", TRAIN)
    found.images[0] = 1
    found.labels[0] = 1


def test_names_with_a_dot(tmp_path, write_idx):
    write_idx(tmp_path, packed=False)
    for path in list(tmp_path.iterdir()):
        path.rename(tmp_path / path.name.replace("-idx", ".idx"))
    assert len(idx.load(tmp_path, "mnist", TRAIN).images) == 12


def test_subfolder_comes_first(tmp_path, write_idx):
    write_idx(tmp_path, first=100)
    write_idx(tmp_path / "kmnist", first=50)
    assert idx.load(tmp_path, "kmnist", TRAIN).images[0, 0, 0, 0] == 50


def test_folder_of_another_set_is_not_taken(tmp_path, write_idx):
    folder = write_idx(tmp_path / "fashion_mnist")
    with pytest.raises(FileNotFoundError, match="train-images-idx3-ubyte"):
        idx.load(folder, "mnist", TRAIN)


def test_mnist_under_another_name(tmp_path, write_idx, monkeypatch):
    write_idx(tmp_path)
    labels = (np.arange(12) % 10).astype(np.uint8)
    monkeypatch.setitem(idx._MNIST_LABELS, "train", zlib.crc32(labels))
    assert idx.load(tmp_path, "mnist", TRAIN)
    with pytest.raises(ValueError, match="labels of mnist, but kmnist was asked for"):
        idx.load(tmp_path, "kmnist", TRAIN)


def test_labels_missing(tmp_path, write_idx):
    write_idx(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match="train-labels-idx1-ubyte"):
        idx.load(tmp_path, "mnist", TRAIN)
    assert len(idx.load(tmp_path, "mnist", Split.parse("test")).images) == 6


def test_counts_differ(tmp_path, write_idx, idx_bytes):
    write_idx(tmp_path, packed=False)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros(11)))
    with pytest.raises(ValueError, match=r"12 images.*11 labels"):
        idx.load(tmp_path, "mnist", TRAIN)


def test_label_too_large(tmp_path, write_idx, idx_bytes):
    write_idx(tmp_path, packed=False)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.arange(12)))
    with pytest.raises(ValueError, match="the label 11"):
        idx.load(tmp_path, "mnist", TRAIN)


GOOD = bytes([0, 0, 8, 1]) + struct.pack(">I", 5) + bytes(5)
BAD = {
    "another file": (b"<html>not found</html>", "begins with 0x3c68746d"),
    "no content": (b"", "Expected 0x00000801"),
    "floats": (b"\0\0\x0d\x01" + GOOD[4:], "begins with 0x00000d01"),
    "images for labels": (b"\0\0\x08\x03" + GOOD[4:], "with 1 dimension"),
    "ends in header": (GOOD[:6], "ends inside its header"),
    "empty": (GOOD[:4] + bytes(4), "is empty"),
    "too short": (GOOD[:-1], "promises 5 bytes"),
    "too long": (GOOD + b"x", "but more came"),
    "oversized header": (GOOD[:4] + b"\xff" * 4 + bytes(5), "promises 4,294,967,295"),
}


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("case", BAD)
def test_damaged(tmp_path, case, packed):
    content, message = BAD[case]
    path = tmp_path / ("labels.gz" if packed else "labels")
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(ValueError, match=message) as caught:
        idx.read(path, dims=1)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("where", ["end", "middle", "checksum", "start"])
def test_damaged_gzip(tmp_path, where):
    noise = np.random.default_rng(0).integers(0, 256, 5000, np.uint8).tobytes()
    content = gzip.compress(bytes([0, 0, 8, 1]) + struct.pack(">I", 5000) + noise)
    content = {
        "end": content[:-100],
        "middle": content[:2000] + b"?" * 50 + content[2050:],
        "checksum": content[:-8] + b"????" + content[-4:],
        "start": b"PK" + content[2:],
    }[where]
    (tmp_path / "labels.gz").write_bytes(content)
    with pytest.raises(ValueError, match="not a whole gzip file"):
        idx.read(tmp_path / "labels.gz", dims=1)


def test_gzip_bomb_is_not_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "labels.gz"
    path.write_bytes(gzip.compress(GOOD + bytes(20_000_000)))
    streams = []

    def spy(name):
        streams.append(gzip.GzipFile(name))
        return streams[-1]

    with monkeypatch.context() as patch:
        patch.setattr(idx.gzip, "open", spy)
        position = []
        close = gzip.GzipFile.close
        patch.setattr(
            gzip.GzipFile, "close", lambda s: (position.append(s.tell()), close(s))
        )
        with pytest.raises(ValueError, match="but more came"):
            idx.read(path, dims=1)
    assert position[0] == len(GOOD) + 1
