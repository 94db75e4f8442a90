"""Capabilities besides sampling: to judge images, to encode and to classify them."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from kerasgen.core.arguments import check_images
from kerasgen.core.arguments import check_labels
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.arguments import check_seed
from kerasgen.core.arguments import in_batches
from kerasgen.core.arguments import with_labels
from kerasgen.core.base import GenerativeModel
from kerasgen.core.feeding import feed
from kerasgen.core.feeding import gather
from kerasgen.core.feeding import naming_faults
from kerasgen.core.priors import GaussianMixturePrior
from kerasgen.core.progress import with_bar
from kerasgen.training import normal
from kerasgen.training import sampling_seed
from kerasgen.training import unpack_batch


class ImageModel(GenerativeModel):
    """A model with methods that take images. Abstract; shared by the capabilities."""

    def apply_to_images(self, function, images, labels, network):
        """Check images and labels, and apply a function to them in batches.

        Args:
            function: Function of image tensors (and labels, if `network` takes them).
            images: uint8 or floats in [0, 1], shape `(num, *image_shape)`.
            labels: Class of each image, or None.
            network: Name of the network that the labels are for.
        """
        images = check_images(self, images)
        takes = self.takes_labels(network)
        if labels is not None and not takes and self.num_classes is not None:
            raise ValueError(
                f"Got labels; expected none: the {network} of {type(self).__name__} "
                "takes no labels. Leave them out."
            )
        # A judge may have been trained with a label for none.
        judge = getattr(self, "judge_name", None)
        classes = self.num_labels if network == judge else self.num_classes
        classes = classes if takes else None
        labels = check_labels(labels, len(images), classes, required=True)
        return in_batches(function, images, labels)

    def image_signature(self, network):
        """Specifications of images (and labels, if `network` takes them)."""
        images = tf.TensorSpec((None, *self.image_shape), tf.float32, name="images")
        if not self.takes_labels(network):
            return [images]
        return [images, tf.TensorSpec((None,), tf.int32, name="labels")]


class AdversarialModel(ImageModel):
    """A judge, that is a discriminator or critic, of images, codes or pairs.

    A model says what its judge is called (`judge_name`), what it sees (`judges`:
    "images", "codes" or "pairs" of an image and its code), and in `score` what
    `discriminate` makes of its output: a probability, a score or an energy.
    """

    judge_name = "discriminator"
    judges = "images"

    def network_forms(self):
        seen = {
            "images": [self.image_shape],
            "codes": [self.latent_shape],
            "pairs": [self.image_shape, self.latent_shape],
        }
        return super().network_forms() | {self.judge_name: (seen[self.judges], [()])}

    def discriminate(self, images, labels=None):
        """The judge's verdict on images.

        Args:
            images: uint8 or floats in [0, 1], shape `(num, *image_shape)`.
            labels: Class of each image, for a conditional model.

        Returns:
            NumPy float32 of shape `(num,)`: the probability that an image is real, or
            the score of a critic.

        Raises:
            ValueError: If the images or labels do not fit the model.
        """
        return self.apply_to_images(
            lambda *inputs: self._judgement(*inputs)["scores"],
            images,
            labels,
            self.judge_name,
        )

    def _judgement(self, images, labels=None):
        judge = self.bind(self.judge_name, labels, training=False)
        return {"scores": self.score(judge(*self.judged(images, labels)))}

    def judged(self, images, labels):
        """The list of what the judge takes, for images (and labels)."""
        if self.judges == "images":
            return [images]
        codes = self.codes_in_graph(images, labels)
        return [codes] if self.judges == "codes" else [images, codes]

    def score(self, logits):
        """Turn the judge's output into what `discriminate` returns."""
        return ops.sigmoid(logits)

    def endpoints(self):
        signature = self.image_signature(self.judge_name)
        return super().endpoints() | {"discriminate": (self._judgement, signature)}


