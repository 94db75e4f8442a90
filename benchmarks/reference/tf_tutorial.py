"""Training as TensorFlow's tutorials show it: `@tf.function` over a `tf.data` loop.

References: tensorflow.org/tutorials/generative/dcgan and cvae.

The algorithms are the zoo's: the same losses, optimizers and rates, moving average of
the generator and order of updates; the tutorial's GAN is simultaneous as the zoo's is.
Like the tutorials, these loops compute no running means of the losses.
"""

import keras
import tensorflow as tf

from benchmarks.reference import networks

cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)


def like(model):
    """The `train_step` of the same model in this style.

    Args:
        model: Model of the zoo at its default switches; its sizes are taken.

    Returns:
        Function from a batch of images to the losses; of WGAN, from as many batches in
        one as the critic takes steps.
    """
    make = {
        "VanillaGAN": lambda nets: gan_step(model, nets, 1e-3),
        "DCGAN": lambda nets: gan_step(model, nets, 2e-3),
        "WGAN": lambda nets: wgan_step(model, nets),
        "CVAE": lambda nets: vae_step(model, nets),
        "AdversarialVAE": lambda nets: adversarial_vae_step(model, nets),
    }
    return make[type(model).__name__](networks.like(model))


def batches(images, batch_size):
    """A dataset as the tutorials make it, of uint8 images."""
    dataset = tf.data.Dataset.from_tensor_slices(images.astype("float32") / 255.0)
    return dataset.shuffle(60_000).batch(batch_size)


def train(train_step, dataset):
    """Takes a step on each batch."""
    for images in dataset:
        losses = train_step(images)
    tf.nest.map_structure(lambda loss: loss.numpy(), losses)  # waits for the device


def gan_step(model, nets, rate):
    generator, discriminator = nets["generator"], nets["discriminator"]
    generator_optimizer = keras.optimizers.Adam(rate, beta_1=0.0)
    discriminator_optimizer = keras.optimizers.Adam(rate, beta_1=0.0)
    update_average = averaging(generator, generator_optimizer, model.average_momentum)

    @tf.function
    def train_step(images):
        noise = tf.random.normal([tf.shape(images)[0], model.latent_dim])
        with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:
            generated_images = generator(noise, training=True)
            real_output = discriminator(images, training=True)
            fake_output = discriminator(generated_images, training=True)
            gen_loss = cross_entropy(tf.ones_like(fake_output), fake_output)
            disc_loss = discriminator_loss(real_output, fake_output)
        descend(gen_tape, gen_loss, generator_optimizer, [generator])
        descend(disc_tape, disc_loss, discriminator_optimizer, [discriminator])
        update_average()
        return gen_loss, disc_loss

    return train_step


def wgan_step(model, nets):
    generator, critic = nets["generator"], nets["critic"]
    generator_optimizer = keras.optimizers.RMSprop(2e-3)
    critic_optimizer = keras.optimizers.RMSprop(2e-4)
    update_average = averaging(generator, generator_optimizer, model.average_momentum)

    @tf.function
    def train_step(images):
        for real_images in tf.split(images, model.critic_steps):
            noise = tf.random.normal([tf.shape(real_images)[0], model.latent_dim])
            with tf.GradientTape() as critic_tape:
                fake_output = critic(generator(noise, training=True), training=True)
                real_output = critic(real_images, training=True)
                critic_loss = tf.reduce_mean(fake_output) - tf.reduce_mean(real_output)
            descend(critic_tape, critic_loss, critic_optimizer, [critic])
            for weight in critic.trainable_variables:
                weight.assign(
                    tf.clip_by_value(weight, -model.clip_value, model.clip_value)
                )
        noise = tf.random.normal([tf.shape(real_images)[0], model.latent_dim])
        with tf.GradientTape() as gen_tape:
            fake_output = critic(generator(noise, training=True), training=True)
            gen_loss = -tf.reduce_mean(fake_output)
        descend(gen_tape, gen_loss, generator_optimizer, [generator])
        update_average()
        return gen_loss, critic_loss

    return train_step


def vae_step(model, nets):
    encoder, decoder = nets["encoder"], nets["decoder"]
    optimizer = keras.optimizers.Adam(2e-3)
    update_average = averaging(decoder, optimizer, model.average_momentum)

    @tf.function
    def train_step(images):
        with tf.GradientTape() as tape:
            loss, _ = elbo_loss(model, encoder, decoder, images)
        descend(tape, loss, optimizer, [encoder, decoder])
        update_average()
        return loss

    return train_step


def adversarial_vae_step(model, nets):
    encoder, decoder = nets["encoder"], nets["decoder"]
    discriminator = nets["discriminator"]
    optimizer = keras.optimizers.Adam(1e-3, beta_1=0.5, global_clipnorm=500.0)
    discriminator_optimizer = keras.optimizers.Adam(1e-3, beta_1=0.5)
    update_average = averaging(decoder, optimizer, model.average_momentum)

    @tf.function
    def train_step(images):
        noise = tf.random.normal([tf.shape(images)[0], model.latent_dim])
        with tf.GradientTape() as tape, tf.GradientTape() as disc_tape:
            loss, z = elbo_loss(model, encoder, decoder, images)
            generated_images = decoder(noise, training=True)
            real_output = discriminator([images, z], training=True)
            fake_output = discriminator([generated_images, noise], training=True)
            # Encoder and decoder want real and fake taken for each other.
            adversarial_loss = discriminator_loss(fake_output, real_output)
            loss += model.adversarial_weight * adversarial_loss
            disc_loss = discriminator_loss(real_output, fake_output)
        descend(tape, loss, optimizer, [encoder, decoder])
        descend(disc_tape, disc_loss, discriminator_optimizer, [discriminator])
        update_average()
        return loss, disc_loss

    return train_step


def discriminator_loss(real_output, fake_output):
    real_loss = cross_entropy(tf.ones_like(real_output), real_output)
    return real_loss + cross_entropy(tf.zeros_like(fake_output), fake_output)


def elbo_loss(model, encoder, decoder, images):
    """Minus the evidence lower bound, and the latents that were drawn."""
    mean, logvar = encoder(images, training=True)
    z = mean + tf.exp(0.5 * logvar) * tf.random.normal(tf.shape(mean))
    reconstruction = decoder(z, training=True)
    per_pixel = keras.losses.binary_crossentropy(images, reconstruction)
    likelihood = tf.reduce_sum(per_pixel, axis=[1, 2])
    kl = 0.5 * tf.reduce_sum(tf.square(mean) + tf.exp(logvar) - logvar - 1.0, axis=1)
    return tf.reduce_mean(likelihood + model.beta * kl), z


def descend(tape, loss, optimizer, nets):
    variables = [variable for net in nets for variable in net.trainable_variables]
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables, strict=True))


def averaging(network, optimizer, momentum):
    """Function that moves an average of a network's weights; nothing without one."""
    if momentum is None:
        return lambda: None
    average = keras.models.clone_model(network)
    average.set_weights(network.get_weights())

    def update():
        step = tf.cast(optimizer.iterations, tf.float32)
        rate = 1.0 - tf.minimum(momentum, (1.0 + step) / (10.0 + step))
        for old, new in zip(average.weights, network.weights, strict=True):
            old.assign(old + rate * (new - old))

    return update
