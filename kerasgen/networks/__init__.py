"""Generators, discriminators, encoders, decoders: functions that return Models."""

from kerasgen.networks.convolutional import convolutional_discriminator
from kerasgen.networks.convolutional import convolutional_encoder
from kerasgen.networks.convolutional import convolutional_generator
from kerasgen.networks.dense import dense_discriminator
from kerasgen.networks.dense import dense_generator
