"""DCGAN: the game of Goodfellow et al. 2014 between two convolutional networks.

    min_G max_D  E_x[log D(x)] + E_z[log(1 - D(G(z)))]

Departures from the paper: two stages instead of four, since digits are 28 pixels wide;
in the discriminator a dense layer after them, without which samples were twice as far
from the data; both players move at once from one shared forward pass; Adam at 2e-3
without momentum instead of 2e-4 with 0.5; and a spectrally normalised discriminator
(Miyato et al. 2018, arXiv:1802.05957), the layer of the logit included, instead of
batch normalisation, whose statistics mix real and made images. The last two were among
the best of what was tried on held-out training images (`results/search/`).
"""

from keras import ops

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_choice
from kerasgen.core.capabilities import AdversarialModel
from kerasgen.core.capabilities import ConvolutionalModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register

RADFORD2016 = Reference(
    "Radford, Metz & Chintala 2016",
    "Unsupervised Representation Learning with Deep Convolutional Generative "
    "Adversarial Networks",
    "ICLR",
    "1511.06434",
)


@register(family="gan", references=[RADFORD2016])
class DCGAN(ConvolutionalModel, AdversarialModel):
    """Deep convolutional GAN: strided convolutions and binary cross-entropy.

    Reference: Radford et al. 2016 (arXiv:1511.06434), section 3.

    Args:
        objective: The game, one of `kerasgen.objectives.GAMES`; "non_saturating" has
            the generator minimise -log D(G(z)), "minimax" log(1 - D(G(z))). In the
            other games `discriminate` returns scores instead of probabilities.
        discriminator_normalization: "batch", "layer", "spectral" or None, in the
            discriminator. By "batch" real and generated images are normalised apart.

    The other arguments are those of `ConvolutionalModel` and `GenerativeModel`.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.DCGAN()
    >>> model.fit(kerasgen.data.load("mnist"), epochs=100)
    >>> images = model.sample(64, seed=0)
    """

    players = {"generator": ["generator"], "discriminator": ["discriminator"]}
    logged = {"generator_loss": "generator", "discriminator_loss": "discriminator"}
    published = Published(
        batch_size=Setting(128, "section 4"),
        optimizers=Setting(lambda: training.Adam(2e-4, beta_1=0.5), "section 4"),
        arguments={
            "latent_dim": Setting(100, "section 4"),
            "width": Setting(64, "the authors' mnist/train_cond_dcgan.py, ngf, ndf"),
            "discriminator_normalization": Setting("batch", "section 3"),
        },
        departures=(
            "Kernels are 4 instead of 5 wide, and start by Glorot's rule.",
            "Latents are normal.",
            "The discriminator has a dense layer before its last one.",
            "Both players move at once.",
        ),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=32,
        num_classes=None,
        *,
        objective="non_saturating",
        discriminator_normalization="spectral",
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.objective = check_choice("objective", objective, objectives.GAMES)
        self.discriminator_normalization = discriminator_normalization
        self.complete()

    def default_generator(self):
        return networks.convolutional_generator(*self.dimensions, **self.generator_body)

    def default_discriminator(self):
        return networks.convolutional_discriminator(
            self.image_shape,
            self.num_classes,
            normalization=self.discriminator_normalization,
            **self.body,
        )

    def default_optimizers(self):
        return {player: training.Adam(2e-3, beta_1=0.0) for player in self.players}

    def score(self, outputs):
        is_logit = self.objective in objectives.GENERATOR_LOSSES
        return ops.sigmoid(outputs) if is_logit else outputs

    def player_losses(self, images, labels, noise, training):
        G, D = self.bound(labels, training)
        fakes = G(self.draw_latents(images, noise))
        real, fake = D(images), D(fakes)
        game = objectives.GAMES[self.objective]
        return {
            "generator": game.generator(real, fake),
            "discriminator": game.judge(real, fake),
        }

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.descend(
            self.optimizer, lambda: self.player_losses(*batch, training=True)
        )
        self.update_average()
        return self.log(losses)
