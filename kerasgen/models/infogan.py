"""InfoGAN: part of the latents are codes that can be read back from the image.

    min_{G,Q} max_D  V(D, G) - λ L_I(G, Q),   L_I = E[log Q(c|G(z, c))] + H(c) ≤ I(c; G)

with the game V of Goodfellow et al. 2014 (non-saturating for the generator), z normal,
one category and uniform codes c. Q is a second head of the discriminator, which learns
it: the discriminator minimises -λ L_I as well. Q's density of the uniform codes is a
Gaussian of variance 1.

Latents are one vector [z, category as one-hot, codes]. What a category comes to mean is
found, not told: match categories with digits before speaking of errors.

How many digits are found depends on the networks more than on the weight λ: with the
judge of ACGAN, where no dense layer is normalised and Q is linear in its features, 61 %
of the test digits were in their category after 20 epochs, now 88 % (`results/zoo-20`).
Defaults keep the paper's rates, its normalised dense layers and Q's own.

Departures from the paper: both players move at once from one shared forward pass; z is
normal instead of uniform; networks are half as wide, and the generator is DCGAN's.
"""

import numbers

import numpy as np
import tensorflow as tf
from keras import ops

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_not_negative
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.arguments import check_seed
from kerasgen.core.capabilities import AdversarialModel
from kerasgen.core.capabilities import ClassifierModel
from kerasgen.core.capabilities import ConvolutionalModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register

CHEN2016 = Reference(
    "Chen, Duan, Houthooft, Schulman, Sutskever & Abbeel 2016",
    "InfoGAN: Interpretable Representation Learning by Information Maximizing "
    "Generative Adversarial Nets",
    "NIPS",
    "1606.03657",
)
CODE = "the authors' run_mnist_exp.py and regularized_gan.py"


