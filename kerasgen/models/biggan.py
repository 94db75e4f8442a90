"""BigGAN, in style and small: the hinge game, classes in every block of the generator.

    D minimises  [1 - D(x, y)]₊ + [1 + D(G(z, ŷ), ŷ)]₊
    G minimises  -D(G(z, ŷ), ŷ) + w Σ_W |Wᵀ W ∘ (1 - I)|²_F

with ŷ drawn uniformly and W the generator's kernels. The discriminator takes
`discriminator_steps` steps, each on fresh images, latents and labels, before each step
of the generator. Parts of z reach every block, and all kernels but the embeddings are
divided by their spectral norm.

`sample(num, truncation=t)` draws latents from the normal law cut off at ±t: less
variety, cleaner samples. The cut is by the quantile function, so that one latent has
one image at every truncation.

Departures from the paper: 32 channels instead of 1024 and one device's batch, so that
it is "BigGAN-style"; no attention, which the authors leave out at 32 pixels as well;
pixels end in a sigmoid; batch normalisation samples by its moving averages.
"""

import math

from keras import ops

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_not_negative
from kerasgen.core.arguments import check_positive
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.capabilities import AdversarialModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register
from kerasgen.training import integers
from kerasgen.training import next_seed

BROCK2019 = Reference(
    "Brock, Donahue & Simonyan 2019",
    "Large Scale GAN Training for High Fidelity Natural Image Synthesis",
    "ICLR",
    "1809.11096",
)
CODE = "the authors' launch_cifar_ema.sh"
# The greatest share in float64 that is not all.
_NEARLY_ONE = 1.0 - 2.0**-53


@register(family="gan", references=[BROCK2019])
class BigGAN(AdversarialModel):
    """Class-conditional residual GAN with hinge losses and spectral normalisation.

    Reference: Brock et al. 2019 (arXiv:1809.11096).

    Args:
        latent_dim: Number of latents, a multiple of `depth` + 1.
        discriminator_steps: Steps of the discriminator for each step of the generator,
            positive int.
        orthogonal_weight: Weight w of the orthogonal regulariser, at least 0.
        width: Channels of every block of both networks.
        depth: Number of doublings; height and width are multiples of 2 to the power of
            it. Three of them make 32 pixels from 4, two 28 pixels from 7.
        embedding_dim: Width of the embedding of labels that the blocks share.

    The other arguments are those of `GenerativeModel`.

    Raises:
        ValueError: If `latent_dim` cannot be parted.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.BigGAN(num_classes=10)
    >>> model.fit(kerasgen.data.load("mnist"), epochs=50)
    >>> clean = model.sample(64, truncation=0.5, seed=0)
    """

    players = {"generator": ["generator"], "discriminator": ["discriminator"]}
    logged = {"generator_loss": "generator", "discriminator_loss": "discriminator"}
    published = Published(
        batch_size=Setting(50, CODE),
        optimizers=Setting(lambda: training.Adam(2e-4, beta_1=0.0), CODE),
        arguments={
            "image_shape": Setting((32, 32, 3), CODE),
            "latent_dim": Setting(128, CODE),
            "depth": Setting(3, CODE),
            "num_classes": Setting(10, CODE),
            "discriminator_steps": Setting(4, CODE),
            "orthogonal_weight": Setting(0.0, CODE),
            "embedding_dim": Setting(128, CODE),
            "average_momentum": Setting(0.9999, CODE),
        },
        departures=(
            "32 channels instead of 256.",
            "Blocks share one embedding and see a part of z, as at larger sizes.",
            "Orthogonal initialisation instead of N(0, 0.02²).",
        ),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=48,
        num_classes=None,
        *,
        discriminator_steps=2,
        orthogonal_weight=1e-4,
        width=32,
        depth=2,
        embedding_dim=32,
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.discriminator_steps = check_positive_int(
            "discriminator_steps", discriminator_steps
        )
        self.orthogonal_weight = check_not_negative(
            "orthogonal_weight", orthogonal_weight
        )
        self.width, self.depth = width, depth
        self.embedding_dim = check_positive_int("embedding_dim", embedding_dim)
        self.complete()

    def default_generator(self):
        return networks.class_conditional_generator(
            *self.dimensions,
            width=self.width,
            depth=self.depth,
            embedding_dim=self.embedding_dim,
        )

    def default_discriminator(self):
        return networks.class_conditional_discriminator(
            self.image_shape, self.num_classes, width=self.width, depth=self.depth
        )

    def default_optimizers(self):
        return {p: training.Adam(1e-3, beta_1=0.0) for p in self.players}

    def score(self, logits):
        return logits

    def decode(self, latents, labels=None, truncation=None):
        """Images from latents, cut off at ±`truncation`; see `SamplingModel.decode`."""
        if truncation is not None:
            cut = check_positive("truncation", truncation)
            # In float64 the tail of the normal distribution is told from 1 up to 8.
            share = ops.erf(ops.cast(latents, "float64") / 2**0.5)
            share = ops.clip(share * math.erf(cut / 2**0.5), -_NEARLY_ONE, _NEARLY_ONE)
            latents = ops.clip(2**0.5 * ops.erfinv(share), -cut, cut)
            latents = ops.cast(latents, "float32")
        return super().decode(latents, labels)

    def draw_fakes(self, images, noise, training):
        """Generated images and their labels, drawn uniformly."""
        labels = None
        if self.num_classes is not None:
            seed = next_seed(noise)
            labels = integers(ops.shape(images)[:1], seed, self.num_classes)
        G, _ = self.bound(labels, training)
        return G(self.draw_latents(images, noise)), labels

    def discriminator_losses(self, images, labels, noise, training):
        fakes, drawn = self.draw_fakes(images, noise, training)
        real = self.bind("discriminator", labels, training)(images)
        fake = self.bind("discriminator", drawn, training)(fakes)
        return {"discriminator": objectives.hinge_discriminator_loss(real, fake)}

    def generator_losses(self, images, labels, noise, training):
        fakes, drawn = self.draw_fakes(images, noise, training)
        fake = self.bind("discriminator", drawn, training)(fakes)
        loss = objectives.hinge_generator_loss(fake)
        if self.orthogonal_weight:
            loss += self.orthogonal_weight * self.orthogonal_penalty()
        return {"generator": loss}

    def orthogonal_penalty(self):
        """Sum over the generator's kernels, embeddings left out."""
        kernels = [v for v in self.generator.trainable_variables if v.name == "kernel"]
        return sum(objectives.orthogonal_penalty(kernel) for kernel in kernels)

    def player_losses(self, *batch, training):
        judged = self.discriminator_losses(*batch, training=training)
        return judged | self.generator_losses(*batch, training=training)

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.take_turns(
            self.discriminator_steps,
            self.optimizer,
            "discriminator",
            lambda: self.discriminator_step(*batch),
            lambda: self.generator_step(*batch),
        )
        return self.log(losses)

    def discriminator_step(self, *batch):
        return training.descend(
            self.optimizer, lambda: self.discriminator_losses(*batch, training=True)
        )

    def generator_step(self, *batch):
        losses = training.descend(
            self.optimizer, lambda: self.generator_losses(*batch, training=True)
        )
        self.update_average()
        self.log(losses)
