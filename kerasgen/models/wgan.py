"""WGAN: a critic estimates the Wasserstein distance, a generator shortens it.

Reference: Arjovsky et al. 2017, Wasserstein GAN (arXiv:1701.07875), Algorithm 1.

    min_G max_{f, |weights| ≤ c}  E_x[f(x)] - E_z[f(G(z))]

The critic takes `critic_steps` steps, each on fresh real images, before each step of
the generator, so with more than one an epoch holds fewer generator steps than other
models'.

Departures from the paper, each among the best of what was tried on a held-out part of
the training images (`results/search/`): spectral instead of batch normalisation in the
critic (Miyato et al. 2018, arXiv:1802.05957), which bounds its slope where clipping
alone bounds its weights; one critic step instead of five, since that critic need not be
near its optimum to be followed, and the generator moves five times as often; rates of
2e-3 (generator) and 2e-4 (critic) instead of 5e-5; clipping at 0.05 instead of 0.01. In
five epochs that took the distance to the data from 29 to 9.6. Kernels are clipped as
Algorithm 1 says, but the spectral norms that divide them set the critic's scale, and
with it the units in which minus its loss estimates the Wasserstein distance from below.
More critic steps bring that estimate nearer.
"""

import keras
import tensorflow as tf
from keras import ops

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core import arguments
from kerasgen.core import capabilities
from kerasgen.core.references import Reference
from kerasgen.core.registry import register

REFERENCES = [
    Reference(
        "Arjovsky, Chintala & Bottou 2017",
        "Wasserstein GAN",
        "ICML",
        "1701.07875",
    ),
]


@register(family="gan", references=REFERENCES)
class WGAN(capabilities.AdversarialModel):
    """Wasserstein GAN with weight clipping, on DCGAN's networks.

    Reference: Arjovsky et al. 2017 (arXiv:1701.07875), Algorithm 1.

    Args:
        image_shape: `(height, width, channels)`; pixels are in [0, 1], height and width
            multiples of 2 to the power of `depth`.
        latent_dim: Number of latents.
        num_classes: Number of classes to condition on, or None.
        critic_steps: Steps of the critic for each step of the generator, positive int.
        clip_value: Bound of the critic's weights, positive float.
        width: Channels of the generator's last and the critic's first stage.
        depth: Number of stages that double or halve the image.
        normalization: "batch", "layer", "spectral" or None, in the generator.
        critic_normalization: Likewise, in the critic.
        skip_connections: Whether each stage adds its resized input to its output.
        average_momentum: Momentum of the average of the generator's weights that
            samples are drawn from, or None.
        generator: The user's own generator instead of the default one: `keras.Model`
            from latents (and labels) to pixels in [0, 1].
        critic: Likewise, from images (and labels) to scores of shape `(batch,)`.
        seed: Seed of the noise drawn in training.
        dtype: Keras dtype policy, such as `"mixed_bfloat16"`; default the global one.
        name: Name of the model.

    Raises:
        ValueError: If an argument is out of range or a network does not fit.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.WGAN()
    >>> history = model.fit(kerasgen.data.load("mnist"), epochs=100)
    >>> distance = [-loss for loss in history.history["critic_loss"]]
    """

    logged = {"generator_loss": "generator", "critic_loss": "critic"}
    judge_name = "critic"

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=32,
        num_classes=None,
        *,
        critic_steps=1,
        clip_value=0.05,
        width=32,
        depth=2,
        normalization="batch",
        critic_normalization="spectral",
        skip_connections=False,
        average_momentum=0.999,
        generator=None,
        critic=None,
        seed=None,
        dtype=None,
        name="wgan",
    ):
        super().__init__(
            image_shape, latent_dim, num_classes, average_momentum, seed, dtype, name
        )
        arguments.check_positive_int("critic_steps", critic_steps)
        arguments.check_positive("clip_value", clip_value)
        body = {"width": width, "depth": depth, "skip_connections": skip_connections}
        self.keep_arguments(
            critic_steps=critic_steps,
            clip_value=clip_value,
            normalization=normalization,
            critic_normalization=critic_normalization,
            **body,
        )
        self.critic_updates = self.add_weight(
            shape=(),
            dtype="int64",
            initializer="zeros",
            trainable=False,
            name="critic_updates",
        )
        with self.building():
            self.add_network(
                "generator",
                generator,
                lambda: networks.convolutional_generator(
                    *self.dimensions, normalization=normalization, **body
                ),
                takes=[(self.latent_dim,)],
                returns=[self.image_shape],
            )
            self.add_network(
                "critic",
                critic,
                lambda: networks.convolutional_discriminator(
                    self.image_shape,
                    self.num_classes,
                    normalization=critic_normalization,
                    name="critic",
                    **body,
                ),
                takes=[self.image_shape],
                returns=[()],
            )

    def players(self):
        return {
            "generator": self.generator.trainable_variables,
            "critic": self.critic.trainable_variables,
        }

    def default_optimizers(self):
        return {
            "generator": keras.optimizers.RMSprop(2e-3),
            "critic": keras.optimizers.RMSprop(2e-4),
        }

    def score(self, logits):
        return logits

    def critic_losses(self, images, labels, seed_generator, training):
        latents = self.draw_latents(images, seed_generator)
        fakes = self.generator(
            arguments.with_labels(latents, labels), training=training
        )
        real, fake = (
            self.critic(arguments.with_labels(batch, labels), training=training)
            for batch in (images, fakes)
        )
        return {"critic": objectives.wasserstein_critic_loss(real, fake)}

    def generator_losses(self, images, labels, seed_generator, training):
        latents = self.draw_latents(images, seed_generator)
        fakes = self.generator(
            arguments.with_labels(latents, labels), training=training
        )
        fake = self.critic(arguments.with_labels(fakes, labels), training=training)
        return {"generator": objectives.wasserstein_generator_loss(fake)}

    def losses(self, *batch, training):
        critic = self.critic_losses(*batch, training=training)
        return critic | self.generator_losses(*batch, training=training)

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.descend(
            self.optimizer, lambda: self.critic_losses(*batch, training=True)
        )
        training.clip_weights(self.critic.trainable_variables, self.clip_value)
        self.critic_updates.assign(self.critic_updates + 1)
        if self.critic_steps == 1:
            self.generator_step(*batch)
        else:
            self._refuse_replicas()
            ops.cond(
                self.critic_updates % self.critic_steps == 0,
                lambda: self.generator_step(*batch),
                lambda: None,
            )
        return self.log(losses)

    def _refuse_replicas(self):
        alone = (type(None), tf.distribute.OneDeviceStrategy)
        if not isinstance(self._distribute_strategy, alone):
            raise ValueError(
                f"critic_steps={self.critic_steps} under "
                f"{type(self._distribute_strategy).__name__}, whose replicas cannot "
                "skip a step together; expected 1, or no strategy."
            )

    def generator_step(self, *batch):
        losses = training.descend(
            self.optimizer, lambda: self.generator_losses(*batch, training=True)
        )
        self.update_average()
        self.log(losses)
