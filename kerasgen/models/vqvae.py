"""VQ-VAE: images as grids of codes from a codebook, with a prior over the grids.

    min  E_x[ -log p(x|z_q) + |sg(z_e) - e|² + β · |z_e - sg(e)|² ]
    min  E_x[ -Σ_i log p(c_i | c_1..c_{i-1}) ]

z_e = E(x) is a grid of vectors, e the nearest codebook entries, c their numbers, and
sg stops the gradient; the decoder's reaches the encoder straight through, as if z_q =
z_e. The prior is a PixelCNN. Codes are drawn by its conditional quantiles, one normal
number for each place, so that latents are noise as those of other models.

Departures from the paper: the prior learns at the same time as the codes, by the same
`fit`, and no gradient of its loss reaches them; the paper trains it afterwards. The
encoder's vectors are normalised, without which most codes are never used.
"""

import math

from keras import ops

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_choice
from kerasgen.core.arguments import check_not_negative
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.arguments import in_batches
from kerasgen.core.capabilities import ImageModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register
from kerasgen.inputs import as_array

OORD2017 = Reference(
    "van den Oord, Vinyals & Kavukcuoglu 2017",
    "Neural Discrete Representation Learning",
    "NeurIPS",
    "1711.00937",
)
OORD2016 = Reference(
    "van den Oord, Kalchbrenner & Kavukcuoglu 2016",
    "Pixel Recurrent Neural Networks",
    "ICML",
    "1601.06759",
)
# The paper has no digits.
KERAS_IO = "keras.io, Vector-Quantized Variational Autoencoders"


