"""AAE: an autoencoder whose codes a discriminator holds to the prior.

    min_{E,G}  E_x[ -log p(x|E(x)) ]
    min_D      E_{z ~ p}[ -log D(z) ] + E_x[ -log(1 - D(E(x))) ]
    min_E      E_x[ -log D(E(x)) ]

In the game of Goodfellow et al. draws from the prior are the real ones. Each batch
takes three steps: reconstruction, discriminator, and encoder against discriminator.

With `label_modes` the prior is a ring of Gaussians in the first two latents, one for
each class, and the discriminator sees the label: so digits go where they are put, and
the codes tell the class. An image without a label (the number of classes stands for
none, as in batches of `kerasgen.data.few_labels`) has a class of its own for the
discriminator, and is set against draws from the whole ring. The paper also has another
prior, the swiss roll.

Departures from the paper: the convolutional body of the house instead of two dense
layers of 1,000 units; Adam instead of gradient descent with momentum.
"""

import numpy as np
from keras import ops

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_choice
from kerasgen.core.autoencoders import ConvolutionalAutoencoder
from kerasgen.core.capabilities import AdversarialModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register
from kerasgen.training import integers
from kerasgen.training import next_seed
from kerasgen.training import split_seed

MAKHZANI2015 = Reference(
    "Makhzani et al. 2015", "Adversarial Autoencoders", "ICLR workshop", "1511.05644"
)
# Radius of the ring, and standard deviation of a mode in the first two latents: with
# ten modes neighbours are five deviations apart.
RADIUS, SPREAD = 4.0, 0.5
APPENDIX = "appendix A.1, on likelihoods"
TWO_OF_1000 = {"width": 1000, "depth": 2, "activation": "relu"}


