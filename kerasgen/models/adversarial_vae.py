"""Adversarial VAE: a variational autoencoder plus a game between joint distributions.

This is the comparison paper's own model, in the reading that type-checks. As printed,

    L = L_recon - β · L_KL + λ · L_adv,   L_adv = log D(x, z) + log(1 - D(x, G(z)))

with L_KL = ½ Σ (1 + log σ² - μ² - σ²), which is minus the divergence; the second D gets
two images. Here the discriminator judges pairs, as in ALI (Dumoulin et al. 2017,
arXiv:1606.00704) and BiGAN (Donahue et al. 2017, arXiv:1605.09782): it tells
(x, z ~ q(z|x)) from (G(z), z ~ p(z)), and encoder and decoder together minimise

    E_x[ -E_q[log p(x|z)] + β · KL(q(z|x) ‖ p(z)) ] + λ · (their side of the game)

where their side is non-saturating, -log(1 - D(x, z)) - log D(G(z), z). With an ideal
discriminator that is, up to a constant, KL(q‖p) + KL(p‖q) - 2·JS(q, p) of the joints
q = p_data(x) q(z|x) and p = p(z) δ(x - G(z)); the minimax form would be 2·JS. Both are
least where q = p, which is also where the ELBO at β = 1 is greatest if the model can
reach it, so then the optimum does not move; the ELBO has the decoder's distribution
where the game sees its mean.

It is not AVB (Mescheder et al. 2017: the adversary replaces the KL), not an AAE
(Makhzani et al. 2015: D(z)) and not VAE/GAN (Larsen et al. 2016: D(x)). The nearest
published models are ALICE (Li et al. 2017), which has no KL term, and ALI plus an ELBO.

The default λ = 30 was chosen on a held-out part of the training images (λ = 10 was as
good there, see `results/search/`): likelihoods are sums over 784 pixels, and at λ = 1
samples differ little from a CVAE's. The discriminator is spectrally normalised; without
that it won outright within two epochs.
The gradient of encoder and decoder is clipped at a norm of 500 for 784 pixels, some 4
times what it is on MNIST (Pascanu et al. 2013, arXiv:1211.5063): with beta_1 = 0.5 Adam
follows a single step that is far off, and one training ended so in its sixth epoch.
"""

import math

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core import arguments
from kerasgen.core import capabilities
from kerasgen.core.references import Reference
from kerasgen.core.registry import register

REFERENCES = [
    Reference(
        "Jaiswal",
        "Comparative Analysis of GANs and VAEs using MNIST Dataset",
        "CAP6610 Machine Learning project report",
        "",
    ),
    Reference(
        "Donahue, Krähenbühl & Darrell 2017",
        "Adversarial Feature Learning",
        "ICLR",
        "1605.09782",
    ),
    Reference(
        "Dumoulin et al. 2017",
        "Adversarially Learned Inference",
        "ICLR",
        "1606.00704",
    ),
]


