"""TensorFlow's start without its lines on processors and drivers.

TensorFlow 2.21 writes them straight to file descriptor 2, before it has read any
setting: `TF_CPP_MIN_LOG_LEVEL` silences only those that come later.
"""

import contextlib
import os
import pathlib
import sys
import tempfile
from collections.abc import Iterator

# There where NVIDIA's driver is.
DRIVER = pathlib.Path("/proc/driver/nvidia/version")


@contextlib.contextmanager
def quiet_start() -> Iterator[None]:
    """Context in which TensorFlow may be imported for the first time.

    What it writes to standard error is dropped, but shown if the import fails. Who has
    set `TF_CPP_MIN_LOG_LEVEL` sees everything.
    """
    if "tensorflow" in sys.modules or "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        yield
        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    try:
        kept = os.dup(2)
    except OSError:  # a process without standard error
        yield
        return
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
            if not DRIVER.exists() and "tensorflow" in sys.modules:
                # Without a GPU TensorFlow says so at the first look for one, which
                # would be among the user's own lines. Where there is a driver it is
                # the user who starts CUDA.
                sys.modules["tensorflow"].config.list_physical_devices("GPU")
        except BaseException:
            file.seek(0)
            os.write(kept, file.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
