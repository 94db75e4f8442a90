"""CVAE: the convolutional variational autoencoder, conditional where labels are given.

With `num_classes` it is that of Sohn et al. 2015; with `beta` ≠ 1, the beta-VAE of
Higgins et al. 2017.

    min  E_x[ -E_{q(z|x)}[log p(x|z)] + β · KL(q(z|x) ‖ p(z)) ]

At β = 1 the loss is the negative evidence lower bound (ELBO) in nats per image. With
`total_correlation_weight` ≠ 1 the total correlation of the latents within the
divergence weighs more, as in the β-TCVAE of Chen et al. 2018. The
decoder is DCGAN's generator and the encoder the body of its discriminator, so that the
models differ in what they minimise. The rate is the better of two that were tried on a
held-out part of the training images (`results/search/`).
"""

from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_choice
from kerasgen.core.arguments import check_not_negative
from kerasgen.core.arguments import check_several
from kerasgen.core.autoencoders import ConvolutionalAutoencoder
from kerasgen.core.capabilities import VariationalModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register

KINGMA2014 = Reference(
    "Kingma & Welling 2014", "Auto-Encoding Variational Bayes", "ICLR", "1312.6114"
)
SOHN2015 = Reference(
    "Sohn, Lee & Yan 2015",
    "Learning Structured Output Representation using Deep Conditional Generative "
    "Models",
    "NeurIPS",
)
CHEN2018 = Reference(
    "Chen et al. 2018",
    "Isolating Sources of Disentanglement in Variational Autoencoders",
    "NeurIPS",
    "1802.04942",
)
# The paper had no convolutional network on digits; this is the best-known public one.
TUTORIAL = "TensorFlow's tutorial Convolutional Variational Autoencoder"


@register(family="vae", references=[KINGMA2014, SOHN2015, CHEN2018])
class CVAE(ConvolutionalAutoencoder, VariationalModel):
    """Convolutional variational autoencoder.

    Reference: Kingma & Welling 2014 (arXiv:1312.6114), equation 10; Sohn et al. 2015,
    equation 4, when conditional; Chen et al. 2018 (arXiv:1802.04942) with
    `total_correlation_weight`.

    Args:
        beta: Weight of the KL divergence, at least 0.
        total_correlation_weight: Weight of the total correlation within it, at least 0.
        num_examples: Number of training images, from which a batch estimates the
            total correlation; it counts only where that weight is not 1.
        reconstruction: The decoder's distribution: "bernoulli" (cross-entropy) or
            "gaussian" (squared error; unit variance).

    The other arguments are those of `ConvolutionalAutoencoder`, `ConvolutionalModel`
    and `GenerativeModel`.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.CVAE(num_classes=10)
    >>> model.fit(kerasgen.data.load("mnist"), epochs=100)
    >>> sevens = model.sample(16, labels=7)
    """

    players = {"autoencoder": ["encoder", "decoder"]}
    logged = {
        "loss": "autoencoder",
        "reconstruction_loss": "reconstruction",
        "kl_divergence": "kl_divergence",
    }
    published = Published(
        batch_size=Setting(32, TUTORIAL),
        optimizers=Setting(lambda: training.Adam(1e-4), TUTORIAL),
        arguments={
            "latent_dim": Setting(2, TUTORIAL),
            "width": Setting(32, TUTORIAL),
            "normalization": Setting(None, TUTORIAL),
        },
        departures=("The encoder has a dense layer more, the decoder a stage less.",),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=16,
        num_classes=None,
        *,
        beta=1.0,
        total_correlation_weight=1.0,
        num_examples=60_000,
        reconstruction="bernoulli",
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.beta = check_not_negative("beta", beta)
        self.total_correlation_weight = check_not_negative(
            "total_correlation_weight", total_correlation_weight
        )
        self.num_examples = check_several("num_examples", num_examples)
        self.reconstruction = check_choice(
            "reconstruction", reconstruction, objectives.RECONSTRUCTION_LOSSES
        )
        self.complete()

    def default_optimizers(self):
        return {"autoencoder": training.Adam(2e-3)}

    def player_losses(self, images, labels, noise, training):
        encode, decode = self.bound(labels, training)
        mean, log_variance = encode(images)
        latents = self.draw_posterior(mean, log_variance, noise)
        loss = objectives.RECONSTRUCTION_LOSSES[self.reconstruction]
        reconstruction = loss(images, decode(latents))
        kl_divergence = objectives.gaussian_kl_divergence(mean, log_variance)
        excess = objectives.excess_total_correlation(
            self.total_correlation_weight,
            *(latents, mean, log_variance, self.num_examples),
        )
        return {
            "autoencoder": reconstruction + self.beta * (kl_divergence + excess),
            "reconstruction": reconstruction,
            "kl_divergence": kl_divergence,
        }

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.descend(
            self.optimizer, lambda: self.player_losses(*batch, training=True)
        )
        self.update_average()
        return self.log(losses)
