"""Any model of the zoo on the parts of Keras alone: layers, Adam, data and loop.

For the models that have no loop in `keras_guide.py`. Losses, order of updates, moving
average and sizes are those of the model itself; its layers are Keras' where the zoo has
faster ones, its Adam is Keras', a call takes one step, and the data are a
`tf.data.Dataset` as the guides make it. Like in `networks.py` one thing more differs:
`keras.layers.SpectralNormalization` writes the divided kernel back into the weights.
"""

import functools

import keras
import tensorflow as tf
from keras import layers

from kerasgen import training
from kerasgen.networks import blocks
from kerasgen.networks import fused


def like(model):
    """The same model on stock parts, compiled.

    Args:
        model: Model of the zoo with its default networks and optimizers.
    """
    names = {name for networks in model.players.values() for name in networks}
    networks = {
        name: keras.models.clone_model(getattr(model, name), clone_function=stock_layer)
        for name in names
        if isinstance(getattr(model, name), keras.Model)
    }
    config = {**model.get_config(), "dtype": model.dtype_policy, **networks}
    stock = type(model)(**config)
    optimizers = model.default_optimizers()
    stock.compile({name: stock_optimizer(one) for name, one in optimizers.items()})
    # One step a call, as Keras takes them.
    stock.steps_per_execution = 1
    stock.make_train_function = functools.partial(
        keras.Model.make_train_function, stock
    )
    return stock


def stock_layer(layer):
    """Keras' own layer for one of the zoo's; any other again."""
    kind, config = type(layer), layer.get_config()
    if kind is blocks.SpectralNormalization:
        inner = stock_layer(layer.layer)
        inner = type(inner).from_config({**inner.get_config(), "use_bias": True})
        return layers.SpectralNormalization(inner, name=layer.name)
    if kind.__module__ == fused.__name__:
        (kind,) = (base for base in kind.__bases__ if issubclass(base, layers.Layer))
    return kind.from_config(config)


def stock_optimizer(optimizer):
    """Keras' own optimizer for one of the zoo's; any other as it is."""
    if type(optimizer) is not training.Adam:
        return optimizer
    return keras.optimizers.Adam.from_config(optimizer.get_config())


def batches(images, labels=None, *, batch_size):
    """A dataset as the guides make it, of uint8 images and labels or None."""
    arrays = images.astype("float32") / 255.0
    arrays = arrays if labels is None else (arrays, labels)
    dataset = tf.data.Dataset.from_tensor_slices(arrays)
    return dataset.shuffle(buffer_size=1024).batch(batch_size)
