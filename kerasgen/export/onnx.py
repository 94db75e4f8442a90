"""The networks of a model as ONNX files, for ONNX Runtime and others."""

import pathlib

import keras
import tensorflow as tf

from kerasgen.export import networks
from kerasgen.files import PathLike

OPSET = 18  # the newest that tf2onnx 1.17 writes


def save_onnx(model: keras.Model, path: PathLike) -> pathlib.Path:
    """Writes a model's networks as ONNX files, by the extra `onnx`.

    | file | takes | gives |
    |---|---|---|
    | `generator.onnx` (a VAE's decoder) | `latents` | `images` |
    | `encoder.onnx` | `images` | `mean`, `log_variance` |
    | `discriminator.onnx` (WGAN's critic) | `images` | `scores` |
    | `classifier.onnx` | `images` | `probabilities` |

    Those that the model has; a conditional model's take `labels`, too. They compute in
    float32 what `generate`, `encode` and `discriminate` do, for batches of any size.
    Float32 pixels in [0, 1] have the shape `(batch, height, width, channels)`, labels
    are int32 of shape `(batch,)` and are not checked: a class that does not exist gives
    an error or a wrong image.

    Args:
        model: A model of the zoo.
        path: Folder to write; ONNX files of an older export there are replaced.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        FileExistsError: If the folder holds something else.
        ImportError: If the converter is not installed.
        ValueError: If nothing can be written beside the folder, or the format lacks an
            operation of a network.

    Example:

    >>> import kerasgen, numpy as np, onnxruntime
    >>> path = kerasgen.export.save_onnx(kerasgen.DCGAN(latent_dim=64), "onnx/dcgan")
    >>> session = onnxruntime.InferenceSession(path / "generator.onnx")
    >>> latents = np.random.normal(size=(16, 64)).astype("float32")
    >>> (images,) = session.run(["images"], {"latents": latents})
    """
    try:
        import onnx
        import tf2onnx
    except ImportError as error:
        raise ImportError(
            f"Writing ONNX files needs onnx and tf2onnx ({error}). Install them, in "
            'the clone of kerasgen: python -m pip install -e ".[onnx]"'
        ) from error

    def convert(name, function, signature):
        converted, _ = tf2onnx.convert.from_function(
            tf.function(function, input_signature=signature),
            input_signature=signature,
            opset=OPSET,
        )
        # Of an operation that it does not know, tf2onnx only writes a line to the log.
        onnx.checker.check_model(converted)
        return converted.SerializeToString()

    return networks.write(model, path, ".onnx", convert)
