import gc
import gzip
import os
import struct

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers have a core each; their threads would only take turns on it.
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")

import hypothesis
import keras
import numpy as np
import pytest
import tensorflow as tf
from absl import logging
from sklearn.datasets import load_digits

# A GPU would round the inputs of float32 products to TF32.
tf.config.experimental.enable_tensor_float_32_execution(False)
# How long an example takes says something of the machine only.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


def pytest_collection_finish(session):
    """Spare the collector what stays: a library may ask for it in every call."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)  # models are many small objects


@pytest.fixture(autouse=True)
def verbosity():
    """Scripts that a test runs in this process leave the log as loud as it was."""
    before = logging.get_verbosity()
    yield
    logging.set_verbosity(before)


@pytest.fixture(scope="session")
def digits():
    """Real digits: 128 uint8 images of 28x28 pixels and their labels."""
    bunch = load_digits()
    images = np.kron(bunch.images[:128] / 16.0 * 255.0, np.ones((1, 3, 3)))
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2)))
    return padded[..., None].astype("uint8"), bunch.target[:128].astype("int32")


@pytest.fixture(scope="session")
def idx_folder(tmp_path_factory, digits):
    """The digits as the four files of MNIST."""
    folder = tmp_path_factory.mktemp("idx")
    images, labels = digits
    for split, count in (("train", 128), ("t10k", 64)):
        for kind, array in (("images-idx3", images[..., 0]), ("labels-idx1", labels)):
            array = array[:count].astype("uint8")
            header = struct.pack(f">{array.ndim + 1}I", 2048 + array.ndim, *array.shape)
            path = folder / f"{split}-{kind}-ubyte.gz"
            path.write_bytes(gzip.compress(header + array.tobytes()))
    return folder


@pytest.fixture(autouse=True)
def same_keras_for_every_test():
    """No test sees another's seeds or precision."""
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")


@pytest.fixture(autouse=True, scope="module")
def free_graphs():
    """The graphs of a test file go when it is done."""
    yield
    keras.backend.clear_session()
