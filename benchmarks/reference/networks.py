"""The networks of the zoo at its defaults, from the layers of Keras alone.

Same sizes, same order, same initialisation. One thing differs: where the zoo divides
by the spectral norm and lets the gradient through, `keras.layers.SpectralNormalization`
writes the divided kernel back into the weights.
"""

import math

import keras
from keras import layers


def dense_generator(image_shape, latent_dim, width):
    return keras.Sequential(
        [
            keras.Input((latent_dim,)),
            layers.Dense(width, use_bias=False),
            batch_normalization(),
            layers.LeakyReLU(0.2),
            layers.Dense(2 * width, use_bias=False),
            batch_normalization(),
            layers.LeakyReLU(0.2),
            layers.Dense(math.prod(image_shape)),
            layers.Reshape(image_shape),
            layers.Activation("sigmoid", dtype="float32"),
        ],
        name="generator",
    )


def dense_discriminator(image_shape, width):
    spectral = layers.SpectralNormalization
    return keras.Sequential(
        [
            keras.Input(image_shape),
            layers.Rescaling(2.0, offset=-1.0),
            layers.Flatten(),
            spectral(layers.Dense(2 * width)),
            layers.LeakyReLU(0.2),
            spectral(layers.Dense(width)),
            layers.LeakyReLU(0.2),
            spectral(layers.Dense(1, dtype="float32")),
        ],
        name="discriminator",
    )


def batch_normalization():
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)


def generator(image_shape, latent_dim, width, name="generator"):
    """Of DCGAN and WGAN; the decoder of the autoencoders."""
    height, breadth, channels = image_shape
    return keras.Sequential(
        [
            keras.Input((latent_dim,)),
            layers.Dense(height // 4 * (breadth // 4) * 2 * width, use_bias=False),
            layers.Reshape((height // 4, breadth // 4, 2 * width)),
            batch_normalization(),
            layers.ReLU(),
            layers.Conv2DTranspose(width, 4, strides=2, padding="same", use_bias=False),
            batch_normalization(),
            layers.ReLU(),
            layers.Conv2DTranspose(channels, 4, strides=2, padding="same"),
            layers.Activation("sigmoid", dtype="float32"),
        ],
        name=name,
    )


def judge(image_shape, width, name, spectral):
    """DCGAN's with spectral normalisation, WGAN's without."""
    wrapped = layers.SpectralNormalization if spectral else lambda layer: layer
    return keras.Sequential(
        [
            keras.Input(image_shape),
            layers.Rescaling(2.0, offset=-1.0),
            wrapped(layers.Conv2D(width, 4, strides=2, padding="same")),
            layers.LeakyReLU(0.2),
            wrapped(layers.Conv2D(2 * width, 4, strides=2, padding="same")),
            layers.LeakyReLU(0.2),
            layers.Flatten(),
            wrapped(layers.Dense(4 * width)),
            layers.LeakyReLU(0.2),
            wrapped(layers.Dense(1, dtype="float32")),
        ],
        name=name,
    )


def encoder(image_shape, latent_dim, width):
    """Of the autoencoders: mean and log-variance of the latents."""
    images = keras.Input(image_shape)
    x = layers.Rescaling(2.0, offset=-1.0)(images)
    x = layers.Conv2D(width, 4, strides=2, padding="same")(x)
    x = layers.LeakyReLU(0.2)(x)
    x = layers.Conv2D(2 * width, 4, strides=2, padding="same")(x)
    x = layers.LeakyReLU(0.2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(4 * width)(x)
    x = layers.LeakyReLU(0.2)(x)
    mean = layers.Dense(latent_dim, dtype="float32")(x)
    log_variance = layers.Dense(latent_dim, dtype="float32")(x)
    return keras.Model(images, [mean, log_variance], name="encoder")


def joint_discriminator(image_shape, latent_dim, width):
    """Of AdversarialVAE: judges an image and its latents together."""
    spectral = layers.SpectralNormalization
    images, latents = keras.Input(image_shape), keras.Input((latent_dim,))
    x = layers.Rescaling(2.0, offset=-1.0)(images)
    x = spectral(layers.Conv2D(width, 4, strides=2, padding="same"))(x)
    x = layers.LeakyReLU(0.2)(x)
    x = spectral(layers.Conv2D(2 * width, 4, strides=2, padding="same"))(x)
    x = layers.LeakyReLU(0.2)(x)
    x = layers.Flatten()(x)
    y = spectral(layers.Dense(4 * width))(latents)
    y = layers.LeakyReLU(0.2)(y)
    x = layers.Concatenate()([x, y])
    x = spectral(layers.Dense(4 * width))(x)
    x = layers.LeakyReLU(0.2)(x)
    logits = spectral(layers.Dense(1, dtype="float32"))(x)
    return keras.Model([images, latents], logits, name="discriminator")


def like(model):
    """Dict from name to network, for a model of the zoo at its default switches.

    Args:
        model: Model of the zoo; its sizes are taken, its networks are not.

    Raises:
        ValueError: If a network has another number of parameters than the model's.
    """
    shape, latents, width = model.image_shape, model.latent_dim, model.width
    built = {
        "VanillaGAN": lambda: {
            "generator": dense_generator(shape, latents, width),
            "discriminator": dense_discriminator(shape, width),
        },
        "DCGAN": lambda: {
            "generator": generator(shape, latents, width),
            "discriminator": judge(shape, width, "discriminator", spectral=True),
        },
        "WGAN": lambda: {
            "generator": generator(shape, latents, width),
            "critic": judge(shape, width, "critic", spectral=False),
        },
        "CVAE": lambda: {
            "encoder": encoder(shape, latents, width),
            "decoder": generator(shape, latents, width, "decoder"),
        },
        "AdversarialVAE": lambda: {
            "encoder": encoder(shape, latents, width),
            "decoder": generator(shape, latents, width, "decoder"),
            "discriminator": joint_discriminator(shape, latents, width),
        },
    }[type(model).__name__]()
    for name, network in built.items():
        check_same_size(name, count(network), count(getattr(model, name)))
    return built


def count(network):
    """Number of trainable parameters of a Keras model."""
    return sum(math.prod(weight.shape) for weight in network.trainable_weights)


def check_same_size(name, reference, ours):
    """Raises ValueError unless two networks have equally many parameters."""
    if reference != ours:
        raise ValueError(
            f"The reference's {name} has {reference:,} parameters, the zoo's {ours:,}; "
            "expected the same. References are written for the default switches: "
            "compare models with these."
        )
