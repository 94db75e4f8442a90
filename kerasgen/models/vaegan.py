"""VAEGAN: a variational autoencoder that compares images by a discriminator's features.

With f the features of the discriminator D, x̃ = G(z ~ q(z|x)) and x_p = G(z ~ p(z)):

    L_rec = E[ ½|f(x) - f(x̃)|² ]        L_prior = KL(q(z|x) ‖ p(z))
    encoder        min  L_prior + L_rec
    decoder        min  γ · L_rec - E[ log D(x̃) + log D(x_p) ]
    discriminator  min  -E[ log D(x) + log(1 - D(x̃)) + log(1 - D(x_p)) ]

Each network descends its own loss: the discriminator would make its features equal,
and the encoder would be pulled by the game.

Departures from the paper: the decoder's game is non-saturating, as in its code; the
features are the discriminator's last convolution; all move in every step, where the
code rests a player that is ahead; a smaller network; Adam instead of RMSprop; and the
KL divergence weighs 0.1, as if the features had a variance of 0.1.
"""

import keras
from keras import layers
from keras import ops

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_not_negative
from kerasgen.core.autoencoders import ConvolutionalAutoencoder
from kerasgen.core.capabilities import AdversarialModel
from kerasgen.core.capabilities import VariationalModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register

LARSEN2016 = Reference(
    "Larsen et al. 2016",
    "Autoencoding beyond pixels using a learned similarity metric",
    "ICML",
    "1512.09300",
)
SECTION = "section 4"
CODE = "github.com/andersbll/autoencoding_beyond_pixels"


@register(family="hybrid", references=[LARSEN2016])
class VAEGAN(ConvolutionalAutoencoder, VariationalModel, AdversarialModel):
    """VAE whose reconstruction error is that of a discriminator's features.

    Reference: Larsen et al. 2016 (arXiv:1512.09300), Algorithm 1.

    Args:
        feature_weight: Weight γ of the features' error in the decoder's loss, at least
            0.
        beta: Weight of the KL divergence in the encoder's loss, at least 0.
        discriminator_normalization: "batch", "layer", "spectral" or None, in the
            discriminator.

    The other arguments are those of `ConvolutionalAutoencoder`, `ConvolutionalModel`
    and `GenerativeModel`. The discriminator takes no labels; one of the user's own
    returns logits and features, as many as the last convolution of the default one has.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.VAEGAN()
    >>> model.fit(kerasgen.data.load("mnist"), epochs=100)
    >>> images, _ = kerasgen.data.load_arrays("mnist", "test")
    >>> restored = model.reconstruct(images[:16])
    """

    labelled = ("encoder", "decoder")
    players = {
        "encoder": ["encoder"],
        "decoder": ["decoder"],
        "discriminator": ["discriminator"],
    }
    logged = {
        "loss": "encoder",
        "decoder_loss": "decoder",
        "discriminator_loss": "discriminator",
        "feature_loss": "feature_loss",
        "kl_divergence": "kl_divergence",
    }
    published = Published(
        batch_size=Setting(64, SECTION),
        optimizers=Setting(lambda: keras.optimizers.RMSprop(3e-4), SECTION),
        arguments={
            "latent_dim": Setting(128, CODE + ", celeba_aegan.py"),
            "beta": Setting(1.0, "equation 8"),
            "feature_weight": Setting(1e-6, CODE + ", celeba_aegan.py"),
            "discriminator_normalization": Setting("batch", CODE),
            "encoder_normalization": Setting("batch", CODE),
        },
        departures=(
            "A network for 28 instead of 64 pixels.",
            "The code leaves reconstructions out of the game, rests players that are "
            "ahead and lowers its rate.",
        ),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=16,
        num_classes=None,
        *,
        feature_weight=0.1,
        beta=0.1,
        discriminator_normalization="spectral",
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.feature_weight = check_not_negative("feature_weight", feature_weight)
        self.beta = check_not_negative("beta", beta)
        self.discriminator_normalization = discriminator_normalization
        self.complete()

    def network_forms(self):
        height, width, _ = (side // 2**self.depth for side in self.image_shape)
        features = height * width * self.width * 2 ** (self.depth - 1)
        judge = ([self.image_shape], [(), (features,)])
        return super().network_forms() | {"discriminator": judge}

    def default_discriminator(self):
        judge = networks.convolutional_discriminator(
            self.image_shape,
            normalization=self.discriminator_normalization,
            **self.body,
        )
        flat = next(x for x in judge.layers if isinstance(x, layers.Flatten)).output
        features = layers.Activation("linear", dtype="float32", name="features")(flat)
        return keras.Model(judge.inputs[0], [judge.output, features], name=judge.name)

    def default_optimizers(self):
        return {
            "encoder": training.Adam(1e-3, beta_1=0.5),
            "decoder": training.Adam(1e-3, beta_1=0.5),
            "discriminator": training.Adam(1e-3, beta_1=0.5),
        }

    def score(self, logits):
        """The probability that an image is real, by the first of the two outputs."""
        return ops.sigmoid(logits[0])

    def player_losses(self, images, labels, noise, training):
        encode, decode, D = self.bound(labels, training)
        mean, log_variance = encode(images)
        decoded = decode(self.draw_posterior(mean, log_variance, noise))
        (real, features) = D(images)
        (restored, restored_features) = D(decoded)
        (fake, _) = D(decode(self.draw_latents(images, noise)))
        kl_divergence = objectives.gaussian_kl_divergence(mean, log_variance)
        feature_loss = 0.5 * objectives.squared_error_loss(features, restored_features)
        game = objectives.non_saturating_generator_loss
        return {
            "encoder": feature_loss + self.beta * kl_divergence,
            "decoder": self.feature_weight * feature_loss + game(restored) + game(fake),
            # -log(1 - D) of the reconstructions is a term of its own beside the pair.
            "discriminator": objectives.cross_entropy_discriminator_loss(real, fake)
            + ops.softplus(restored),
            "feature_loss": feature_loss,
            "kl_divergence": kl_divergence,
        }

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.descend(
            self.optimizer, lambda: self.player_losses(*batch, training=True)
        )
        self.update_average()
        return self.log(losses)
