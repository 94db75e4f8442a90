"""ProGAN: generator and critic start on small images and grow, level by level.

    critic minimises  f(G(z)) - f(x) + λ (|∇f(x̂)| - 1)² + d f(x)²
    G minimises       -f(G(z))

as in WGAN-GP, with one step each. At first the networks make and judge the coarsest
images; then each further level fades in over `images_per_phase` images and is trained
for as many. While level l fades in with share a, images are (1 - a) · (level l - 1,
enlarged) + a · (level l), and so are the critic's features and the real images it sees.
Level and share follow from `images_seen`, a weight, so that a training that stopped in
the middle of a fade goes on there. The optimizers are reset at every birth of a level,
and a learning-rate schedule with them.

Departures from the paper: 28 pixels grow from 7; all levels are computed from the
start, those to come with a share of 0, so that growth saves no time here; pixels end in
a sigmoid; the batch is one group of the critic's deviation map, so that slopes in the
penalty are those of the sum of its scores; channels double from `width` with every
level down, where the paper has 512 of them up to 32 pixels.
"""

from keras import ops

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_not_negative
from kerasgen.core.arguments import check_positive
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.capabilities import AdversarialModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register
from kerasgen.training import input_gradient
from kerasgen.training import next_seed
from kerasgen.training import uniform

KARRAS2018 = Reference(
    "Karras, Aila, Laine & Lehtinen 2018",
    "Progressive Growing of GANs for Improved Quality, Stability, and Variation",
    "ICLR",
    "1710.10196",
)
CODE = "the authors' config.py and train.py"