@register(family="vae", references=[OORD2017, OORD2016])
class VQVAE(ImageModel):
    """Vector-quantised autoencoder, and the autoregressive prior of its codes.

    Reference: van den Oord et al. 2017 (arXiv:1711.00937), equation 3 and section 3.3.

    Args:
        latent_dim: None, or the number of places in the grid.
        codebook_size: Number of codes, at least 2.
        code_dim: Length of each codebook entry.
        commitment_weight: Weight β of the commitment, at least 0.
        reconstruction: The decoder's distribution: "bernoulli" (cross-entropy) or
            "gaussian" (squared error; unit variance).
        width: Channels of the encoder's last and the decoder's first stage.
        depth: Number of stages that halve the image: 2 make a grid of 7x7 of 28x28.
        prior_width: Channels of the prior.
        prior_depth: Number of its residual blocks.

    The other arguments are those of `GenerativeModel`; decoder and prior of a
    conditional model take labels.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.VQVAE()
    >>> images, _ = kerasgen.data.load_arrays("mnist", "train")
    >>> model.fit(images, epochs=30)
    >>> model.tokenize(images[:5]).shape
    (5, 7, 7)
    """

    generator_name = "decoder"
    labelled = ("decoder", "prior")
    averaged = ("prior",)  # decoder and codebook move together
    players = {
        "autoencoder": ["encoder", "quantizer", "decoder"],
        "prior": ["prior"],
    }
    logits = {"prior": [0]}
    logged = {
        "loss": "autoencoder",
        "reconstruction_loss": "reconstruction",
        "commitment_loss": "commitment",
        "prior_loss": "prior",
    }
    published = Published(
        batch_size=Setting(128, KERAS_IO),
        optimizers=Setting(
            lambda: {
                "autoencoder": training.Adam(1e-3),
                "prior": training.Adam(3e-4),
            },
            KERAS_IO,
        ),
        arguments={
            "codebook_size": Setting(128, KERAS_IO),
            "code_dim": Setting(16, KERAS_IO),
            "commitment_weight": Setting(0.25, "section 3.2"),
            "prior_width": Setting(128, KERAS_IO),
            "prior_depth": Setting(2, KERAS_IO),
        },
        departures=("Cross-entropy instead of squares over the data's variance.",),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=None,
        num_classes=None,
        *,
        codebook_size=128,
        code_dim=8,
        commitment_weight=0.25,
        reconstruction="bernoulli",
        width=64,
        depth=2,
        prior_width=64,
        prior_depth=4,
        **kwargs,
    ):
        if kwargs.get("quantizer") is not None:
            raise ValueError(
                "Got a quantizer; expected none, since codebook_size and code_dim make "
                "it. Pass these."
            )
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.codebook_size = check_positive_int("codebook_size", codebook_size)
        self.code_dim = check_positive_int("code_dim", code_dim)
        self.commitment_weight = check_not_negative(
            "commitment_weight", commitment_weight
        )
        self.reconstruction = check_choice(
            "reconstruction", reconstruction, objectives.RECONSTRUCTION_LOSSES
        )
        self.width, self.depth = width, check_positive_int("depth", depth)
        self.prior_width, self.prior_depth = prior_width, prior_depth
        self.latent_dim = math.prod(self.grid_shape)
        if latent_dim not in (None, self.latent_dim):
            raise ValueError(
                f"Got latent_dim={latent_dim}; expected None or {self.latent_dim}, the "
                "places of the grid. Leave it out, or change depth."
            )
        self.complete()

    @property
    def grid_shape(self):
        """Height and width of the grid of codes."""
        return tuple(side // 2**self.depth for side in self.image_shape[:2])

    def network_forms(self):
        vectors = (*self.grid_shape, self.code_dim)
        logits = (*self.grid_shape, self.codebook_size)
        return {
            "encoder": ([self.image_shape], [vectors]),
            "quantizer": ([vectors], [self.grid_shape]),
            "decoder": ([vectors], [self.image_shape]),
            "prior": ([self.grid_shape], [logits]),
        }

    def default_encoder(self):
        body = {"width": self.width, "depth": self.depth}
        return networks.grid_encoder(self.image_shape, self.code_dim, **body)

    def default_quantizer(self):
        return networks.VectorQuantizer(self.codebook_size, self.code_dim)

    def default_decoder(self):
        image_shape, _, num_classes = self.dimensions
        body = {"width": self.width, "depth": self.depth}
        return networks.grid_decoder(image_shape, self.code_dim, num_classes, **body)

    def default_prior(self):
        return networks.pixel_cnn(
            self.grid_shape,
            self.codebook_size,
            self.num_classes,
            width=self.prior_width,
            depth=self.prior_depth,
        )

    def default_optimizers(self):
        return {"autoencoder": training.Adam(2e-3), "prior": training.Adam(1e-3)}

    def player_losses(self, images, labels, noise, training):
        encode, _, decode, predict = self.bound(labels, training)
        encoded = encode(images)
        codes = self.quantizer(encoded)
        entries = self.quantizer.lookup(codes)
        decoded = decode(objectives.straight_through(encoded, entries))
        loss = objectives.RECONSTRUCTION_LOSSES[self.reconstruction]
        reconstruction = loss(images, decoded)
        commitment = objectives.commitment_loss(encoded, entries)
        chosen = ops.one_hot(codes, self.codebook_size, dtype="float32")
        log_shares = ops.log_softmax(predict(codes), axis=-1)
        return {
            "autoencoder": reconstruction
            + objectives.codebook_loss(encoded, entries)
            + self.commitment_weight * commitment,
            "prior": -ops.sum(chosen * log_shares, axis=(1, 2, 3)),
            "reconstruction": reconstruction,
            "commitment": commitment,
        }

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.descend(
            self.optimizer, lambda: self.player_losses(*batch, training=True)
        )
        self.update_average()
        return self.log(losses)

    # Codes

    def call(self, inputs, training=False):
        """Images from noise, or from `[noise, labels]`."""
        latents, *labels = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        return self.decode(latents, *labels)

    def decode(self, latents, labels=None):
        """Images from noise, as a tensor: the prior makes codes of it, one by one."""
        prior = self.averages.get("prior", self.prior)
        codes = networks.ancestral_codes(prior, latents, labels)
        return self.decode_codes(codes, labels)

    def decode_codes(self, codes, labels=None):
        """Images from grids of codes, as a tensor.

        Args:
            codes: int32 tensor of shape `(num, *grid_shape)`.
            labels: int32 tensor of shape `(num,)` for a conditional model.

        Returns:
            float32 pixels in [0, 1], shape `(num, *image_shape)`.
        """
        labels = None if labels is None else ops.cast(labels, "int32")
        decode = self.bind("decoder", labels, training=False)
        return decode(self.quantizer.lookup(codes))

    def tokenize(self, images):
        """Codes of images: the numbers of their vectors' nearest entries.

        Args:
            images: uint8 or floats in [0, 1], shape `(num, *image_shape)`.

        Returns:
            NumPy int32 numbers of codebook entries, shape `(num, *grid_shape)`.

        Raises:
            ValueError: If the images do not fit the model.
        """
        return self.apply_to_images(self.codes_in_graph, images, None, "encoder")

    def detokenize(self, codes, labels=None):
        """Images of codes: the way back from `tokenize`.

        Args:
            codes: Integers of shape `(num, *grid_shape)`.
            labels: Class of each image, or one for all, for a conditional model.

        Returns:
            NumPy float32 pixels in [0, 1], shape `(num, *image_shape)`.

        Raises:
            ValueError: If the codes are no numbers of entries, or the labels do not
                fit.
        """
        codes = as_array("codes", codes)
        if codes.dtype.kind not in "iu" or codes.shape[1:] != self.grid_shape:
            raise ValueError(
                f"Got codes of shape {codes.shape} and dtype {codes.dtype}; expected "
                f"integers of shape (num, {', '.join(map(str, self.grid_shape))}). "
                "Pass what `tokenize` returns."
            )
        if not codes.size or not 0 <= codes.min() <= codes.max() < self.codebook_size:
            came = f"{codes.min()}..{codes.max()}" if codes.size else "an empty array"
            raise ValueError(
                f"Got codes in {came}; expected 0..{self.codebook_size - 1}, the "
                "entries of this model's codebook. Pass what its `tokenize` returns."
            )
        labels = self.check_labels(labels, len(codes), required=True)
        return in_batches(self.decode_codes, codes.astype("int32"), labels)

    def codes_in_graph(self, images):
        """Codes of images as a tensor."""
        return self.quantizer(self.encoder(images, training=False))

    def reconstruct(self, images, labels=None):
        """Images decoded from their codes.

        Args:
            images: uint8 or floats in [0, 1], shape `(num, *image_shape)`.
            labels: Class of each image, for a conditional model.

        Returns:
            NumPy float32 pixels in [0, 1], shape `(num, *image_shape)`.

        Raises:
            ValueError: If the images or labels do not fit the model.
        """

        def restored(*inputs):
            return self._reconstruct_endpoint(*inputs)["images"]

        return self.apply_to_images(restored, images, labels, "decoder")

    def endpoints(self):
        signature = self.image_signature("decoder")
        own = {"reconstruct": (self._reconstruct_endpoint, signature)}
        return super().endpoints() | own

    def _reconstruct_endpoint(self, images, labels=None):
        return {"images": self.decode_codes(self.codes_in_graph(images), labels)}
