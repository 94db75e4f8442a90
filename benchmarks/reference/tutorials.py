"""Models of the zoo's names as well-known tutorials write them, settings included.

| model | source |
|---|---|
| DCGAN | tensorflow.org/tutorials/generative/dcgan |
| VanillaGAN | the dense GAN of the Keras-GAN and PyTorch-GAN collections |
| WGAN | the clipping WGAN of PyTorch-GAN, on the same dense networks |
| CVAE | keras.io/examples/generative/vae |

Networks, losses, optimizers, rates, batches, order of updates and pixels' range are the
sources'; all compute in float32. AdversarialVAE has no tutorial. What differs:

- The collection's 0.8 is the momentum of batch normalisation, as the Keras one has it;
  in PyTorch's signature the same number falls on epsilon.
- Where the source is PyTorch, weights start as Keras starts them.
- The autoencoder's source trains on the test images, too; here it does not.
- Samples are drawn in inference mode. PyTorch-GAN draws pictures in training mode.
"""

import dataclasses
import math
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from keras import layers

IMAGE_SHAPE = (28, 28, 1)


@dataclasses.dataclass(frozen=True, eq=False)
class Tutorial:
    """A tutorial's model, ready to train.

    Args:
        train_step: Function from a batch of images to the losses.
        batch_size: Images in a batch.
        least_pixel: What black is in its images: -1 or 0; white is 1.
        latent_dim: Length of the noise.
        generator: What turns noise into images; the decoder of an autoencoder.
        parts: All networks and optimizers, in an order that is always the same.
    """

    train_step: Callable
    batch_size: int
    least_pixel: int
    latent_dim: int
    generator: keras.Model
    parts: tuple

    def batches(self, images):
        """A dataset of uint8 images, in another order each epoch."""
        scaled = images.astype("float32") / 255.0
        scaled = scaled * (1 - self.least_pixel) + self.least_pixel
        dataset = tf.data.Dataset.from_tensor_slices(scaled)
        return dataset.shuffle(len(images)).batch(self.batch_size)

    def train(self, dataset, epochs):
        for _ in range(epochs):
            for images in dataset:
                losses = self.train_step(images)
        tf.nest.map_structure(lambda loss: loss.numpy(), losses)  # waits for the device

    def sample(self, num, seed):
        """Images in [0, 1], `(num, height, width, channels)`."""
        noise = np.random.default_rng(seed).normal(size=(num, self.latent_dim))
        images = self.generator.predict(noise.astype("float32"), 500, verbose=0)
        return (images - self.least_pixel) / (1 - self.least_pixel)

    @property
    def variables(self):
        return [variable for part in self.parts for variable in part.variables]

    def save(self, path):
        np.savez(path, *(variable.numpy() for variable in self.variables))

    def load(self, path):
        with np.load(path) as arrays:
            for variable, name in zip(self.variables, arrays.files, strict=True):
                variable.assign(arrays[name])


