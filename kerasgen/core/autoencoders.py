"""Networks that autoencoders share, so that their files hold what sets them apart."""

from kerasgen import networks
from kerasgen.core.capabilities import ConvolutionalModel
from kerasgen.core.capabilities import EncoderModel
from kerasgen.core.capabilities import VariationalModel


class ConvolutionalAutoencoder(ConvolutionalModel, EncoderModel):
    """The encoder and decoder of the convolutional models with a code. Abstract.

    The decoder is DCGAN's generator, the encoder the body of its discriminator.

    Args:
        encoder_normalization: "batch", "layer", "spectral" or None, in the encoder.

    The other arguments are those of `ConvolutionalModel` and `GenerativeModel`.
    """

    switches = (*ConvolutionalModel.switches, "encoder_normalization")

    def __init__(self, *args, encoder_normalization=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.encoder_normalization = encoder_normalization

    def default_encoder(self):
        encoder = networks.convolutional_encoder(
            *self.dimensions, normalization=self.encoder_normalization, **self.body
        )
        is_point = self.posterior == "point"
        return networks.point_encoder(encoder) if is_point else encoder

    def default_decoder(self):
        return networks.convolutional_generator(
            *self.dimensions, name="decoder", **self.generator_body
        )


class DenseAutoencoder(VariationalModel):
    """A dense encoder of a Gaussian, and a dense decoder. Abstract.

    Args:
        width: Units of each hidden layer.
        depth: Number of hidden layers in the encoder and in the decoder.
        normalization: "batch", "layer", "spectral" or None, in both.
        skip_connections: Whether each hidden layer after the first adds its input.

    The other arguments are those of `GenerativeModel`.
    """

    def __init__(
        self,
        *args,
        width=500,
        depth=1,
        normalization=None,
        skip_connections=False,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.width, self.depth = width, depth
        self.normalization = normalization
        self.skip_connections = skip_connections

    @property
    def body(self):
        """Switches of both networks."""
        names = ("width", "depth", "normalization", "skip_connections")
        return {name: getattr(self, name) for name in names}

    def default_encoder(self):
        return networks.dense_encoder(*self.dimensions, **self.body)

    def default_decoder(self):
        return networks.dense_decoder(*self.dimensions, **self.body)
