"""IWAE: the importance-weighted autoencoder, a variational one with a tighter bound.

    min  E_x E_{z_1..z_K ~ q(z|x)}[ -log (1/K) Σ_k p(x, z_k) / q(z_k|x) ]

At K = 1 it is the VAE. The bound rises with K, in expectation, to log p(x); the
encoder's signal falls (Rainforth et al. 2018, arXiv:1802.04537).

Departures from the paper: one stochastic layer, not two; a rate that stays, and 10
samples. The gradient is that of the bound itself, which the paper writes as a sum
weighted by normalised importance weights (equation 14): the two are equal.
"""

import keras
from keras import ops

from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_choice
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.autoencoders import DenseAutoencoder
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register

BURDA2016 = Reference(
    "Burda, Grosse & Salakhutdinov 2016",
    "Importance Weighted Autoencoders",
    "ICLR",
    "1509.00519",
)
SECTION = "section 5"
CODE = "the authors' experiments.py"


def annealed_adam():
    """Adam at 1e-3 · 10^(-i/7) for 3^i epochs of 3,000 steps, i = 0 to 7."""
    ends = [3_000 * sum(3**j for j in range(i + 1)) for i in range(7)]
    rates = [1e-3 * 10 ** (-i / 7) for i in range(8)]
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay(ends, rates)
    return training.Adam(schedule, epsilon=1e-4)


@register(family="vae", references=[BURDA2016])
class IWAE(DenseAutoencoder):
    """Importance-weighted autoencoder with dense networks.

    Reference: Burda et al. 2016 (arXiv:1509.00519), equation 8.

    Args:
        num_samples: K, the draws from the posterior of each image, positive int; time
            and memory grow with it.
        reconstruction: The decoder's distribution: "bernoulli" (cross-entropy) or
            "gaussian" (squared error; unit variance).
        width: Units of each hidden layer.
        depth: Number of hidden layers in the encoder and in the decoder.

    The other arguments are those of `DenseAutoencoder` and `GenerativeModel`. `loss` is
    minus the bound in nats per image; `reconstruction_loss` + `kl_divergence` is the
    negative ELBO.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.IWAE(num_samples=50)
    >>> model.fit(kerasgen.data.load("mnist"), epochs=100)
    """

    players = {"autoencoder": ["encoder", "decoder"]}
    logged = {
        "loss": "autoencoder",
        "reconstruction_loss": "reconstruction",
        "kl_divergence": "kl_divergence",
    }
    published = Published(
        batch_size=Setting(20, SECTION),
        optimizers=Setting(annealed_adam, f"{SECTION}; the code has beta_1 0.99"),
        arguments={
            "num_samples": Setting(50, f"{SECTION}, which has 5, too"),
            "latent_dim": Setting(50, CODE + ", the model with one layer"),
            "width": Setting(200, CODE),
            "depth": Setting(2, CODE),
        },
        departures=("The output bias does not start at the data's mean.",),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=50,
        num_classes=None,
        *,
        num_samples=10,
        reconstruction="bernoulli",
        width=200,
        depth=2,
        **kwargs,
    ):
        super().__init__(
            image_shape, latent_dim, num_classes, width=width, depth=depth, **kwargs
        )
        self.num_samples = check_positive_int("num_samples", num_samples)
        self.reconstruction = check_choice(
            "reconstruction", reconstruction, objectives.RECONSTRUCTION_LOSSES
        )
        self.complete()

    def default_optimizers(self):
        return {"autoencoder": training.Adam(1e-3)}

    def player_losses(self, images, labels, noise, training):
        mean, log_variance = self.bind("encoder", labels, training)(images)
        divergence = objectives.gaussian_kl_divergence(mean, log_variance)

        def of_each_sample(x):
            return None if x is None else ops.repeat(x, self.num_samples, axis=0)

        mean, log_variance = of_each_sample(mean), of_each_sample(log_variance)
        latents = self.draw_posterior(mean, log_variance, noise)
        decode = self.bind("decoder", of_each_sample(labels), training)
        loss = objectives.RECONSTRUCTION_LOSSES[self.reconstruction]
        reconstruction = loss(of_each_sample(images), decode(latents))
        log_weights = (
            objectives.gaussian_log_density(latents)
            - objectives.gaussian_log_density(latents, mean, log_variance)
            - reconstruction
        )
        by_image = (-1, self.num_samples)
        return {
            "autoencoder": objectives.importance_weighted_loss(
                ops.reshape(log_weights, by_image)
            ),
            "reconstruction": ops.mean(ops.reshape(reconstruction, by_image), axis=1),
            "kl_divergence": divergence,
        }

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.descend(
            self.optimizer, lambda: self.player_losses(*batch, training=True)
        )
        self.update_average()
        return self.log(losses)
