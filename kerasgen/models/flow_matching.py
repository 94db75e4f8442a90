"""Flow matching: a velocity field that carries noise to images.

    min_v  E_{x_0 ~ N(0, I), x_1, t}[ |v(x_t, t) - (x_1 - x_0)|² ],
    x_t = (1 - t) x_0 + t x_1

The images are the ends at t = 1 of dx/dt = v(x, t) from noise at t = 0, found by Euler
or Heun steps. The path is the straight one, which Lipman et al. call optimal transport
(with σ_min = 0) and Liu et al. rectified flow.

Conditional models drop labels now and then in training, so that samples can be guided;
see `GuidedModel`.

Departures from the papers: a small U-Net without attention, for digits; fixed steps
instead of an adaptive solver, so that the number of evaluations is known.
"""

import math

from keras import ops

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_choice
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.guidance import GuidedModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register
from kerasgen.core.solvers import SOLVERS
from kerasgen.core.solvers import integrate

LIPMAN2023 = Reference(
    "Lipman et al. 2023", "Flow Matching for Generative Modeling", "ICLR", "2210.02747"
)
LIU2023 = Reference(
    "Liu, Gong & Liu 2023",
    "Flow Straight and Fast: Learning to Generate and Transfer Data with Rectified "
    "Flow",
    "ICLR",
    "2209.03003",
)
TORCHCFM = (
    "torchcfm, examples/images/conditional_mnist.ipynb; the papers have no digits"
)
TIMES = ("uniform", "logit_normal")


@register(family="flow", references=[LIPMAN2023, LIU2023])
class FlowMatching(GuidedModel):
    """Flow from noise to images along straight paths.

    Reference: Lipman et al. 2023 (arXiv:2210.02747), equation 23; Liu et al. 2023
    (arXiv:2209.03003), equation 1.

    Args:
        steps: Steps of the solver, a positive int; `sample(…, steps=…)` takes another.
        solver: "euler", one evaluation of the velocity a step, or "heun", two.
        times: Distribution of t in training: "uniform", or "logit_normal", which
            favours the middle (Esser et al. 2024, arXiv:2403.03206, section 3.1).

    The other arguments are those of `GuidedModel` and `GenerativeModel`.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.FlowMatching()
    >>> model.fit(kerasgen.data.load("mnist"), epochs=20)
    >>> images = model.sample(16, seed=0, steps=50, solver="euler")
    """

    generator_name = "velocity"
    posterior = "point"
    players = {"velocity": ["velocity"]}
    logged = {"loss": "velocity"}
    published = Published(
        batch_size=Setting(128, TORCHCFM),
        optimizers=Setting(lambda: training.Adam(1e-3), TORCHCFM),
        arguments={
            "width": Setting(32, TORCHCFM),
            "times": Setting("uniform", TORCHCFM),
        },
        departures=("No attention; fixed steps instead of an adaptive solver.",),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=None,
        num_classes=None,
        *,
        steps=20,
        solver="heun",
        times="uniform",
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.steps = check_positive_int("steps", steps)
        self.solver = check_choice("solver", solver, SOLVERS)
        self.times = check_choice("times", times, TIMES)
        self.complete()

    def default_velocity(self):
        return networks.unet(
            self.image_shape, self.num_classes, width=self.width, depth=self.depth
        )

    def default_optimizers(self):
        return {"velocity": training.Adam(1e-3)}

    def player_losses(self, images, labels, noise, training):
        end = 2.0 * images - 1.0
        start = ops.reshape(self.draw_latents(images, noise), ops.shape(end))
        time, kept = self.draw_times(images, noise)
        if training:
            labels = self.drop_labels(labels, kept)
        v = self.bind("velocity", labels, training)
        t = time[:, None, None, None]
        velocity = v((1.0 - t) * start + t * end, time)
        return {"velocity": objectives.flow_matching_loss(start, end, velocity)}

    def draw_times(self, images, noise):
        """Times in (0, 1), and whether each image keeps its label."""
        seed = training.next_seed(noise)
        drawn = training.normal(ops.stack([ops.shape(images)[0], 2]), seed)
        quantiles = 0.5 + 0.5 * ops.erf(drawn / math.sqrt(2.0))
        is_uniform = self.times == "uniform"
        time = quantiles[:, 0] if is_uniform else ops.sigmoid(drawn[:, 0])
        return time, quantiles[:, 1] >= self.label_dropout

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.descend(
            self.optimizer, lambda: self.player_losses(*batch, training=True)
        )
        self.update_average()
        return self.log(losses)

    # The flow itself

    def decode(self, latents, labels=None, steps=None, solver=None, guidance=None):
        """Images from noise, as a tensor, in a graph as well.

        Args:
            latents: Noise of shape `(num, latent_dim)`.
            labels: int32 tensor of shape `(num,)` for a conditional model.
            steps: Steps of the solver; default the model's.
            solver: "euler" or "heun"; default the model's.
            guidance: Weight of the label; default the model's.

        Returns:
            float32 pixels in [0, 1], shape `(num, *image_shape)`.
        """
        labels = None if labels is None else ops.cast(labels, "int32")
        start = self.noise_as_images(latents)
        end = self.integrate(start, labels, 0.0, 1.0, steps, solver, guidance)
        return ops.clip(0.5 * end + 0.5, 0.0, 1.0)

    def encode(self, images, labels=None, steps=None, solver=None):
        """The noise that flows to images: the equation backwards, from t = 1 to 0.

        Args:
            images: uint8 or floats in [0, 1], shape `(num, *image_shape)`.
            labels: Class of each image, for a conditional model.
            steps: Steps of the solver; default the model's.
            solver: "euler" or "heun"; default the model's.

        Returns:
            NumPy float32 latents of shape `(num, latent_dim)`.

        Raises:
            ValueError: If the images, the labels or an option do not fit the model.
        """

        def backwards(images, labels=None):
            return self.codes_in_graph(images, labels, steps, solver)

        return self.apply_to_images(backwards, images, labels, "velocity")

    def codes(self, images, labels=None):
        """Codes of images: another name of `encode`."""
        return self.encode(images, labels)

    def codes_in_graph(self, images, labels=None, steps=None, solver=None):
        """The latents that flow to images, as a tensor; see `encode`."""
        end = 2.0 * images - 1.0
        start = self.integrate(end, labels, 1.0, 0.0, steps, solver, 1.0)
        return ops.reshape(start, (-1, self.latent_dim))

    def reconstruct(self, images, labels=None):
        """Images from their codes: there and back, which costs the solver's error."""
        return self.generate(self.encode(images, labels), labels, guidance=1.0)

    def endpoints(self):
        signature = self.image_signature("velocity")
        inherited = super().endpoints()
        return inherited | {
            "encode": (self._encode_endpoint, signature),
            "decode": inherited["serving_default"],
            "reconstruct": (self._reconstruct_endpoint, signature),
        }

    def _encode_endpoint(self, *inputs):
        return {"codes": self.codes_in_graph(*inputs)}

    def _reconstruct_endpoint(self, images, labels=None):
        codes = self.codes_in_graph(images, labels)
        return {"images": self.decode(codes, labels, guidance=1.0)}

    def integrate(self, x, labels, first, last, steps, solver, guidance):
        """Where dx/dt = v(x, t) leads from time `first` to `last`; see `decode`."""
        steps = self.steps if steps is None else check_positive_int("steps", steps)
        solver = self.solver if solver is None else solver
        check_choice("solver", solver, SOLVERS)
        v = self.guided(labels, guidance)
        return integrate(v, x, first, last, steps=steps, solver=solver)