class EncoderModel(ImageModel):
    """An encoder of images, and a decoder, which makes them.

    A model says what its encoder returns (`posterior`): "gaussian", the mean and the
    log-variance of q(z|x); or "point", a code.
    """

    generator_name = "decoder"
    posterior = "gaussian"

    def network_forms(self):
        outputs = 2 if self.posterior == "gaussian" else 1
        encoder = ([self.image_shape], outputs * [self.latent_shape])
        return super().network_forms() | {"encoder": encoder}

    def call(self, inputs, training=False):
        """Reconstructions of images, or of `[images, labels]`, from their codes."""
        images, *labels = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        if tf.is_tensor(images) and tf.executing_eagerly():
            check_images(self, images)
        images, _ = unpack_batch(images)
        given = labels[0] if labels else None
        codes = self.codes_in_graph(images, given, training)
        sampler = self.bind(self.generator_name, given, training, averaged=True)
        return sampler(codes)

    def codes_in_graph(self, images, labels=None, training=False):
        """Point codes as a tensor: posterior means where the posterior is Gaussian."""
        encoded = self.bind("encoder", labels, training)(images)
        return encoded[0] if self.posterior == "gaussian" else encoded

    def encode(self, images, labels=None):
        """The posterior q(z|x) of images, or their codes.

        Args:
            images: uint8 or floats in [0, 1], shape `(num, *image_shape)`.
            labels: Class of each image, for a conditional model.

        Returns:
            `(mean, log_variance)` where the posterior is Gaussian, else codes: NumPy
            float32 of shape `(num, *latent_shape)` each.

        Raises:
            ValueError: If the images or labels do not fit the model.
        """

        def encoded(images, labels=None):
            return self.bind("encoder", labels, training=False)(images)

        return self.apply_to_images(encoded, images, labels, "encoder")

    def codes(self, images, labels=None):
        """Point codes of images, whatever the posterior: its means where it has any.

        Args:
            images: uint8 or floats in [0, 1], shape `(num, *image_shape)`.
            labels: Class of each image, for a conditional model.

        Returns:
            NumPy float32 of shape `(num, *latent_shape)`.

        Raises:
            ValueError: If the images or labels do not fit the model.
        """
        return self.apply_to_images(self.codes_in_graph, images, labels, "encoder")

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
        return self.generate(self.codes(images, labels), labels)

    def fit_prior(self, x, y=None, *, components=10, seed=0):
        """Fit a Gaussian mixture to codes of training images; `sample` draws from it.

        The model itself is not trained. `sample` draws from the mixture afterwards, and
        `sample(prior="standard")` from N(0, I). Files of the model or of its weights,
        presets and exports keep it, and training drops it with a warning. A posterior
        that is no point is sampled once for each image. A conditional model gets a
        mixture for each class.

        Reference: Ghosh et al. 2020, From Variational to Deterministic Autoencoders
        (arXiv:1903.12436), section 4.

        Args:
            x: Training images, never test images, in any form that `fit` takes; one
                pass of batches is read, into memory.
            y: Class of each image of an array, for a conditional model; images that
                the label for "none" is given for are left out.
            components: Gaussians with full covariances (of each class), positive int.
            seed: Seed of posterior samples and of the start, int of at least 0.

        Returns:
            The model.

        Raises:
            ValueError: If there are fewer images than components, batches have no end,
                or an argument does not fit.
        """
        check_positive_int("components", components)
        check_seed(seed, least=0)
        prior = self.new_prior(components)
        images, labels = gather(self, x, y)
        if prior.num_classes is not None and labels is not None:
            has_label = labels < prior.num_classes
            images, labels = images[has_label], labels[has_label]
        # Classes may be the prior's alone.
        of_encoder = labels if self.takes_labels("encoder") else None
        prior.fit(self.draw_codes(images, of_encoder, seed=seed), labels, seed=seed)
        self.set_prior(prior)
        return self

    def draw_codes(self, images, labels=None, *, seed=0):
        """One draw of q(z|x) for each image; a point is its own draw.

        Args:
            images, labels: As `encode` takes them.
            seed: Seed of the draws, int of at least 0.

        Returns:
            NumPy float32 of shape `(num, *latent_shape)`.

        Raises:
            ValueError: If the images, the labels or the seed do not fit.
        """
        check_seed(seed, least=0)
        encoded = self.encode(images, labels)
        if self.posterior != "gaussian":
            return encoded
        mean, log_variance = encoded
        noise = normal(mean.shape, sampling_seed(seed))
        return mean + np.exp(0.5 * log_variance) * noise.numpy()

    def new_prior(self, components):
        """A `GaussianMixturePrior` for this model's codes, not fitted yet."""
        classes = self.num_classes if self.is_conditional else None
        return GaussianMixturePrior(*self.latent_shape, components, classes)

    def predict(self, x, batch_size=None, **kwargs):
        """Reconstructions of images, in any form that `fit` takes.

        Args:
            x: Images, or with labels where the encoder or the decoder takes them.
            batch_size: Images in a batch, for arrays; default 32.
            **kwargs: Further arguments of `keras.Model.predict`.

        Returns:
            NumPy float32 pixels in [0, 1], shape `(num, *image_shape)`.

        Raises:
            ValueError: If the images or labels do not fit the model.
        """
        steps = kwargs.get("steps")
        given = {"batch_size": batch_size, "steps": steps}
        batches = feed(self, x, None, is_labelled=self._reconstructs_by_label, **given)
        verbose = kwargs.get("verbose", "auto")
        kwargs["callbacks"] = with_bar(kwargs.get("callbacks"), verbose)
        with naming_faults(self, x, steps):
            return keras.Model.predict(self, batches, **kwargs)

    def predict_on_batch(self, x):
        """Reconstructions of one batch of arrays; see `predict`."""
        pair = self.checked_batch(x, None, self._reconstructs_by_label)
        return ops.convert_to_numpy(self.predict_step(pair))

    @property
    def _reconstructs_by_label(self):
        return any(map(self.takes_labels, ("encoder", self.generator_name)))

    def predict_step(self, data):
        if not self._reconstructs_by_label:
            return self.call(unpack_batch(data)[0])
        images, labels = self.unpack(data)
        return self.call(with_labels(images, labels))

    def endpoints(self):
        signature = self.image_signature("encoder")
        inherited = super().endpoints()
        return inherited | {
            "encode": (self._encode_endpoint, signature),
            "decode": inherited["serving_default"],
            "reconstruct": (self._reconstruct_endpoint, signature),
        }

    def _encode_endpoint(self, images, labels=None):
        encoded = self.bind("encoder", labels, training=False)(images)
        if self.posterior == "gaussian":
            return {"mean": encoded[0], "log_variance": encoded[1]}
        return {"codes": encoded}

    def _reconstruct_endpoint(self, images, labels=None):
        given = labels if self.is_conditional else None
        return {"images": self.decode(self.codes_in_graph(images, labels), given)}


