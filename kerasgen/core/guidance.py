"""Images from noise of their own size, step by step, towards a label."""

import math

from keras import ops

from kerasgen.core.arguments import check_fraction
from kerasgen.core.arguments import check_not_negative
from kerasgen.core.capabilities import ImageModel


class GuidedModel(ImageModel):
    """A network of noisy images and times that turns noise into images. Abstract.

    Conditional models drop labels now and then in training, so that samples can be
    guided (Ho & Salimans 2022, Classifier-Free Diffusion Guidance, arXiv:2207.12598):
    f = f(∅) + w · (f(y) - f(∅)); w = 1 is the conditional network alone.

    Args:
        latent_dim: None, or the number of values in an image: the latents are flat
            noise of the images' size.
        guidance: Weight w of a conditional model's label, at least 0; other than 1 it
            takes twice as many evaluations, and needs `num_classes`.
        label_dropout: Share of labels dropped in training, in [0, 1).
        width: Channels of the U-Net at the full size, a multiple of 4.
        depth: Number of its stages that halve the image.

    The other arguments are those of `GenerativeModel`.
    """

    codes_are_noise = True

    def __init__(
        self,
        image_shape,
        latent_dim,
        num_classes,
        *,
        guidance=1.0,
        label_dropout=0.1,
        width=32,
        depth=2,
        **kwargs,
    ):
        super().__init__(image_shape, latent_dim, num_classes, **kwargs)
        self.latent_dim = math.prod(self.image_shape)
        if latent_dim not in (None, self.latent_dim):
            raise ValueError(
                f"Got latent_dim={latent_dim}; expected None or {self.latent_dim}: the "
                "latents are noise of the images' size. Leave it out."
            )
        self.label_dropout = check_fraction("label_dropout", label_dropout)
        self.guidance = self.checked_guidance(guidance)
        self.width, self.depth = width, depth

    def network_forms(self):
        return {self.generator_name: ([self.image_shape, ()], [self.image_shape])}

    def call(self, inputs, training=False):
        """Images from noise, or from `[noise, labels]`."""
        noise, *labels = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        return self.decode(noise, *labels)

    def noise_as_images(self, latents):
        """Latents in the shape of images, for `decode`.

        Raises:
            ValueError: If they are not of shape `(num, latent_dim)`.
        """
        if tuple(latents.shape[1:]) != self.latent_shape:
            raise ValueError(
                f"Got latents of shape {tuple(latents.shape)}; expected (num, "
                f"{self.latent_dim}), noise of the images' size."
            )
        return ops.reshape(latents, (-1, *self.image_shape))

    def drop_labels(self, labels, kept):
        """Labels, and where they are not kept the one that stands for "not given"."""
        return None if labels is None else ops.where(kept, labels, self.num_classes)

    def checked_guidance(self, guidance):
        weight = check_not_negative("guidance", guidance)
        if weight != 1.0 and self.num_classes is None:
            raise ValueError(
                f"Got guidance={guidance} for a model without classes; expected 1.0. "
                "Guidance is towards a label: construct the model with num_classes."
            )
        if weight != 1.0 and not self.label_dropout:
            raise ValueError(
                f"Got guidance={guidance} for a model with label_dropout=0, which "
                "never sees an image without its label; expected 1.0. Train one with "
                "a label_dropout above 0."
            )
        return weight

    def guided(self, labels, guidance):
        """The averaged network as a function of images and one time for all.

        Args:
            labels: int32 tensor of shape `(num,)`, or None.
            guidance: Weight of the label; None stands for the model's.
        """
        weight = self.checked_guidance(self.guidance if guidance is None else guidance)
        bound = {"training": False, "averaged": True}
        conditional = self.bind(self.generator_name, labels, **bound)
        free = None
        if labels is not None and weight != 1.0:
            none = ops.full_like(labels, self.num_classes)
            free = self.bind(self.generator_name, none, **bound)

        def predict(x, time):
            times = ops.broadcast_to(time, (ops.shape(x)[0],))
            found = conditional(x, times)
            if free is None:
                return found
            without = free(x, times)
            return without + weight * (found - without)

        return predict
