"""Software, hardware and default precision of a run."""

import contextlib
import math
import os
import pathlib
import platform
import socket
import subprocess

import keras
import tensorflow as tf
from absl import logging

from kerasgen import files


def describe() -> dict:
    """Versions, commit, host and hardware, for the record of a run."""
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "commit": _commit(),
        "platform": platform.platform(),
        "host": socket.gethostname(),
        "processor": next(iter(_cpu_info("model name")), platform.processor()),
        "cores": available_cores(),
        "gpus": [details.get("device_name", "GPU") for details in _gpus()],
    }


def available_cores(system: files.PathLike = "/") -> int:
    """Number of cores that this process may use, at least 1.

    A container or a batch system often grants fewer than the machine has: the least of
    the process' affinity and the quotas of its control groups counts.

    Args:
        system: Folder with `proc` and `sys`, where Linux names groups and quotas.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    for quota, period in _quotas(files.user_path(system)):
        if quota.isdecimal():  # "max" and -1 are none
            cores = min(cores, math.ceil(int(quota) / int(period)))
    return max(1, cores)


def _quotas(system):
    """Pairs of text (microseconds of all cores, in so many) of the control groups."""
    try:
        lines = (system / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        controllers, _, group = line.partition(":")[2].partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        # Version 2 has one tree and no names of controllers.
        top = system / "sys/fs/cgroup" / ("cpu" if controllers else "")
        own = top / group.lstrip("/")
        # A container may see its own group as the top, and the name of none.
        for folder in [own, *own.parents[: len(own.parts) - len(top.parts)]]:
            with contextlib.suppress(OSError, ValueError):
                if controllers:
                    names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
                    yield tuple((folder / name).read_text().strip() for name in names)
                else:
                    quota, period = (folder / "cpu.max").read_text().split()
                    yield quota, period


def resolve_precision(precision: str) -> str:
    """The dtype policy that "auto" stands for here; other names pass unchanged.

    bfloat16 needs no loss scaling, so it is taken where it is computed in: on GPUs of
    compute capability 8.0 or higher, and on CPUs with instructions for it, where all
    models train faster with it. Older GPUs take float16, which a CPU must never do: it
    is five to ten times slower there than float32.
    """
    if precision != "auto":
        return precision
    for details in _gpus():
        capable = details.get("compute_capability", (0, 0)) >= (8, 0)
        return "mixed_bfloat16" if capable else "mixed_float16"
    # Where Linux does not say so, there are none.
    flags = {flag for line in _cpu_info("flags") for flag in line.split()}
    has_bfloat16 = not flags.isdisjoint({"avx512_bf16", "amx_bf16"})
    return "mixed_bfloat16" if has_bfloat16 else "float32"


def check_precision(precision: str) -> None:
    """Say so if a dtype policy that another machine chose does not suit this one.

    Args:
        precision: Name of the policy.

    Raises:
        ValueError: If it is mixed_float16 and there is no GPU here.
    """
    own = resolve_precision("auto")
    if precision in ("float32", own):
        return
    here = f"{socket.gethostname()}, which would take {own} by itself"
    if precision == "mixed_float16" and not _gpus():
        raise ValueError(
            f"Got {precision}, which precision='auto' stands for in this study, on "
            f"{here}; expected a machine with a GPU, as a processor computes in it "
            "five to ten times slower. Run the study on machines of one kind, or give "
            "it a precision in another runs directory."
        )
    logging.warning(
        "%s, which precision='auto' stands for in this study, is slow on %s.",
        precision,
        here,
    )


def _gpus():
    devices = tf.config.list_physical_devices("GPU")
    return [tf.config.experimental.get_device_details(gpu) for gpu in devices]


def _commit():
    """The commit of the checkout that kerasgen is imported from, or None."""
    root = pathlib.Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None


def _cpu_info(key):
    """Values that Linux gives under a key, one a core; empty elsewhere."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []
    parts = (line.partition(":") for line in lines)
    return [value.strip() for name, _, value in parts if name.strip() == key]
