"""The two terms of the negative evidence lower bound (ELBO).

Reference: Kingma & Welling 2014, Auto-Encoding Variational Bayes (arXiv:1312.6114),
equation 3 and appendices B and C.
"""

import math

from keras import ops


def gaussian_kl_divergence(mean, log_variance):
    """KL(N(mean, exp(log_variance)) ‖ N(0, I)), summed over the latents.

    Args:
        mean: Means of q(z|x), shape `(batch, latent_dim)`.
        log_variance: Logarithms of the variances, same shape.

    Returns:
        Divergence of each example in nats, shape `(batch,)`, in [0, ∞).
    """
    terms = ops.square(mean) + ops.expm1(log_variance) - log_variance
    return 0.5 * ops.sum(terms, axis=-1)


def bernoulli_reconstruction_loss(images, reconstructions):
    """-log p(x|z) of a Bernoulli decoder, summed over pixels: cross-entropy.

    Grey pixels are taken as probabilities, so the least value is their entropy, not 0.
    Where the reconstructions come straight from a sigmoid activation, Keras computes
    the loss from its logits, which is exact in both tails.

    Args:
        images: Pixels in [0, 1], shape `(batch, height, width, channels)`.
        reconstructions: Bernoulli means in [0, 1], same shape.

    Returns:
        Loss of each example in nats, shape `(batch,)`, in [0, ∞).
    """
    return ops.sum(ops.binary_crossentropy(images, reconstructions), axis=(1, 2, 3))


def gaussian_reconstruction_loss(images, reconstructions, variance=1.0):
    """-log p(x|z) of a Gaussian decoder of fixed variance, summed over pixels.

    Args:
        images: Pixels in [0, 1], shape `(batch, height, width, channels)`.
        reconstructions: Gaussian means in [0, 1], same shape.
        variance: Variance of every pixel, positive float.

    Returns:
        Loss of each example in nats, shape `(batch,)`.
    """
    squares = ops.square(images - reconstructions) / variance
    constant = math.log(2.0 * math.pi * variance)
    return 0.5 * ops.sum(squares + constant, axis=(1, 2, 3))


RECONSTRUCTION_LOSSES = {
    "bernoulli": bernoulli_reconstruction_loss,
    "gaussian": gaussian_reconstruction_loss,
}
