"""Semi-supervised AAE: an autoencoder whose code has a class and a style.

    min_{E,G}       E_x[ -log p(x|y(x), z(x)) ]
    min_{D_z, D_y}  the two games of the AAE: z ~ N(0, I), and y a fair one-hot class
    min_E           E_x[ -log D_z(z(x)) - log D_y(y(x)) ] + E_{x, c}[ -log y_c(x) ]

with c the label of x. The encoder gives a softmax y(x) and a style z(x). The game makes
y(x) one-hot and the classes equally frequent, the labelled images say which is which,
and since y tells the class, the style is what is left. `classify` returns y, and
`sample(labels=…)` draws the style and sets the class.

Labels are 0 to K - 1, and K for an image without one; `kerasgen.data.few_labels` makes
such batches. Reconstruction and games take the unlabelled images of a batch, which the
few labelled ones would soon be told apart from, or all images where there are none.

Departures from the paper: the convolutional body of the house instead of two dense
layers of 1,000 units; Adam instead of gradient descent with momentum, and all three
steps from one forward pass.
"""

from keras import ops

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_choice
from kerasgen.core.autoencoders import ConvolutionalAutoencoder
from kerasgen.core.capabilities import AdversarialModel
from kerasgen.core.capabilities import ClassifierModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register

MAKHZANI2015 = Reference(
    "Makhzani et al. 2015", "Adversarial Autoencoders", "ICLR workshop", "1511.05644"
)
APPENDIX = "appendix A, on semi-supervised MNIST"
TWO_OF_1000 = {"width": 1000, "depth": 2, "activation": "relu"}
# Below it a probability counts as this, in the cross-entropy of the labels.
LEAST = 1e-7


