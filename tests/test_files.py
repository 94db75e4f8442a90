import pathlib

import pytest

from kerasgen.callbacks import Checkpoint
from kerasgen.callbacks import LossHistory
from kerasgen.callbacks import SampleGrid
from kerasgen.files import prepare_directory
from kerasgen.files import remove_partial_files
from kerasgen.files import replacing


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_replacing_keeps_the_old_file_when_the_block_fails(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="boom"), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError("boom")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.json"]


def test_replacing_shows_the_new_file_only_when_it_is_complete(tmp_path):
    path = tmp_path / "deep" / "a.weights.h5"
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert temporary.parent == path.parent
        assert temporary.name.endswith(".weights.h5")
        assert not path.exists()
    assert path.read_text() == "new"
    assert names(path.parent) == ["a.weights.h5"]


def test_remove_partial_files_leaves_whole_files(tmp_path):
    (tmp_path / "epoch-0001.png").touch()
    (tmp_path / ".partial-epoch-0002.png").touch()
    remove_partial_files(tmp_path)
    assert names(tmp_path) == ["epoch-0001.png"]


def test_prepare_directory_creates_parents_and_leaves_nothing(tmp_path):
    directory = prepare_directory(str(tmp_path / "a" / "b"))
    assert isinstance(directory, pathlib.Path)
    assert names(directory) == []


@pytest.mark.parametrize("callback", [SampleGrid, LossHistory, Checkpoint])
@pytest.mark.parametrize("below", [".", "run/samples"])
def test_a_file_in_the_way_is_named_at_construction(tmp_path, callback, below):
    blocker = tmp_path / "blocker"
    blocker.write_text("")
    with pytest.raises(ValueError, match=r"blocker.*file is in its place.*choose"):
        callback(blocker / below)


def test_an_unwritable_directory_is_named_at_construction(tmp_path, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(pathlib.Path, "touch", refuse)
    with pytest.raises(PermissionError, match=f"{tmp_path}.*make it writable"):
        SampleGrid(tmp_path)


@pytest.mark.parametrize("every", [0, -1, 1.5, True, "2", None])
@pytest.mark.parametrize("callback", [SampleGrid, Checkpoint])
def test_every_must_be_a_positive_integer(tmp_path, callback, every):
    with pytest.raises(ValueError, match="`every` must be an integer of at least 1"):
        callback(tmp_path, every=every)
