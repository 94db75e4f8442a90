"""Vanilla GAN: the game of Goodfellow et al. 2014 between two dense networks.

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

import keras
from keras import ops

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_choice
from kerasgen.core.arguments import check_fraction
from kerasgen.core.capabilities import AdversarialModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register

GOODFELLOW2014 = Reference(
    "Goodfellow et al. 2014",
    "Generative Adversarial Networks",
    "NeurIPS",
    "1406.2661",
)
CODE = "the authors' adversarial/mnist.yaml"
HALF = CODE + "; the discriminator's loss is half of the sum, so half the rate here"


@register(family="gan", references=[GOODFELLOW2014])
class VanillaGAN(AdversarialModel):
    """The first GAN, for images: dense networks and binary cross-entropy.

    Reference: Goodfellow et al. 2014 (arXiv:1406.2661), equation 1, Algorithm 1.

    Args:
        objective: The game, one of `kerasgen.objectives.GAMES`; "non_saturating" has
            the generator minimise -log D(G(z)), "minimax" log(1 - D(G(z))). In the
            other games `discriminate` returns scores instead of probabilities.
        width: Units of the generator's first and the discriminator's last hidden layer.
        depth: Number of hidden layers of each network.
        normalization: "batch", "layer", "spectral" or None, in the generator.
        discriminator_normalization: Likewise, in the discriminator.
        skip_connections: Whether hidden layers also see the networks' inputs.
        dropout: Share of the discriminator's hidden units dropped in training, in
            [0, 1).

    The other arguments are those of `GenerativeModel`.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.VanillaGAN()
    >>> model.fit(kerasgen.data.load("mnist"), epochs=100)
    >>> images = model.sample(64, seed=0)
    """

    players = {"generator": ["generator"], "discriminator": ["discriminator"]}
    logged = {"generator_loss": "generator", "discriminator_loss": "discriminator"}
    published = Published(
        batch_size=Setting(100, CODE),
        optimizers=Setting(
            lambda: {
                "generator": keras.optimizers.SGD(0.1, momentum=0.5),
                "discriminator": keras.optimizers.SGD(0.05, momentum=0.5),
            },
            HALF,
        ),
        arguments={"latent_dim": Setting(100, CODE)},
        networks={
            "generator": Setting(
                lambda model: networks.rectifier_generator(
                    *model.dimensions, widths=(1200, 1200)
                ),
                CODE,
            ),
            "discriminator": Setting(
                lambda model: networks.maxout_discriminator(
                    model.image_shape, model.num_classes, widths=(240, 240)
                ),
                CODE,
            ),
        },
        unused=(
            "width",
            "depth",
            "normalization",
            "discriminator_normalization",
            "skip_connections",
            "dropout",
        ),
        departures=(
            "Rate and momentum stay at 0.1 and 0.5; in the code the rate decays by "
            "1.000004 a step and the momentum grows to 0.7 by epoch 250.",
            "The generator's last biases start at zero instead of the mean image.",
            "All 60,000 training images instead of the first 50,000.",
        ),
    )

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
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.objective = check_choice("objective", objective, objectives.GAMES)
        self.width, self.depth = width, depth
        self.normalization = normalization
        self.discriminator_normalization = discriminator_normalization
        self.skip_connections = skip_connections
        self.dropout = check_fraction("dropout", dropout)
        self.complete()

    @property
    def body(self):
        """Switches of both networks, as the builders take them."""
        names = ("width", "depth", "skip_connections")
        return {name: getattr(self, name) for name in names}

    def default_generator(self):
        return networks.dense_generator(
            *self.dimensions, normalization=self.normalization, **self.body
        )

    def default_discriminator(self):
        return networks.dense_discriminator(
            self.image_shape,
            self.num_classes,
            normalization=self.discriminator_normalization,
            dropout=self.dropout,
            **self.body,
        )

    def default_optimizers(self):
        return {player: training.Adam(1e-3, beta_1=0.0) for player in self.players}

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
