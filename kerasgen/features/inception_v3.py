"""Inception's features, for comparison with the literature.

Images are tiled to three channels, resized to 299x299 by the bilinear rule of
TensorFlow 1 (no half-pixel centres), and their features are those of pool3 (2048), as
Lucic et al., "Are GANs Created Equal?", NeurIPS 2018, took them.

Departure, which the name `inception_keras` tells: the weights are those of
`keras.applications.InceptionV3`, not the graph of 2015-12-05 that the literature uses.
Distances come near to published ones but are not the same.
"""

import os
import pathlib
import queue
import threading
import urllib.error
import urllib.request

import keras
import tensorflow as tf
from keras import layers

from kerasgen.features.extractor import FeatureExtractor

NAME = "inception_keras"
SIDE = 299
HOST = "https://storage.googleapis.com"
PROBE_SECONDS = 5.0
_WEIGHTS = "inception_v3_weights_tf_dim_ordering_tf_kernels.h5"


def inception() -> FeatureExtractor:
    """The extractor of Inception's pool3 features.

    Its class probabilities are those of ImageNet's 1000 classes: good for the Inception
    score, and meaningless as classes of another dataset.

    Returns:
        `FeatureExtractor` named `inception_keras`, for images of any size, in float32
        whatever the global policy is.

    Raises:
        RuntimeError: If the weights are not on this machine and cannot be downloaded.
    """
    if not (_keras_home() / "models" / _WEIGHTS).exists():
        _probe(HOST, PROBE_SECONDS)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        return _extractor()
    finally:
        keras.config.set_dtype_policy(policy)


def _extractor():
    try:
        network = keras.applications.InceptionV3(weights="imagenet")
    except Exception as error:  # Keras raises bare exceptions when a download fails
        raise RuntimeError(_unavailable(error)) from error
    pool3 = network.get_layer("avg_pool").output
    outputs = keras.Model(network.input, [pool3, network.output])
    images = keras.Input((None, None, None))
    prepared = layers.Lambda(prepare, output_shape=(SIDE, SIDE, 3))(images)
    model = keras.Model(images, outputs(prepared))
    return FeatureExtractor(NAME, model, fingerprint=NAME)


def prepare(images: tf.Tensor) -> tf.Tensor:
    """Pixels in [0, 1] as Inception takes them: three channels, 299x299, in [-1, 1]."""
    # One grey channel becomes three equal ones; three stay as they are.
    images = tf.repeat(images, 3 // tf.shape(images)[-1], axis=-1)
    resized = tf.raw_ops.ResizeBilinear(
        images=images, size=(SIDE, SIDE), align_corners=False, half_pixel_centers=False
    )
    return 2.0 * resized - 1.0


def _keras_home():
    return pathlib.Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()


def _unavailable(error):
    return (
        f"The weights of Inception cannot be downloaded from {HOST} ({error}). Connect "
        f"this machine to a network, put {_WEIGHTS} into {_keras_home() / 'models'}, "
        'or use the features of the dataset: features="auto".'
    )


def _probe(url, seconds):
    """Raises RuntimeError unless the host answers anything within `seconds`."""
    answer = queue.SimpleQueue()

    def ask():
        try:
            urllib.request.urlopen(url, timeout=seconds).close()
            answer.put(None)
        except urllib.error.HTTPError as error:  # a refusal is an answer
            error.close()
            answer.put(None)
        except Exception as error:
            answer.put(error)

    # In a thread, because nothing bounds the time that looking up a name takes.
    threading.Thread(target=ask, daemon=True).start()
    try:
        error = answer.get(timeout=seconds)
    except queue.Empty:
        error = f"no answer within {seconds:g} s"
    if error is not None:
        raise RuntimeError(_unavailable(error))
