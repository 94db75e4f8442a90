"""The questions to an encoder, asked of a model that has none: by inversion."""

import dataclasses

import numpy as np

from kerasgen import training
from kerasgen.core.sampling import SamplingModel
from kerasgen.evaluation.encoder_inputs import EncoderInputs
from kerasgen.evaluation.encoder_inputs import EncoderMetric
from kerasgen.evaluation.encoder_inputs import kind

# Test images, and training images, that are inverted.
NUM_INVERTED = 500


class Inversion:
    """Encodes an image as the latents that a model makes it from best.

    Args:
        model: `SamplingModel`, to encode with it.
        seed: int, as for `kerasgen.training.fit_latents`.
    """

    def __init__(self, model: SamplingModel, seed: int) -> None:
        self.model, self.seed = model, seed
        # Some know classes, but generate without them; arrays are no model at all.
        is_conditional = getattr(model, "is_conditional", True)
        self.num_classes = (
            getattr(model, "num_classes", None) if is_conditional else None
        )

    def encode(
        self, images: np.ndarray, labels: np.ndarray | None = None
    ) -> tuple[np.ndarray, None]:
        """`(latents, None)`: inversion finds no distribution around the latents."""
        (size,) = self.model.latent_shape  # with a class and codes, for some
        fitted = training.fit_latents(
            self._generate, images, size, labels, seed=self.seed
        )
        return fitted.latents, None

    def decode(
        self, latents: np.ndarray, labels: np.ndarray | None = None
    ) -> np.ndarray:
        return self.model.generate(latents, labels)

    def _generate(self, latents, labels):
        return self.model.decode(latents, labels)


@dataclasses.dataclass(frozen=True)
class InversionMetric:
    """Metrics of an encoder, of latents that are found by inversion.

    Args:
        metrics: `EncoderMetric`s that need codes alone; their names get the prefix
            `inverted_`.
    """

    metrics: tuple[EncoderMetric, ...]

    def names(self, inputs: EncoderInputs) -> list[str]:
        """The full names of the numbers of an `EncoderInputs`, protocol and all."""
        inputs = _inverted(inputs)
        names = [name for metric in self.metrics for name in metric.names(inputs)]
        return [f"inverted_{name}" for name in names]

    def obstacle(self, inputs: EncoderInputs) -> str | None:
        """Reason why the metrics cannot be computed, or None."""
        if hasattr(inputs.model, "encode"):
            return f"{kind(inputs.model)} has an encoder"
        if not isinstance(inputs.model, SamplingModel):
            return f"{kind(inputs.model)} gives no gradients to invert it by"
        if inputs.model.codes_are_noise:
            return f"latents of {kind(inputs.model)} are noise of the images' size"
        inputs = _inverted(inputs)
        return next(filter(None, (m.obstacle(inputs) for m in self.metrics)), None)

    def values(self, inputs: EncoderInputs) -> dict[str, float]:
        """The numbers, by name."""
        inputs = _inverted(inputs)
        found = {}
        for metric in self.metrics:
            found |= metric.values(inputs)
        return {f"inverted_{name}": value for name, value in found.items()}


def _inverted(inputs):
    """The inputs of fewer images, always the same, and of codes by inversion."""
    order = np.random.default_rng(0).permutation(len(inputs.test.images))
    probed = None if inputs.probed is None else inputs.probed.take(slice(NUM_INVERTED))
    return dataclasses.replace(
        inputs,
        model=Inversion(inputs.model, inputs.seed),
        test=inputs.test.take(order[:NUM_INVERTED]),
        find_probed=lambda: probed,
    )
