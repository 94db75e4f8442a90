"""SavedModels that `model.export` wrote, used without Keras."""

import contextlib
import random

import numpy as np
import tensorflow as tf
from absl import logging

from kerasgen import files
from kerasgen import training
from kerasgen.core.arguments import check_images
from kerasgen.core.arguments import check_labels
from kerasgen.core.arguments import check_latents
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.arguments import check_seed
from kerasgen.core.arguments import in_batches
from kerasgen.core.export_record import read_record
from kerasgen.files import PathLike


def load(path: PathLike) -> "ExportedModel":
    """Loads an exported model, without building it in Keras.

    A SavedModel is a program: load only what you trust.

    Args:
        path: Folder of a SavedModel that `model.export` wrote.

    Returns:
        `ExportedModel`.

    Raises:
        ValueError: If the folder holds no SavedModel of this package.
    """
    path = files.user_path(path)
    if not (path / "saved_model.pb").exists():
        raise ValueError(
            f"Got {path} with no saved_model.pb; expected the folder of a SavedModel. "
            "Pass the folder that model.export or examples/train_all.py wrote."
        )
    try:
        with _without_warnings():
            restored = tf.saved_model.load(str(path))
    except (OSError, tf.errors.OpError) as error:
        raise ValueError(
            f"Got a SavedModel in {path} that cannot be loaded ({error}); expected one "
            "that kerasgen exported. Export it anew."
        ) from error
    if "sample" not in restored.signatures:
        raise ValueError(
            f"The SavedModel in {path} has the signatures {list(restored.signatures)} "
            "but no 'sample'; it was not exported by kerasgen."
        )
    record = read_record(path)
    model = ExportedModel(restored, record.get("num_classes"))
    model.prior_is_standard = record.get("prior_is_standard", True)
    model.num_gaussian = record.get("num_gaussian")
    model.codes_are_noise = record.get("codes_are_noise", False)
    return model


@contextlib.contextmanager
def _without_warnings():
    """Without TensorFlow's lines that no gradient can be asked of an export."""
    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)


class _WhereExported:
    """Makes a method exist only where the SavedModel has a signature of its name."""

    def __init__(self, method):
        self.method = method

    def __get__(self, model, owner=None):
        name = self.method.__name__
        if model is not None and name not in model._signatures:
            raise AttributeError(
                f"The exported model has no '{name}', as the model that it was made "
                f"from had none; it has {sorted(model._signatures)}."
            )
        return self.method.__get__(model, owner)


class ExportedModel:
    """A SavedModel with the methods of the model that it was made from.

    It samples and generates; `discriminate`, `encode`, `decode` and `reconstruct` exist
    where that model has them. Arguments, results and errors are the same.

    Args:
        restored: What `tf.saved_model.load` returned.
        num_classes: Number of classes of a conditional model, or None.
    """

    # As of `SamplingModel`.
    prior_is_standard, num_gaussian, codes_are_noise = True, None, False

    def __init__(self, restored, num_classes: int | None = None) -> None:
        self._signatures = restored.signatures
        inputs = self._signatures["serving_default"].structured_input_signature[1]
        images = self._signatures["serving_default"].structured_outputs["images"]
        self.latent_shape = tuple(inputs["latents"].shape[1:])
        self.latent_dim = self.latent_shape[0]
        self.image_shape = tuple(images.shape[1:])
        # How many classes there are, the SavedModel knows, but its signature does not.
        self.num_classes = num_classes
        self._generator_takes_labels = "labels" in inputs
        self.is_conditional = self._takes_labels("sample")

    def takes_labels(self, network: str) -> bool:
        """Whether a network takes labels; see `GenerativeModel.takes_labels`."""
        return self._takes_labels({"encoder": "encode"}.get(network, "serving_default"))

    def sample(
        self, num: int, labels: np.ndarray | None = None, seed: int | None = None
    ) -> np.ndarray:
        """Images of latents drawn from the prior; see `GenerativeModel.sample`.

        They are made in batches: the signature `sample` makes the same images all at
        once, which takes gigabytes for ten thousand.
        """
        latents = self.draw_latents(num, labels, seed)
        return self.generate(latents, labels)

    def draw_latents(
        self, num: int, labels: np.ndarray | None = None, seed: int | None = None
    ) -> np.ndarray:
        """Latents that `sample` makes its images from, `(num, *latent_shape)`."""
        check_positive_int("num", num)
        seed = random.randrange(2**31) if seed is None else check_seed(seed)
        if "draw_prior" not in self._signatures:  # an older export, of a normal prior
            seed = training.sampling_seed(seed)
            return np.array(training.normal((num, self.latent_dim), seed))
        labels = self._labels("draw_prior", labels, num)
        drawn = self._call(
            "draw_prior",
            n=tf.constant(num),
            seed=tf.constant(seed, tf.int32),
            labels=None if labels is None else tf.constant(labels),
        )
        return np.array(drawn["latents"])

    def generate(
        self, latents: np.ndarray, labels: np.ndarray | None = None
    ) -> np.ndarray:
        """Images from latents; see `GenerativeModel.generate`."""
        latents = check_latents(latents)
        if latents.shape[1:] != self.latent_shape or not len(latents):
            expected = ", ".join(map(str, self.latent_shape))
            raise ValueError(
                f"Got latents of shape {latents.shape}; expected (num, {expected}), at "
                "least one row."
            )
        return in_batches(
            self._images_from,
            latents,
            self._labels("sample", labels, len(latents)),
        )

    @_WhereExported
    def decode(
        self, latents: np.ndarray, labels: np.ndarray | None = None
    ) -> np.ndarray:
        """Images from latents: another name of `generate`."""
        return self.generate(latents, labels)

    @_WhereExported
    def encode(
        self, images: np.ndarray, labels: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The posterior q(z|x) of images; see `VariationalModel.encode`."""
        found = self._made_from_images("encode", images, labels)
        if "codes" in found:
            return found["codes"]
        return found["mean"], found["log_variance"]

    @_WhereExported
    def reconstruct(
        self, images: np.ndarray, labels: np.ndarray | None = None
    ) -> np.ndarray:
        """Images from their codes; see `VariationalModel.reconstruct`."""
        return self._made_from_images("reconstruct", images, labels)["images"]

    @_WhereExported
    def discriminate(
        self, images: np.ndarray, labels: np.ndarray | None = None
    ) -> np.ndarray:
        """Scores of images; see `AdversarialModel.discriminate`."""
        return self._made_from_images("discriminate", images, labels)["scores"]

    def _labels(self, name, labels, num, required=False):
        """Checked labels for a signature, or None where it takes none."""
        if not self._takes_labels(name):
            return check_labels(labels, num, None)
        if self.num_classes is None:
            # Without a record beside the SavedModel their range is not known.
            return check_labels(labels, num, np.inf, required=True)
        return check_labels(labels, num, self.num_classes, required)

    def _takes_labels(self, name):
        return "labels" in self._signatures[name].structured_input_signature[1]

    def _images_from(self, latents, labels=None):
        given = {"labels": labels} if self._generator_takes_labels else {}
        return self._call("serving_default", latents=latents, **given)["images"]

    def _made_from_images(self, name, images, labels):
        images = check_images(self, images)
        labels = self._labels(name, labels, len(images), required=True)
        return in_batches(
            lambda images, labels=None: self._call(name, images=images, labels=labels),
            images,
            labels,
        )

    def _call(self, name, **inputs):
        given = {key: value for key, value in inputs.items() if value is not None}
        return self._signatures[name](**given)
