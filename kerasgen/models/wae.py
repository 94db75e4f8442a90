"""WAE: the Wasserstein autoencoder, whose codes as a whole follow the prior.

    min  E_x[ |x - G(E(x))|² ] + λ · MMD²(q(z), p(z))

q(z) is the distribution of all codes E(x), which need no spread of their own; MMD is
the maximum mean discrepancy with inverse multiquadratic kernels, estimated from a batch
without bias. The first term is the optimal transport cost for which the decoder is
trained, where q(z) = p(z).

Departures from the paper: smaller networks, 2e-3 as the rate, and a sum over pixels:
λ = 200 is the paper's 10, whose code weighs that sum by 0.05.
"""

from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_not_negative
from kerasgen.core.autoencoders import ConvolutionalAutoencoder
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register

TOLSTIKHIN2018 = Reference(
    "Tolstikhin et al. 2018", "Wasserstein Auto-Encoders", "ICLR", "1711.01558"
)
CODE = "github.com/tolstikhin/wae, configs.py"


@register(family="vae", references=[TOLSTIKHIN2018])
class WAE(ConvolutionalAutoencoder):
    """Wasserstein autoencoder with a penalty by maximum mean discrepancy.

    Reference: Tolstikhin et al. 2018 (arXiv:1711.01558), Algorithm 2.

    Args:
        discrepancy_weight: Weight λ of MMD² beside the squared error summed over
            pixels, at least 0.
        encoder_normalization: "batch", "layer", "spectral" or None, in the encoder.

    The other arguments are those of `ConvolutionalAutoencoder`, `ConvolutionalModel`
    and `GenerativeModel`.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.WAE()
    >>> model.fit(kerasgen.data.load("mnist"), epochs=100)
    >>> images = model.sample(16, seed=0)
    """

    posterior = "point"
    players = {"autoencoder": ["encoder", "decoder"]}
    logged = {
        "loss": "autoencoder",
        "reconstruction_loss": "reconstruction",
        "mean_discrepancy": "mean_discrepancy",
    }
    published = Published(
        batch_size=Setting(100, CODE),
        optimizers=Setting(lambda: training.Adam(1e-3, beta_1=0.5), CODE),
        arguments={
            "latent_dim": Setting(8, CODE),
            "discrepancy_weight": Setting(
                200.0, CODE + ": λ = 10 beside 0.05 · squares"
            ),
        },
        departures=(
            "Two stages of 32 and 64 channels instead of four up to 1,024.",
            "The rate stays, the encoder is not pretrained and gets no noise.",
        ),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=8,
        num_classes=None,
        *,
        discrepancy_weight=200.0,
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
        self.discrepancy_weight = check_not_negative(
            "discrepancy_weight", discrepancy_weight
        )
        self.complete()

    def default_optimizers(self):
        return {"autoencoder": training.Adam(2e-3, beta_1=0.5)}

    def player_losses(self, images, labels, noise, training):
        encode, decode = self.bound(labels, training)
        codes = encode(images)
        reconstruction = objectives.squared_error_loss(images, decode(codes))
        discrepancy = objectives.mean_discrepancy_loss(
            codes, self.draw_latents(images, noise)
        )
        return {
            "autoencoder": reconstruction + self.discrepancy_weight * discrepancy,
            "reconstruction": reconstruction,
            "mean_discrepancy": discrepancy,
        }

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.descend(
            self.optimizer, lambda: self.player_losses(*batch, training=True)
        )
        self.update_average()
        return self.log(losses)
