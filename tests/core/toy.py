"""Two models of 8x8 images that train in no time: what all models share, tested once.

They hold everything that has a state: batch statistics, dropout, averages, noise.
"""

import keras
from keras import layers

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_fraction
from kerasgen.core.capabilities import AdversarialModel
from kerasgen.core.capabilities import VariationalModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference

PAPER = Reference("Nobody 2026", "A Toy Game", "A test", "")
BODY = {"width": 4, "depth": 1, "skip_connections": False}
IMAGE_SHAPE = (8, 8, 1)


class ToyGAN(AdversarialModel):
    """Two dense networks, batch normalisation in one and dropout in the other."""

    players = {"generator": ["generator"], "discriminator": ["discriminator"]}
    logged = {"generator_loss": "generator", "discriminator_loss": "discriminator"}
    published = Published(
        batch_size=Setting(16, "section 1"),
        optimizers=Setting(lambda: keras.optimizers.SGD(0.25), "section 1"),
        arguments={"dropout": Setting(0.5, "section 2")},
        networks={
            "discriminator": Setting(lambda model: linear_judge(model), "section 3")
        },
    )

    def __init__(
        self,
        image_shape=IMAGE_SHAPE,
        latent_dim=4,
        num_classes=None,
        *,
        dropout=0.2,
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.dropout = check_fraction("dropout", dropout)
        self.complete()

    def default_generator(self):
        return networks.dense_generator(*self.dimensions, normalization="batch", **BODY)

    def default_discriminator(self):
        return networks.dense_discriminator(
            self.image_shape,
            self.num_classes,
            normalization=None,
            dropout=self.dropout,
            **BODY,
        )

    def default_optimizers(self):
        return {player: training.Adam(1e-3) for player in self.players}

    def player_losses(self, images, labels, noise, training):
        G, D = self.bound(labels, training)
        fakes = G(self.draw_latents(images, noise))
        real, fake = D(images), D(fakes)
        return {
            "generator": -objectives.wasserstein_critic_loss(real, fake),
            "discriminator": objectives.wasserstein_critic_loss(real, fake),
        }

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.descend(
            self.optimizer, lambda: self.player_losses(*batch, training=True)
        )
        self.update_average()
        return self.log(losses)


class ToyVAE(VariationalModel):
    """A linear encoder of mean and log-variance, and a dense decoder."""

    players = {"autoencoder": ["encoder", "decoder"]}
    logged = {"loss": "autoencoder", "kl_divergence": "kl_divergence"}

    def __init__(
        self, image_shape=IMAGE_SHAPE, latent_dim=4, num_classes=None, **kwargs
    ):
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.complete()

    def default_encoder(self):
        images = keras.Input(self.image_shape)
        labels = [keras.Input((), dtype="int32")] if self.num_classes else []
        x = layers.Flatten()(images)
        for each in labels:
            x = layers.Concatenate()([x, layers.Embedding(self.num_classes, 4)(each)])
        outputs = [
            layers.Dense(self.latent_dim, dtype="float32", name=name)(x)
            for name in ("mean", "log_variance")
        ]
        return keras.Model([images, *labels] if labels else images, outputs)

    def default_decoder(self):
        return networks.dense_generator(*self.dimensions, normalization=None, **BODY)

    def default_optimizers(self):
        return {"autoencoder": training.Adam(1e-3)}

    def player_losses(self, images, labels, noise, training):
        encode, decode = self.bound(labels, training)
        mean, log_variance = encode(images)
        decoded = decode(self.draw_posterior(mean, log_variance, noise))
        kl_divergence = objectives.gaussian_kl_divergence(mean, log_variance)
        reconstruction = objectives.RECONSTRUCTION_LOSSES["gaussian"](images, decoded)
        return {
            "autoencoder": reconstruction + kl_divergence,
            "kl_divergence": kl_divergence,
        }

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.descend(
            self.optimizer, lambda: self.player_losses(*batch, training=True)
        )
        self.update_average()
        return self.log(losses)


def linear_judge(model):
    """The smallest discriminator, ending in a layer of shape (batch, 1) as most do."""
    network = [keras.Input(model.image_shape), layers.Flatten(), layers.Dense(1)]
    return keras.Sequential(network)


def linear_generator(model, activation="sigmoid"):
    height, width, channels = model.image_shape
    return keras.Sequential(
        [
            keras.Input((model.latent_dim,)),
            layers.Dense(height * width * channels, activation=activation),
            layers.Reshape(model.image_shape),
        ]
    )
