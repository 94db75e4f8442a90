"""AVB: a variational autoencoder whose posterior needs no density.

    min_T  E_x[ E_{q(ẑ|x)}[sp(-T(x, ẑ))] + E_{N(0, I)}[sp(T(x, ẑ))] ]
    min    E_x E_{q(z|x)}[ -log p(x|z) + T(x, ẑ) + log r(z|x) - log p(z) ]

with ẑ = L(x)⁻¹ (z - μ(x)) and r(z|x) = N(μ(x), L(x) L(x)ᵀ): adaptive contrast. The best
T is log q - log r, so the second line is the negative ELBO of the implicit q. Where T
lags it is no bound: judge a model by the importance-weighted bound with r as the
proposal. T counts as fixed where the autoencoder moves.

The posterior is z = z_0(x) + Σ_k a_k(x) · v_k(ε_k) with v_k networks of noise, whose
moments over the batch are those of z: μ = z_0 + Σ a_k E[v_k], and the covariance is
Σ_k diag(a_k) Cov[v_k] diag(a_k).

In the paper r takes the variances alone (`contrast="diagonal"`), and correlations are
T's to find. But T is learned by a logistic loss, which says little of how far q and r
are apart once it parts them: on digits the noise shrank to a line, where log r saw
nothing wrong and T a few nats of many. By default r takes the whole covariance.

Departures from the paper: that default, the house's convolutions in all networks, a
discriminator of the joined image and code instead of an inner product, other rates.
"""

import numpy as np
import tensorflow as tf
from keras import ops

from kerasgen import networks
from kerasgen import objectives
from kerasgen import replicas
from kerasgen import training
from kerasgen.core.arguments import check_choice
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.autoencoders import ConvolutionalAutoencoder
from kerasgen.core.capabilities import AdversarialModel
from kerasgen.core.capabilities import VariationalModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register
from kerasgen.training import next_seed
from kerasgen.training import normal
from kerasgen.training import sampling_seed

MESCHEDER2017 = Reference(
    "Mescheder, Nowozin & Geiger 2017",
    "Adversarial Variational Bayes: Unifying Variational Autoencoders and Generative "
    "Adversarial Networks",
    "ICML",
    "1701.04722",
)
CODE = "the authors' experiments/avb_mnist_32_ac/run.py"
# Draws for the moments of the noise's part in `encode`, the same in every call.
MOMENT_DRAWS, MOMENT_SEED = 1000, (0, -3)
DRAWN = 1000  # codes at a time
# Added to the variances, as in the code: the bases could agree on a point.
VARIANCE_FLOOR = 1e-4
CONTRASTS = ("full", "diagonal")


