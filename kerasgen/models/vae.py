"""VAE: the variational autoencoder, with dense networks.

    min  E_x[ -E_{q(z|x)}[log p(x|z)] + KL(q(z|x) ‖ p(z)) ]

The loss is the negative evidence lower bound (ELBO) in nats per image, with one draw of
z. With `total_correlation_weight` ≠ 1 it is that of Chen et al. 2018: the KL divergence
is I(x; z) + TC(z) + Σ_d KL(q(z_d) ‖ p(z_d)), and the total correlation, which is 0
where the latents are independent, weighs more.

Departures from the paper: Adam at 1e-3 instead of Adagrad, and 20 latents; no prior on
the weights. Both are in `published` as the paper has them.
"""

import keras

from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_choice
from kerasgen.core.arguments import check_not_negative
from kerasgen.core.arguments import check_several
from kerasgen.core.autoencoders import DenseAutoencoder
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register

KINGMA2014 = Reference(
    "Kingma & Welling 2014", "Auto-Encoding Variational Bayes", "ICLR", "1312.6114"
)
CHEN2018 = Reference(
    "Chen et al. 2018",
    "Isolating Sources of Disentanglement in Variational Autoencoders",
    "NeurIPS",
    "1802.04942",
)
SECTION = "section 5"


@register(family="vae", references=[KINGMA2014, CHEN2018])
class VAE(DenseAutoencoder):
    """Variational autoencoder with dense networks, as the first one had.

    Reference: Kingma & Welling 2014 (arXiv:1312.6114), equation 10 and appendix C; with
    `total_correlation_weight`, Chen et al. 2018 (arXiv:1802.04942), equation 4.

    Args:
        beta: Weight of the KL divergence, at least 0.
        total_correlation_weight: Weight of the total correlation within it, at least 0.
        num_examples: Number of training images, from which a batch estimates the
            total correlation; it counts only where that weight is not 1.
        reconstruction: The decoder's distribution: "bernoulli" (cross-entropy) or
            "gaussian" (squared error; unit variance).

    The other arguments are those of `DenseAutoencoder` and `GenerativeModel`.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.VAE(latent_dim=2)
    >>> model.fit(kerasgen.data.load("mnist"), epochs=100)
    >>> images, _ = kerasgen.data.load_arrays("mnist", "test")
    >>> mean, log_variance = model.encode(images)
    """

    players = {"autoencoder": ["encoder", "decoder"]}
    logged = {
        "loss": "autoencoder",
        "reconstruction_loss": "reconstruction",
        "kl_divergence": "kl_divergence",
    }
    published = Published(
        batch_size=Setting(100, SECTION),
        optimizers=Setting(
            lambda: keras.optimizers.Adagrad(0.02),
            f"{SECTION}: one of 0.01, 0.02 and 0.1, by the first iterations",
        ),
        arguments={
            "width": Setting(500, SECTION),
            "depth": Setting(1, f"{SECTION} and appendix C"),
            "latent_dim": Setting(20, "figure 2, one of five up to 200"),
        },
        departures=("No prior on the weights; Keras' initialisation.",),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=20,
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
        return {"autoencoder": training.Adam(1e-3)}

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
