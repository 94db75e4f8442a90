"""No float outside [0, 1] gets in, by whatever entrance."""

import functools
import pathlib
import re
import sys
import tempfile

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck
from hypothesis import Phase
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

import kerasgen
from kerasgen import data
from kerasgen import export
from kerasgen.callbacks import LatentScatter
from kerasgen.metrics import reconstruction
from kerasgen.metrics import sharpness

NUM = 8
IMAGE_SHAPE = (8, 8, 1)
GAN = kerasgen.VanillaGAN(IMAGE_SHAPE, 2, width=2, depth=1, seed=0)
VAE = kerasgen.CVAE(IMAGE_SHAPE, 2, width=2, depth=1, seed=0)


def _dataset(images):
    good = np.zeros_like(images)  # the bad ones come in the second batch
    return tf.data.Dataset.from_tensor_slices(np.concatenate([good, images])).batch(NUM)


def _generator(images):
    yield (np.zeros_like(images),)
    yield (images,)


@functools.cache
def exported(model):
    with tempfile.TemporaryDirectory() as folder:
        return export.load(model.export(pathlib.Path(folder) / "model"))


QUIET = {"verbose": 0}
ENTRANCES = {
    "fit": lambda x: GAN.fit(x, batch_size=4, **QUIET),
    "fit of a pair": lambda x: VAE.fit((x, np.zeros(NUM, int)), batch_size=4, **QUIET),
    "fit of a dict": lambda x: VAE.fit({"image": x}, batch_size=4, **QUIET),
    "fit of a dataset": lambda x: GAN.fit(_dataset(x), **QUIET),
    "fit of a generator": lambda x: GAN.fit(_generator(x), **QUIET),
    "validation": lambda x: GAN.fit(
        np.zeros_like(x), batch_size=4, validation_data=_dataset(x), **QUIET
    ),
    "evaluate": lambda x: VAE.evaluate(x, **QUIET),
    "evaluate of a dataset": lambda x: VAE.evaluate(_dataset(x), **QUIET),
    "predict": lambda x: VAE.predict(x, **QUIET),
    "predict of a dataset": lambda x: VAE.predict(_dataset(x), **QUIET),
    "predict_on_batch": VAE.predict_on_batch,
    "train_on_batch": GAN.train_on_batch,
    "test_on_batch": GAN.test_on_batch,
    "call": VAE,
    "encode": VAE.encode,
    "reconstruct": VAE.reconstruct,
    "discriminate": GAN.discriminate,
    "batches": lambda x: data.batches(x, batch_size=4),
    "LatentScatter": lambda x: LatentScatter("unused", x, np.zeros(NUM, int)),
    "encode of an export": lambda x: exported(VAE).encode(x),
    "reconstruct of an export": lambda x: exported(VAE).reconstruct(x),
    "discriminate of an export": lambda x: exported(GAN).discriminate(x),
}
OUTSIDE = st.floats(width=32).filter(lambda x: not 0 <= x <= 1)


@pytest.mark.parametrize("entrance", ENTRANCES)
@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # shrinking would train again and again
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    pixel=OUTSIDE,
    place=st.integers(0, NUM * int(np.prod(IMAGE_SHAPE)) - 1),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_no_float_outside_gets_in(entrance, pixel, place, dtype):
    images = np.full((NUM, *IMAGE_SHAPE), 0.5, dtype)
    images.reshape(-1)[place] = pixel
    trains_first = "fit of" in entrance or entrance == "validation"
    before = None if trains_first else GAN.get_weights()
    with pytest.raises(ValueError, match=r"Got images with"):
        ENTRANCES[entrance](images)
    if before is not None:
        assert all(map(np.array_equal, before, GAN.get_weights()))


METRICS = {
    "laplacian_variance": sharpness.laplacian_variance,
    "gradient_magnitude": sharpness.gradient_magnitude,
    "radial_power_spectrum": sharpness.radial_power_spectrum,
    "mid_grey_share": sharpness.mid_grey_share,
    "mean_squared_error": lambda x: reconstruction.mean_squared_error(x, x),
    "bernoulli_cross_entropy": lambda x: reconstruction.bernoulli_cross_entropy(x, x),
}


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=5, deadline=None, derandomize=True, database=None)
@given(pixel=OUTSIDE, place=st.integers(0, NUM * int(np.prod(IMAGE_SHAPE)) - 1))
def test_no_float_outside_gets_into_a_metric_of_pixels(metric, pixel, place):
    images = np.full((NUM, *IMAGE_SHAPE), 0.5)
    images.reshape(-1)[place] = pixel
    with pytest.raises(ValueError, match=r"Got `?\w+`? "):
        METRICS[metric](images)


def _private_bytes():
    """Memory of this process that no file stands behind."""
    status = pathlib.Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"RssAnon:\s+(\d+)", status)[1])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_memory_mapped_array_stays_on_disk(tmp_path, dtype):
    few = np.zeros((64, *IMAGE_SHAPE), dtype)
    GAN.fit(few, batch_size=32, **QUIET)  # what is traced is not counted below
    shape = (2**26 // few[0].nbytes, *IMAGE_SHAPE)  # 64 MiB
    images = np.memmap(tmp_path / "images", dtype, "w+", shape=shape)
    before, seen = _private_bytes(), []
    look = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda *_, **__: seen.append(_private_bytes())
    )
    GAN.fit(images, batch_size=32, steps_per_epoch=2, callbacks=[look], **QUIET)
    # The order of an epoch takes eight bytes for each image, some of them thrice.
    assert max(seen) - before < 0.75 * images.nbytes
