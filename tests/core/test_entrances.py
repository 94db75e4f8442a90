"""No float outside [0, 1] gets in, by whatever entrance."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from kerasgen import data
from kerasgen.callbacks import LatentScatter
from tests.core.toy import IMAGE_SHAPE
from tests.core.toy import ToyGAN
from tests.core.toy import ToyVAE

NUM = 8
GAN, VAE = ToyGAN(seed=0), ToyVAE(seed=0)


def _dataset(images):
    good = np.zeros_like(images)  # the bad ones come in the second batch
    return tf.data.Dataset.from_tensor_slices(np.concatenate([good, images])).batch(NUM)


def _generator(images):
    yield (np.zeros_like(images),)
    yield (images,)


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
}
OUTSIDE = st.floats(width=32).filter(lambda x: not 0 <= x <= 1)


@pytest.mark.parametrize("entrance", ENTRANCES)
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
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
    before = GAN.get_weights() if "fit" not in entrance else None
    with pytest.raises(ValueError, match=r"Got images with"):
        ENTRANCES[entrance](images)
    if before is not None:
        assert all(map(np.array_equal, before, GAN.get_weights()))
