"""A Ray cluster on this machine, a head and two nodes, and studies that are sent to it.

All processes live in a namespace of their own, where there is no network but the
loopback device and every process ends with the first one. Linux alone has that, where
users may make such a namespace.
"""

import contextlib
import fcntl
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import numpy as np
from sklearn.datasets import load_digits

ROOT = pathlib.Path(__file__).resolve().parents[1]
UNSHARE = [
    *("unshare", "--user", "--map-root-user", "--net", "--pid", "--fork"),
    *("--kill-child", "--mount-proc"),
]
INSIDE = "KERASGEN_LOOPBACK"
PORT = 6399
ON_RAY = ("--executor=ray", f"--ray_address=127.0.0.1:{PORT}")
# Runs are compared bit by bit, and bits depend on the number of threads.
THREADS = {
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
}
# The same as the command `kerasgen`, but that a run that is held is soon sent again.
COMMAND = """
from kerasgen.study import runner
runner.RETRY_SECONDS = 2.0
from kerasgen.cli.command import main
main()
"""
NUM_IMAGES = 512


def possible():
    """Whether users of this machine may make a namespace."""
    try:
        return subprocess.run([*UNSHARE, "true"], capture_output=True).returncode == 0
    except OSError:
        return False


@contextlib.contextmanager
def enclosed(module):
    """Starts a module over as the first process of a namespace; does so only once.

    Args:
        module: Name of the module that this process executes.

    Yields:
        A temporary folder, of this namespace.
    """
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        command = [*UNSHARE, sys.executable, "-m", module, *sys.argv[1:]]
        os.execvp(command[0], command)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        _set_up(folder)
        yield pathlib.Path(folder)


def _set_up(folder):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up = struct.pack("16sh", b"lo", 0x1 | 0x40)  # IFF_UP, IFF_RUNNING
        fcntl.ioctl(any_socket, 0x8914, up)  # SIOCSIFFLAGS
    os.environ |= {
        **THREADS,
        "PYTHONPATH": str(ROOT),
        "RAY_AUTH_MODE": "disabled",
        # Else Ray ends what a process of its own has started, and nothing lives on.
        "RAY_process_group_cleanup_enabled": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "XDG_CACHE_HOME": str(folder),
    }


class Cluster:
    """Ray's head, which takes no run, and two nodes of one core each.

    Args:
        folder: Where Ray's files go.
    """

    def __init__(self, folder):
        self.start(folder)

    def start(self, folder):
        """Starts all of it."""
        _start_node("--head", "--num-cpus=0", f"--port={PORT}", f"--temp-dir={folder}")
        self.head = _find("raylet/raylet")
        self.mend()

    def mend(self):
        """Starts nodes until there are two."""
        while len(self.nodes()) < 2:
            _start_node("--num-cpus=1", f"--address=127.0.0.1:{PORT}")

    def nodes(self):
        """Process numbers of the raylets of nodes that take runs."""
        found = _find("raylet/raylet")
        return [pid for pid in found if pid not in self.head and is_alive(pid)]

    def kill(self):
        """Kills all of Ray, its head first."""
        for pid in [*_find("gcs/gcs_server"), *_find("/ray/"), *_find("ray::")]:
            kill(pid)


def _start_node(*flags):
    done = subprocess.run(
        ["ray", "start", "--object-store-memory=100000000", *flags],
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)


class Study:
    """A study of real digits, by the command that a user gives.

    Args:
        folder: Its working directory; created if need be.
        models: Names of models.
        seeds: Number of seeds.
        epochs: Passes over the images.
    """

    def __init__(self, folder, models, seeds=2, epochs=3):
        self.folder = folder
        self.flags = [
            "compare",
            # Found from the working directory alone.
            *("--dataset=./digits.npz", f"--models={','.join(models)}"),
            *(f"--seeds={seeds}", f"--epochs={epochs}", "--num_samples=64"),
        ]
        folder.mkdir(parents=True, exist_ok=True)
        images = np.kron(load_digits().images[:NUM_IMAGES] * 15.9, np.ones((1, 3, 3)))
        images = np.pad(images, ((0, 0), (2, 2), (2, 2)))[..., None].astype(np.uint8)
        labels = load_digits().target[:NUM_IMAGES]
        np.savez(folder / "digits.npz", images=images, labels=labels)
        self.study_dir = folder / "runs" / "digits.npz"
        self.directories = [
            self.study_dir / model / f"seed{seed}"
            for seed in range(seeds)
            for model in models
        ]

    def start(self, *flags):
        """Starts the command with further flags; the `subprocess.Popen`."""
        self.log = self.folder / "said"
        with open(self.log, "a") as output:
            return subprocess.Popen(
                [sys.executable, "-c", COMMAND, *self.flags, *flags],
                stdout=output,
                stderr=output,
                cwd=self.folder,
            )

    @property
    def said(self):
        """All that its commands have printed."""
        return self.log.read_text()

    def wait_for(self, condition, seconds=200.0):
        """The value of a function, as soon as it is true."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > end:
                raise TimeoutError(f"It did not come to pass:\n{self.said[-3000:]}")
            time.sleep(0.02)
        return found


def kill(pid):
    """Kills a process, if there is one."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def is_alive(pid):
    """Whether a process is there and is no zombie."""
    return _state(pid) not in ("", "Z")


def parent(pid):
    """Process number of the parent of a process."""
    return int(_stat(pid)[1])


def descendants(pid):
    """Process numbers of a process's children, theirs, and so on."""
    parents = {each: stat[1] for each in _processes() if (stat := _stat(each))}
    found = [pid]
    for each in found:
        found += [child for child, its in parents.items() if its == str(each)]
    return found[1:]


def _find(words):
    found = []
    for pid in _processes():
        try:
            said = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode()
        except OSError:
            continue
        if words in said:
            found.append(pid)
    return sorted(found)


def _processes():
    return [
        int(each.name)
        for each in pathlib.Path("/proc").iterdir()
        if each.name.isdigit()
    ]


def _stat(pid):
    """State, parent and the rest of what Linux tells of a process; [] without one."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _state(pid):
    return (_stat(pid) or [""])[0]
