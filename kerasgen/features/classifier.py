"""The small convolutional classifier whose last hidden layer gives the features.

3x3 convolutions with batch normalisation, three halvings, then a dense layer of 64
normalised units, which are the features, and a softmax. The features are taken before
the rectifier: they are nearer to a Gaussian, as the Fréchet distance supposes, and of
variance about 1 on the training images.
"""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from keras import layers

NUM_FEATURES = 64
BATCH_SIZE = 128
PEAK_LEARNING_RATE = 4e-3
WEIGHT_DECAY = 2e-3
DROPOUT = 0.4
# What an image may be moved by: pixels of 28, radians, and a factor above or below 1.
SHIFT, ROTATION, ZOOM = 2.0, 0.15, 0.1


def build_classifier(
    image_shape: Sequence[int], num_classes: int, seed: int = 0
) -> keras.Model:
    """Builds the network, untrained.

    Args:
        image_shape: `(height, width, channels)`.
        num_classes: int, at least 2.
        seed: int, of weights and dropout. Keras' global seed is neither used nor
            moved, so that building it amid a training run does not change that run.

    Returns:
        `keras.Model` in float32, whatever the global policy is, from pixels in [0, 1]
        to `(features, probabilities)`, of shapes `(batch, 64)` and `(batch,
        num_classes)`.
    """
    policy = keras.DTypePolicy("float32")
    seeds = iter(range(1000 * seed, 1000 * seed + 1000))

    def weighted(layer, *args, **kwargs):
        start = keras.initializers.HeNormal(seed=next(seeds))
        options = {"use_bias": False, "kernel_initializer": start, "dtype": policy}
        return layer(*args, **options | kwargs)

    def normalized(x, name=None):
        return layers.BatchNormalization(momentum=0.9, dtype=policy, name=name)(x)

    images = keras.Input(image_shape, name="images")
    x = layers.Rescaling(2.0, -1.0, dtype=policy)(images)
    for channels, repeats in ((32, 1), (64, 2), (96, 2)):
        for _ in range(repeats):
            x = weighted(layers.Conv2D, channels, 3, padding="same")(x)
            x = layers.ReLU(dtype=policy)(normalized(x))
        x = layers.MaxPooling2D(2, padding="same", dtype=policy)(x)
    x = layers.Flatten(dtype=policy)(x)
    features = normalized(weighted(layers.Dense, NUM_FEATURES)(x), name="features")
    x = layers.ReLU(dtype=policy)(features)
    x = layers.Dropout(DROPOUT, seed=next(seeds), dtype=policy)(x)
    logits = weighted(layers.Dense, num_classes, use_bias=True)(x)
    probabilities = layers.Softmax(dtype=policy, name="probabilities")(logits)
    return keras.Model(images, [features, probabilities], name="classifier")


def train_classifier(
    images: np.ndarray,
    labels: np.ndarray,
    num_classes: int,
    *,
    epochs: int,
    seed: int = 0,
) -> keras.Model:
    """Trains the network on moved, turned and scaled images.

    One cycle of AdamW: the learning rate rises over a tenth of the steps and falls to
    zero along a cosine. There is no validation and nothing is selected; the weights
    are those after the last step.

    Args:
        images: uint8 array `(n, height, width, channels)`, n at least 2.
        labels: int array `(n,)` in `0 … num_classes - 1`.
        num_classes: int, at least 2.
        epochs: int, passes over the images, at least 1.
        seed: int, of weights, order, movements and dropout.

    Returns:
        The trained `keras.Model`, as `build_classifier` returns it.

    Example:

    >>> images, labels = kerasgen.data.load_arrays("mnist")
    >>> model = train_classifier(images, labels, 10, epochs=8)
    """
    size = min(BATCH_SIZE, len(images))
    steps = epochs * (len(images) // size)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        decay_steps=max(1, steps - steps // 10),
        warmup_target=PEAK_LEARNING_RATE,
        warmup_steps=steps // 10,
    )
    network = build_classifier(images.shape[1:], num_classes, seed)
    model = keras.Model(network.input, network.outputs[1])
    model.compile(
        optimizer=keras.optimizers.AdamW(rate, WEIGHT_DECAY, beta_2=0.99),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        jit_compile=False,
    )
    model.optimizer.build(model.trainable_variables)  # or fit traces its step twice
    batches = _moved_batches(images, labels, size, steps, seed)
    model.fit(batches, shuffle=False, verbose=0)
    return network


def _moved_batches(images, labels, size, steps, seed):
    """All batches of the training, in an order and with movements that `seed` fixes."""
    count = len(images) // size * size
    epochs = -(-steps * size // count)
    generator = np.random.default_rng(seed)
    rows = np.concatenate(
        [generator.permutation(len(images))[:count] for _ in range(epochs)]
    )
    moves = _movements(generator, len(rows), images.shape[1:3])

    def batch(row, move):
        picked = tf.cast(tf.gather(tensors[0], row), tf.float32) / 255.0
        moved = tf.raw_ops.ImageProjectiveTransformV3(
            images=picked,
            transforms=move,
            output_shape=images.shape[1:3],
            fill_value=0.0,
            interpolation="BILINEAR",
            fill_mode="CONSTANT",
        )
        return moved, tf.gather(tensors[1], row)

    with tf.device("CPU:0"):
        tensors = tf.constant(images), tf.constant(labels)
        dataset = tf.data.Dataset.from_tensor_slices((rows, moves))
    return dataset.batch(size, drop_remainder=True).map(batch).prefetch(4)


def _movements(generator, count, sides):
    """Random affine maps about the centre, as `(count, 8)` projective transforms."""
    height, width = sides
    angle = generator.uniform(-ROTATION, ROTATION, count)
    scale_x, scale_y = generator.uniform(1.0 - ZOOM, 1.0 + ZOOM, (2, count))
    shifts = generator.uniform(-SHIFT, SHIFT, (2, count)) / 28.0
    a, b = np.cos(angle) * scale_x, -np.sin(angle) * scale_y
    c, d = np.sin(angle) * scale_x, np.cos(angle) * scale_y
    centre_x, centre_y = (width - 1) / 2.0, (height - 1) / 2.0
    x = centre_x - a * centre_x - b * centre_y + shifts[0] * width
    y = centre_y - c * centre_x - d * centre_y + shifts[1] * height
    zero = np.zeros(count)
    return np.stack([a, b, x, c, d, y, zero, zero], axis=1).astype(np.float32)
