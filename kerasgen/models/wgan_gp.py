"""WGAN-GP: a penalty on the critic's slope takes the place of weight clipping.

    min_G max_f  E_x[f(x)] - E_z[f(G(z))] - λ E_x̂[(|∇f(x̂)| - 1)²]

with x̂ = ε x + (1 - ε) G(z), one uniform ε for each pair of images, and the length of
the slope taken over all pixels and channels. The critic takes `critic_steps` steps,
each on fresh real images, before each step of the generator. Minus the critic's loss is
an estimate of the Wasserstein distance only after the penalty is added back, and then
too large: two laws a shift d apart get d + d² / (2λ).

Departures from the paper: the critic has no normalisation, where the authors use layer
normalisation in some networks and none on digits; rates of 5e-4 instead of 1e-4, since
these networks are small.
"""

from keras import ops

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_positive
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.capabilities import AdversarialModel
from kerasgen.core.capabilities import ConvolutionalModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register
from kerasgen.training import input_gradient
from kerasgen.training import next_seed
from kerasgen.training import uniform

GULRAJANI2017 = Reference(
    "Gulrajani, Ahmed, Arjovsky, Dumoulin & Courville 2017",
    "Improved Training of Wasserstein GANs",
    "NIPS",
    "1704.00028",
)
CODE = "the authors' gan_mnist.py"


@register(family="gan", references=[GULRAJANI2017])
class WGANGP(ConvolutionalModel, AdversarialModel):
    """Wasserstein GAN with gradient penalty, on DCGAN's networks.

    Reference: Gulrajani et al. 2017 (arXiv:1704.00028), Algorithm 1.

    Args:
        critic_steps: Steps of the critic for each step of the generator, positive int.
        penalty_weight: Weight λ of the penalty, positive float.
        critic_normalization: "layer", "spectral" or None, in the critic. Batch
            normalisation is refused: it mixes the slopes of a batch.

    The other arguments are those of `ConvolutionalModel` and `GenerativeModel`.

    Raises:
        ValueError: If the critic has batch normalisation.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.WGANGP()
    >>> model.fit(kerasgen.data.load("mnist"), epochs=100)
    >>> images = model.sample(64, seed=0)
    """

    players = {"generator": ["generator"], "critic": ["critic"]}
    logged = {
        "generator_loss": "generator",
        "critic_loss": "critic",
        "gradient_penalty": "gradient_penalty",
    }
    judge_name = "critic"
    published = Published(
        batch_size=Setting(50, CODE),
        optimizers=Setting(lambda: training.Adam(1e-4, beta_1=0.5, beta_2=0.9), CODE),
        arguments={
            "critic_steps": Setting(5, CODE),
            "penalty_weight": Setting(10.0, CODE),
            "latent_dim": Setting(128, CODE),
            "width": Setting(64, CODE + ", DIM"),
            "normalization": Setting(None, CODE),
        },
        departures=(
            "Two stages with kernels 4 wide instead of three with 5, and one dense "
            "layer more in the critic.",
            "Weights start by Glorot's rule.",
        ),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=32,
        num_classes=None,
        *,
        critic_steps=5,
        penalty_weight=10.0,
        critic_normalization=None,
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.critic_steps = check_positive_int("critic_steps", critic_steps)
        self.penalty_weight = check_positive("penalty_weight", penalty_weight)
        self.critic_normalization = critic_normalization
        self.complete()
        networks.check_judges_alone("critic", self.critic)

    def default_generator(self):
        return networks.convolutional_generator(*self.dimensions, **self.generator_body)

    def default_critic(self):
        return networks.convolutional_discriminator(
            self.image_shape,
            self.num_classes,
            normalization=self.critic_normalization,
            name="critic",
            **self.body,
        )

    def default_optimizers(self):
        return {p: training.Adam(5e-4, beta_1=0.5, beta_2=0.9) for p in self.players}

    def score(self, logits):
        return logits

    def critic_losses(self, images, labels, noise, training):
        G, f = self.bound(labels, training)
        fakes = G(self.draw_latents(images, noise))
        share = uniform(ops.shape(images)[:1], next_seed(noise))
        between = objectives.interpolate(images, fakes, share)
        penalty = objectives.one_centred_penalty(input_gradient(f, between))
        game = objectives.wasserstein_critic_loss(f(images), f(fakes))
        return {
            "critic": game + self.penalty_weight * penalty,
            "gradient_penalty": penalty,
        }

    def generator_losses(self, images, labels, noise, training):
        G, f = self.bound(labels, training)
        fakes = G(self.draw_latents(images, noise))
        return {"generator": objectives.wasserstein_generator_loss(f(fakes))}

    def player_losses(self, *batch, training):
        critic = self.critic_losses(*batch, training=training)
        return critic | self.generator_losses(*batch, training=training)

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.take_turns(
            self.critic_steps,
            self.optimizer,
            "critic",
            lambda: self.critic_step(*batch),
            lambda: self.generator_step(*batch),
        )
        return self.log(losses)

    def critic_step(self, *batch):
        return training.descend(
            self.optimizer, lambda: self.critic_losses(*batch, training=True)
        )

    def generator_step(self, *batch):
        losses = training.descend(
            self.optimizer, lambda: self.generator_losses(*batch, training=True)
        )
        self.update_average()
        self.log(losses)
