"""Frozen extractors: weights in a file, checked by hash, and the map from images.

A weights file is a NumPy archive of float16 arrays, in Keras' order, that is read
without pickle. The extractors of the package are pinned by the SHA-256 of their files:
their numbers stay comparable, or they do not load. Another network or other weights are
another version, and the version is in the name.
"""

import hashlib
import io
import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from kerasgen import files
from kerasgen.features.classifier import build_classifier
from kerasgen.files import PathLike

FOLDER = pathlib.Path(__file__).parent / "weights"
VERSION = 1
# By dataset: SHA-256 of the file that examples/train_feature_extractor.py wrote.
SHIPPED = {
    "mnist": "a359a84eda0ada6dde60926013cf20a81822c731f343f134c9f857e16e8e92d8",
    "fashion_mnist": "5f6c695673b59cb363d8f527978287dbeb64d0eca1e3b43a5080267e1bd3cefb",
}
# Images at a time, and pixels at a time where they are large.
_BATCH, _BATCH_PIXELS = 500, 500 * 28 * 28


class Extracted(NamedTuple):
    """Features `(n, d)` and class probabilities `(n, k)`, both float32.

    There are no probabilities where the network is no classifier.
    """

    features: np.ndarray
    probabilities: np.ndarray | None


class FeatureExtractor:
    """Maps images to features and class probabilities.

    Args:
        name: str, which goes into the names of metrics; it tells the version.
        model: `keras.Model` from float32 pixels in [0, 1] to features, or to features
            and probabilities.
        num_classes: int, classes of the dataset that it tells apart; None if its
            classes are not the dataset's.
        image_shape: `(height, width, channels)` that it takes; None if any.
        fingerprint: str that no other network has, by which its features are kept on
            disk; None for a network that may change.

    Example:

    >>> images, labels = kerasgen.data.load_arrays("mnist", "test")
    >>> kerasgen.features.load("mnist")(images).features.shape
    (10000, 64)
    """

    def __init__(
        self,
        name: str,
        model: keras.Model,
        num_classes: int | None = None,
        image_shape: Sequence[int] | None = None,
        fingerprint: str | None = None,
    ) -> None:
        self.name = name
        self.model = model
        self.num_classes = num_classes
        self.image_shape = None if image_shape is None else tuple(image_shape)
        self.fingerprint = fingerprint
        self.classifies = len(model.outputs) == 2
        # Of any number of images, so that it is traced once.
        pixels = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)
        self._call = tf.function(
            lambda images: model(images, training=False),
            input_signature=[pixels],
            autograph=False,
        )

    def __call__(self, images: np.ndarray) -> Extracted:
        """Features of images.

        Args:
            images: array `(n, height, width, channels)`, uint8 or floats in [0, 1].

        Returns:
            `Extracted(features, probabilities)`.

        Raises:
            ValueError: If the images have another shape than the extractor was made
                for.
        """
        self.check_shape(images.shape[1:])
        scale = np.float32(255.0 if images.dtype == np.uint8 else 1.0)
        size = images_at_a_time(images.shape[1:])
        parts = []
        for start in range(0, len(images), size):
            batch = images[start : start + size].astype(np.float32) / scale
            outputs = self._call(tf.constant(batch))
            outputs = outputs if self.classifies else [outputs]
            parts.append([out.numpy() for out in outputs])
        found = [np.concatenate(part) for part in zip(*parts, strict=True)]
        return Extracted(*found) if self.classifies else Extracted(found[0], None)

    def check_shape(self, image_shape: Sequence[int]) -> None:
        """Raises ValueError unless images of this shape can be taken."""
        if self.image_shape not in (None, tuple(image_shape)):
            raise ValueError(
                f"Got images of shape {tuple(image_shape)}; expected "
                f"{self.image_shape}, for which the features {self.name} are made. "
                "Choose other features, or resize the images."
            )


def images_at_a_time(image_shape: Sequence[int]) -> int:
    """Number of images of `(height, width, channels)` that networks take at a time.

    500 of 28x28 pixels, and as many pixels of larger ones: what TensorFlow has held
    once it may not give back.
    """
    return max(1, min(_BATCH, _BATCH_PIXELS // (image_shape[0] * image_shape[1])))


def load(dataset: str, path: PathLike | None = None) -> FeatureExtractor:
    """Loads an extractor of the package.

    Args:
        dataset: str, one of `SHIPPED`.
        path: path of the weights file; default None: the one in the package.

    Returns:
        `FeatureExtractor` named `<dataset>_v<version>`.

    Raises:
        ValueError: If there is none for the dataset, or its file is not the one that
            the package was released with.
        FileNotFoundError: If there is no file at `path`.
    """
    if dataset not in SHIPPED:
        raise ValueError(
            f"Got dataset={dataset!r}; expected one with shipped features: "
            f"{', '.join(SHIPPED)}. "
            'Pass features="auto" to train some on its training images.'
        )
    content = files.user_path(path or weights_path(dataset)).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHIPPED[dataset]:
        raise ValueError(
            f"Got weights of the features for {dataset} with SHA-256 {found}; expected "
            f"{SHIPPED[dataset]}, or numbers would not be comparable. Install "
            "kerasgen anew."
        )
    return from_bytes(f"{dataset}_v{VERSION}", content)


def weights_path(dataset: str, folder: PathLike = FOLDER) -> pathlib.Path:
    """Path of the weights for a dataset; their record beside it ends in `.json`."""
    return files.user_path(folder) / f"{dataset.replace('/', '_')}-v{VERSION}.npz"


def save(classifier: keras.Model, path: PathLike) -> str:
    """Writes a trained classifier's weights.

    Args:
        classifier: What `train_classifier` returned.
        path: path that ends in `.npz`.

    Returns:
        SHA-256 of the file, as hexadecimal digits.
    """
    weights = {
        f"weight_{number:03d}": weight.astype(np.float16)
        for number, weight in enumerate(classifier.get_weights())
    }
    with files.replacing(path) as temporary:
        np.savez(temporary, image_shape=classifier.input.shape[1:], **weights)
    return hashlib.sha256(files.user_path(path).read_bytes()).hexdigest()


def from_bytes(name: str, content: bytes) -> FeatureExtractor:
    """The extractor that `save` wrote to a file with this content.

    Raises:
        ValueError: If the content is no such file.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            image_shape = tuple(int(side) for side in arrays["image_shape"])
            keys = sorted(key for key in arrays.files if key.startswith("weight_"))
            weights = [arrays[key].astype(np.float32) for key in keys]
        classifier = build_classifier(image_shape, len(weights[-1]))
        classifier.set_weights(weights)
    except Exception as error:  # damage shows as any of a dozen classes
        raise ValueError(
            f"Got weights of {name} that cannot be read ({error}); expected a file "
            "that `save` wrote. Remove the file."
        ) from error
    fingerprint = hashlib.sha256(content).hexdigest()
    return FeatureExtractor(
        name, classifier, len(weights[-1]), image_shape, fingerprint
    )


def accuracy(
    extractor: FeatureExtractor, images: np.ndarray, labels: np.ndarray
) -> float:
    """Share of images whose most probable class is their label."""
    return float(np.mean(extractor(images).probabilities.argmax(axis=1) == labels))
