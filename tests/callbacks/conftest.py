"""A model with the zoo's interface that trains in no time, and a way to read logs."""

import keras
import numpy as np
import pytest

CLASS_CENTERS = np.random.default_rng(1).normal(scale=4.0, size=(10, 16))


class TinyGAN(keras.Model):
    """Counts its training steps in one variable; samples get brighter with it."""

    def __init__(self, num_classes=None, image_shape=(28, 28, 1)):
        super().__init__()
        self.num_classes = num_classes
        self.image_shape = image_shape
        self.latent_dim = 16
        self.steps = self.add_weight(shape=(), initializer="zeros", name="steps")
        self.requests = []
        self.built = True
        self.compile(run_eagerly=True)

    def train_step(self, data):
        self.steps.assign_add(1.0)
        return {"generator_loss": 1.0 / self.steps, "discriminator_loss": self.steps}

    def sample(self, num, labels=None, seed=None):
        self.requests.append({"num": num, "labels": labels, "seed": seed})
        noise = np.random.default_rng(seed).random((num, *self.image_shape))
        brightness = min(float(self.steps) / 10, 1.0)
        return (noise * brightness).astype(np.float32)


class TinyVAE(TinyGAN):
    """Encodes an image of class k (by its first pixel) near the k-th center."""

    def encode(self, images, labels=None):
        self.requests.append({"images": images, "labels": labels})
        classes = np.rint(images[:, 0, 0, 0] * 255).astype(int)
        noise = np.random.default_rng(0).normal(size=(len(images), 16))
        mean = CLASS_CENTERS[classes, : self.latent_dim] + noise[:, : self.latent_dim]
        return mean.astype(np.float32), np.zeros_like(mean, dtype=np.float32)


@pytest.fixture
def images_of_classes():
    """200 uint8 images whose first pixel is their class, and the classes."""
    labels = np.random.default_rng(0).integers(0, 10, 200)
    images = np.zeros((200, 28, 28, 1), np.uint8)
    images[:, 0, 0, 0] = labels
    return images, labels


@pytest.fixture
def gan():
    return TinyGAN()


@pytest.fixture
def vae():
    return TinyVAE()


@pytest.fixture
def conditional_gan():
    return TinyGAN(num_classes=10)


@pytest.fixture
def conditional_vae():
    return TinyVAE(num_classes=10)


@pytest.fixture
def fit():
    """Runs `model.fit` over one batch an epoch."""

    def run(model, callbacks, epochs, initial_epoch=0):
        return model.fit(
            np.zeros((2, 1)),
            batch_size=2,
            epochs=epochs,
            initial_epoch=initial_epoch,
            callbacks=callbacks,
            verbose=0,
        )

    return run


@pytest.fixture
def epoch_logs():
    """Calls a callback as `fit` does, with given logs for each epoch."""

    def run(callback, model, logs, initial_epoch=0, to_the_end=True):
        callback.set_model(model)
        callback.on_train_begin()
        for epoch, values in enumerate(logs, start=initial_epoch):
            callback.on_epoch_begin(epoch)
            callback.on_epoch_end(epoch, values)
        if to_the_end:
            callback.on_train_end()

    return run
