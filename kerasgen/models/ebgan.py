"""EBGAN: the discriminator is an autoencoder, and its error an energy.

    D minimises  E(x) + [m - E(G(z))]₊
    G minimises  E(G(z)) + w PT,   PT = mean over pairs i ≠ j of cos²(S_i, S_j)

E is the Euclidean distance between an image and its reconstruction, over all pixels and
channels; S are the codes of generated images, which the pull-away term PT keeps apart.
The hinge is on each example. At the equilibrium both energies are one constant in
[0, m], and the discriminator's loss is m. A margin below all energies of generated
images leaves an autoencoder and no game: watch that `fake_energy` stays near it.

Departures from the paper, whose networks on digits are dense: convolutional networks,
and latents of this package's size; one step of each player from one shared pass.
"""

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_not_negative
from kerasgen.core.arguments import check_positive
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.capabilities import AdversarialModel
from kerasgen.core.capabilities import ConvolutionalModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register

ZHAO2017 = Reference(
    "Zhao, Mathieu & LeCun 2017",
    "Energy-based Generative Adversarial Network",
    "ICLR",
    "1609.03126",
)
GRID = "the grid search on digits of section 4.1"


@register(family="gan", references=[ZHAO2017])
class EBGAN(ConvolutionalModel, AdversarialModel):
    """Energy-based GAN with an autoencoding discriminator and a pull-away term.

    Reference: Zhao et al. 2017 (arXiv:1609.03126).

    Args:
        margin: Energy m from which a generated image costs the discriminator nothing,
            positive float; energies are Euclidean distances of pixels in [0, 1].
        pull_away_weight: Weight w of the pull-away term, at least 0.
        code_dim: Width of the discriminator's code, positive int.
        discriminator_normalization: "batch", "layer", "spectral" or None, in the
            discriminator.

    The other arguments are those of `ConvolutionalModel` and `GenerativeModel`.
    `discriminate` returns energies: low for real images.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.EBGAN()
    >>> model.fit(kerasgen.data.load("mnist"), epochs=100)
    >>> images = model.sample(64, seed=0)
    """

    players = {"generator": ["generator"], "discriminator": ["discriminator"]}
    logged = {
        "generator_loss": "generator",
        "discriminator_loss": "discriminator",
        "real_energy": "real_energy",
        "fake_energy": "fake_energy",
        "pull_away": "pull_away",
    }
    published = Published(
        batch_size=Setting(64, "not printed; this package's"),
        optimizers=Setting(lambda: training.Adam(1e-3), GRID),
        arguments={
            "margin": Setting(10.0, GRID),
            "pull_away_weight": Setting(0.1, "the paper"),
        },
        departures=("Convolutional networks, where the paper's on digits are dense.",),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=32,
        num_classes=None,
        *,
        margin=4.0,
        pull_away_weight=0.1,
        code_dim=32,
        discriminator_normalization=None,
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.margin = check_positive("margin", margin)
        self.pull_away_weight = check_not_negative("pull_away_weight", pull_away_weight)
        self.code_dim = check_positive_int("code_dim", code_dim)
        self.discriminator_normalization = discriminator_normalization
        self.complete()

    def network_forms(self):
        judge = ([self.image_shape], [(), (self.code_dim,)])
        return super().network_forms() | {"discriminator": judge}

    def default_generator(self):
        return networks.convolutional_generator(*self.dimensions, **self.generator_body)

    def default_discriminator(self):
        return networks.autoencoding_judge(
            self.image_shape,
            self.code_dim,
            self.num_classes,
            normalization=self.discriminator_normalization,
            **self.body,
        )

    def default_optimizers(self):
        return {player: training.Adam(1e-3, beta_1=0.5) for player in self.players}

    def score(self, outputs):
        return outputs[0]

    def player_losses(self, images, labels, noise, training):
        G, D = self.bound(labels, training)
        real_energy, _ = D(images)
        fake_energy, codes = D(G(self.draw_latents(images, noise)))
        pull_away = objectives.pull_away_term(codes)
        return {
            "generator": fake_energy + self.pull_away_weight * pull_away,
            "discriminator": objectives.margin_discriminator_loss(
                real_energy, fake_energy, self.margin
            ),
            "real_energy": real_energy,
            "fake_energy": fake_energy,
            "pull_away": pull_away,
        }

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.descend(
            self.optimizer, lambda: self.player_losses(*batch, training=True)
        )
        self.update_average()
        return self.log(losses)
