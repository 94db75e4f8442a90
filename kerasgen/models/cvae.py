"""CVAE: the convolutional variational autoencoder, conditional where labels are given.

Reference: Kingma & Welling 2014, Auto-Encoding Variational Bayes (arXiv:1312.6114);
with `num_classes`, Sohn et al. 2015, Learning Structured Output Representation using
Deep Conditional Generative Models; with `beta` ≠ 1, Higgins et al. 2017, beta-VAE.

    min  E_x[ -E_{q(z|x)}[log p(x|z)] + β · KL(q(z|x) ‖ p(z)) ]

At β = 1 the loss is the negative evidence lower bound (ELBO) in nats per image.

The rate is the better of two that were tried on a held-out part of the training images;
no other size was clearly better there (`results/search/`).
"""

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core import arguments
from kerasgen.core import capabilities
from kerasgen.core.references import Reference
from kerasgen.core.registry import register

REFERENCES = [
    Reference(
        "Kingma & Welling 2014",
        "Auto-Encoding Variational Bayes",
        "ICLR",
        "1312.6114",
    ),
    Reference(
        "Sohn, Lee & Yan 2015",
        "Learning Structured Output Representation using Deep Conditional "
        "Generative Models",
        "NeurIPS",
        "",
    ),
]


@register(family="vae", references=REFERENCES)
class CVAE(capabilities.VariationalModel):
    """Convolutional variational autoencoder.

    Reference: Kingma & Welling 2014 (arXiv:1312.6114), equation 10; Sohn et al. 2015,
    equation 4, when conditional.

    Args:
        image_shape: `(height, width, channels)`; pixels are in [0, 1], height and width
            multiples of 2 to the power of `depth`.
        latent_dim: Number of latents.
        num_classes: Number of classes to condition on, or None.
        beta: Weight of the KL divergence, at least 0.
        reconstruction: The decoder's distribution: `"bernoulli"` (cross-entropy) or
            `"gaussian"` (squared error; unit variance).
        width: Channels of the encoder's first and the decoder's last stage.
        depth: Number of stages that halve or double the image.
        normalization: "batch", "layer", "spectral" or None, in both networks.
        skip_connections: Whether each stage adds its resized input to its output.
        average_momentum: Momentum of the average of the decoder's weights that samples
            are drawn from, or None.
        encoder: The user's own encoder instead of the default one: `keras.Model` from
            images (and labels) to the mean and the log-variance of the latents.
        decoder: Likewise, from latents (and labels) to pixels in [0, 1].
        seed: Seed of the noise drawn in training.
        dtype: Keras dtype policy, such as `"mixed_bfloat16"`; default the global one.
        name: Name of the model.

    Raises:
        ValueError: If an argument is out of range or a network does not fit.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.CVAE(num_classes=10)
    >>> model.fit(kerasgen.data.load("mnist"), epochs=100)
    >>> sevens = model.sample(16, labels=7)
    """

    logged = {
        "loss": "autoencoder",
        "reconstruction_loss": "reconstruction",
        "kl_divergence": "kl_divergence",
    }

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=16,
        num_classes=None,
        *,
        beta=1.0,
        reconstruction="bernoulli",
        width=48,
        depth=2,
        normalization=None,
        skip_connections=False,
        average_momentum=None,
        encoder=None,
        decoder=None,
        seed=None,
        dtype=None,
        name="cvae",
    ):
        super().__init__(
            image_shape, latent_dim, num_classes, average_momentum, seed, dtype, name
        )
        arguments.check_not_negative("beta", beta)
        arguments.check_choice(
            "reconstruction", reconstruction, objectives.RECONSTRUCTION_LOSSES
        )
        switches = {
            "width": width,
            "depth": depth,
            "normalization": normalization,
            "skip_connections": skip_connections,
        }
        self.keep_arguments(beta=beta, reconstruction=reconstruction, **switches)
        with self.building():
            self.add_network(
                "encoder",
                encoder,
                lambda: networks.convolutional_encoder(*self.dimensions, **switches),
                takes=[self.image_shape],
                returns=2 * [(self.latent_dim,)],
            )
            self.add_network(
                "decoder",
                decoder,
                lambda: networks.convolutional_generator(
                    *self.dimensions,
                    hidden_units=4 * width,
                    name="decoder",
                    **switches,
                ),
                takes=[(self.latent_dim,)],
                returns=[self.image_shape],
            )

    def players(self):
        variables = self.decoder.trainable_variables + self.encoder.trainable_variables
        return {"autoencoder": variables}

    def default_optimizers(self):
        return {"autoencoder": training.Adam(2e-3)}

    def losses(self, images, labels, seed_generator, training):
        mean, log_variance = self.encoder(
            arguments.with_labels(images, labels), training=training
        )
        latents = self.draw_posterior(mean, log_variance, seed_generator)
        decoded = self.decoder(
            arguments.with_labels(latents, labels), training=training
        )
        reconstruction = objectives.RECONSTRUCTION_LOSSES[self.reconstruction](
            images, decoded
        )
        kl_divergence = objectives.gaussian_kl_divergence(mean, log_variance)
        return {
            "autoencoder": reconstruction + self.beta * kl_divergence,
            "reconstruction": reconstruction,
            "kl_divergence": kl_divergence,
        }

    def train_step(self, data):
        images, labels = self.unpack(data)
        losses = training.descend(
            self.optimizer,
            lambda: self.losses(images, labels, self.seed_generator, training=True),
        )
        self.update_average()
        return self.log(losses)