@register(family="hybrid", references=[MESCHEDER2017])
class AVB(ConvolutionalAutoencoder, VariationalModel, AdversarialModel):
    """Adversarial variational Bayes with adaptive contrast.

    Reference: Mescheder et al. 2017 (arXiv:1701.04722), Algorithm 2.

    Args:
        bases: Number K of networks of noise.
        noise_dim: Standard normal numbers that each takes.
        contrast: Covariance of r(z|x): "full", or "diagonal" as in the paper.
        reconstruction: The decoder's distribution: "bernoulli" (cross-entropy) or
            "gaussian" (squared error; unit variance).
        discriminator_normalization: "batch", "layer", "spectral" or None, in the
            discriminator.

    The other arguments are those of `ConvolutionalAutoencoder`, `ConvolutionalModel`
    and `GenerativeModel`. `encode` returns the moments of the posterior, and
    `kl_divergence` is the discriminator's estimate.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.AVB()
    >>> model.fit(kerasgen.data.load("mnist"), epochs=100)
    >>> images = model.sample(16, seed=0)
    """

    judges = "pairs"
    labelled = ("encoder", "decoder", "discriminator")
    players = {
        "autoencoder": ["encoder", "bases_of_noise", "decoder"],
        "discriminator": ["discriminator"],
    }
    logged = {
        "loss": "autoencoder",
        "reconstruction_loss": "reconstruction",
        "kl_divergence": "kl_divergence",
        "discriminator_loss": "discriminator",
    }
    published = Published(
        batch_size=Setting(128, CODE),
        optimizers=Setting(
            lambda: {
                "autoencoder": training.Adam(5e-5, beta_1=0.5),
                "discriminator": training.Adam(1e-4, beta_1=0.5),
            },
            CODE,
        ),
        arguments={
            "latent_dim": Setting(32, CODE),
            "bases": Setting(32, CODE),
            "noise_dim": Setting(64, CODE),
            "contrast": Setting("diagonal", CODE),
            "normalization": Setting(None, CODE),
        },
        departures=(
            "Two stages of 32 and 64 channels, not three up to 512.",
            "The networks of noise have two hidden layers of 64, not three of 128.",
            "Amplitudes are 1 + elu(a) instead of 1 + elu(a - 5), which starts near 0.",
        ),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=16,
        num_classes=None,
        *,
        bases=16,
        noise_dim=16,
        contrast="full",
        reconstruction="bernoulli",
        discriminator_normalization=None,
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.bases = check_positive_int("bases", bases)
        self.noise_dim = check_positive_int("noise_dim", noise_dim)
        self.contrast = check_choice("contrast", contrast, CONTRASTS)
        self.reconstruction = check_choice(
            "reconstruction", reconstruction, objectives.RECONSTRUCTION_LOSSES
        )
        self.discriminator_normalization = discriminator_normalization
        self.complete()

    def network_forms(self):
        vectors = (self.bases, self.latent_dim)
        return super().network_forms() | {
            "encoder": ([self.image_shape], [self.latent_shape, vectors]),
            "bases_of_noise": ([(self.bases, self.noise_dim)], [vectors]),
        }

    def default_encoder(self):
        encoder = super().default_encoder()
        return networks.base_encoder(encoder, self.latent_dim, self.bases)

    def default_bases_of_noise(self):
        return networks.noise_bases(
            self.latent_dim,
            bases=self.bases,
            noise_dim=self.noise_dim,
            width=2 * self.width,
        )

    def default_discriminator(self):
        return networks.convolutional_discriminator(
            self.image_shape,
            self.num_classes,
            latent_dim=self.latent_dim,
            normalization=self.discriminator_normalization,
            **self.body,
        )

    def default_optimizers(self):
        return {
            # With the whole covariance in r little is left for T, which may be slow.
            # At twice the autoencoder's rate a training on digits exploded.
            "autoencoder": training.Adam(1e-3, beta_1=0.5),
            "discriminator": training.Adam(2e-4, beta_1=0.5),
        }

    def draw_bases(self, num, seed, training):
        """The vectors v_k(ε_k) of some draws, `(num, bases, latent_dim)`."""
        noise = normal(ops.stack([num, self.bases, self.noise_dim]), seed)
        return self.bases_of_noise(noise, training=training)

    def moment_bases(self, training=False):
        """The vectors of fixed draws, equal on every replica: no rows of a batch."""
        shape = (MOMENT_DRAWS, self.bases, self.noise_dim)
        noise = tf.random.stateless_normal(shape, MOMENT_SEED, alg="philox")
        return self.bases_of_noise(noise, training=training)

    def moments(self, encoded, vectors, contrast):
        """Mean and covariance of z, by the moments of the vectors over their draws.

        Args:
            encoded: Outputs of the encoder, z_0 and the amplitudes a_k.
            vectors: Draws of v_k, shape `(num, bases, latent_dim)`.
            contrast: "full", or "diagonal" for the variances alone.

        Returns:
            Pair of shapes `(batch, latent_dim)` and `(batch, latent_dim, latent_dim)`,
            or twice the former.
        """
        start, amplitudes = encoded
        centres = ops.mean(vectors, axis=0)
        mean = start + ops.sum(amplitudes * centres, axis=1)
        if contrast == "diagonal":
            spreads = ops.square(amplitudes) * ops.var(vectors, axis=0)
            return mean, ops.sum(spreads, axis=1) + VARIANCE_FLOOR
        centred = vectors - centres
        num = ops.cast(ops.shape(vectors)[0], vectors.dtype)
        spreads = ops.einsum("nki,nkj->kij", centred, centred) / num
        covariance = ops.einsum("bki,kij,bkj->bij", amplitudes, spreads, amplitudes)
        floor = VARIANCE_FLOOR * ops.eye(self.latent_dim, dtype="float32")
        return mean, covariance + floor

    def player_losses(self, images, labels, noise, training):
        encode, _, decode, T = self.bound(labels, training)
        encoded = encode(images)
        vectors = self.draw_bases(ops.shape(images)[0], next_seed(noise), training)
        latents = encoded[0] + ops.sum(encoded[1] * vectors, axis=1)
        # Outside of training an image's loss depends on no other image.
        vectors = replicas.whole(vectors) if training else self.moment_bases()
        moments = self.moments(encoded, vectors, self.contrast)
        codes, log_determinant = objectives.normalized_codes(
            latents, *map(ops.stop_gradient, moments)
        )
        posterior, prior = T(images, codes), T(images, self.draw_latents(images, noise))
        loss = objectives.RECONSTRUCTION_LOSSES[self.reconstruction]
        reconstruction = loss(images, decode(latents))
        kl_divergence = objectives.adaptive_contrast_kl(
            posterior, latents, codes, log_determinant
        )
        return {
            "autoencoder": reconstruction + kl_divergence,
            "discriminator": objectives.cross_entropy_discriminator_loss(
                posterior, prior
            ),
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

    # The posterior's moments stand for it outside of training.

    def moments_in_graph(self, images, labels, contrast, training=False):
        """Mean and covariance of q(z|x) as tensors; see `moments`."""
        encoded = self.bind("encoder", labels, training)(images)
        return self.moments(encoded, self.moment_bases(training), contrast)

    def posterior_in_graph(self, images, labels=None, training=False):
        """`(mean, log_variance)` of q(z|x) as tensors."""
        mean, variance = self.moments_in_graph(images, labels, "diagonal", training)
        return mean, ops.log(variance)

    def posterior_factors(self, images, labels=None):
        """The mean of q(z|x) and the Cholesky factor of its covariance.

        Args:
            images: uint8 or floats in [0, 1], shape `(num, *image_shape)`.
            labels: Class of each image, for a conditional model.

        Returns:
            NumPy float32 of shapes `(num, latent_dim)` and `(num, latent_dim,
            latent_dim)`.

        Raises:
            ValueError: If the images or labels do not fit the model.
        """

        def factors(images, labels=None):
            mean, covariance = self.moments_in_graph(images, labels, "full")
            return mean, ops.cholesky(covariance)

        return self.apply_to_images(factors, images, labels, "encoder")

    def draw_codes(self, images, labels=None, *, seed=0):
        """One draw of q(z|x) itself for each image; see `EncoderModel.draw_codes`."""

        def encoded(images, labels=None):
            return self.bind("encoder", labels, False)(images)

        start, amplitudes = self.apply_to_images(encoded, images, labels, "encoder")
        codes, first = np.empty_like(start), np.asarray(sampling_seed(seed))
        for place in range(0, len(start), DRAWN):
            part = slice(place, place + DRAWN)
            own = first + np.array([0, place], first.dtype)
            vectors = self.draw_bases(len(start[part]), own, False)
            found = amplitudes[part] * ops.convert_to_numpy(vectors)
            codes[part] = start[part] + found.sum(axis=1)
        return codes

    def codes_in_graph(self, images, labels=None, training=False):
        return self.posterior_in_graph(images, labels, training)[0]

    def encode(self, images, labels=None):
        """The moments of the posterior q(z|x) of images; see `EncoderModel.encode`."""
        return self.apply_to_images(self.posterior_in_graph, images, labels, "encoder")

    def judged(self, images, labels):
        """An image and the origin, where ẑ of its mean lies."""
        return [images, ops.zeros((ops.shape(images)[0], self.latent_dim))]

    def _encode_endpoint(self, images, labels=None):
        mean, log_variance = self.posterior_in_graph(images, labels)
        return {"mean": mean, "log_variance": log_variance}