class VariationalModel(EncoderModel):
    """An encoder q(z|x), a diagonal Gaussian, and a decoder p(x|z)."""

    def draw_posterior(self, mean, log_variance, noise):
        """z = mean + std · ε, the reparameterised sample of q(z|x)."""
        drawn = self.draw_latents(mean, noise)
        return mean + ops.exp(0.5 * log_variance) * drawn


class ClassifierModel(ImageModel):
    """A model one of whose networks tells the class of an image.

    A model gives `class_logits`; with "accuracy" among its losses and in `logged`,
    `fit` and `evaluate` report it.
    """

    def class_logits(self, images, training):
        """Unnormalised log-probabilities of the classes, `(batch, num_classes)`."""
        raise NotImplementedError

    def classify(self, images):
        """Probabilities of the classes of images.

        Args:
            images: uint8 or floats in [0, 1], shape `(num, *image_shape)`.

        Returns:
            NumPy float32 of shape `(num, num_classes)`, rows that sum to 1.

        Raises:
            ValueError: If the images do not fit the model.
        """
        images = check_images(self, images)
        return in_batches(
            lambda images: self._classify_endpoint(images)["probabilities"], images
        )

    def _classify_endpoint(self, images):
        logits = self.class_logits(images, training=False)
        return {"probabilities": ops.softmax(ops.cast(logits, "float32"))}

    def endpoints(self):
        images = tf.TensorSpec((None, *self.image_shape), tf.float32, name="images")
        return super().endpoints() | {"classify": (self._classify_endpoint, [images])}


class ConvolutionalModel(GenerativeModel):
    """The body that convolutional models share, so that they differ in objectives.

    Args:
        width: Channels of the stage nearest to the image in every network.
        depth: Number of stages that halve or double the image, whose height and width
            are multiples of 2 to the power of it.
        normalization: "batch", "layer", "spectral" or None, in the generator or
            decoder.
        skip_connections: Whether each stage adds its resized input to its output.
        hidden_units: Units of a dense layer between latents and the generator's first
            stage, or None for no such layer.
    """

    # Arguments that only networks of the model's own making read.
    switches = ("width", "depth", "normalization", "skip_connections", "hidden_units")

    def __init__(
        self,
        *args,
        width=32,
        depth=2,
        normalization="batch",
        skip_connections=False,
        hidden_units=None,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.width, self.depth = width, depth
        self.normalization = normalization
        self.skip_connections = skip_connections
        self.hidden_units = hidden_units

    @property
    def body(self):
        """Switches of every network, as the builders take them."""
        return {
            "width": self.width,
            "depth": self.depth,
            "skip_connections": self.skip_connections,
        }

    @property
    def generator_body(self):
        """Switches of the generator or decoder."""
        own = {"normalization": self.normalization, "hidden_units": self.hidden_units}
        return self.body | own