@register(family="hybrid", references=[MAKHZANI2015])
class SSAAE(ConvolutionalAutoencoder, ClassifierModel, AdversarialModel):
    """Semi-supervised adversarial autoencoder.

    Reference: Makhzani et al. 2015 (arXiv:1511.05644), section 5.

    Args:
        latent_dim: Number of latents of the style; the class comes in addition.
        num_classes: Number of classes K, at least 2.
        reconstruction: The decoder's distribution: "bernoulli" (cross-entropy) or
            "gaussian" (squared error; unit variance).
        discriminator_width: Units of each of the two hidden layers in both
            discriminators.
        encoder_normalization: As for `ConvolutionalAutoencoder`, but "batch" unless
            set, with which fewer held-out digits were mistaken.

    The other arguments are those of `ConvolutionalAutoencoder`, `ConvolutionalModel`
    and `GenerativeModel`.

    Raises:
        ValueError: If `num_classes` is None.

    Example:

    >>> import kerasgen
    >>> images, labels = kerasgen.data.load_arrays("mnist", "train")
    >>> model = kerasgen.SSAAE()
    >>> model.fit(kerasgen.data.few_labels(images, labels, 100), epochs=50)
    >>> model.classify(images[:8]).argmax(axis=1)
    >>> sevens = model.sample(16, labels=7)
    """

    posterior = "point"
    prior_is_standard = False
    num_gaussian = property(lambda self: self.latent_dim)
    judges = "codes"
    labelled = []
    is_conditional = True
    players = {
        "autoencoder": ["encoder", "decoder"],
        "discriminator": ["discriminator", "class_discriminator"],
        "encoder": ["encoder"],
    }
    logged = {
        "reconstruction_loss": "autoencoder",
        "discriminator_loss": "discriminator",
        "encoder_loss": "encoder",
        "class_loss": "class",
        "accuracy": "accuracy",
    }
    published = Published(
        batch_size=Setting(100, APPENDIX),
        optimizers=Setting(
            lambda: {
                player: training.Adam(1e-3)
                for player in ("autoencoder", "discriminator", "encoder")
            },
            "not the paper's, which is momentum with rates lowered by hand",
        ),
        arguments={
            "latent_dim": Setting(10, APPENDIX),
            "discriminator_width": Setting(1000, APPENDIX),
            "reconstruction": Setting("gaussian", APPENDIX),
        },
        networks={
            "encoder": Setting(
                lambda model: networks.style_and_class_encoder(
                    networks.dense_encoder(*model.code_sizes, **TWO_OF_1000),
                    model.num_classes,
                ),
                APPENDIX,
            ),
            "decoder": Setting(
                lambda model: networks.dense_decoder(*model.code_sizes, **TWO_OF_1000),
                APPENDIX,
            ),
        },
        unused=ConvolutionalAutoencoder.switches,
        departures=("Adam instead of momentum.", "No noise on the images."),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=8,
        num_classes=10,
        *,
        reconstruction="bernoulli",
        discriminator_width=256,
        encoder_normalization="batch",
        **kwargs,
    ):
        if num_classes is None:
            raise ValueError(
                "Got num_classes=None; expected the number of classes that a code "
                "tells apart. Without classes take AAE."
            )
        super().__init__(
            image_shape,
            latent_dim,
            num_classes,
            encoder_normalization=encoder_normalization,
            **kwargs,
        )
        self.reconstruction = check_choice(
            "reconstruction", reconstruction, objectives.RECONSTRUCTION_LOSSES
        )
        self.discriminator_width = discriminator_width
        self.complete()

    @property
    def num_labels(self):
        return self.num_classes + 1  # the last one stands for none

    @property
    def latent_shape(self):
        return (self.latent_dim + self.num_classes,)

    @property
    def code_sizes(self):
        """The images' shape and the length of a code, for the builders of networks."""
        return self.image_shape, *self.latent_shape

    def network_forms(self):
        return super().network_forms() | {
            "discriminator": ([(self.latent_dim,)], [()]),
            "class_discriminator": ([(self.num_classes,)], [()]),
        }

    def default_encoder(self):
        encoder = networks.convolutional_encoder(
            *self.code_sizes, normalization=self.encoder_normalization, **self.body
        )
        return networks.style_and_class_encoder(encoder, self.num_classes)

    def default_decoder(self):
        return networks.convolutional_generator(
            *self.code_sizes, name="decoder", **self.generator_body
        )

    def default_discriminator(self):
        return networks.code_discriminator(
            self.latent_dim, width=self.discriminator_width
        )

    def default_class_discriminator(self):
        return networks.code_discriminator(
            self.num_classes, width=self.discriminator_width
        )

    def default_optimizers(self):
        return {player: training.Adam(1e-3, beta_1=0.5) for player in self.players}

    def split_codes(self, codes):
        """Split codes into `(style, class)` along the last axis."""
        return ops.split(codes, [self.latent_dim], axis=-1)

    def draw_prior(self, num, seed, labels=None):
        """Styles of N(0, I) and one-hot classes: those of the labels, or fair ones."""
        seeds = training.split_seed(seed, 2)
        classes = training.integers((num,), seeds[1], self.num_classes)
        if labels is not None:
            classes = ops.where(labels < self.num_classes, labels, classes)
        style = training.normal(ops.stack([num, self.latent_dim]), seeds[0])
        one_hot = ops.one_hot(classes, self.num_classes, dtype="float32")
        return ops.concatenate([style, one_hot], axis=-1)

    def judged(self, images, labels):
        return [self.split_codes(self.codes_in_graph(images))[0]]

    def class_logits(self, images, training):
        codes = self.codes_in_graph(images, None, training)
        return self.logits_of(self.split_codes(codes)[1])

    def logits_of(self, chances):
        """Logits whose softmax are the encoder's probabilities of the classes."""
        return ops.log(ops.maximum(chances, LEAST))

    def player_losses(self, images, labels, noise, training):
        E, G, D, D_class = self.bound(None, training)
        is_labelled = labels < self.num_classes
        share = objectives.share_of_mean(ops.logical_not(is_labelled))
        codes = E(images)
        style, chances = self.split_codes(codes)
        real_style, real_class = self.split_codes(self.draw_latents(images, noise))
        fakes = D(style), D_class(chances)
        reals = D(real_style), D_class(real_class)
        judge = sum(ops.softplus(-logits) for logits in reals)
        judge += share * sum(ops.softplus(logits) for logits in fakes)
        game = sum(map(objectives.non_saturating_generator_loss, fakes))
        logits = self.logits_of(chances)
        known = ops.where(is_labelled, labels, -1)
        of_class = objectives.labelled_cross_entropy(logits, known)
        correct = objectives.is_correct(logits, labels)
        loss = objectives.RECONSTRUCTION_LOSSES[self.reconstruction]
        return {
            "autoencoder": share * loss(images, G(codes)),
            "discriminator": judge,
            "encoder": share * game + of_class,
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
