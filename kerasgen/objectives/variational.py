"""Terms of the evidence lower bound (ELBO) and of its importance-weighted version.

Reference: Kingma & Welling 2014, Auto-Encoding Variational Bayes (arXiv:1312.6114),
equation 3 and appendices B and C; Burda et al. 2016, Importance Weighted Autoencoders
(arXiv:1509.00519), equation 8.
"""

import math

from keras import ops


def gaussian_log_density(latents, mean=0.0, log_variance=0.0):
    """log N(latents; mean, exp(log_variance)), summed over the last axis.

    Args:
        latents: Points, shape `(..., latent_dim)`.
        mean: Means, broadcast to the latents; by default those of the prior, 0.
        log_variance: Logarithms of the variances, likewise; by default 0.

    Returns:
        Log-density of each point in nats, shape `(...)`.
    """
    latents = ops.convert_to_tensor(latents)
    log_variance = ops.convert_to_tensor(log_variance, latents.dtype)
    squares = ops.square(latents - mean) * ops.exp(-log_variance)
    return -0.5 * ops.sum(squares + log_variance + math.log(2.0 * math.pi), axis=-1)


def importance_weighted_loss(log_weights):
    """Minus the importance-weighted bound: -log (1/K) Σ_k w_k.

    With w_k = p(x, z_k) / q(z_k|x) it falls, in expectation, from the negative ELBO at
    K = 1 to -log p(x) as K grows.

    Reference: Burda et al. 2016 (arXiv:1509.00519), equation 8.

    Args:
        log_weights: log w_k in nats, shape `(batch, K)`.

    Returns:
        Loss of each example in nats, shape `(batch,)`.
    """
    num_samples = log_weights.shape[-1]
    return math.log(num_samples) - ops.logsumexp(log_weights, axis=-1)


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
