"""Software, hardware and default precision of a run."""

import math
import os
import pathlib
import platform
import socket
import subprocess

import keras
import tensorflow as tf


def describe() -> dict:
    """Versions, commit, host and hardware, for the record of a run."""
    gpus = [
        tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
        for gpu in tf.config.list_physical_devices("GPU")
    ]
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "commit": _commit(),
        "platform": platform.platform(),
        "host": socket.gethostname(),
        "processor": _processor(),
        "cores": available_cores(),
        "gpus": gpus,
    }


def available_cores(cgroup: str = "/sys/fs/cgroup") -> int:
    """Number of cores that this process may use, at least 1.

    A container or a batch system often grants fewer than the machine has: the least of
    the process' affinity and its control group's quota counts.

    Args:
        cgroup: Folder of the control group, where Linux says the quota.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    try:
        quota, period = (pathlib.Path(cgroup) / "cpu.max").read_text().split()
        cores = min(cores, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError):  # no control groups, or "max": no quota
        pass
    return max(1, cores)


def resolve_precision(precision: str) -> str:
    """The dtype policy that "auto" stands for here; other names pass unchanged.

    bfloat16 needs no loss scaling, so it is taken where it is computed in: on GPUs of
    compute capability 8.0 or higher, and on CPUs with instructions for it, where all
    models train faster with it. Older GPUs take float16, which a CPU must never do: it
    is five to ten times slower there than float32.

    Args:
        precision: "auto" or the name of a Keras dtype policy.

    Returns:
        Name of a Keras dtype policy.
    """
    if precision != "auto":
        return precision
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return "mixed_bfloat16" if _cpu_has_bfloat16() else "float32"
    details = tf.config.experimental.get_device_details(gpus[0])
    capable = details.get("compute_capability", (0, 0)) >= (8, 0)
    return "mixed_bfloat16" if capable else "mixed_float16"


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


def _cpu_has_bfloat16():
    """Whether the CPU multiplies bfloat16; False where Linux does not say so."""
    flags = {flag for line in _cpu_info("flags") for flag in line.split()}
    return not flags.isdisjoint({"avx512_bf16", "amx_bf16"})


def _processor():
    names = _cpu_info("model name")
    return names[0] if names else platform.processor()


def _cpu_info(key):
    """Values that Linux gives under a key, one a core; empty elsewhere."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []
    parts = (line.partition(":") for line in lines)
    return [value.strip() for name, _, value in parts if name.strip() == key]
