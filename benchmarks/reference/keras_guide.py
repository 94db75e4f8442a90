"""Training as the guides of Keras show it: a `train_step`, optimizers, `model.fit`.

References: keras.io/guides/custom_train_step_in_tensorflow, keras.io/examples/
generative/dcgan_overriding_train_step, wgan_gp and vae.

The algorithms are the zoo's: the same losses, optimizers and rates, moving average of
the generator and order of updates. Against the guides' own code that is simultaneous
descent from one forward pass, which saves a pass of each network, for their alternating
one; `alternating=True` is theirs, with fresh noise for the generator's step. WGAN takes
five batches to a step, as the guide does, and a fresh one for each of the critic's
steps, as the zoo does. The moving average covers all weights of the generator.
"""

import keras
import tensorflow as tf
from keras import ops

from benchmarks.reference import networks


def like(model, alternating=False):
    """The same model in this style, compiled.

    Args:
        model: Model of the zoo at its default switches; its sizes are taken.
        alternating: Whether VanillaGAN and DCGAN take the guide's own two passes.
    """
    adam, rmsprop = keras.optimizers.Adam, keras.optimizers.RMSprop
    given = networks.like(model)
    common = (given, model.latent_dim, model.average_momentum)
    name = type(model).__name__
    if name in ("VanillaGAN", "DCGAN"):
        rate = {"VanillaGAN": 1e-3, "DCGAN": 2e-3}[name]
        guide = GAN(*common, alternating)
        guide.compile(adam(rate, beta_1=0.0), adam(rate, beta_1=0.0))
    elif name == "WGAN":
        guide = WGAN(*common, model.critic_steps, model.clip_value)
        guide.compile(rmsprop(2e-4), rmsprop(2e-3))
    elif name == "CVAE":
        guide = VAE(*common, model.beta)
        guide.compile(adam(2e-3))
    else:
        guide = AdversarialVAE(*common, model.beta, model.adversarial_weight)
        clipped = adam(1e-3, beta_1=0.5, global_clipnorm=500.0)
        guide.compile(clipped, adam(1e-3, beta_1=0.5))
    return guide


def batches(images, batch_size):
    """A dataset as the guides make it, of uint8 images."""
    dataset = tf.data.Dataset.from_tensor_slices(images.astype("float32") / 255.0)
    return dataset.shuffle(buffer_size=1024).batch(batch_size)


class Guide(keras.Model):
    """What the models share: noise, the moving average and the losses' means."""

    def __init__(self, given, generator, latent_dim, momentum, logged):
        super().__init__()
        for name, network in given.items():
            setattr(self, name, network)
        self.latent_dim = latent_dim
        self.momentum = momentum
        self.trained = given[generator]
        if momentum is not None:
            self.average = keras.models.clone_model(self.trained)
            self.average.set_weights(self.trained.get_weights())
        self.seed_generator = keras.random.SeedGenerator(0)
        self.trackers = {name: keras.metrics.Mean(name=name) for name in logged}

    @property
    def metrics(self):
        return list(self.trackers.values())

    @property
    def sampler(self):
        return self.trained if self.momentum is None else self.average

    def noise(self, like):
        shape = (ops.shape(like)[0], self.latent_dim)
        return keras.random.normal(shape, seed=self.seed_generator)

    def update_average(self, optimizer):
        if self.momentum is None:
            return
        step = ops.cast(optimizer.iterations, "float32")
        momentum = ops.minimum(self.momentum, (1.0 + step) / (10.0 + step))
        for old, new in zip(self.average.weights, self.trained.weights, strict=True):
            old.assign(momentum * old + (1.0 - momentum) * new)

    def log(self, **losses):
        for name, loss in losses.items():
            self.trackers[name].update_state(loss)
        return {name: tracker.result() for name, tracker in self.trackers.items()}


class GAN(Guide):
    def __init__(self, given, latent_dim, momentum, alternating=False):
        logged = ("d_loss", "g_loss")
        super().__init__(given, "generator", latent_dim, momentum, logged)
        self.alternating = alternating

    def compile(self, d_optimizer, g_optimizer):
        super().compile()
        self.d_optimizer = d_optimizer
        self.g_optimizer = g_optimizer
        self.loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)

    def train_step(self, real_images):
        if self.alternating:
            return self.alternating_step(real_images)
        noise = self.noise(real_images)
        with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
            fake_images = self.generator(noise, training=True)
            real = self.discriminator(real_images, training=True)
            fake = self.discriminator(fake_images, training=True)
            d_loss = self.d_loss(real, fake)
            g_loss = self.loss_fn(ops.ones_like(fake), fake)
        self.apply(d_tape, d_loss, self.d_optimizer, self.discriminator)
        self.apply(g_tape, g_loss, self.g_optimizer, self.generator)
        self.update_average(self.g_optimizer)
        return self.log(d_loss=d_loss, g_loss=g_loss)

    def alternating_step(self, real_images):
        fake_images = self.generator(self.noise(real_images), training=True)
        with tf.GradientTape() as tape:
            real = self.discriminator(real_images, training=True)
            fake = self.discriminator(fake_images, training=True)
            d_loss = self.d_loss(real, fake)
        self.apply(tape, d_loss, self.d_optimizer, self.discriminator)
        noise = self.noise(real_images)
        with tf.GradientTape() as tape:
            fake_images = self.generator(noise, training=True)
            fake = self.discriminator(fake_images, training=True)
            g_loss = self.loss_fn(ops.ones_like(fake), fake)
        self.apply(tape, g_loss, self.g_optimizer, self.generator)
        self.update_average(self.g_optimizer)
        return self.log(d_loss=d_loss, g_loss=g_loss)

    def d_loss(self, real, fake):
        on_real = self.loss_fn(ops.ones_like(real), real)
        return on_real + self.loss_fn(ops.zeros_like(fake), fake)

    def apply(self, tape, loss, optimizer, network):
        grads = tape.gradient(loss, network.trainable_weights)
        optimizer.apply_gradients(zip(grads, network.trainable_weights, strict=True))