def dcgan():
    """TensorFlow's tutorial: both players from one forward pass, batches of 256."""
    generator = keras.Sequential(
        [
            keras.Input((100,)),
            layers.Dense(7 * 7 * 256, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Reshape((7, 7, 256)),
            layers.Conv2DTranspose(128, 5, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Conv2DTranspose(64, 5, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Conv2DTranspose(
                1, 5, strides=2, padding="same", use_bias=False, activation="tanh"
            ),
        ]
    )
    discriminator = keras.Sequential(
        [
            keras.Input(IMAGE_SHAPE),
            layers.Conv2D(64, 5, strides=2, padding="same"),
            layers.LeakyReLU(),
            layers.Dropout(0.3),
            layers.Conv2D(128, 5, strides=2, padding="same"),
            layers.LeakyReLU(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    generator_optimizer = _optimizer(keras.optimizers.Adam(1e-4), generator)
    discriminator_optimizer = _optimizer(keras.optimizers.Adam(1e-4), discriminator)

    @tf.function
    def train_step(images):
        noise = tf.random.normal([256, 100])
        with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:
            generated_images = generator(noise, training=True)
            real_output = discriminator(images, training=True)
            fake_output = discriminator(generated_images, training=True)
            gen_loss = cross_entropy(tf.ones_like(fake_output), fake_output)
            real_loss = cross_entropy(tf.ones_like(real_output), real_output)
            fake_loss = cross_entropy(tf.zeros_like(fake_output), fake_output)
            disc_loss = real_loss + fake_loss
        _descend(gen_tape, gen_loss, generator_optimizer, generator)
        _descend(disc_tape, disc_loss, discriminator_optimizer, discriminator)
        return gen_loss, disc_loss

    parts = (generator, discriminator, generator_optimizer, discriminator_optimizer)
    return Tutorial(train_step, 256, -1, 100, generator, parts)


def vanilla_gan():
    """The collections' dense GAN: the generator moves first, by the same fakes."""
    generator, discriminator = _dense_generator(), _dense_judge("sigmoid")
    adversarial_loss = keras.losses.BinaryCrossentropy()
    generator_optimizer = _optimizer(keras.optimizers.Adam(2e-4, 0.5), generator)
    discriminator_optimizer = _optimizer(
        keras.optimizers.Adam(2e-4, 0.5), discriminator
    )

    @tf.function
    def train_step(images):
        noise = tf.random.normal([tf.shape(images)[0], 100])
        with tf.GradientTape() as tape:
            fake_images = generator(noise, training=True)
            fake = discriminator(fake_images, training=True)
            g_loss = adversarial_loss(tf.ones_like(fake), fake)
        _descend(tape, g_loss, generator_optimizer, generator)
        with tf.GradientTape() as tape:
            real = discriminator(images, training=True)
            fake = discriminator(fake_images, training=True)
            real_loss = adversarial_loss(tf.ones_like(real), real)
            fake_loss = adversarial_loss(tf.zeros_like(fake), fake)
            d_loss = (real_loss + fake_loss) / 2
        _descend(tape, d_loss, discriminator_optimizer, discriminator)
        return g_loss, d_loss

    parts = (generator, discriminator, generator_optimizer, discriminator_optimizer)
    return Tutorial(train_step, 64, -1, 100, generator, parts)


def wgan():
    """The collection's clipping WGAN: the generator moves on each fifth batch."""
    generator, critic = _dense_generator(), _dense_judge(None)
    generator_optimizer = _optimizer(keras.optimizers.RMSprop(5e-5, 0.99), generator)
    critic_optimizer = _optimizer(keras.optimizers.RMSprop(5e-5, 0.99), critic)

    @tf.function
    def train_step(images):
        noise = tf.random.normal([tf.shape(images)[0], 100])
        fake_images = generator(noise, training=True)
        with tf.GradientTape() as tape:
            real = critic(images, training=True)
            fake = critic(fake_images, training=True)
            critic_loss = tf.reduce_mean(fake) - tf.reduce_mean(real)
        _descend(tape, critic_loss, critic_optimizer, critic)
        for weight in critic.trainable_variables:
            weight.assign(tf.clip_by_value(weight, -0.01, 0.01))
        if (critic_optimizer.iterations - 1) % 5 == 0:
            with tf.GradientTape() as tape:
                fake = critic(generator(noise, training=True), training=True)
                g_loss = -tf.reduce_mean(fake)
            _descend(tape, g_loss, generator_optimizer, generator)
        return critic_loss

    parts = (generator, critic, generator_optimizer, critic_optimizer)
    return Tutorial(train_step, 64, -1, 100, generator, parts)


def cvae():
    """Keras' example: two latents, a dense layer of 16, batches of 128."""
    images = keras.Input(IMAGE_SHAPE)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(images)
    x = layers.Conv2D(64, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Dense(16, activation="relu")(layers.Flatten()(x))
    encoder = keras.Model(images, [layers.Dense(2)(x), layers.Dense(2)(x)])
    decoder = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(7 * 7 * 64, activation="relu"),
            layers.Reshape((7, 7, 64)),
            layers.Conv2DTranspose(64, 3, 2, padding="same", activation="relu"),
            layers.Conv2DTranspose(32, 3, 2, padding="same", activation="relu"),
            layers.Conv2DTranspose(1, 3, padding="same", activation="sigmoid"),
        ]
    )
    optimizer = _optimizer(keras.optimizers.Adam(), encoder, decoder)

    @tf.function
    def train_step(images):
        with tf.GradientTape() as tape:
            mean, log_var = encoder(images, training=True)
            z = mean + tf.exp(0.5 * log_var) * tf.random.normal(tf.shape(mean))
            per_pixel = keras.losses.binary_crossentropy(
                images, decoder(z, training=True)
            )
            reconstruction_loss = tf.reduce_mean(tf.reduce_sum(per_pixel, axis=(1, 2)))
            kl = -0.5 * (1 + log_var - tf.square(mean) - tf.exp(log_var))
            loss = reconstruction_loss + tf.reduce_mean(tf.reduce_sum(kl, axis=1))
        _descend(tape, loss, optimizer, encoder, decoder)
        return loss

    return Tutorial(train_step, 128, 0, 2, decoder, (encoder, decoder, optimizer))


TUTORIALS = {
    "vanilla_gan": vanilla_gan,
    "dcgan": dcgan,
    "wgan": wgan,
    "cvae": cvae,
}


def _dense_generator():
    blocks = []
    for width in (256, 512, 1024):
        blocks += [
            layers.Dense(width),
            layers.BatchNormalization(momentum=0.8),
            layers.LeakyReLU(0.2),
        ]
    return keras.Sequential(
        [
            keras.Input((100,)),
            layers.Dense(128),
            layers.LeakyReLU(0.2),
            *blocks,
            layers.Dense(math.prod(IMAGE_SHAPE), activation="tanh"),
            layers.Reshape(IMAGE_SHAPE),
        ]
    )


def _dense_judge(activation):
    return keras.Sequential(
        [
            keras.Input(IMAGE_SHAPE),
            layers.Flatten(),
            layers.Dense(512),
            layers.LeakyReLU(0.2),
            layers.Dense(256),
            layers.LeakyReLU(0.2),
            layers.Dense(1, activation=activation),
        ]
    )


def _optimizer(optimizer, *networks):
    """The optimizer with its state, so that `Tutorial.variables` has all of it."""
    optimizer.build([v for network in networks for v in network.trainable_variables])
    return optimizer


def _descend(tape, loss, optimizer, *networks):
    variables = [v for network in networks for v in network.trainable_variables]
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