@register(family="hybrid", references=REFERENCES)
class AdversarialVAE(capabilities.VariationalModel, capabilities.AdversarialModel):
    """ELBO plus ALI: the comparison's "Adversarial VAE", with a joint discriminator.

    Reference: Kingma & Welling 2014 (arXiv:1312.6114), equation 10; Dumoulin et al.
    2017 (arXiv:1606.00704), equation 1.

    Args:
        image_shape: `(height, width, channels)`; pixels are in [0, 1], height and width
            multiples of 2 to the power of `depth`.
        latent_dim: Number of latents.
        num_classes: Number of classes to condition on, or None.
        beta: Weight of the KL divergence, at least 0.
        adversarial_weight: λ, the weight of the game for encoder and decoder, at
            least 0.
        reconstruction: The decoder's distribution: `"bernoulli"` (cross-entropy) or
            `"gaussian"` (squared error; unit variance).
        width: Channels of the stage nearest to the image in every network.
        depth: Number of stages that halve or double the image.
        normalization: "batch", "layer", "spectral" or None, in encoder and decoder.
        discriminator_normalization: Likewise, in the discriminator.
        skip_connections: Whether each stage adds its resized input to its output.
        average_momentum: Momentum of the average of the decoder's weights that samples
            are drawn from, or None.
        encoder: The user's own encoder instead of the default one: `keras.Model` from
            images (and labels) to the mean and the log-variance of the latents.
        decoder: Likewise, from latents (and labels) to pixels in [0, 1].
        discriminator: Likewise, from images and latents (and labels) to logits of shape
            `(batch,)`.
        seed: Seed of the noise drawn in training.
        dtype: Keras dtype policy, such as `"mixed_bfloat16"`; default the global one.
        name: Name of the model.

    Raises:
        ValueError: If an argument is out of range or a network does not fit.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.AdversarialVAE()
    >>> model.fit(kerasgen.data.load("mnist"), epochs=100)
    >>> images, _ = kerasgen.data.load_arrays("mnist", "test")
    >>> restored = model.reconstruct(images[:16])
    """

    logged = {
        "loss": "autoencoder",
        "reconstruction_loss": "reconstruction",
        "kl_divergence": "kl_divergence",
        "adversarial_loss": "adversarial",
        "discriminator_loss": "discriminator",
    }

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=16,
        num_classes=None,
        *,
        beta=1.0,
        adversarial_weight=30.0,
        reconstruction="bernoulli",
        width=48,
        depth=2,
        normalization=None,
        discriminator_normalization="spectral",
        skip_connections=False,
        average_momentum=0.999,
        encoder=None,
        decoder=None,
        discriminator=None,
        seed=None,
        dtype=None,
        name="adversarial_vae",
    ):
        super().__init__(
            image_shape, latent_dim, num_classes, average_momentum, seed, dtype, name
        )
        arguments.check_not_negative("beta", beta)
        arguments.check_not_negative("adversarial_weight", adversarial_weight)
        arguments.check_choice(
            "reconstruction", reconstruction, objectives.RECONSTRUCTION_LOSSES
        )
        body = {"width": width, "depth": depth, "skip_connections": skip_connections}
        switches = {"normalization": normalization, **body}
        self.keep_arguments(
            beta=beta,
            adversarial_weight=adversarial_weight,
            reconstruction=reconstruction,
            discriminator_normalization=discriminator_normalization,
            **switches,
        )
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
            self.add_network(
                "discriminator",
                discriminator,
                lambda: networks.convolutional_discriminator(
                    self.image_shape,
                    self.num_classes,
                    latent_dim=self.latent_dim,
                    normalization=discriminator_normalization,
                    **body,
                ),
                takes=[self.image_shape, (self.latent_dim,)],
                returns=[()],
            )

    def players(self):
        variables = self.decoder.trainable_variables + self.encoder.trainable_variables
        return {
            "autoencoder": variables,
            "discriminator": self.discriminator.trainable_variables,
        }

    def default_optimizers(self):
        # The loss is a sum over pixels, and so are its gradients.
        clipnorm = 500.0 * math.prod(self.image_shape) / math.prod((28, 28, 1))
        return {
            "autoencoder": training.Adam(1e-3, beta_1=0.5, global_clipnorm=clipnorm),
            "discriminator": training.Adam(1e-3, beta_1=0.5),
        }

    def losses(self, images, labels, seed_generator, training):
        mean, log_variance = self.encoder(
            arguments.with_labels(images, labels), training=training
        )
        codes = self.draw_posterior(mean, log_variance, seed_generator)
        latents = self.draw_latents(images, seed_generator)
        decoded, fakes = (
            self.decoder(arguments.with_labels(code, labels), training=training)
            for code in (codes, latents)
        )
        real, fake = (
            self.discriminator(
                arguments.with_labels([*pair], labels), training=training
            )
            for pair in ((images, codes), (fakes, latents))
        )
        reconstruction = objectives.RECONSTRUCTION_LOSSES[self.reconstruction](
            images, decoded
        )
        kl_divergence = objectives.gaussian_kl_divergence(mean, log_variance)
        # The same cross-entropy with the labels "real" and "fake" exchanged.
        adversarial = objectives.cross_entropy_discriminator_loss(fake, real)
        return {
            "autoencoder": reconstruction
            + self.beta * kl_divergence
            + self.adversarial_weight * adversarial,
            "discriminator": objectives.cross_entropy_discriminator_loss(real, fake),
            "reconstruction": reconstruction,
            "kl_divergence": kl_divergence,
            "adversarial": adversarial,
        }

    def train_step(self, data):
        images, labels = self.unpack(data)
        losses = training.descend(
            self.optimizer,
            lambda: self.losses(images, labels, self.seed_generator, training=True),
        )
        self.update_average()
        return self.log(losses)

    def judged(self, images, *labels):
        mean, _ = self.encoder(arguments.one_or_list((images, *labels)), training=False)
        return [images, mean, *labels]
