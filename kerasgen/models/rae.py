"""RAE: a regularised autoencoder, whose prior is fitted to its codes afterwards.

    min  E_x[ |x - G(E(x))|² + β · ½|E(x)|² + γ · ½|∇G(E(x))|² ] + λ · |θ_G|²

What a VAE gets from noise, a smooth decoder, is had from a penalty on the decoder's
weights or on its slope (γ > 0), and on the codes lest they grow in return. No code is
drawn in training, so there is no prior either: call `fit_prior` on the training images
before sampling.

Departures from the paper: smaller networks; Adam at 2e-3. The decoder's slope is a
Jacobian of all pixels: its squared length is estimated without bias by one random
direction v for each image, E|∇(v · G)|² = |∇G|², where the authors' code takes the
gradient of the sum of the squared pixels. The paper's third penalty, on singular
values, is a switch (`normalization="spectral"`).
"""

from keras import ops

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_not_negative
from kerasgen.core.autoencoders import ConvolutionalAutoencoder
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register
from kerasgen.training import input_gradient
from kerasgen.training import next_seed
from kerasgen.training import normal

GHOSH2020 = Reference(
    "Ghosh et al. 2020",
    "From Variational to Deterministic Autoencoders",
    "ICLR",
    "1903.12436",
)
CODE = "the authors' configurations/config.py, in sums over pixels"


@register(family="vae", references=[GHOSH2020])
class RAE(ConvolutionalAutoencoder):
    """Deterministic autoencoder with penalties on its codes and on its decoder.

    Reference: Ghosh et al. 2020 (arXiv:1903.12436), equations 9 to 11.

    Args:
        code_weight: Weight β of half the squared length of a code, at least 0.
        decoder_weight: Weight λ of the squares of the decoder's kernels, at least 0.
        gradient_weight: Weight γ of half the squared slope of the decoder at the codes,
            at least 0. Above 0 it costs a second derivative, and the decoder must not
            have batch normalisation, whose slopes mix images.
        encoder_normalization: "batch", "layer", "spectral" or None, in the encoder.

    The other arguments are those of `ConvolutionalAutoencoder`, `ConvolutionalModel`
    and `GenerativeModel`.

    Raises:
        ValueError: If `gradient_weight` meets a decoder with batch normalisation.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.RAE()
    >>> images, _ = kerasgen.data.load_arrays("mnist", "train")
    >>> model.fit(images, epochs=100)
    >>> samples = model.fit_prior(images).sample(16, seed=0)
    """

    posterior = "point"
    players = {"autoencoder": ["encoder", "decoder"]}
    logged = {
        "loss": "autoencoder",
        "reconstruction_loss": "reconstruction",
        "code_penalty": "code_penalty",
    }
    published = Published(
        batch_size=Setting(100, CODE),
        optimizers=Setting(lambda: training.Adam(5e-4), CODE),
        arguments={
            "latent_dim": Setting(16, CODE),
            "code_weight": Setting(0.0128, CODE),
            "decoder_weight": Setting(1e-4, CODE),
        },
        departures=("Two stages of 32 and 64 channels instead of four up to 1,024.",),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=16,
        num_classes=None,
        *,
        code_weight=0.0128,
        decoder_weight=1e-4,
        gradient_weight=0.0,
        encoder_normalization="batch",
        **kwargs,
    ):
        super().__init__(
            image_shape,
            latent_dim,
            num_classes,
            encoder_normalization=encoder_normalization,
            **kwargs,
        )
        self.code_weight = check_not_negative("code_weight", code_weight)
        self.decoder_weight = check_not_negative("decoder_weight", decoder_weight)
        self.gradient_weight = check_not_negative("gradient_weight", gradient_weight)
        self.complete()
        if self.gradient_weight:
            networks.check_judges_alone("decoder", self.decoder)

    def default_optimizers(self):
        return {"autoencoder": training.Adam(2e-3)}

    def player_losses(self, images, labels, noise, training):
        encode, decode = self.bound(labels, training)
        codes = encode(images)
        reconstruction = objectives.squared_error_loss(images, decode(codes))
        code_penalty = 0.5 * ops.sum(ops.square(codes), axis=-1)
        penalty = self.code_weight * code_penalty
        penalty += self.decoder_weight * self.decoder_norm()
        if self.gradient_weight:
            penalty += self.gradient_weight * self.slope_penalty(codes, decode, noise)
        return {
            "autoencoder": reconstruction + penalty,
            "reconstruction": reconstruction,
            "code_penalty": code_penalty,
        }

    def slope_penalty(self, codes, decode, noise):
        """Half the squared slope of the decoder at each code, along a direction."""
        shape = (ops.shape(codes)[0], *self.image_shape)
        direction = normal(ops.stack(shape), next_seed(noise))

        def along(codes):
            return ops.sum(direction * decode(codes), axis=(1, 2, 3))

        return objectives.zero_centred_penalty(input_gradient(along, codes))

    def decoder_norm(self):
        """Sum of the squares of the decoder's kernels; shifts and scales are free."""
        kernels = [v for v in self.decoder.trainable_variables if v.name == "kernel"]
        return sum(ops.sum(ops.square(ops.cast(v, "float32"))) for v in kernels)

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.descend(
            self.optimizer, lambda: self.player_losses(*batch, training=True)
        )
        self.update_average()
        return self.log(losses)
