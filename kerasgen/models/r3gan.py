"""R3GAN: a relativistic game, penalties on both sides, no normalisation.

    D minimises  E[softplus(-(D(x) - D(G(z))))] + γ/2 (E|∇D(x)|² + E|∇D(G(z))|²)
    G minimises  E[softplus(-(D(G(z)) - D(x)))]

Real and generated images are paired by their position in the batch. The penalty on
real images is R1, that on generated ones R2; with both the game converges where the
plain one circles. The players move in turn, each on latents of its own.

Departures from the paper: stages end in strided convolutions to and from pixels, so
that 28 pixels need no stage of their own; 3x3 convolutions are not grouped, since on a
CPU grouped ones cost a hundred times more; down-sampling averages 2x2 pixels; γ is
fixed instead of falling, and so are Adam's rates. γ is in units of pixels in [0, 1]:
slopes are twice those by pixels in [-1, 1], so the paper's γ is four times this one.
"""

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_not_negative
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.capabilities import AdversarialModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register
from kerasgen.training import scores_and_gradient

HUANG2024 = Reference(
    "Huang, Gokaslan, Kuleshov & Tompkin 2024",
    "The GAN is dead; long live the GAN! A Modern Baseline GAN",
    "NeurIPS",
    "2501.05441",
)
MESCHEDER2018 = Reference(
    "Mescheder, Geiger & Nowozin 2018",
    "Which Training Methods for GANs do actually Converge?",
    "ICML",
    "1801.04406",
)
CODE = "the authors' train.py, CIFAR10"


@register(family="gan", references=[HUANG2024, MESCHEDER2018])
class R3GAN(AdversarialModel):
    """Relativistic GAN with R1 and R2 penalties, on residual networks.

    Reference: Huang et al. 2024 (arXiv:2501.05441).

    Args:
        gamma: Weight γ of both penalties, at least 0; pixels are in [0, 1].
        width: Channels of the stage nearest to the image in both networks.
        depth: Number of stages that halve or double the image, whose height and width
            are multiples of 2 to the power of it.
        blocks: Residual blocks of each stage, positive int.

    The other arguments are those of `GenerativeModel`. `discriminate` returns scores,
    of which only differences count.

    Raises:
        ValueError: If the discriminator has batch normalisation.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.R3GAN()
    >>> model.fit(kerasgen.data.load("mnist"), epochs=100)
    >>> images = model.sample(64, seed=0)
    """

    players = {"generator": ["generator"], "discriminator": ["discriminator"]}
    logged = {
        "generator_loss": "generator",
        "discriminator_loss": "discriminator",
        "gradient_penalty": "gradient_penalty",
    }
    published = Published(
        batch_size=Setting(512, CODE),
        optimizers=Setting(lambda: training.Adam(2e-4, beta_1=0.0, beta_2=0.9), CODE),
        arguments={
            "gamma": Setting(0.05 / 4, CODE + ", for pixels in [0, 1]"),
            "latent_dim": Setting(64, CODE),
            "blocks": Setting(2, CODE),
            "average_momentum": Setting(
                0.999, "ramped up in the code; this momentum is ours"
            ),
        },
        departures=(
            "The first rates and γ of schedules that fall to a quarter and a tenth.",
            "The first β₂ of a schedule that rises to 0.99.",
            "Narrower networks, 3x3 convolutions without groups, no augmentation.",
        ),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=32,
        num_classes=None,
        *,
        gamma=0.25,
        width=32,
        depth=2,
        blocks=1,
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.gamma = check_not_negative("gamma", gamma)
        self.width, self.depth = width, depth
        self.blocks = check_positive_int("blocks", blocks)
        self.complete()
        networks.check_judges_alone("discriminator", self.discriminator)

    @property
    def body(self):
        return {"width": self.width, "depth": self.depth, "blocks": self.blocks}

    def default_generator(self):
        return networks.residual_generator(*self.dimensions, **self.body)

    def default_discriminator(self):
        return networks.residual_discriminator(
            self.image_shape, self.num_classes, **self.body
        )

    def default_optimizers(self):
        return {p: training.Adam(1e-3, beta_1=0.0, beta_2=0.9) for p in self.players}

    def score(self, logits):
        return logits

    def discriminator_losses(self, images, labels, noise, training):
        G, D = self.bound(labels, training)
        fakes = G(self.draw_latents(images, noise))
        real, real_slope = scores_and_gradient(D, images)
        fake, fake_slope = scores_and_gradient(D, fakes)
        r1, r2 = map(objectives.zero_centred_penalty, (real_slope, fake_slope))
        game = objectives.relativistic_discriminator_loss(real, fake)
        return {
            "discriminator": game + self.gamma * (r1 + r2),
            "gradient_penalty": r1 + r2,
        }

    def generator_losses(self, images, labels, noise, training):
        G, D = self.bound(labels, training)
        fakes = G(self.draw_latents(images, noise))
        game = objectives.relativistic_generator_loss(D(images), D(fakes))
        return {"generator": game}

    def player_losses(self, *batch, training):
        judged = self.discriminator_losses(*batch, training=training)
        return judged | self.generator_losses(*batch, training=training)

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.descend(
            self.optimizer, lambda: self.discriminator_losses(*batch, training=True)
        )
        losses |= training.descend(
            self.optimizer, lambda: self.generator_losses(*batch, training=True)
        )
        self.update_average()
        return self.log(losses)
