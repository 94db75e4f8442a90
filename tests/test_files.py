import os
import pathlib
import tempfile

import pytest

from kerasgen import callbacks
from kerasgen import evaluation
from kerasgen import export
from kerasgen import features
from kerasgen import files
from kerasgen.callbacks import Checkpoint
from kerasgen.callbacks import LossHistory
from kerasgen.callbacks import SampleGrid
from kerasgen.data import idx
from kerasgen.data import pictures
from kerasgen.files import prepare_directory
from kerasgen.files import remove_partial_files
from kerasgen.files import replacing
from kerasgen.files import write_folder
from kerasgen.study import records


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
    def refuse(dir):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(ValueError, match=f"{tmp_path}.*make it writable"):
        SampleGrid(tmp_path)


@pytest.mark.parametrize("every", [0, -1, 1.5, True, "2", None])
@pytest.mark.parametrize("callback", [SampleGrid, Checkpoint])
def test_every_must_be_a_positive_integer(tmp_path, callback, every):
    with pytest.raises(ValueError, match="Got every=.*an integer of at least 1"):
        callback(tmp_path, every=every)


def test_replacing_replaces_what_a_killed_run_left(tmp_path):
    path = tmp_path / "a.json"
    (tmp_path / ".partial-a.json").write_text("half of an older one, and longer")
    with replacing(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert names(tmp_path) == ["a.json"]


def test_replacing_without_writing_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(FileNotFoundError, match="a.json"), replacing(path):
        pass
    assert path.read_text() == "old"


def writer(**contents):
    """A function for `write_folder` that makes these files."""

    def write(folder):
        assert isinstance(folder, str)
        pathlib.Path(folder).mkdir()
        for name, text in contents.items():
            (pathlib.Path(folder) / name).write_text(text)

    return write


@pytest.fixture(params=["exchanges", "renames"])
def system(request, monkeypatch):
    """One that exchanges folders in one step, if this one can, and one that cannot."""
    if request.param == "renames":
        monkeypatch.setattr(files, "_exchange", lambda *_: False)


def test_write_folder_replaces_the_old_folder_whole(tmp_path, system):
    path = tmp_path / "deep" / "exported"
    write_folder(path, writer(first="1", both="1"))
    write_folder(str(path), writer(second="2", both="2"))
    assert names(path) == ["both", "second"]
    assert (path / "both").read_text() == "2"
    assert names(path.parent) == ["exported"]


def test_write_folder_exchanges_folders_in_one_step(tmp_path, monkeypatch):
    path = tmp_path / "exported"
    for name in ("exported", "other"):
        writer(first="1")(str(tmp_path / name))
    if not files._exchange(path, tmp_path / "other"):
        pytest.skip("This system cannot exchange two folders.")
    monkeypatch.setattr(pathlib.Path, "rename", None)
    write_folder(path, writer(second="2"))
    assert names(path) == ["second"]
    assert names(tmp_path) == ["exported", "other"]


def test_folders_that_cannot_be_exchanged_are_left_as_they_are(tmp_path, monkeypatch):
    writer(first="1")(str(tmp_path / "exported"))
    assert not files._exchange(tmp_path / "absent", tmp_path / "exported")
    monkeypatch.setattr(files.ctypes, "CDLL", lambda name: object())  # no Linux
    assert not files._exchange(tmp_path / "exported", tmp_path / "exported")
    assert names(tmp_path / "exported") == ["first"]


def test_write_folder_has_its_files_on_disk_before_they_appear(tmp_path, monkeypatch):
    flushed = []

    def fsync(descriptor):
        assert not (tmp_path / "exported").exists()
        flushed.append(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", fsync)
    write_folder(tmp_path / "exported", writer(first="1", second="2"))
    found = (tmp_path / "exported").iterdir()
    assert sorted(flushed) == sorted(path.stat().st_ino for path in found)


def test_write_folder_keeps_the_old_folder_when_the_writer_fails(tmp_path, system):
    path = tmp_path / "exported"
    write_folder(path, writer(first="1"))

    def fail(folder):
        writer(half="2")(folder)
        assert names(path) == ["first"]
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        write_folder(path, fail)
    with pytest.raises(FileNotFoundError):
        write_folder(path, lambda folder: None)
    assert names(path) == ["first"]
    assert names(tmp_path) == ["exported"]


def test_write_folder_puts_the_old_folder_back_when_a_rename_fails(
    tmp_path, monkeypatch
):
    path = tmp_path / "exported"
    write_folder(path, writer(first="1"))
    rename = pathlib.Path.rename

    def refuse(self, target):
        if self.name == ".partial-exported":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(files, "_exchange", lambda *_: False)
    monkeypatch.setattr(pathlib.Path, "rename", refuse)
    with pytest.raises(OSError, match="No space left"):
        write_folder(path, writer(second="2"))
    assert names(path) == ["first"]
    assert names(tmp_path) == ["exported"]


@pytest.mark.parametrize("recover", ["write", "remove"])
def test_a_run_killed_between_the_renames_loses_nothing(tmp_path, recover):
    path = tmp_path / "exported"
    writer(first="1")(str(tmp_path / ".partial-old-exported"))
    writer(second="2")(str(tmp_path / ".partial-exported"))
    if recover == "remove":
        remove_partial_files(tmp_path)
    else:
        with pytest.raises(FileNotFoundError):
            write_folder(path, lambda folder: None)
    assert names(path) == ["first"]
    assert names(tmp_path) == ["exported"]


def test_remove_partial_files_removes_folders_too(tmp_path):
    writer(kept="1")(str(tmp_path / "exported"))
    writer(half="2")(str(tmp_path / ".partial-exported"))
    writer(older="0")(str(tmp_path / ".partial-old-exported"))
    remove_partial_files(tmp_path)
    assert names(tmp_path) == ["exported"]
    assert names(tmp_path / "exported") == ["kept"]


def test_write_folder_below_a_file_is_refused_before_writing(tmp_path):
    (tmp_path / "blocker").write_text("")
    with pytest.raises(ValueError, match="blocker.*file is in its place"):
        write_folder(tmp_path / "blocker" / "exported", writer(first="1"))


READERS = {
    "load_images": evaluation.load_images,
    "read_history": lambda path: callbacks.read_history(f"{path}.csv"),
    "export.load": export.load,
    "idx.read": lambda path: idx.read(path, dims=1),
    "find_pictures": pictures.find_pictures,
    "features.load": lambda path: features.load("mnist", path),
    "load_run": records.load_run,
}


class TestUserPath:
    @pytest.fixture(autouse=True)
    def home(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        monkeypatch.chdir(tmp_path)

    def test_home_blanks_and_letters(self, tmp_path):
        assert files.user_path("~/runs") == tmp_path / "home" / "runs"
        assert files.user_path("my runs/Läufe").as_posix() == "my runs/Läufe"
        assert files.user_path(pathlib.Path("~")) == tmp_path / "home"

    @pytest.mark.parametrize("path", ["", " ", "a\0b", None, 5, b"runs"])
    def test_no_paths(self, path):
        with pytest.raises(ValueError, match=r"Got the path .*; expected"):
            files.user_path(path)

    def test_the_home_of_nobody(self):
        with pytest.raises(ValueError, match=r"~nobody-of-that-name/x'.*expected ~"):
            files.user_path("~nobody-of-that-name/x")

    @pytest.mark.parametrize("read", READERS.values(), ids=READERS)
    def test_whatever_reads_expands_it(self, tmp_path, read):
        with pytest.raises((ValueError, OSError), match=f"{tmp_path}/home/no such"):
            read("~/no such.npz")

    def test_whatever_writes_expands_it(self, tmp_path):
        assert files.prepare_directory("~/a b/é").is_dir()
        with files.replacing("~/a b/file") as temporary:
            temporary.write_text("x")
        files.write_folder("~/folder", lambda folder: pathlib.Path(folder).mkdir())
        made = {p.name for p in (tmp_path / "home").iterdir()}
        assert made == {"a b", "folder"} and not (tmp_path / "~").exists()

    def test_a_folder_does_not_take_the_place_of_a_file(self, tmp_path):
        (tmp_path / "taken").write_text("x")
        with pytest.raises(ValueError, match="which is a file; expected a folder"):
            files.write_folder("taken", lambda folder: None)
        assert (tmp_path / "taken").read_text() == "x"


def test_links_are_followed_and_not_replaced(tmp_path):
    (tmp_path / "big").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "big")
    files.write_folder(
        tmp_path / "link", lambda folder: pathlib.Path(folder, "a").mkdir(parents=True)
    )
    (tmp_path / "b.json").symlink_to(tmp_path / "big/b.json")
    with files.replacing(tmp_path / "b.json") as temporary:
        temporary.write_text("{}")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "b.json").is_symlink()
    assert (tmp_path / "big/a").is_dir() and (tmp_path / "big/b.json").exists()
