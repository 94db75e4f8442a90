"""DCGAN: the game of Goodfellow et al. 2014 between two convolutional networks.

Reference: Radford et al. 2016, Unsupervised Representation Learning with Deep
Convolutional Generative Adversarial Networks (arXiv:1511.06434).

    min_G max_D  E_x[log D(x)] + E_z[log(1 - D(G(z)))]

Departures from the paper: two stages instead of four, since digits are 28 pixels wide,
and in the discriminator a dense layer after them, without which samples were twice as
far from the data; both players move at once from one shared forward pass. Of what was
tried on a held-out part of the training images (`results/search/`) two more departures
were among the best: Adam at 2e-3 without momentum (beta_1 = 0) instead of 2e-4 with
0.5; and a discriminator with spectral instead of batch normalisation (Miyato et al.
2018, arXiv:1802.05957) in every layer, which judges an image by itself. The moving
statistics of a batch-normalised one mix real and made images, so its verdicts outside
training mean little. As in that paper the layer of the logit is normalised too: with a
free one samples were nearer at five epochs, but from seven on they went away again, as
the discriminator won.
"""

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core import arguments
from kerasgen.core import capabilities
from kerasgen.core.references import Reference
from kerasgen.core.registry import register

REFERENCES = [
    Reference(
        "Radford, Metz & Chintala 2016",
        "Unsupervised Representation Learning with Deep Convolutional Generative "
        "Adversarial Networks",
        "ICLR",
        "1511.06434",
    ),
]


@register(family="gan", references=REFERENCES)
class DCGAN(capabilities.AdversarialModel):
    """Deep convolutional GAN: strided convolutions and binary cross-entropy.

    Reference: Radford et al. 2016 (arXiv:1511.06434), section 3.

    Args:
        image_shape: `(height, width, channels)`; pixels are in [0, 1], height and width
            multiples of 2 to the power of `depth`.
        latent_dim: Number of latents.
        num_classes: Number of classes to condition on, or None.
        objective: What the generator minimises: `"non_saturating"`, -log D(G(z)), or
            `"minimax"`, log(1 - D(G(z))).
        width: Channels of the generator's last and the discriminator's first stage.
        depth: Number of stages that double or halve the image.
        normalization: "batch", "layer", "spectral" or None, in the generator.
        discriminator_normalization: Likewise, in the discriminator.
        skip_connections: Whether each stage adds its resized input to its output.
        average_momentum: Momentum of the average of the generator's weights that
            samples are drawn from, or None.
        generator: The user's own generator instead of the default one: `keras.Model`
            from latents (and labels) to pixels in [0, 1].
        discriminator: Likewise, from images (and labels) to logits of shape `(batch,)`.
        seed: Seed of the noise drawn in training.
        dtype: Keras dtype policy, such as `"mixed_bfloat16"`; default the global one.
        name: Name of the model.

    Raises:
        ValueError: If an argument is out of range or a network does not fit.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.DCGAN()
    >>> model.fit(kerasgen.data.load("mnist"), epochs=100)
    >>> images = model.sample(64, seed=0)
    """

    logged = {"generator_loss": "generator", "discriminator_loss": "discriminator"}

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=32,
        num_classes=None,
        *,
        objective="non_saturating",
        width=32,
        depth=2,
        normalization="batch",
        discriminator_normalization="spectral",
        skip_connections=False,
        average_momentum=0.999,
        generator=None,
        discriminator=None,
        seed=None,
        dtype=None,
        name="dcgan",
    ):
        super().__init__(
            image_shape, latent_dim, num_classes, average_momentum, seed, dtype, name
        )
        arguments.check_choice("objective", objective, objectives.GENERATOR_LOSSES)
        body = {"width": width, "depth": depth, "skip_connections": skip_connections}
        self.keep_arguments(
            objective=objective,
            normalization=normalization,
            discriminator_normalization=discriminator_normalization,
            **body,
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
                "discriminator",
                discriminator,
                lambda: networks.convolutional_discriminator(
                    self.image_shape,
                    self.num_classes,
                    normalization=discriminator_normalization,
                    **body,
                ),
                takes=[self.image_shape],
                returns=[()],
            )

    def players(self):
        return {
            "generator": self.generator.trainable_variables,
            "discriminator": self.discriminator.trainable_variables,
        }

    def default_optimizers(self):
        return {
            "generator": training.Adam(2e-3, beta_1=0.0),
            "discriminator": training.Adam(2e-3, beta_1=0.0),
        }

    def losses(self, images, labels, seed_generator, training):
        latents = self.draw_latents(images, seed_generator)
        fakes = self.generator(
            arguments.with_labels(latents, labels), training=training
        )
        real, fake = (
            self.discriminator(arguments.with_labels(batch, labels), training=training)
            for batch in (images, fakes)
        )
        return {
            "generator": objectives.GENERATOR_LOSSES[self.objective](fake),
            "discriminator": objectives.cross_entropy_discriminator_loss(real, fake),
        }

    def train_step(self, data):
        images, labels = self.unpack(data)
        losses = training.descend(
            self.optimizer,
            lambda: self.losses(images, labels, self.seed_generator, training=True),
        )
        self.update_average()
        return self.log(losses)
