"""The KL divergence of a posterior without a density, by a discriminator's logits.

A discriminator T that tells codes z ~ q(z|x) from draws z ~ p(z), trained by
`cross_entropy_discriminator_loss` with the codes as its first argument, has its optimum
at T = log q(z|x) - log p(z), whose mean over q is the divergence.

Reference: Mescheder et al. 2017, Adversarial Variational Bayes (arXiv:1701.04722),
equations 3.3 and 3.5, and section 3.3 on adaptive contrast.
"""

from keras import ops

from kerasgen.objectives.variational import gaussian_log_density


def adaptive_contrast_kl(logits, latents, codes, log_determinant):
    """T(x, ẑ) + log r(z|x) - log p(z), whose mean over q estimates KL(q ‖ p).

    The Gaussian r(z|x) has the moments of q(z|x), and T tells the normalised codes ẑ of
    `normalized_codes` from N(0, I): it has to learn how q differs from a Gaussian, no
    longer how far it is from the prior.

    Args:
        logits: T(x, ẑ) of a discriminator, shape `(batch,)`.
        latents: Codes z drawn from q(z|x), shape `(batch, latent_dim)`.
        codes: ẑ, same shape.
        log_determinant: log |det L| of `normalized_codes`, shape `(batch,)`.

    Returns:
        Estimate of each example in nats, shape `(batch,)`.
    """
    contrast = gaussian_log_density(codes) - log_determinant
    return logits + contrast - gaussian_log_density(latents)


def normalized_codes(latents, mean, covariance):
    """ẑ = L⁻¹ (z - mean) with L Lᵀ the covariance, and log |det L|.

    Args:
        latents: Codes z drawn from q(z|x), shape `(batch, latent_dim)`.
        mean: Means of q(z|x), same shape.
        covariance: Its covariances, `(batch, latent_dim, latent_dim)`; or its variances
            alone, shape of the means.

    Returns:
        Pair of codes of mean 0 and variance 1, in every direction or in each latent,
        and log |det L| of shape `(batch,)`.
    """
    centred = latents - mean
    if len(covariance.shape) == 2:
        codes = centred * ops.rsqrt(covariance)
        return codes, 0.5 * ops.sum(ops.log(covariance), axis=-1)
    factors = ops.cholesky(covariance)
    codes = ops.solve_triangular(factors, centred[..., None], lower=True)[..., 0]
    scales = ops.diagonal(factors, axis1=-2, axis2=-1)
    return codes, ops.sum(ops.log(scales), axis=-1)
