"""DDPM: noise is taken from images step by step, by a network that predicts it.

    min_ε  E_{x_0, ε ~ N(0, I), t ~ U{1..T}}[ |ε - ε_θ(x_t, t)|² ],
    x_t = √ᾱ_t x_0 + √(1 - ᾱ_t) ε

From x_T ~ N(0, I), a step from time t to an earlier s is, with
x̂_0 = (x_t - √(1 - ᾱ_t) ε_θ) / √ᾱ_t clipped to the pixels' range, and ε̂ the noise that
x̂_0 leaves of x_t,

    x_s = √ᾱ_s x̂_0 + √(1 - ᾱ_s - σ²) ε̂ + σ z,
    σ² = η² (1 - ᾱ_s) / (1 - ᾱ_t) · (1 - ᾱ_t / ᾱ_s)

η = 1 with T steps is the paper's sampler, drawn from q(x_s | x_t, x̂_0) (equation 7).
η = 0 is that of Song et al. (DDIM): the same network, no further noise, and a tenth of
the steps or less; it is the default, since the paper's takes 1,000 evaluations.

Departures from the paper: the schedule is a cosine, which leaves small images visible
for longer (Nichol & Dhariwal 2021); a small U-Net without attention, for digits; the
code of the paper clips gradients, warms the rate up and flips images.
"""

import numpy as np
from keras import ops

from kerasgen import networks
from kerasgen import objectives
from kerasgen import training
from kerasgen.core.arguments import check_choice
from kerasgen.core.arguments import check_fraction
from kerasgen.core.arguments import check_positive_int
from kerasgen.core.arguments import check_share
from kerasgen.core.guidance import GuidedModel
from kerasgen.core.published import Published
from kerasgen.core.published import Setting
from kerasgen.core.references import Reference
from kerasgen.core.registry import register
from kerasgen.core.schedules import SCHEDULES
from kerasgen.core.schedules import signal_shares

HO2020 = Reference(
    "Ho, Jain & Abbeel 2020",
    "Denoising Diffusion Probabilistic Models",
    "NeurIPS",
    "2006.11239",
)
SONG2021 = Reference(
    "Song, Meng & Ermon 2021",
    "Denoising Diffusion Implicit Models",
    "ICLR",
    "2010.02502",
)
NICHOL2021 = Reference(
    "Nichol & Dhariwal 2021",
    "Improved Denoising Diffusion Probabilistic Models",
    "ICML",
    "2102.09672",
)
SECTION = "section 4"
APPENDIX = "appendix B, for CIFAR-10; the paper has no digits"


