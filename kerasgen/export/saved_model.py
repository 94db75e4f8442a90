"""A trained model as a SavedModel that says how it was made, and its use without Keras.

`model.export(path)` writes the SavedModel alone; `save` puts a record of the settings
beside it and refuses to replace a model that was made with other settings.
"""

import json
import pathlib
import random

import keras
import numpy as np
import tensorflow as tf

from kerasgen import files
from kerasgen import training
from kerasgen.core.arguments import check_images
from kerasgen.core.arguments import check_labels
from kerasgen.core.arguments import check_latents
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.arguments import check_seed
from kerasgen.core.arguments import in_batches
from kerasgen.export.record import RECORD
from kerasgen.export.record import describe
from kerasgen.export.record import read_record
from kerasgen.export.record import write_record
from kerasgen.files import PathLike


def save(
    model: keras.Model,
    path: PathLike,
    settings: dict | None = None,
    half: bool = False,
) -> pathlib.Path:
    """Exports a model as a SavedModel, with a record of what it is.

    Args:
        model: A model of the zoo.
        path: Folder to write. An older export there is replaced if it is of the same
            model, made with the same settings or with fewer epochs.
        settings: JSON-serialisable dict: how the model was trained.
        half: Whether to store the weights in 16 bits, which halves the files. Computing
            stays in float32. Of a preset nothing is lost, as its weights have 16 bits;
            of others the last digits are.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        FileExistsError: If the folder holds an export of another model or one made with
            other settings, or something that is no export.
        ValueError: If nothing can be written beside the folder, or 16 bits cannot hold
            a weight.

    Example:

    >>> import kerasgen
    >>> kerasgen.export.save(kerasgen.DCGAN(), "saved_models/dcgan")
    >>> images = kerasgen.export.load("saved_models/dcgan").sample(16, seed=0)
    """
    path = pathlib.Path(path)
    settings = json.loads(json.dumps(settings or {}))
    if path.exists() and not (replaceable(path, settings) and _is_of(path, model)):
        raise FileExistsError(
            f"Got {path}, which holds another model or one made with other settings; "
            "expected the same, to replace it. Export to another folder, or remove "
            "that one first."
        )

    def write(folder):
        model.write_saved_model(folder, half=half)
        write_record(model, pathlib.Path(folder), settings=settings)

    files.write_folder(path, write)
    return path


def replaceable(path: PathLike, settings: dict) -> bool:
    """Whether an export to `path` would lose nothing.

    That is so where there is none yet, or one made with the same settings, or with the
    same settings and fewer epochs: the same run, taken further.

    Args:
        path: Folder of an export.
        settings: JSON-serialisable dict, as `save` takes it.
    """
    path = pathlib.Path(path)
    if not path.exists():
        return True
    if not (path / RECORD).exists():
        return False
    try:
        return taken_further(read_record(path)["settings"], settings)
    except (AttributeError, KeyError, TypeError, ValueError):
        return False  # damaged: it is not known what is lost


def _is_of(path, model):
    """Whether an export is of a model of the same class, images, latents, classes."""
    old, new = read_record(path), describe(model)
    return all(old.get(name) == value for name, value in new.items())


def taken_further(old: dict, new: dict) -> bool:
    """Whether settings are the old ones, with as many epochs or more.

    Args:
        old, new: Dicts of the settings of a training.
    """
    fewer = old.get("epochs", 0) <= new.get("epochs", 0)
    return fewer and {**old, "epochs": None} == {**new, "epochs": None}


def load(path: PathLike) -> "ExportedModel":
    """Loads an exported model, without building it in Keras.

    A SavedModel is a program: load only what you trust.

    Args:
        path: Folder of a SavedModel that `save` or `model.export` wrote.

    Returns:
        `ExportedModel`.

    Raises:
        ValueError: If the folder holds no SavedModel of this package.
    """
    path = pathlib.Path(path)
    if not (path / "saved_model.pb").exists():
        raise ValueError(
            f"Got {path} with no saved_model.pb; expected the folder of a SavedModel. "
            "Pass the folder that model.export or examples/train_all.py wrote."
        )
    try:
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
    return ExportedModel(restored, read_record(path).get("num_classes"))


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

    def __init__(self, restored, num_classes: int | None = None) -> None:
        self._signatures = restored.signatures
        inputs = self._signatures["serving_default"].structured_input_signature[1]
        images = self._signatures["serving_default"].structured_outputs["images"]
        self.latent_shape = tuple(inputs["latents"].shape[1:])
        self.latent_dim = self.latent_shape[0]
        self.image_shape = tuple(images.shape[1:])
        # How many classes there are, the SavedModel knows, but its signature does not.
        self.num_classes = num_classes
        self.is_conditional = "labels" in inputs

    def sample(
        self, num: int, labels: np.ndarray | None = None, seed: int | None = None
    ) -> np.ndarray:
        """Images of latents drawn from the prior; see `GenerativeModel.sample`.

        They are made in batches: the signature `sample` makes the same images all at
        once, which takes gigabytes for ten thousand.
        """
        check_positive_int("num", num)
        seed = random.randrange(2**31) if seed is None else check_seed(seed)
        if "draw_prior" not in self._signatures:  # an older export, of a normal prior
            seed = training.sampling_seed(seed)
            return self.generate(training.normal((num, self.latent_dim), seed), labels)
        labels = self._labels("draw_prior", labels, num)
        drawn = self._call(
            "draw_prior",
            n=tf.constant(num),
            seed=tf.constant(seed, tf.int32),
            labels=None if labels is None else tf.constant(labels),
        )
        return self.generate(drawn["latents"], labels)

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
            self._labels("serving_default", labels, len(latents)),
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
        if "labels" not in self._signatures[name].structured_input_signature[1]:
            return check_labels(labels, num, None)
        if self.num_classes is None:
            # Without a record beside the SavedModel their range is not known.
            return check_labels(labels, num, np.inf, required=True)
        return check_labels(labels, num, self.num_classes, required)

    def _images_from(self, latents, labels=None):
        return self._call("serving_default", latents=latents, labels=labels)["images"]

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
