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
from kerasgen.models.arguments import check_labels
from kerasgen.models.arguments import check_positive_int
from kerasgen.models.arguments import in_batches

RECORD = "export.json"


def save(model, path, settings=None):
    """Exports a model as a SavedModel, with a record of what it is.

    Args:
        model: A model of the zoo.
        path: Folder to write. An older export there is replaced if it was made with the
            same settings.
        settings: JSON-serialisable dict: how the model was trained.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        FileExistsError: If the folder holds an export made with other settings, or
            something that is no export.
        ValueError: If nothing can be written beside the folder.

    Example:

    >>> import kerasgen
    >>> kerasgen.export.save(kerasgen.DCGAN(), "saved_models/dcgan")
    >>> images = kerasgen.export.load("saved_models/dcgan").sample(16, seed=0)
    """
    path = pathlib.Path(path)
    settings = json.loads(json.dumps(settings or {}))
    if path.exists() and not replaceable(path, settings):
        raise FileExistsError(
            f"{path} holds another model or one made with other settings; it is not "
            "replaced. Export to another folder, or remove that one first."
        )
    record = {
        "model": type(model).__name__,
        "image_shape": model.image_shape,
        "latent_dim": model.latent_dim,
        "num_classes": model.num_classes,
        "settings": settings,
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__},
    }

    def write(folder):
        model.write_saved_model(folder)
        text = json.dumps(record, indent=2) + "\n"
        (pathlib.Path(folder) / RECORD).write_text(text)

    files.write_folder(path, write)
    return path


def replaceable(path, settings):
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
    old = json.loads((path / RECORD).read_text())["settings"]
    fewer = old.get("epochs", 0) <= settings.get("epochs", 0)
    return fewer and old | {"epochs": None} == settings | {"epochs": None}


def load(path):
    """Loads an exported model for sampling, without building it in Keras.

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
            f"{path} holds no SavedModel (no saved_model.pb). Pass the folder that "
            "model.export or examples/train_all.py wrote."
        )
    restored = tf.saved_model.load(str(path))
    if "sample" not in restored.signatures:
        raise ValueError(
            f"The SavedModel in {path} has the signatures {list(restored.signatures)} "
            "but no 'sample'; it was not exported by kerasgen."
        )
    record = path / RECORD
    known = json.loads(record.read_text()) if record.exists() else {}
    return ExportedModel(restored, known.get("num_classes"))


class ExportedModel:
    """A SavedModel that samples and generates like the model that it was made from.

    Args:
        restored: What `tf.saved_model.load` returned.
        num_classes: Number of classes of a conditional model, or None.
    """

    def __init__(self, restored, num_classes=None):
        self._signatures = restored.signatures
        inputs = self._signatures["serving_default"].structured_input_signature[1]
        images = self._signatures["serving_default"].structured_outputs["images"]
        self.latent_dim = inputs["latents"].shape[1]
        self.image_shape = tuple(images.shape[1:])
        # How many classes there are, the SavedModel knows, but its signature does not.
        self.num_classes = num_classes
        self.is_conditional = "labels" in inputs

    def sample(self, num, labels=None, seed=None):
        """Images of latents drawn from the prior; see `GenerativeModel.sample`.

        They are made in batches: the signature `sample` makes the same images all at
        once, which takes gigabytes for ten thousand.
        """
        check_positive_int("num", num)
        seed = random.randrange(2**31) if seed is None else seed
        latents = training.normal((num, self.latent_dim), training.sampling_seed(seed))
        return self.generate(latents, labels)

    def generate(self, latents, labels=None):
        """Images from latents; see `GenerativeModel.generate`."""
        latents = np.asarray(latents, "float32")
        return in_batches(
            self._images_from, latents, self._labels(labels, len(latents))
        )

    def _labels(self, labels, num):
        if self.is_conditional and self.num_classes is None:
            # Without a record beside the SavedModel their range is not known.
            return check_labels(labels, num, np.inf, required=True)
        return check_labels(labels, num, self.num_classes)

    def _images_from(self, latents, labels=None):
        given = {} if labels is None else {"labels": labels}
        return self._signatures["serving_default"](latents=latents, **given)["images"]
