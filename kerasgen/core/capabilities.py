"""What some models can do besides sampling: judge images, encode them."""

import tensorflow as tf
from keras import ops

from kerasgen.core.arguments import check_images
from kerasgen.core.arguments import in_batches
from kerasgen.core.arguments import one_or_list
from kerasgen.core.arguments import with_labels
from kerasgen.core.base import GenerativeModel
from kerasgen.training import unpack_batch


class AdversarialModel(GenerativeModel):
    """A generator against a discriminator or critic that judges images."""

    judge_name = "discriminator"

    def discriminate(self, images, labels=None):
        """What the discriminator or critic says of images.

        Args:
            images: uint8 or floats in [0, 1], shape `(num, *image_shape)`.
            labels: Class of each image, for a conditional model.

        Returns:
            NumPy float32 of shape `(num,)`: the probability that an image is real, or
            the score of a critic.

        Raises:
            ValueError: If the images or labels do not fit the model.
        """
        images = check_images(self, images)
        labels = self.check_labels(labels, len(images), required=True)
        return in_batches(
            lambda *inputs: self._judgement(*inputs)["scores"], images, labels
        )

    def _judgement(self, images, *labels):
        judge = getattr(self, self.judge_name)
        inputs = self.judged(images, *labels)
        return {"scores": self.score(judge(one_or_list(inputs), training=False))}

    def judged(self, images, *labels):
        """The list of what the judge takes, for images (and labels)."""
        return [images, *labels]

    def score(self, logits):
        """Turns the last layer's output into what `discriminate` returns."""
        return ops.sigmoid(logits)

    def endpoints(self):
        images = tf.TensorSpec((None, *self.image_shape), tf.float32, name="images")
        signature = [images, *self.label_spec()]
        return super().endpoints() | {"discriminate": (self._judgement, signature)}


class VariationalModel(GenerativeModel):
    """An encoder q(z|x) and a decoder p(x|z)."""

    generator_name = "decoder"

    def call(self, inputs, training=False):
        """Reconstructions of images, or of `[images, labels]`, from their means."""
        images, *labels = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        images, _ = unpack_batch(images)
        mean, _ = self.encoder(one_or_list((images, *labels)), training=training)
        return self.sampler(one_or_list((mean, *labels)), training=training)

    def draw_posterior(self, mean, log_variance, seed_generator):
        """z = mean + std · ε, the reparameterised sample of q(z|x)."""
        noise = self.draw_latents(mean, seed_generator)
        return mean + ops.exp(0.5 * log_variance) * noise

    def encode(self, images, labels=None):
        """The posterior q(z|x) of images.

        Args:
            images: uint8 or floats in [0, 1], shape `(num, *image_shape)`.
            labels: Class of each image, for a conditional model.

        Returns:
            `(mean, log_variance)`, NumPy float32, each of shape `(num, latent_dim)`.

        Raises:
            ValueError: If the images or labels do not fit the model.
        """
        images = check_images(self, images)
        labels = self.check_labels(labels, len(images), required=True)
        return in_batches(
            lambda *inputs: self.encoder(one_or_list(inputs), training=False),
            images,
            labels,
        )

    def decode(self, latents, labels=None):
        """Images from latents: another name of `generate`."""
        return self.generate(latents, labels)

    def reconstruct(self, images, labels=None):
        """Images decoded from the means of their posteriors.

        Args:
            images: uint8 or floats in [0, 1], shape `(num, *image_shape)`.
            labels: Class of each image, for a conditional model.

        Returns:
            NumPy float32 pixels in [0, 1], shape `(num, *image_shape)`.

        Raises:
            ValueError: If the images or labels do not fit the model.
        """
        mean, _ = self.encode(images, labels)
        return self.generate(mean, labels)

    def predict_step(self, data):
        images, labels = self.unpack(data)
        return self.call(with_labels(images, labels))

    def endpoints(self):
        images = tf.TensorSpec((None, *self.image_shape), tf.float32, name="images")
        from_images = [images, *self.label_spec()]
        inherited = super().endpoints()
        return inherited | {
            "encode": (self._encode_in_graph, from_images),
            "decode": inherited["serving_default"],
            "reconstruct": (self._reconstruct_in_graph, from_images),
        }

    def _encode_in_graph(self, *inputs):
        mean, log_variance = self.encoder(one_or_list(inputs), training=False)
        return {"mean": mean, "log_variance": log_variance}

    def _reconstruct_in_graph(self, *inputs):
        return {"images": self.call(list(inputs))}
