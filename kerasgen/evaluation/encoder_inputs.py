"""A model with an encoder beside the images to encode, and what a metric asks of them.

All draws come from generators of the evaluation's seed, so equal models get equal
numbers.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from kerasgen.evaluation.image_features import ImageFeatures
from kerasgen.evaluation.metric_names import metric_name

_DECODED = 500  # latents at a time
_METHODS = {"encode": "encoder", "classify": "classifier"}


@dataclasses.dataclass(eq=False)
class EncoderInputs:
    """A model with an encoder, and the images to encode.

    Args:
        model: What has `encode` and `decode`, or `classify`; anything else has no such
            number.
        test: `ImageFeatures` of the test images, or of others to judge against.
        find_probed: Function without arguments that returns the `ImageFeatures` of the
            training images that probes are fitted on, or None; called when they are
            asked for.
        seed: int, of all draws.
        importance_samples: int, K of the importance-weighted bound.
        importance_images: int, number of test images for that bound.
    """

    model: Any
    test: ImageFeatures
    find_probed: Callable[[], ImageFeatures | None]
    seed: int
    importance_samples: int = 50
    importance_images: int = 1000

    @functools.cached_property
    def probed(self) -> ImageFeatures | None:
        """The training images that probes are fitted on, or None."""
        return self.find_probed()

    @property
    def weighed(self) -> ImageFeatures:
        """The first test images, which the importance-weighted bound is taken on."""
        return self.test.take(slice(self.importance_images))

    @property
    def decoder(self) -> str | None:
        """The distribution p(x|z), "bernoulli" or "gaussian"; None if not known."""
        return getattr(self.model, "reconstruction", None)

    @property
    def posterior_kind(self) -> str:
        """Whether codes are draws from a "gaussian" or each a "point"."""
        return getattr(self.model, "posterior", "gaussian")

    def labels(self, part: ImageFeatures) -> np.ndarray | None:
        """Labels of a part where the encoder takes them, else None."""
        return part.labels if encodes_by_label(self.model) else None

    @functools.cached_property
    def test_posterior(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Means and log-variances of the codes; None where they are points."""
        return self.posterior(self.test)

    def posterior(self, part: ImageFeatures) -> tuple[np.ndarray, np.ndarray | None]:
        """Means of the codes of a part, and log-variances where there are any."""
        encoded = self.model.encode(part.pixels, self.labels(part))
        if not isinstance(encoded, tuple | list):
            return encoded, None
        mean, log_variance = encoded
        return mean, log_variance

    def factors(
        self, images: np.ndarray, labels: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Means of q(z|x), and triangular factors of its covariances.

        They are those of the model's `posterior_factors`, `(n, d, d)`, where it has
        that method, and else the deviations `(n, d)` of the diagonal Gaussian that
        `encode` returns.
        """
        find = getattr(self.model, "posterior_factors", None)
        if find is not None:
            return find(images, labels)
        mean, log_variance = self.model.encode(images, labels)
        return mean, np.exp(0.5 * np.float64(log_variance))

    def decoded(self, latents: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """Images from latents, a part at a time."""
        parts = [slice(i, i + _DECODED) for i in range(0, len(latents), _DECODED)]
        made = [
            self.model.decode(latents[p], None if labels is None else labels[p])
            for p in parts
        ]
        return np.concatenate([np.asarray(each) for each in made])

    @functools.cached_property
    def test_factors(self) -> tuple[np.ndarray, np.ndarray] | None:
        """`factors` of the test images of a model whose codes' values correlate."""
        if not hasattr(self.model, "posterior_factors"):
            return None
        return self.factors(self.test.pixels, self.labels(self.test))

    @functools.cached_property
    def codes(self) -> np.ndarray:
        """One draw of the Gaussian of each test image; a point is its own draw."""
        mean, log_variance = self.test_posterior
        if log_variance is None:
            return mean
        noise = np.random.default_rng([self.seed, 1]).standard_normal(mean.shape)
        if self.test_factors is not None:
            mean, factors = self.test_factors
            return (mean + np.einsum("nij,nj->ni", factors, noise)).astype(np.float32)
        return (mean + np.exp(0.5 * log_variance) * noise).astype(np.float32)

    @functools.cached_property
    def probed_means(self) -> np.ndarray:
        return self.posterior(self.probed)[0]


@dataclasses.dataclass(frozen=True)
class EncoderMetric:
    """One entry of `ENCODER_METRICS`.

    Args:
        outputs: Function of an `EncoderInputs` that returns the bases of the names.
        compute: Function of an `EncoderInputs` that returns as many numbers.
        parts: Names of the parts of the inputs that are used.
        needs: `"labels"` of these parts; `"decoder"`: a known distribution;
            `"bernoulli"`: this one; `"standard prior"`: N(0, I).
        method: What the model must have, `"encode"` or `"classify"`.
        minimum: int, least number of images in each part, or a function of the inputs.
    """

    outputs: Callable
    compute: Callable
    parts: tuple[str, ...] = ("test",)
    needs: tuple[str, ...] = ()
    method: str = "encode"
    minimum: int | Callable = 2

    def names(self, inputs: EncoderInputs) -> list[str]:
        parts = [getattr(inputs, name) for name in self.parts]
        against = [("train", 0) if p is None else (p.split, p.count) for p in parts]
        return [metric_name(base, against=against) for base in self.outputs(inputs)]

    def obstacle(self, inputs: EncoderInputs) -> str | None:
        """Reason why the metric cannot be computed, or None."""
        parts = [getattr(inputs, name) for name in self.parts]
        if not hasattr(inputs.model, self.method):
            return f"{kind(inputs.model)} has no {_METHODS[self.method]}"
        is_noise = getattr(inputs.model, "codes_are_noise", False)
        if self.method == "encode" and is_noise:
            return f"codes of {kind(inputs.model)} are noise of the images' size"
        if None in parts:
            return "no training images were given"
        labels = [part.labels for part in parts]
        labelled = _is_conditional(inputs.model) or "labels" in self.needs
        if labelled and any(part is None for part in labels):
            return "the images have no labels"
        if "labels" in self.needs and any(len(np.unique(part)) < 2 for part in labels):
            return "the images are of a single class"
        needs_density = not {"decoder", "bernoulli"}.isdisjoint(self.needs)
        if needs_density and inputs.posterior_kind == "point":
            return "codes of this encoder are points, without a density"
        if "decoder" in self.needs and inputs.decoder not in ("bernoulli", "gaussian"):
            return "the model does not tell its decoder's distribution"
        if "bernoulli" in self.needs and inputs.decoder != "bernoulli":
            return "the decoder is not a Bernoulli distribution"
        is_standard = getattr(inputs.model, "prior_is_standard", True)
        if "standard prior" in self.needs and not is_standard:
            return f"the prior of {kind(inputs.model)} is not N(0, I)"
        count = min(len(part.images) for part in parts)
        least = self.minimum(inputs) if callable(self.minimum) else self.minimum
        if count < least:
            return f"got {count} images; expected at least {least}"
        return None

    def values(self, inputs: EncoderInputs) -> dict[str, float]:
        """The numbers, by name."""
        return dict(zip(self.names(inputs), self.compute(inputs), strict=True))


def encodes_by_label(model: Any) -> bool:
    """Whether an encoder takes labels; a user's own conditional model need not say."""
    takes = getattr(model, "takes_labels", None)
    return _is_conditional(model) and (takes is None or takes("encoder"))


def _is_conditional(model):
    return getattr(model, "num_classes", None) is not None


def kind(model) -> str:
    """Name of a model in messages."""
    return "an array of images" if model is None else type(model).__name__
