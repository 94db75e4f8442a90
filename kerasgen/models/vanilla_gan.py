"""Vanilla GAN: the game of Goodfellow et al. 2014 between two dense networks.

Reference: Goodfellow et al. 2014, Generative Adversarial Networks (arXiv:1406.2661).

    min_G max_D  E_x[log D(x)] + E_z[log(1 - D(G(z)))]

Departures from the paper: both players move at once from one shared forward pass (the
paper's Algorithm 1 with k = 1 lets the discriminator move first), with Adam instead of
momentum, leaky rectifiers instead of maxout, and batch normalisation in the generator.

Of what was tried on a held-out part of the training images (`results/search/`) these
were the best: rates of 1e-3 without momentum (beta_1 = 0), five times the usual 2e-4
with 0.5; and a discriminator with spectral normalisation (Miyato et al. 2018,
arXiv:1802.05957) instead of dropout. Its last layer is normalised, too: after five
epochs samples are nearer without, but with it they still get nearer after twenty.
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
        "Goodfellow et al. 2014",
        "Generative Adversarial Networks",
        "NeurIPS",
        "1406.2661",
    ),
]


@register(family="gan", references=REFERENCES)
class VanillaGAN(capabilities.AdversarialModel):
    """The first GAN, for images: dense networks and binary cross-entropy.

    Reference: Goodfellow et al. 2014 (arXiv:1406.2661), equation 1, Algorithm 1.

    Args:
        image_shape: `(height, width, channels)`; pixels are in [0, 1].
        latent_dim: Number of latents.
        num_classes: Number of classes to condition on, or None.
        objective: What the generator minimises: `"non_saturating"`, -log D(G(z)), or
            `"minimax"`, log(1 - D(G(z))).
        width: Units of the generator's first and the discriminator's last hidden layer.
        depth: Number of hidden layers of each network.
        normalization: "batch", "layer", "spectral" or None, in the generator.
        discriminator_normalization: Likewise, in the discriminator.
        skip_connections: Whether hidden layers also see the networks' inputs.
        dropout: Share of the discriminator's hidden units dropped in training, in
            [0, 1).
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
    >>> model = kerasgen.VanillaGAN()
    >>> model.fit(kerasgen.data.load("mnist"), epochs=100)
    >>> images = model.sample(64, seed=0)
    """

    logged = {"generator_loss": "generator", "discriminator_loss": "discriminator"}

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=64,
        num_classes=None,
        *,
        objective="non_saturating",
        width=512,
        depth=2,
        normalization="batch",
        discriminator_normalization="spectral",
        skip_connections=False,
        dropout=0.0,
        average_momentum=0.999,
        generator=None,
        discriminator=None,
        seed=None,
        dtype=None,
        name="vanilla_gan",
    ):
        super().__init__(
            image_shape, latent_dim, num_classes, average_momentum, seed, dtype, name
        )
        arguments.check_choice("objective", objective, objectives.GENERATOR_LOSSES)
        arguments.check_fraction("dropout", dropout)
        self.keep_arguments(
            objective=objective,
            width=width,
            depth=depth,
            normalization=normalization,
            discriminator_normalization=discriminator_normalization,
            skip_connections=skip_connections,
            dropout=dropout,
        )
        shape = {"width": width, "depth": depth, "skip_connections": skip_connections}
        with self.building():
            self.add_network(
                "generator",
                generator,
                lambda: networks.dense_generator(
                    *self.dimensions, normalization=normalization, **shape
                ),
                takes=[(self.latent_dim,)],
                returns=[self.image_shape],
            )
            self.add_network(
                "discriminator",
                discriminator,
                lambda: networks.dense_discriminator(
                    self.image_shape,
                    self.num_classes,
                    normalization=discriminator_normalization,
                    dropout=dropout,
                    **shape,
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
            "generator": training.Adam(1e-3, beta_1=0.0),
            "discriminator": training.Adam(1e-3, beta_1=0.0),
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
