"""WGAN: a critic estimates the Wasserstein distance, a generator shortens it.

    min_G max_{f, |weights| ≤ c}  E_x[f(x)] - E_z[f(G(z))]

The critic takes `critic_steps` steps, each on fresh real images, before each step of
the generator, so with more than one an epoch holds fewer generator steps than other
models'. Clipping alone bounds the critic, and minus its loss estimates, up to a factor,
the Wasserstein distance from below.

Departures from the paper: the critic has no batch normalisation, which would make an
image's score depend on its batch; one critic step instead of five, rates of 2e-3
(generator) and 2e-4 (critic) instead of 5e-5, and clipping at 0.05 instead of 0.01. At
equal numbers of images the generator so moves five times as often, which told more on
held-out training images than a better critic did. With
`critic_normalization="spectral"` (Miyato et al. 2018, arXiv:1802.05957) spectral norms
set the critic's scale instead of the clipping: tables call it by that name.
"""

import keras

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

ARJOVSKY2017 = Reference(
    "Arjovsky, Chintala & Bottou 2017", "Wasserstein GAN", "ICML", "1701.07875"
)
ALGORITHM = "Algorithm 1"


@register(family="gan", references=[ARJOVSKY2017])
class WGAN(ConvolutionalModel, AdversarialModel):
    """Wasserstein GAN with weight clipping, on DCGAN's networks.

    Reference: Arjovsky et al. 2017 (arXiv:1701.07875), Algorithm 1.

    Args:
        critic_steps: Steps of the critic for each step of the generator, positive int.
        clip_value: Bound of the critic's weights, positive float.
        critic_normalization: "batch", "layer", "spectral" or None, in the critic.

    The other arguments are those of `ConvolutionalModel` and `GenerativeModel`.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.WGAN()
    >>> history = model.fit(kerasgen.data.load("mnist"), epochs=100)
    >>> distance = [-loss for loss in history.history["critic_loss"]]
    """

    players = {"generator": ["generator"], "critic": ["critic"]}
    logged = {"generator_loss": "generator", "critic_loss": "critic"}
    judge_name = "critic"
    published = Published(
        batch_size=Setting(64, ALGORITHM),
        optimizers=Setting(lambda: keras.optimizers.RMSprop(5e-5), ALGORITHM),
        arguments={
            "critic_steps": Setting(5, ALGORITHM),
            "clip_value": Setting(0.01, ALGORITHM),
            "latent_dim": Setting(100, "the authors' main.py, nz"),
            "width": Setting(64, "the authors' main.py, ngf, ndf"),
            "critic_normalization": Setting("batch", "the authors' models/dcgan.py"),
        },
        departures=(
            "The critic has one dense layer more than the authors'.",
            "Weights start by Glorot's rule.",
            "RMSprop forgets by Keras' rho, 0.9; the algorithm names none.",
        ),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=32,
        num_classes=None,
        *,
        critic_steps=1,
        clip_value=0.05,
        critic_normalization=None,
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.critic_steps = check_positive_int("critic_steps", critic_steps)
        self.clip_value = check_positive("clip_value", clip_value)
        self.critic_normalization = critic_normalization
        self.complete()

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
        return {
            "generator": keras.optimizers.RMSprop(2e-3),
            "critic": keras.optimizers.RMSprop(2e-4),
        }

    def score(self, logits):
        return logits

    def critic_losses(self, images, labels, noise, training):
        G, f = self.bound(labels, training)
        fakes = G(self.draw_latents(images, noise))
        return {"critic": objectives.wasserstein_critic_loss(f(images), f(fakes))}

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
        losses = training.descend(
            self.optimizer, lambda: self.critic_losses(*batch, training=True)
        )
        training.clip_weights(self.critic.trainable_variables, self.clip_value)
        return losses

    def generator_step(self, *batch):
        losses = training.descend(
            self.optimizer, lambda: self.generator_losses(*batch, training=True)
        )
        self.update_average()
        self.log(losses)
