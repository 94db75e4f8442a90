"""Games between a generator and a judge of images, under one signature.

Both losses of a game take the judge's outputs for real and for generated images, shape
`(batch,)`, since a relativistic generator needs both. Where their networks are the
same, two models differ by their game alone.
"""

from collections.abc import Callable
from typing import NamedTuple

from keras import ops

from kerasgen.objectives.adversarial import cross_entropy_discriminator_loss
from kerasgen.objectives.adversarial import minimax_generator_loss
from kerasgen.objectives.adversarial import non_saturating_generator_loss


def least_squares_discriminator_loss(real, fake):
    """Squared distance to 1 on real and to 0 on generated images, halved.

    ½ (D(x) - 1)² + ½ D(G(z))². The best discriminator is p_data / (p_data + p_g), and
    where the two are equal the loss is 1/4.

    Reference: Mao et al. 2017, Least Squares Generative Adversarial Networks
    (arXiv:1611.04076), equation 9.

    Args:
        real: Outputs for real images, shape `(batch,)`.
        fake: Outputs for generated images, same shape.

    Returns:
        Loss of each example, shape `(batch,)`, in [0, ∞).
    """
    return 0.5 * (ops.square(real - 1.0) + ops.square(fake))


def least_squares_generator_loss(fake):
    """Squared distance to 1 on generated images, halved: ½ (D(G(z)) - 1)².

    Reference: Mao et al. 2017 (arXiv:1611.04076), equation 9.

    Args:
        fake: Outputs for generated images, shape `(batch,)`.

    Returns:
        Loss of each example, shape `(batch,)`, in [0, ∞).
    """
    return 0.5 * ops.square(fake - 1.0)


def hinge_discriminator_loss(real, fake):
    """Hinge on both sides of a margin of 1: [1 - D(x)]₊ + [1 + D(G(z))]₊.

    Reference: Lim & Ye 2017, Geometric GAN (arXiv:1705.02894), equation 12; Miyato et
    al. 2018, Spectral Normalization (arXiv:1802.05957), equation 16.

    Args:
        real: Outputs for real images, shape `(batch,)`.
        fake: Outputs for generated images, same shape.

    Returns:
        Loss of each example, shape `(batch,)`, in [0, ∞); 2 at outputs of 0.
    """
    return ops.relu(1.0 - real) + ops.relu(1.0 + fake)


def hinge_generator_loss(fake):
    """Minus the discriminator's output: -D(G(z)).

    Reference: Miyato et al. 2018 (arXiv:1802.05957), equation 17.

    Args:
        fake: Outputs for generated images, shape `(batch,)`.

    Returns:
        Loss of each example, shape `(batch,)`.
    """
    return -fake


def relativistic_discriminator_loss(real, fake):
    """Cross-entropy of which of a pair is real: softplus(-(D(x) - D(G(z)))).

    Images are paired by their position in the batch. Only differences of outputs
    matter, so D may drift by any constant.

    Reference: Jolicoeur-Martineau 2019, The relativistic discriminator
    (arXiv:1807.00734), equation 7; Huang et al. 2024 (arXiv:2501.05441), equation 2.

    Args:
        real: Outputs for real images, shape `(batch,)`.
        fake: Outputs for generated images, same shape.

    Returns:
        Loss of each example, shape `(batch,)`, in [0, ∞); log 2 at equal outputs.
    """
    return ops.softplus(fake - real)


def relativistic_generator_loss(real, fake):
    """The discriminator's loss with the pair swapped: softplus(-(D(G(z)) - D(x))).

    Reference: Jolicoeur-Martineau 2019 (arXiv:1807.00734), equation 8.

    Args:
        real: Outputs for real images, shape `(batch,)`.
        fake: Outputs for generated images, same shape.

    Returns:
        Loss of each example, shape `(batch,)`, in [0, ∞).
    """
    return ops.softplus(real - fake)


class Game(NamedTuple):
    """The losses of a judge and of a generator, each of `(real, fake)`."""

    judge: Callable
    generator: Callable


def _of_fakes(loss):
    return lambda real, fake: loss(fake)


GAMES = {
    "non_saturating": Game(
        cross_entropy_discriminator_loss, _of_fakes(non_saturating_generator_loss)
    ),
    "minimax": Game(
        cross_entropy_discriminator_loss, _of_fakes(minimax_generator_loss)
    ),
    "least_squares": Game(
        least_squares_discriminator_loss, _of_fakes(least_squares_generator_loss)
    ),
    "hinge": Game(hinge_discriminator_loss, _of_fakes(hinge_generator_loss)),
    "relativistic": Game(relativistic_discriminator_loss, relativistic_generator_loss),
}
