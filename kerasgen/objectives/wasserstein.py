"""Losses of the Wasserstein game.

Reference: Arjovsky et al. 2017, Wasserstein GAN (arXiv:1701.07875), equation 3 and
Algorithm 1. The critic f is kept Lipschitz by clipping its weights; minus its loss then
estimates the Wasserstein-1 distance up to the Lipschitz constant.
"""


def wasserstein_critic_loss(real_scores, fake_scores):
    """Loss of the critic: f(G(z)) - f(x).

    Args:
        real_scores: Scores of real images, shape `(batch,)`.
        fake_scores: Scores of generated images, shape `(batch,)`.

    Returns:
        Loss of each example, shape `(batch,)`; the mean is minus the distance estimate.
    """
    return fake_scores - real_scores


def wasserstein_generator_loss(fake_scores):
    """Loss of the generator: -f(G(z)).

    Args:
        fake_scores: Scores of generated images, shape `(batch,)`.

    Returns:
        Loss of each example, shape `(batch,)`.
    """
    return -fake_scores
