"""The networks of a model as LiteRT files (once TensorFlow Lite), for small devices."""

import pathlib
import tempfile

import keras
import tensorflow as tf

from kerasgen.export import networks
from kerasgen.files import PathLike


def save_litert(model: keras.Model, path: PathLike) -> pathlib.Path:
    """Writes a model's networks as LiteRT files: `generator.tflite` and so on.

    Files, names, shapes and numbers are those of `save_onnx`; each file has one
    signature, named like the network. TensorFlow is enough to write them; to run them,
    `pip install ai-edge-litert`.

    Args:
        model: A model of the zoo.
        path: Folder to write; LiteRT files of an older export there are replaced.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        FileExistsError: If the folder holds something else.
        ValueError: If nothing can be written beside the folder, or the format lacks an
            operation of a network.

    Example:

    >>> import kerasgen, numpy as np
    >>> from ai_edge_litert.interpreter import Interpreter
    >>> path = kerasgen.export.save_litert(kerasgen.DCGAN(latent_dim=64), "lite/dcgan")
    >>> interpreter = Interpreter(str(path / "generator.tflite"))
    >>> latents = np.random.normal(size=(16, 64)).astype("float32")
    >>> images = interpreter.get_signature_runner()(latents=latents)["images"]
    """
    return networks.write(model, path, ".tflite", _convert)


def _convert(name, function, signature):
    archive = keras.export.ExportArchive()
    archive.add_endpoint(name, function, signature)
    with tempfile.TemporaryDirectory() as temporary:
        folder = str(pathlib.Path(temporary) / name)
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(
            folder, signature_keys=[name]
        )
        return converter.convert()
