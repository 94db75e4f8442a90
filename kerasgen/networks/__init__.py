"""Generators, discriminators, encoders, decoders: functions that return Models."""

from kerasgen.networks.autoregressive import ancestral_codes
from kerasgen.networks.autoregressive import pixel_cnn
from kerasgen.networks.code_networks import base_encoder
from kerasgen.networks.code_networks import code_discriminator
from kerasgen.networks.code_networks import noise_bases
from kerasgen.networks.convolutional import convolutional_discriminator
from kerasgen.networks.convolutional import convolutional_encoder
from kerasgen.networks.convolutional import convolutional_generator
from kerasgen.networks.dense import dense_discriminator
from kerasgen.networks.dense import dense_generator
from kerasgen.networks.dense import maxout_discriminator
from kerasgen.networks.dense import rectifier_generator
from kerasgen.networks.dense_autoencoder import dense_decoder
from kerasgen.networks.dense_autoencoder import dense_encoder
from kerasgen.networks.dense_autoencoder import point_encoder
from kerasgen.networks.quantizer import VectorQuantizer
from kerasgen.networks.quantizer import grid_decoder
from kerasgen.networks.quantizer import grid_encoder
from kerasgen.networks.unet import unet
