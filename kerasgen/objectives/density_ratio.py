"""The KL divergence of a posterior without a density, by a discriminator's logits.

A discriminator T that tells codes z ~ q(z|x) from draws z ~ p(z), trained by
`cross_entropy_discriminator_loss` with the codes as its first argument, has its optimum
at T = log q(z|x) - log p(z), whose mean over q is the divergence.

Reference: Mescheder et al. 2017, Adversarial Variational Bayes (arXiv:1701.04722),
equations 3.3 and 3.5, and section 3.3 on adaptive contrast.
"""

from keras import ops

from kerasgen.objectives.variational import gaussian_log_density


def adaptive_contrast_kl(logits, latents, mean, log_variance):
    """T(x, ẑ) + log r(z|x) - log p(z), whose mean over q estimates KL(q ‖ p).

    r(z|x) = N(mean, exp(log_variance)) has the moments of q(z|x), and T tells the
    normalised codes ẑ = (z - mean) / std from N(0, I): it has to learn how q differs
    from a Gaussian, no longer how far it is from the prior.

    Args:
        logits: T(x, ẑ) of a discriminator, shape `(batch,)`.
        latents: Codes z drawn from q(z|x), shape `(batch, latent_dim)`.
        mean: Means of q(z|x), same shape.
        log_variance: Logarithms of its variances, same shape.

    Returns:
        Estimate of each example in nats, shape `(batch,)`.
    """
    contrast = gaussian_log_density(latents, mean, log_variance)
    return logits + contrast - gaussian_log_density(latents)


def normalized_codes(latents, mean, log_variance):
    """(z - mean) / std, for the discriminator of `adaptive_contrast_kl`.

    Args:
        latents: Codes z drawn from q(z|x), shape `(batch, latent_dim)`.
        mean: Means of q(z|x), same shape.
        log_variance: Logarithms of its variances, same shape.

    Returns:
        Codes of mean 0 and variance 1, same shape.
    """
    return (latents - mean) * ops.exp(-0.5 * log_variance)
