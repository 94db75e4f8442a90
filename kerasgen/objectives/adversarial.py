"""Losses of the two-player game of Goodfellow et al. 2014, on logits.

Reference: Goodfellow et al. 2014, Generative Adversarial Networks (arXiv:1406.2661),
equation 1 and section 3. With the discriminator D = sigmoid(logits),
-log D = softplus(-logits) and -log(1 - D) = softplus(logits).
"""

from keras import ops


def cross_entropy_discriminator_loss(real_logits, fake_logits):
    """Loss of the discriminator: -log D(x) - log(1 - D(G(z))).

    Args:
        real_logits: Logits of real images, shape `(batch,)`.
        fake_logits: Logits of generated images, shape `(batch,)`.

    Returns:
        Loss of each example, shape `(batch,)`, in [0, ∞); 2 log 2 where the
        discriminator cannot tell.
    """
    return ops.softplus(-real_logits) + ops.softplus(fake_logits)


def non_saturating_generator_loss(fake_logits):
    """Loss of the generator in practice: -log D(G(z)).

    It has the fixed point of the minimax game and strong gradients where the
    discriminator rejects a sample (Goodfellow et al. 2014, end of section 3).

    Args:
        fake_logits: Logits of generated images, shape `(batch,)`.

    Returns:
        Loss of each example, shape `(batch,)`, in [0, ∞).
    """
    return ops.softplus(-fake_logits)


def minimax_generator_loss(fake_logits):
    """Loss of the generator in equation 1: log(1 - D(G(z))).

    Args:
        fake_logits: Logits of generated images, shape `(batch,)`.

    Returns:
        Loss of each example, shape `(batch,)`, in (-∞, 0].
    """
    return -ops.softplus(fake_logits)


GENERATOR_LOSSES = {
    "non_saturating": non_saturating_generator_loss,
    "minimax": minimax_generator_loss,
}
