import errno
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

import kerasgen
from kerasgen.study import lock

ROOT = pathlib.Path(kerasgen.__file__).resolve().parents[1]
HOLDER = """
import importlib.util, sys, time
spec = importlib.util.spec_from_file_location("lock", "kerasgen/study/lock.py")
sys.modules["kerasgen"] = type(sys)("kerasgen")
files = importlib.util.spec_from_file_location("files", "kerasgen/files.py")
sys.modules["kerasgen"].files = importlib.util.module_from_spec(files)
files.loader.exec_module(sys.modules["kerasgen"].files)
lock = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lock)
with lock.held(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds `run` until it is told to end."""
    process = subprocess.Popen(
        # Without the package, whose import takes seconds.
        [sys.executable, "-c", HOLDER, str(tmp_path / "run")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_holder_is_named_until_it_ends(tmp_path, holder):
    who = f"process {holder.pid} on {socket.gethostname()} since 20.*Wait for that one"
    for refused in (lock.check_free, lambda path: lock.held(path).__enter__()):
        with pytest.raises(lock.HeldError, match=f"run is in use by {who}"):
            refused(tmp_path / "run")
    lock.check_free(tmp_path / "another")
    holder.communicate("end\n")
    lock.check_free(tmp_path / "run")
    with lock.held(tmp_path / "run"):
        assert (tmp_path / "run.lock").exists()
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path, holder, caplog):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "run.lock").exists()
    with lock.held(tmp_path / "run"):
        assert str(os.getpid()) in (tmp_path / "run.holder").read_text()
    assert f"Taking over from process {holder.pid}" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_nothing_can_be_written_to_is_nobodys(tmp_path, monkeypatch):
    (tmp_path / "run.lock").touch()

    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(lock.filelock.FileLock, "acquire", refuse)
    lock.check_free(tmp_path / "run")


def test_who_waits_comes_next(tmp_path, holder, caplog):
    came = []

    def wait():
        with lock.held(tmp_path / "run", wait=True):
            came.append(True)

    thread = threading.Thread(target=wait)
    thread.start()
    while "waiting for it" not in caplog.text:
        time.sleep(0.01)
    assert came == []
    holder.communicate("end\n")
    thread.join()
    assert came == [True]
    assert list(tmp_path.iterdir()) == []


def test_many_that_wait_come_one_at_a_time(tmp_path):
    inside, most = [], []

    def work():
        for _ in range(20):
            with lock.held(tmp_path / "run", wait=True):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(most), max(most)) == (80, 1)


def test_a_look_at_the_moment_is_no_hindrance(tmp_path):
    glance = lock.filelock.FileLock(tmp_path / "run.lock", thread_local=False)
    glance.acquire()
    threading.Timer(lock.GLANCE / 4.0, glance.release).start()
    with lock.held(tmp_path / "run"):
        assert (tmp_path / "run.holder").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": 3}'])
def test_a_holder_that_says_nothing_is_no_hindrance(tmp_path, text):
    (tmp_path / "run.holder").write_text(text)
    with lock.held(tmp_path / "run"):
        pass


def test_a_folder_that_knows_no_locks_is_warned_of(tmp_path, monkeypatch, caplog):
    def refuse(*_, **__):
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(lock.filelock.FileLock, "acquire", refuse)
    with lock.held(tmp_path / "run"):
        pass
    assert "run cannot be locked" in caplog.text


def test_no_module_of_the_package_imports_fcntl():
    for path in (ROOT / "kerasgen").rglob("*.py"):
        assert "import fcntl" not in path.read_text(), path
