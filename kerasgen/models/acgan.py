"""AC-GAN: a discriminator that also names the class, which the generator helps along.

    D minimises  -log D(x) - log(1 - D(G(z, y))) - w (log C(y|x) + log C(y|G(z, y)))
    G minimises  -log D(G(z, y)) - w log C(y|G(z, y))

C is a second head of the discriminator, which sees images alone; the label reaches
generator only. Both players minimise the class terms. They pull samples towards images
whose class is easy to tell, so accuracy says nothing about variety within a class.

Departures from the paper: generated images take the labels of their batch instead of
labels drawn anew; the networks and rates are those of this package's DCGAN.
"""

from keras import ops

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_not_negative
from kerasgen.core.capabilities import AdversarialModel
from kerasgen.core.capabilities import ClassifierModel
from kerasgen.core.capabilities import ConvolutionalModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register

ODENA2017 = Reference(
    "Odena, Olah & Shlens 2017",
    "Conditional Image Synthesis with Auxiliary Classifier GANs",
    "ICML",
    "1610.09585",
)
PAPER = "appendix A, tables 1 and 2"


@register(family="gan", references=[ODENA2017])
class ACGAN(ConvolutionalModel, ClassifierModel, AdversarialModel):
    """Auxiliary classifier GAN: always conditional, and a classifier besides.

    Reference: Odena et al. 2017 (arXiv:1610.09585).

    Args:
        num_classes: Number of classes, at least 2.
        class_weight: Weight w of the class terms, at least 0.
        discriminator_normalization: "batch", "layer", "spectral" or None, in the
            discriminator.

    The other arguments are those of `ConvolutionalModel` and `GenerativeModel`.

    Raises:
        ValueError: If `num_classes` is None.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.ACGAN()
    >>> model.fit(kerasgen.data.load("mnist"), epochs=100)
    >>> sevens = model.sample(16, labels=7, seed=0)
    >>> model.classify(sevens).argmax(axis=1)
    """

    players = {"generator": ["generator"], "discriminator": ["discriminator"]}
    labelled = ["generator"]
    logits = {"discriminator": [1]}
    logged = {
        "generator_loss": "generator",
        "discriminator_loss": "discriminator",
        "class_loss": "class",
        "accuracy": "accuracy",
    }
    published = Published(
        batch_size=Setting(100, PAPER),
        optimizers=Setting(lambda: training.Adam(2e-4, beta_1=0.5), PAPER),
        arguments={
            "latent_dim": Setting(110, PAPER),
            "discriminator_normalization": Setting("batch", PAPER),
        },
        departures=(
            "Networks for 28 instead of 32 or 128 pixels, with fewer stages.",
            "No dropout and no noise in the discriminator.",
        ),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=32,
        num_classes=10,
        *,
        class_weight=1.0,
        discriminator_normalization="spectral",
        **kwargs,
    ):
        if num_classes is None:
            raise ValueError(
                "Got num_classes=None; expected the number of classes, since AC-GAN is "
                "conditional. Take DCGAN for images without labels."
            )
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.class_weight = check_not_negative("class_weight", class_weight)
        self.discriminator_normalization = discriminator_normalization
        self.complete()

    def network_forms(self):
        judge = ([self.image_shape], [(), (self.num_classes,)])
        return super().network_forms() | {"discriminator": judge}

    def default_generator(self):
        return networks.convolutional_generator(*self.dimensions, **self.generator_body)

    def default_discriminator(self):
        return networks.judge_with_heads(
            self.image_shape,
            {"logit": None, "classes": self.num_classes},
            normalization=self.discriminator_normalization,
            **self.body,
        )

    def default_optimizers(self):
        return {player: training.Adam(2e-3, beta_1=0.0) for player in self.players}

    def score(self, outputs):
        return ops.sigmoid(outputs[0])

    def class_logits(self, images, training):
        return self.bind("discriminator", None, training)(images)[1]

    def player_losses(self, images, labels, noise, training):
        G, D = self.bound(labels, training)
        fakes = G(self.draw_latents(images, noise))
        (real, real_classes), (fake, fake_classes) = D(images), D(fakes)
        game = objectives.GAMES["non_saturating"]
        of_real = objectives.class_cross_entropy(real_classes, labels)
        of_fake = objectives.class_cross_entropy(fake_classes, labels)
        weight = self.class_weight
        return {
            "generator": game.generator(real, fake) + weight * of_fake,
            "discriminator": game.judge(real, fake) + weight * (of_real + of_fake),
            "class": of_real,
            "accuracy": objectives.is_correct(real_classes, labels),
        }

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.descend(
            self.optimizer, lambda: self.player_losses(*batch, training=True)
        )
        self.update_average()
        return self.log(losses)