class WGAN(Guide):
    def __init__(self, given, latent_dim, momentum, critic_steps, clip_value):
        logged = ("critic_loss", "g_loss")
        super().__init__(given, "generator", latent_dim, momentum, logged)
        self.critic_steps = critic_steps
        self.clip_value = clip_value

    def compile(self, critic_optimizer, g_optimizer):
        super().compile()
        self.critic_optimizer = critic_optimizer
        self.g_optimizer = g_optimizer

    def train_step(self, images):
        for real_images in ops.split(images, self.critic_steps):
            noise = self.noise(real_images)
            with tf.GradientTape() as tape:
                fake_images = self.generator(noise, training=True)
                fake = self.critic(fake_images, training=True)
                real = self.critic(real_images, training=True)
                critic_loss = ops.mean(fake) - ops.mean(real)
            weights = self.critic.trainable_weights
            grads = tape.gradient(critic_loss, weights)
            self.critic_optimizer.apply_gradients(zip(grads, weights, strict=True))
            for weight in weights:
                weight.assign(ops.clip(weight, -self.clip_value, self.clip_value))
        with tf.GradientTape() as tape:
            fake_images = self.generator(self.noise(real_images), training=True)
            g_loss = -ops.mean(self.critic(fake_images, training=True))
        weights = self.generator.trainable_weights
        grads = tape.gradient(g_loss, weights)
        self.g_optimizer.apply_gradients(zip(grads, weights, strict=True))
        self.update_average(self.g_optimizer)
        return self.log(critic_loss=critic_loss, g_loss=g_loss)


class VAE(Guide):
    def __init__(self, given, latent_dim, momentum, beta):
        logged = ("loss", "reconstruction_loss", "kl_loss")
        super().__init__(given, "decoder", latent_dim, momentum, logged)
        self.beta = beta

    def elbo_terms(self, images):
        """Latents, reconstructions, and the two terms of the loss."""
        z_mean, z_log_var = self.encoder(images, training=True)
        z = z_mean + ops.exp(0.5 * z_log_var) * self.noise(z_mean)
        reconstruction = self.decoder(z, training=True)
        reconstruction_loss = ops.mean(
            ops.sum(
                keras.losses.binary_crossentropy(images, reconstruction), axis=(1, 2)
            )
        )
        kl_loss = -0.5 * (1 + z_log_var - ops.square(z_mean) - ops.exp(z_log_var))
        kl_loss = ops.mean(ops.sum(kl_loss, axis=1))
        return z, reconstruction_loss, kl_loss

    def train_step(self, images):
        with tf.GradientTape() as tape:
            _, reconstruction_loss, kl_loss = self.elbo_terms(images)
            loss = reconstruction_loss + self.beta * kl_loss
        grads = tape.gradient(loss, self.trained_weights)
        self.optimizer.apply_gradients(zip(grads, self.trained_weights, strict=True))
        self.update_average(self.optimizer)
        return self.log(
            loss=loss, reconstruction_loss=reconstruction_loss, kl_loss=kl_loss
        )

    @property
    def trained_weights(self):
        return self.encoder.trainable_weights + self.decoder.trainable_weights


class AdversarialVAE(VAE):
    """No guide has it; this is the VAE's and the GAN's step in one."""

    def __init__(self, given, latent_dim, momentum, beta, adversarial_weight):
        super().__init__(given, latent_dim, momentum, beta)
        self.adversarial_weight = adversarial_weight
        for name in ("d_loss", "adversarial_loss"):
            self.trackers[name] = keras.metrics.Mean(name=name)

    def compile(self, optimizer, d_optimizer):
        super().compile(optimizer=optimizer)
        self.d_optimizer = d_optimizer
        self.loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)

    def train_step(self, images):
        noise = self.noise(images)
        with tf.GradientTape() as tape, tf.GradientTape() as d_tape:
            z, reconstruction_loss, kl_loss = self.elbo_terms(images)
            fake_images = self.decoder(noise, training=True)
            real = self.discriminator([images, z], training=True)
            fake = self.discriminator([fake_images, noise], training=True)
            ones, zeros = ops.ones_like(real), ops.zeros_like(real)
            d_loss = self.loss_fn(ones, real) + self.loss_fn(zeros, fake)
            adversarial_loss = self.loss_fn(zeros, real) + self.loss_fn(ones, fake)
            loss = reconstruction_loss + self.beta * kl_loss
            loss = loss + self.adversarial_weight * adversarial_loss
        grads = tape.gradient(loss, self.trained_weights)
        d_weights = self.discriminator.trainable_weights
        d_grads = d_tape.gradient(d_loss, d_weights)
        self.optimizer.apply_gradients(zip(grads, self.trained_weights, strict=True))
        self.d_optimizer.apply_gradients(zip(d_grads, d_weights, strict=True))
        self.update_average(self.optimizer)
        return self.log(
            loss=loss,
            reconstruction_loss=reconstruction_loss,
            kl_loss=kl_loss,
            d_loss=d_loss,
            adversarial_loss=adversarial_loss,
        )
