"""BiGAN and ALI: a discriminator of pairs of an image and its code.

    min_{G,E} max_D  E_x[log D(x, E(x))] + E_z[log(1 - D(G(z), z))]

At the optimum encoder and generator invert each other on the supports. With
`posterior="point"` the encoder returns a code (BiGAN); with "gaussian" a mean and a
variance from which codes are drawn (ALI). Encoder and generator minimise the
non-saturating form: cross-entropy with the labels "real" and "fake" exchanged on both
kinds of pairs, not on the generated one alone. Nothing asks for a reconstruction: it is
alike in meaning, not in pixels.

Departures from the papers: latents are normal, where BiGAN's on digits are uniform;
convolutional networks, where BiGAN's are dense; the discriminator is spectrally
normalised.
"""

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_choice
from kerasgen.core.autoencoders import ConvolutionalAutoencoder
from kerasgen.core.capabilities import AdversarialModel
from kerasgen.core.capabilities import VariationalModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register

DONAHUE2017 = Reference(
    "Donahue, Krähenbühl & Darrell 2017",
    "Adversarial Feature Learning",
    "ICLR",
    "1605.09782",
)
DUMOULIN2017 = Reference(
    "Dumoulin et al. 2017", "Adversarially Learned Inference", "ICLR", "1606.00704"
)
CODE = "the authors' train_mnist.sh and train_gan.py"


@register(family="gan", references=[DONAHUE2017, DUMOULIN2017])
class BiGAN(ConvolutionalAutoencoder, VariationalModel, AdversarialModel):
    """Bidirectional GAN: an encoder is learned beside the generator, by the game.

    Reference: Donahue et al. 2017 (arXiv:1605.09782), equation 2; Dumoulin et al. 2017
    (arXiv:1606.00704), equation 2.

    Args:
        posterior: "point", the encoder returns codes (BiGAN); "gaussian", the mean and
            log-variance of a diagonal Gaussian (ALI).
        encoder_normalization: "batch", "layer", "spectral" or None, in the encoder.
        discriminator_normalization: Likewise, in the discriminator.

    The other arguments are those of `ConvolutionalAutoencoder`, `ConvolutionalModel`
    and `GenerativeModel`.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.BiGAN()
    >>> model.fit(kerasgen.data.load("mnist"), epochs=100)
    >>> images, _ = kerasgen.data.load_arrays("mnist", "test")
    >>> codes = model.codes(images[:16])
    """

    players = {"generator": ["encoder", "decoder"], "discriminator": ["discriminator"]}
    judges = "pairs"
    logged = {"generator_loss": "generator", "discriminator_loss": "discriminator"}
    published = Published(
        batch_size=Setting(128, CODE),
        optimizers=Setting(lambda: training.Adam(2e-4, beta_1=0.5), CODE),
        arguments={
            "latent_dim": Setting(50, CODE),
            "encoder_normalization": Setting("batch", CODE),
            "discriminator_normalization": Setting("batch", CODE),
        },
        departures=(
            "Latents are normal, networks convolutional, and no rate falls.",
            "No penalty of 2.5e-5 on the squares of the weights.",
        ),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=32,
        num_classes=None,
        *,
        posterior="point",
        encoder_normalization="batch",
        discriminator_normalization="spectral",
        **kwargs,
    ):
        super().__init__(
            image_shape,
            latent_dim,
            num_classes,
            encoder_normalization=encoder_normalization,
            **kwargs,
        )
        self.posterior = check_choice("posterior", posterior, ("point", "gaussian"))
        self.discriminator_normalization = discriminator_normalization
        self.complete()

    def default_discriminator(self):
        return networks.convolutional_discriminator(
            self.image_shape,
            self.num_classes,
            latent_dim=self.latent_dim,
            normalization=self.discriminator_normalization,
            **self.body,
        )

    def default_optimizers(self):
        return {player: training.Adam(1e-3, beta_1=0.5) for player in self.players}

    def player_losses(self, images, labels, noise, training):
        encode, decode, D = self.bound(labels, training)
        codes = encode(images)
        if self.posterior == "gaussian":
            codes = self.draw_posterior(*codes, noise)
        latents = self.draw_latents(images, noise)
        real, fake = D(images, codes), D(decode(latents), latents)
        return {
            "generator": objectives.cross_entropy_discriminator_loss(fake, real),
            "discriminator": objectives.cross_entropy_discriminator_loss(real, fake),
        }

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.descend(
            self.optimizer, lambda: self.player_losses(*batch, training=True)
        )
        self.update_average()
        return self.log(losses)