@register(family="gan", references=[CHEN2016])
class InfoGAN(ConvolutionalModel, ClassifierModel, AdversarialModel):
    """GAN that maximises the information between images and some of its latents.

    Reference: Chen et al. 2016 (arXiv:1606.03657), equation 6.

    Args:
        latent_dim: Number of latents beside the codes.
        num_classes: None; InfoGAN finds classes without labels.
        num_categories: Number of categories, at least 2.
        num_codes: Number of uniform codes in [-1, 1], positive int.
        information_weight: Weight λ of the bound, at least 0.
        discriminator_normalization: "batch", "layer", "spectral" or None, in the
            discriminator.

    The other arguments are those of `ConvolutionalModel` and `GenerativeModel`.

    Raises:
        ValueError: If `num_classes` is given.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.InfoGAN()
    >>> model.fit(kerasgen.data.load("mnist"), epochs=50)
    >>> latents = model.latents_with(8, category=3, seed=0)
    >>> images = model.generate(latents)  # eight of one kind
    >>> images, labels = kerasgen.data.load_arrays("mnist", "test")
    >>> categories = model.classify(images).argmax(axis=1)
    >>> kerasgen.metrics.hungarian_accuracy(labels, categories)
    """

    takes_classes = False
    prior_is_standard = False
    num_gaussian = property(lambda self: self.latent_dim)
    players = {"generator": ["generator"], "discriminator": ["discriminator"]}
    logits = {"discriminator": [1]}
    logged = {
        "generator_loss": "generator",
        "discriminator_loss": "discriminator",
        "category_information": "category_information",
        "code_information": "code_information",
    }
    published = Published(
        batch_size=Setting(128, CODE),
        optimizers=Setting(
            lambda: {
                "generator": training.Adam(1e-3, beta_1=0.5),
                "discriminator": training.Adam(2e-4, beta_1=0.5),
            },
            CODE,
        ),
        arguments={
            "latent_dim": Setting(62, CODE),
            "num_categories": Setting(10, CODE),
            "num_codes": Setting(2, CODE),
            "information_weight": Setting(1.0, CODE),
            "width": Setting(64, CODE),
            "hidden_units": Setting(1024, CODE),
            "discriminator_normalization": Setting("batch", CODE),
        },
        departures=(
            "The generator's first dense layer is not normalised, and the "
            "discriminator's has 512 units, Q's layer 256 instead of 128.",
            "z is normal instead of uniform.",
        ),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=62,
        num_classes=None,
        *,
        num_categories=10,
        num_codes=2,
        information_weight=1.0,
        discriminator_normalization="batch",
        hidden_units=512,
        **kwargs,
    ):
        super().__init__(
            image_shape, latent_dim, num_classes, hidden_units=hidden_units, **kwargs
        )
        if num_classes is not None:
            raise ValueError(
                f"Got num_classes={num_classes}; expected None, since InfoGAN finds "
                "categories without labels. Set num_categories, or take ACGAN."
            )
        self.num_categories = check_positive_int("num_categories", num_categories)
        if self.num_categories < 2:
            raise ValueError(
                "Got num_categories=1; expected at least 2. A single one would tell "
                "nothing."
            )
        self.num_codes = check_positive_int("num_codes", num_codes)
        self.information_weight = check_not_negative(
            "information_weight", information_weight
        )
        self.discriminator_normalization = discriminator_normalization
        self.complete()

    @property
    def latent_shape(self):
        return (self.latent_dim + self.num_categories + self.num_codes,)

    def network_forms(self):
        judge = ([self.image_shape], [(), (self.num_categories,), (self.num_codes,)])
        return super().network_forms() | {"discriminator": judge}

    def default_generator(self):
        return networks.convolutional_generator(
            self.image_shape, *self.latent_shape, **self.generator_body
        )

    def default_discriminator(self):
        return networks.recognizing_judge(
            self.image_shape,
            self.num_categories,
            self.num_codes,
            normalization=self.discriminator_normalization,
            **self.body,
        )

    def default_optimizers(self):
        # A slow judge lets categories change their meaning while digits form.
        return {
            "generator": training.Adam(1e-3, beta_1=0.5),
            "discriminator": training.Adam(2e-4, beta_1=0.5),
        }

    def score(self, outputs):
        return ops.sigmoid(outputs[0])

    def class_logits(self, images, training):
        """Logits of the categories that Q reads from images."""
        return self.bind("discriminator", None, training)(images)[1]

    def draw_prior(self, num, seed, labels=None):
        seeds = training.split_seed(seed, 3)
        categories = training.integers((num,), seeds[1], self.num_categories)
        return ops.concatenate(
            [
                training.normal(tf.stack([num, self.latent_dim]), seeds[0]),
                ops.one_hot(categories, self.num_categories, dtype="float32"),
                2.0 * training.uniform(tf.stack([num, self.num_codes]), seeds[2]) - 1.0,
            ],
            axis=1,
        )

    def split_latents(self, latents):
        """Split latents into `(z, one-hot category, codes)` along the last axis."""
        bounds = [self.latent_dim, self.latent_dim + self.num_categories]
        return ops.split(latents, bounds, axis=-1)

    def latents_with(self, num, category=None, codes=None, seed=0):
        """Draw latents of the prior, with a category or codes held at chosen values.

        Args:
            num: Number of latents, positive int.
            category: Category of all of them, int in [0, num_categories), or None.
            codes: Values of the codes, floats that broadcast to `(num, num_codes)`, or
                None.
            seed: Seed of the rest, an int of 32 bits.

        Returns:
            NumPy float32 of shape `(num, *latent_shape)`, for `generate`.

        Raises:
            ValueError: If an argument is not as described.
        """
        check_positive_int("num", num)
        check_seed(seed)
        is_int = isinstance(category, numbers.Integral)
        is_int &= not isinstance(category, bool)
        is_category = is_int and 0 <= category < self.num_categories
        if category is not None and not is_category:
            raise ValueError(
                f"Got category={category!r}; expected an int from 0 to "
                f"{self.num_categories - 1}, or None for drawn ones."
            )
        if codes is not None:
            codes = _codes(codes, (num, self.num_codes))
        drawn = self.draw_prior(num, training.sampling_seed(seed))
        z, chosen, free = self.split_latents(drawn)
        if category is not None:
            chosen = ops.one_hot([category] * num, self.num_categories, dtype="float32")
        if codes is not None:
            free = codes
        return ops.convert_to_numpy(ops.concatenate([z, chosen, free], axis=1))

    def player_losses(self, images, labels, noise, training):
        G, D = self.bound(labels, training)
        latents = self.draw_latents(images, noise)
        _, category, codes = self.split_latents(latents)
        (real, *_), (fake, category_logits, code_means) = D(images), D(G(latents))
        of_category = objectives.categorical_information(
            category_logits, ops.argmax(category, axis=-1), self.num_categories
        )
        of_codes = objectives.gaussian_information(code_means, codes)
        information = self.information_weight * (of_category + of_codes)
        game = objectives.GAMES["non_saturating"]
        return {
            "generator": game.generator(real, fake) - information,
            "discriminator": game.judge(real, fake) - information,
            "category_information": of_category,
            "code_information": of_codes,
        }

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.descend(
            self.optimizer, lambda: self.player_losses(*batch, training=True)
        )
        self.update_average()
        return self.log(losses)


def _codes(codes, shape):
    """Values of codes as float32 of a shape; else a ValueError."""
    try:
        found = np.broadcast_to(np.asarray(codes, "float32"), shape)
    except (TypeError, ValueError):
        found = None
    if found is None or not np.isfinite(found).all():
        raise ValueError(
            f"Got codes={codes!r}; expected finite numbers that broadcast to {shape}, "
            "a column for each code."
        )
    return found