@register(family="diffusion", references=[HO2020, SONG2021, NICHOL2021])
class DDPM(GuidedModel):
    """Diffusion: a network that predicts the noise in an image, and undoes it in steps.

    Reference: Ho et al. 2020 (arXiv:2006.11239), equation 14 and Algorithms 1 and 2;
    Song et al. 2021 (arXiv:2010.02502), equations 12 and 16.

    Args:
        timesteps: Levels T of noise in training, a positive int.
        schedule: "cosine" or "linear", how the noise grows.
        steps: Evaluations of the network for a sample, at most `timesteps`;
            `sample(…, steps=…)` takes another number.
        eta: Share η of the noise that each step adds anew, in [0, 1]: 0 makes images of
            the latents alone (DDIM), 1 is the paper's sampler. With η above 0 the noise
            is seeded by the latents' bits, so that equal ones give equal images, and
            near ones do not give near images; ONNX and LiteRT lack such draws and need
            η = 0.
        dropout: Share of activations dropped in training, in [0, 1).

    The other arguments are those of `GuidedModel` and `GenerativeModel`.

    Example:

    >>> import kerasgen
    >>> model = kerasgen.DDPM()
    >>> model.fit(kerasgen.data.load("mnist"), epochs=20)
    >>> images = model.sample(16, seed=0, steps=100, eta=1.0)
    """

    generator_name = "denoiser"
    players = {"denoiser": ["denoiser"]}
    logged = {"loss": "denoiser"}
    published = Published(
        batch_size=Setting(128, APPENDIX),
        optimizers=Setting(lambda: training.Adam(2e-4), APPENDIX),
        arguments={
            "timesteps": Setting(1000, SECTION),
            "schedule": Setting("linear", SECTION),
            "steps": Setting(1000, "Algorithm 2"),
            "eta": Setting(1.0, "Algorithm 2, with the posterior's variance"),
            "width": Setting(128, APPENDIX),
            "dropout": Setting(0.1, APPENDIX),
            "average_momentum": Setting(0.9999, APPENDIX),
        },
        departures=(
            "No attention, two halvings of 28 pixels, one block a stage each way.",
            "The code's clipping of gradients, warm-up of the rate and flips are left "
            "out.",
        ),
    )

    def __init__(
        self,
        image_shape=(28, 28, 1),
        latent_dim=None,
        num_classes=None,
        *,
        timesteps=1000,
        schedule="cosine",
        steps=50,
        eta=0.0,
        dropout=0.0,
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.timesteps = check_positive_int("timesteps", timesteps)
        self.schedule = check_choice("schedule", schedule, SCHEDULES)
        self.steps = self.checked_steps(steps)
        self.eta = check_share("eta", eta)
        self.dropout = check_fraction("dropout", dropout)
        self.complete()

    def default_denoiser(self):
        return networks.unet(
            self.image_shape,
            self.num_classes,
            width=self.width,
            depth=self.depth,
            dropout=self.dropout,
            name="denoiser",
        )

    def default_optimizers(self):
        return {"denoiser": training.Adam(1e-3)}

    def player_losses(self, images, labels, noise, training):
        start = 2.0 * images - 1.0
        drawn = ops.reshape(self.draw_latents(images, noise), ops.shape(start))
        t, kept = self.draw_times(images, noise)
        if training:
            labels = self.drop_labels(labels, kept)
        shares = signal_shares(self.schedule, self.timesteps)
        signal, rest = (
            ops.take(np.sqrt(part).astype("float32"), t)[:, None, None, None]
            for part in (shares, 1.0 - shares)
        )
        noisy = signal * start + rest * drawn
        predict = self.bind("denoiser", labels, training)
        predicted = predict(noisy, ops.cast(t, "float32") / self.timesteps)
        return {"denoiser": objectives.squared_error_loss(drawn, predicted)}

    def draw_times(self, images, noise):
        """Times from 1 to T, and whether each image keeps its label."""
        shape = (ops.shape(images)[0],)
        seeds = training.next_seed(noise), training.next_seed(noise)
        time = 1 + training.integers(shape, seeds[0], self.timesteps)
        return time, training.uniform(shape, seeds[1]) >= self.label_dropout

    def train_step(self, data):
        batch = (*self.unpack(data), self.seed_generator)
        losses = training.descend(
            self.optimizer, lambda: self.player_losses(*batch, training=True)
        )
        self.update_average()
        return self.log(losses)

    # From noise to images

    def decode(self, latents, labels=None, steps=None, eta=None, guidance=None):
        """Images from noise, as a tensor, in a graph as well.

        Args:
            latents: Noise of shape `(num, latent_dim)`.
            labels: int32 tensor of shape `(num,)` for a conditional model.
            steps: Evaluations of the network, at most `timesteps`; default the model's.
            eta: Share of the noise that each step adds anew; default the model's.
            guidance: Weight of the label; default the model's.

        Returns:
            float32 pixels in [0, 1], shape `(num, *image_shape)`.
        """
        labels = None if labels is None else ops.cast(labels, "int32")
        steps = self.steps if steps is None else self.checked_steps(steps)
        eta = self.eta if eta is None else check_share("eta", eta)
        predict = self.guided(labels, guidance)
        tables = self.step_tables(steps, eta)

        def step(index, x):
            time, signal, noise, next_signal, kept, fresh = ops.unstack(
                ops.take(tables, index, axis=1)
            )
            guess = (x - noise * predict(x, time)) / signal
            guess = ops.clip(guess, -1.0, 1.0)
            left = (x - signal * guess) / noise
            x = next_signal * guess + kept * left
            if eta:
                x += fresh * training.normal_of_rows(self.image_shape, latents, index)
            return x

        x = self.noise_as_images(latents)
        return 0.5 * ops.fori_loop(0, steps, step, x) + 0.5

    def step_tables(self, steps, eta):
        """Coefficients of each step, from the first, at time T, to the last, to time 0.

        Returns:
            float32 array of shape `(6, steps)`: the time as a share of T; √ᾱ_t and
            √(1 - ᾱ_t); √ᾱ_s, √(1 - ᾱ_s - σ²) and σ.
        """
        times = np.round(np.linspace(self.timesteps, 0, steps + 1)).astype(int)
        shares = signal_shares(self.schedule, self.timesteps)[times]
        now, after = shares[:-1], shares[1:]
        variance = eta**2 * (1 - after) / (1 - now) * (1 - now / after)
        rows = [
            times[:-1] / self.timesteps,
            np.sqrt(now),
            np.sqrt(1 - now),
            np.sqrt(after),
            np.sqrt(np.maximum(1 - after - variance, 0.0)),
            np.sqrt(variance),
        ]
        return np.stack(rows).astype("float32")

    def checked_steps(self, steps):
        if check_positive_int("steps", steps) > self.timesteps:
            raise ValueError(
                f"Got steps={steps}; expected at most timesteps="
                f"{self.timesteps}. Pass a number of steps that fits."
            )
        return int(steps)
