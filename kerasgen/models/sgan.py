"""Semi-supervised GAN: a classifier of K classes that knows generated images as well.

    D minimises  -log p(y|x, real) on labelled images
                 + w (-log p(real|x) on unlabelled ones - log p(FAKE|G(z)))

Two models go by this name. With `objective="odena"` one softmax has K + 1 classes, the
last being FAKE; w = 1, labelled images are judged against FAKE, too, and the generator
minimises -log p(real|G(z)). With "feature_matching" the logit of FAKE is 0, so that
p(real) = σ(log Σ exp l_k) of K logits; w = ½, and the generator minimises the squared
distance between the mean features of unlabelled and of generated images. Its samples
are worse and its classifier far better. Neither generator sees labels.

Labels are 0 to K - 1, and K for an image without one; `kerasgen.data.few_labels` makes
such batches. A batch with no unlabelled image takes all of its images as unlabelled.
`classify` uses averaged weights, as Salimans et al. do.

Departures from the papers: both players move at once from one shared forward pass, the
generator on the same unlabelled images; convolutional networks, where those of Salimans
et al. are dense, with dropout in place of noise (`as_published` has noise).
"""

from keras import ops

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_choice
from kerasgen.core.arguments import check_fraction
from kerasgen.core.capabilities import AdversarialModel
from kerasgen.core.capabilities import ClassifierModel
from kerasgen.core.capabilities import ConvolutionalModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register

SALIMANS2016 = Reference(
    "Salimans, Goodfellow, Zaremba, Cheung, Radford & Chen 2016",
    "Improved Techniques for Training GANs",
    "NIPS",
    "1606.03498",
)
ODENA2016 = Reference(
    "Odena 2016",
    "Semi-Supervised Learning with Generative Adversarial Networks",
    "ICML workshop",
    "1606.01583",
)
CODE = "the authors' train_mnist_feature_matching.py"
# Weight of the game beside the classes, in the papers' losses.
GAME_WEIGHTS = {"feature_matching": 0.5, "odena": 1.0}