@register(family="gan", references=[KARRAS2018])
class ProGAN(AdversarialModel):
    """Progressively growing GAN with equalised rates and pixel normalisation.

    Reference: Karras et al. 2018 (arXiv:1710.10196).

    Args:
        images_per_phase: Real images seen while a level fades in, and again while it is
            trained, positive int. Growth ends after `2 * depth` of these.
        penalty_weight: Weight λ of the penalty on the critic's slope, positive float.
        drift_weight: Weight d that keeps the critic's scores near 0, at least 0.
        width: Channels of the finest level; each coarser one has twice as many.
        depth: Number of levels after the first; height and width are multiples of 2 to
            the power of it.

    The other arguments are those of `GenerativeModel`.

    Raises:
        ValueError: If the critic has batch normalisation, networks do not grow by
            `depth` levels, or `latent_dim` is 1 without classes.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.ProGAN(images_per_phase=120_000)
    >>> model.fit(kerasgen.data.load("mnist"), epochs=20)
    >>> model.level  # both levels after the first are complete
    2.0
    """

    players = {"generator": ["generator"], "critic": ["critic"]}
    logged = {
        "generator_loss": "generator",
        "critic_loss": "critic",
        "gradient_penalty": "gradient_penalty",
        "level": "level",
    }
    judge_name = "critic"
    published = Published(
        batch_size=Setting(64, CODE + ", one GPU at 32 pixels"),
        optimizers=Setting(lambda: training.Adam(1e-3, beta_1=0.0, beta_2=0.99), CODE),
        arguments={
            "image_shape": Setting((32, 32, 3), CODE + ", that of stacked MNIST"),
            "depth": Setting(3, "4 to 32 pixels"),
            "latent_dim": Setting(512, CODE),
            "images_per_phase": Setting(600_000, CODE),
            "penalty_weight": Setting(10.0, CODE),
            "drift_weight": Setting(1e-3, CODE),
            "average_momentum": Setting(0.999, CODE),
        },
        departures=(
            "Fewer channels: 16 to 128 instead of 512.",
            "All but the resolution is of faces: on stacked MNIST the code takes five "
            "steps of the critic, no drift, and phases of 500 and 2,000 thousand.",
            "Adam's epsilon of Keras, 1e-7 instead of 1e-8.",
            "Moments are forgotten when a level is born, in the code also when it has "
            "faded in.",
        ),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=32,
        num_classes=None,
        *,
        images_per_phase=120_000,
        penalty_weight=10.0,
        drift_weight=1e-3,
        width=16,
        depth=2,
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.images_per_phase = check_positive_int("images_per_phase", images_per_phase)
        self.penalty_weight = check_positive("penalty_weight", penalty_weight)
        self.drift_weight = check_not_negative("drift_weight", drift_weight)
        if latent_dim == 1 and num_classes is None:
            raise ValueError(
                "Got latent_dim=1; expected at least 2: latents are normalised to one "
                "length, which leaves two images to a single one."
            )
        self.width, self.depth = width, depth
        counter = {"shape": (), "dtype": "int64", "initializer": "zeros"}
        counter["trainable"] = False
        self.images_seen = self.add_weight(**counter, name="images_seen")
        self.steps_seen = self.add_weight(**counter, name="steps_seen")
        self.complete()
        networks.check_judges_alone("critic", self.critic)
        for name in ("generator", "critic"):
            found = networks.levels_of(getattr(self, name))
            if found != list(range(1, depth + 1)):
                raise ValueError(
                    f"Got a {name} that grows by the levels {found}; expected those "
                    f"from 1 to {depth}, as depth={depth}. Make it with "
                    f"kerasgen.networks.growing_{name}(…, depth={depth})."
                )

    def default_generator(self):
        return networks.growing_generator(
            *self.dimensions, width=self.width, depth=self.depth
        )

    def default_critic(self):
        return networks.growing_critic(
            self.image_shape, self.num_classes, width=self.width, depth=self.depth
        )

    def default_optimizers(self):
        return {p: training.Adam(1e-3, beta_1=0.0, beta_2=0.99) for p in self.players}

    def score(self, logits):
        return logits

    @property
    def level(self):
        """Level reached: 0.0 is the coarsest, 1.25 level 1 and a quarter of level 2."""
        return float(self.level_in_graph())

    def level_in_graph(self):
        """`level` as a tensor: level l fades in from phase 2l - 1 to phase 2l."""
        seen = ops.cast(ops.convert_to_tensor(self.images_seen), "float32")
        phase = seen / float(self.images_per_phase)
        births = range(1, 2 * self.depth, 2)
        return sum(ops.clip(phase - float(birth), 0.0, 1.0) for birth in births)

    def grow(self, num_images):
        """Count images that were seen, set all shares, and reset at a birth.

        Raises:
            ValueError: Under `tf.distribute`.
        """
        training.require_one_device("growth")
        before = self.level_in_graph()
        self.images_seen.assign(self.images_seen + ops.cast(num_images, "int64"))
        self.steps_seen.assign(self.steps_seen + 1)
        level = self.level_in_graph()
        for network in (self.generator, self.critic, *self.averages.values()):
            networks.set_growth(network, level)
        is_birth = ops.ceil(level) > ops.ceil(before)
        for player in self.players:
            training.forget_moments(self.optimizer[player], is_birth)

    def steps_taken(self, player):
        # Those of its optimizer begin anew with every level.
        return self.steps_seen

    def critic_losses(self, images, labels, noise, training):
        G, f = self.bound(labels, training)
        level = self.level_in_graph()
        images = networks.at_level(images, level, self.depth)
        fakes = G(self.draw_latents(images, noise))
        share = uniform(ops.shape(images)[:1], next_seed(noise))
        between = objectives.interpolate(images, fakes, share)
        penalty = objectives.one_centred_penalty(input_gradient(f, between))
        real, fake = f(images), f(fakes)
        game = objectives.wasserstein_critic_loss(real, fake)
        drift = self.drift_weight * ops.square(real)
        return {
            "critic": game + self.penalty_weight * penalty + drift,
            "gradient_penalty": penalty,
            "level": ops.broadcast_to(level, ops.shape(real)),
        }

    def generator_losses(self, images, labels, noise, training):
        G, f = self.bound(labels, training)
        fakes = G(self.draw_latents(images, noise))
        return {"generator": objectives.wasserstein_generator_loss(f(fakes))}

    def player_losses(self, *batch, training):
        critic = self.critic_losses(*batch, training=training)
        return critic | self.generator_losses(*batch, training=training)

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.descend(
            self.optimizer, lambda: self.critic_losses(*batch, training=True)
        )
        losses |= training.descend(
            self.optimizer, lambda: self.generator_losses(*batch, training=True)
        )
        self.update_average()
        self.grow(ops.shape(batch[0])[0])
        return self.log(losses)
