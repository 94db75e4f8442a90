"""Networks on codes: a discriminator of them, and an encoder that takes noise.

Reference: Makhzani et al. 2015, Adversarial Autoencoders (arXiv:1511.05644), appendix;
Mescheder et al. 2017, Adversarial Variational Bayes (arXiv:1701.04722), section 3.3.
"""

import keras
from keras import layers
from keras import ops

from kerasgen.networks import fused
from kerasgen.networks.blocks import check_switches
from kerasgen.networks.blocks import inputs_with
from kerasgen.networks.blocks import labelled


def code_discriminator(
    latent_dim: int,
    num_classes: int | None = None,
    *,
    width: int = 256,
    depth: int = 2,
) -> keras.Model:
    """Map codes to one logit through hidden layers with leaky rectifiers.

    Args:
        latent_dim: Number of latents.
        num_classes: With an int, labels are a second input.
        width: Units of each hidden layer.
        depth: Number of hidden layers.

    Returns:
        `keras.Model` from codes `(batch, latent_dim)` [and labels `(batch,)`] to
        float32 logits `(batch,)`.

    Raises:
        ValueError: If a switch is out of range.
    """
    check_switches(width, depth, None)
    codes = keras.Input((latent_dim,), name="codes")
    x, labels = labelled(codes, num_classes)
    for _ in range(depth):
        x = fused.LeakyReLU(0.2)(layers.Dense(width)(x))
    logits = layers.Reshape((), dtype="float32")(layers.Dense(1, dtype="float32")(x))
    return keras.Model(inputs_with(labels, codes), logits, name="discriminator")


def noise_bases(
    latent_dim: int, *, bases: int = 16, noise_dim: int = 16, width: int = 64
) -> keras.Model:
    """Map noise to vectors v_k(ε_k), each by two hidden layers of its own.

    A posterior z = z_0(x) + Σ_k a_k(x) · v_k(ε_k) takes z_0 and a_k from the image
    alone, so that moments of the v_k are enough for the moments of z.

    Args:
        latent_dim: Length of each vector.
        bases: Number of vectors, K.
        noise_dim: Number of standard normal numbers that each takes.
        width: Units of each hidden layer.

    Returns:
        `keras.Model` from noise `(batch, K, noise_dim)` to float32 vectors
        `(batch, K, latent_dim)`.
    """
    noise = keras.Input((bases, noise_dim), name="noise")
    x = noise
    for _ in range(2):
        x = _dense_of_each(bases, width, activation="elu")(x)
    vectors = _dense_of_each(bases, latent_dim, dtype="float32")(x)
    return keras.Model(noise, vectors, name="noise_bases")


def base_encoder(encoder: keras.Model, latent_dim: int, bases: int) -> keras.Model:
    """Turn an encoder into one of z_0(x) and the amplitudes a_k(x) of `noise_bases`.

    Args:
        encoder: `keras.Model` from images [and labels] to `[mean, log_variance]`.
        latent_dim: Number of latents.
        bases: Number of vectors, K.

    Returns:
        `keras.Model` from the same inputs to `[z_0 (batch, latent_dim), amplitudes
        (batch, K, latent_dim)]`, float32.
    """
    mean = encoder.outputs[0]
    features = encoder.get_layer("mean").input
    x = layers.Dense(bases * latent_dim, dtype="float32", name="amplitudes")(features)
    amplitudes = layers.Reshape((bases, latent_dim), dtype="float32")(x)
    # Around 1, so that the posterior starts with a spread.
    amplitudes = 1.0 + ops.elu(amplitudes)
    return keras.Model(
        inputs_with(None, *encoder.inputs), [mean, amplitudes], name="encoder"
    )


def style_and_class_encoder(encoder: keras.Model, num_classes: int) -> keras.Model:
    """Turn an encoder into one of a style and the probabilities of classes.

    Args:
        encoder: `keras.Model` to `[mean, log_variance]`, of as many latents as the
            style has and classes.
        num_classes: Number of classes.

    Returns:
        `keras.Model` from the same inputs to codes, float32 `(batch, latent_dim)`: the
        style, then a softmax over the classes.
    """
    code = encoder.outputs[0]
    style, logits = ops.split(code, [code.shape[-1] - num_classes], axis=-1)
    codes = ops.concatenate([style, ops.softmax(logits)], axis=-1)
    return keras.Model(inputs_with(None, *encoder.inputs), codes, name=encoder.name)


def _dense_of_each(bases, units, **kwargs):
    """A dense layer with a kernel for each base: (batch, K, in) to (batch, K, out)."""
    return layers.EinsumDense(
        "bki,kio->bko", output_shape=(bases, units), bias_axes="ko", **kwargs
    )