@register(family="gan", references=[SALIMANS2016, ODENA2016])
class SGAN(ConvolutionalModel, ClassifierModel, AdversarialModel):
    """Semi-supervised GAN, by feature matching or with a class for generated images.

    Reference: Salimans et al. 2016 (arXiv:1606.03498); Odena 2016
    (arXiv:1606.01583).

    Args:
        num_classes: Number of classes K, at least 2.
        objective: "feature_matching" or "odena".
        dropout: Share of activations dropped after each stage of the discriminator.
        discriminator_normalization: "batch", "layer", "spectral" or None, in the
            discriminator.

    The other arguments are those of `ConvolutionalModel` and `GenerativeModel`.

    Raises:
        ValueError: If `num_classes` is None.

    Example:

    >>> import kerasgen
    >>> images, labels = kerasgen.data.load_arrays("mnist", "train")
    >>> model = kerasgen.SGAN()
    >>> model.fit(kerasgen.data.few_labels(images, labels, 100), epochs=50)
    >>> model.classify(images[:8]).argmax(axis=1)
    """

    players = {"generator": ["generator"], "discriminator": ["discriminator"]}
    labelled = []
    averaged = ["generator", "discriminator"]
    logits = {"discriminator": [0]}
    logged = {
        "generator_loss": "generator",
        "discriminator_loss": "discriminator",
        "class_loss": "class",
        "accuracy": "accuracy",
    }
    published = Published(
        batch_size=Setting(200, CODE + ", 100 with and 100 without labels"),
        optimizers=Setting(lambda: training.Adam(3e-3, beta_1=0.5), CODE),
        arguments={
            "latent_dim": Setting(100, CODE),
            "objective": Setting("feature_matching", CODE),
            "average_momentum": Setting(0.9999, CODE),
        },
        networks={
            "generator": Setting(
                lambda model: networks.softplus_generator(
                    model.image_shape, model.latent_dim
                ),
                CODE,
            ),
            "discriminator": Setting(
                lambda model: networks.noisy_classifier(
                    model.image_shape, model.num_outputs
                ),
                CODE,
            ),
        },
        unused=("dropout", "discriminator_normalization", *ConvolutionalModel.switches),
        departures=(
            "Lengths of the normalised weights are fixed beforehand instead of found "
            "from a batch; latents are normal.",
        ),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=32,
        num_classes=10,
        *,
        objective="feature_matching",
        dropout=0.3,
        discriminator_normalization=None,
        **kwargs,
    ):
        if num_classes is None:
            raise ValueError(
                "Got num_classes=None; expected the number of classes that the "
                "discriminator tells apart. Pass it, such as num_classes=10; without "
                "labels take DCGAN."
            )
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.objective = check_choice("objective", objective, GAME_WEIGHTS)
        self.dropout = check_fraction("dropout", dropout)
        self.discriminator_normalization = discriminator_normalization
        self.complete()

    @property
    def num_labels(self):
        return self.num_classes + 1  # the last one stands for none

    @property
    def num_outputs(self):
        """Number of logits: one more than classes where FAKE has one."""
        return self.num_classes + (self.objective == "odena")

    def network_forms(self):
        features = (4 * self.width,)
        if "discriminator" in self._given_networks:
            features = self._given_networks["discriminator"].outputs[-1].shape[1:]
        judge = ([self.image_shape], [(self.num_outputs,), features])
        return super().network_forms() | {"discriminator": judge}

    def default_generator(self):
        return networks.convolutional_generator(*self.dimensions, **self.generator_body)

    def default_discriminator(self):
        return networks.judge_with_heads(
            self.image_shape,
            {"classes": self.num_outputs, "features": 0},
            dropout=self.dropout,
            normalization=self.discriminator_normalization,
            **self.body,
        )

    def default_optimizers(self):
        return {player: training.Adam(1e-3, beta_1=0.5) for player in self.players}

    def real_logit(self, logits):
        """Logit that an image is real, from the logits of all classes."""
        fake = logits[:, self.num_classes] if self.objective == "odena" else 0.0
        return objectives.real_logit(logits[:, : self.num_classes], fake)

    def score(self, outputs):
        return ops.sigmoid(self.real_logit(outputs[0]))

    def class_logits(self, images, training):
        judge = self.bind("discriminator", None, training, averaged=not training)
        return judge(images)[0][:, : self.num_classes]

    def player_losses(self, images, labels, noise, training):
        G, D = self.bound(None, training)
        is_labelled = labels < self.num_classes
        known = ops.where(is_labelled, labels, -1)
        logits, features = D(images)
        fake_logits, fake_features = D(G(self.draw_latents(images, noise)))
        real, fake = self.real_logit(logits), self.real_logit(fake_logits)
        share = objectives.share_of_mean(ops.logical_not(is_labelled))
        of_class = objectives.labelled_cross_entropy(logits, known)
        game = share * ops.softplus(-real) + ops.softplus(fake)
        if self.objective == "odena":
            generator = objectives.non_saturating_generator_loss(fake)
        else:
            weighted = share[:, None] * features
            generator = objectives.feature_matching_loss(weighted, fake_features)
        return {
            "generator": generator,
            "discriminator": of_class + GAME_WEIGHTS[self.objective] * game,
            **self.class_terms(images, labels, logits, training),
        }

    def class_terms(self, images, labels, logits, training):
        """Loss and accuracy of the labelled images; in evaluation as `classify` is."""
        is_labelled = labels < self.num_classes
        if not training:
            judge = self.bind("discriminator", None, training, averaged=True)
            logits = judge(images)[0]
        known = ops.where(is_labelled, labels, -1)
        correct = objectives.is_correct(logits[:, : self.num_classes], labels)
        return {
            "class": (objectives.class_cross_entropy(logits, known), is_labelled),
            "accuracy": (correct, is_labelled),
        }

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.descend(
            self.optimizer, lambda: self.player_losses(*batch, training=True)
        )
        self.update_average()
        return self.log(losses)