@register(family="hybrid", references=[MAKHZANI2015])
class AAE(ConvolutionalAutoencoder, AdversarialModel):
    """Adversarial autoencoder: a game over codes takes the place of the divergence.

    Reference: Makhzani et al. 2015 (arXiv:1511.05644).

    Args:
        label_modes: Whether each class has a mode of the prior of its own, for which
            the model needs `num_classes` and two latents at least. Labels, of which
            some or all may be missing, then go to the discriminator alone; else, with
            `num_classes`, to every network. The modes stand on one ring: of ten classes
            neighbours are 5 standard deviations apart, of 30 less than 2.
        reconstruction: The decoder's distribution: "bernoulli" (cross-entropy) or
            "gaussian" (squared error; unit variance).
        discriminator_width: Units of each of the discriminator's two hidden layers.

    The other arguments are those of `ConvolutionalAutoencoder`, `ConvolutionalModel`
    and `GenerativeModel`.

    Example:

    >>> import numpy as np
    >>> import kerasgen
    >>> model = kerasgen.AAE(num_classes=10, latent_dim=2, label_modes=True)
    >>> model.fit(kerasgen.data.load("mnist"), epochs=100)
    >>> sevens = model.sample(16, labels=7)
    >>> images, labels = kerasgen.data.load_arrays("mnist", "test")
    >>> offsets = model.codes(images)[:, None, :2] - model.mode_centres()
    >>> accuracy = np.mean(np.linalg.norm(offsets, axis=2).argmin(axis=1) == labels)
    """

    posterior = "point"
    judges = "codes"
    players = {
        "autoencoder": ["encoder", "decoder"],
        "discriminator": ["discriminator"],
        "encoder": ["encoder"],
    }
    logged = {
        "reconstruction_loss": "autoencoder",
        "discriminator_loss": "discriminator",
        "adversarial_loss": "encoder",
    }
    published = Published(
        batch_size=Setting(100, APPENDIX),
        optimizers=Setting(
            lambda: {
                "autoencoder": training.Adam(1e-3),
                "discriminator": training.Adam(1e-3),
                "encoder": training.Adam(1e-3),
            },
            "not the paper's, which is momentum with rates lowered by hand",
        ),
        arguments={
            "latent_dim": Setting(8, APPENDIX),
            "discriminator_width": Setting(1000, APPENDIX),
            "reconstruction": Setting("gaussian", APPENDIX),
        },
        networks={
            "encoder": Setting(
                lambda model: networks.point_encoder(
                    networks.dense_encoder(*model.dimensions, **TWO_OF_1000)
                ),
                APPENDIX,
            ),
            "decoder": Setting(
                lambda model: networks.dense_decoder(*model.dimensions, **TWO_OF_1000),
                APPENDIX,
            ),
        },
        unused=ConvolutionalAutoencoder.switches,
        departures=(
            "Adam instead of momentum.",
            "The prior's standard deviation is 1 instead of 5.",
        ),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=8,
        num_classes=None,
        *,
        label_modes=False,
        reconstruction="bernoulli",
        discriminator_width=256,
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.label_modes = check_choice("label_modes", label_modes, (False, True))
        if label_modes and (num_classes is None or self.latent_dim < 2):
            raise ValueError(
                f"Got label_modes=True with num_classes={num_classes} and latent_dim="
                f"{latent_dim}; expected classes, and two latents for their ring."
            )
        if label_modes:
            self.labelled = ("discriminator",)
        self.reconstruction = check_choice(
            "reconstruction", reconstruction, objectives.RECONSTRUCTION_LOSSES
        )
        self.discriminator_width = discriminator_width
        self.complete()

    @property
    def num_labels(self):
        """Number of different labels: with modes one more, which stands for none."""
        return self.num_classes + 1 if self.label_modes else self.num_classes

    @property
    def is_conditional(self):
        """Whether images are made for a label: by their networks, or by their mode."""
        return self.num_classes is not None

    def default_discriminator(self):
        return networks.code_discriminator(
            self.latent_dim, self.num_labels, width=self.discriminator_width
        )

    def mode_centres(self):
        """Centres of the modes of `label_modes` in the first two latents, by class.

        The nearest centre to a code is the class that its image is taken for.

        Returns:
            NumPy float32 of shape `(num_classes, 2)`.
        """
        angles = 2.0 * np.pi * np.arange(self.num_classes) / self.num_classes
        centres = RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        return centres.astype("float32")

    def default_optimizers(self):
        # A discriminator that sees labels is the stronger one, and with the rates of
        # the plain model its codes stray to other classes' modes. With the others the
        # codes of the plain model would tell little of their images.
        autoencoder, encoder = (5e-4, 2e-3) if self.label_modes else (2e-3, 1e-3)
        return {
            "autoencoder": training.Adam(autoencoder, beta_1=0.5),
            "discriminator": training.Adam(1e-3, beta_1=0.5),
            "encoder": training.Adam(encoder, beta_1=0.5),
        }

    @property
    def prior_is_standard(self):
        """Whether the prior is N(0, I), and not a ring of modes."""
        return not self.label_modes

    def draw_prior(self, num, seed, labels=None):
        """Latents of N(0, I), or of the modes of their labels; any mode for none."""
        latents = super().draw_prior(num, seed)
        if not self.label_modes:
            return latents
        modes = integers((num,), split_seed(seed, 2)[1], self.num_classes)
        if labels is not None:
            modes = ops.where(labels < self.num_classes, labels, modes)
        ring = ops.take(self.mode_centres(), modes, axis=0) + SPREAD * latents[:, :2]
        return ops.concatenate([ring, latents[:, 2:]], axis=-1)

    def autoencoder_losses(self, images, labels, training):
        encode, decode, _ = self.bound(labels, training)
        loss = objectives.RECONSTRUCTION_LOSSES[self.reconstruction]
        return {"autoencoder": loss(images, decode(encode(images)))}

    def game_losses(self, images, labels, noise, training):
        encode, _, D = self.bound(labels, training)
        num, seed = ops.shape(images)[0], next_seed(noise)
        real = D(self.draw_prior(num, seed, labels))
        fake = D(encode(images))
        return {
            "discriminator": objectives.cross_entropy_discriminator_loss(real, fake),
            "encoder": objectives.non_saturating_generator_loss(fake),
        }

    def player_losses(self, images, labels, noise, training):
        losses = self.autoencoder_losses(images, labels, training)
        return losses | self.game_losses(images, labels, noise, training)

    def train_step(self, data):
        images, labels = self.unpack(data)
        batch = (images, labels, self.seed_generator, True)
        losses = training.descend(
            self.optimizer, lambda: self.autoencoder_losses(images, labels, True)
        )
        for player in ("discriminator", "encoder"):
            found = training.descend(
                self.optimizer, lambda: self.game_losses(*batch), only=[player]
            )
            losses[player] = found[player]
        self.update_average()
        return self.log(losses)
