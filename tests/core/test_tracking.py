"""Trackers are Keras callbacks and take the models as they are."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.core.toy import IMAGE_SHAPE
from tests.core.toy import ToyGAN


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorboard_takes_the_losses_of_all_players(tmp_path):
    reader = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    )
    images = np.random.default_rng(0).random((32, *IMAGE_SHAPE), "float32")
    board = keras.callbacks.TensorBoard(tmp_path)
    history = ToyGAN().fit(
        images, batch_size=16, epochs=2, verbose=0, callbacks=[board]
    )
    events = reader.EventAccumulator(str(tmp_path / "train"), {"tensors": 0}).Reload()
    for name in ("generator_loss", "discriminator_loss"):
        protos = [event.tensor_proto for event in events.Tensors(f"epoch_{name}")]
        written = [float(tf.make_ndarray(proto)) for proto in protos]
        np.testing.assert_allclose(written, history.history[name], rtol=1e-6)
