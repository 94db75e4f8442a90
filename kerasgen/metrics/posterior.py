"""Use of the latent space by an encoder, and mismatch of its codes to the prior.

Burda et al., "Importance Weighted Autoencoders", ICLR 2016, for active units; Hoffman &
Johnson, "ELBO surgery", NIPS workshop 2016, for the aggregate posterior q(z), the
mean of q(z|x) over images: where it differs from the prior, sampling feeds the decoder
codes that it was not trained on.
"""

from typing import NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike

from kerasgen.metrics import checks
from kerasgen.metrics.distances import self_distance_blocks

# Squared bandwidths over d, halving, so that each kernel is the square of the last.
_BANDWIDTHS = (4.0, 2.0, 1.0, 0.5, 0.25)


class PosteriorMismatch(NamedTuple):
    """Two distances from the aggregate posterior to N(0, I); 0 is best for both."""

    mmd: float
    gaussian_kl: float


def active_units(posterior_means: ArrayLike, threshold: float = 0.01) -> int:
    """Number of latent dimensions that vary with the image.

    Reference: Burda et al., ICLR 2016, section 5.2.

    Args:
        posterior_means: float array `(n, d)`, mean of q(z|x) of each image, n at
            least 2.
        threshold: float, least variance over images of an active dimension. Default
            0.01, the paper's.

    Returns:
        int between 0 and d.

    Raises:
        ValueError: NaN, wrong rank, fewer than 2 images, threshold not positive.

    Example:
        >>> active_units([[-1.0, 0.0], [1.0, 0.01]])
        1
    """
    means = checks.checked_features(posterior_means, "posterior_means", minimum=2)
    checks.check_between(threshold, "threshold", 0.0, np.inf)
    return int(np.sum(means.var(axis=0) > threshold))


def aggregate_posterior_mismatch(latents: ArrayLike) -> PosteriorMismatch:
    """Distances of the codes of the data from the prior N(0, I) that sampling uses.

    Two views: the unbiased MMD^2, averaged over Gaussian kernels of squared bandwidth
    d / 4, d / 2, d, 2d and 4d, whose expectations under the prior are taken exactly
    rather than by drawing from it; and the KL from a Gaussian with the codes' mean and
    covariance to the prior.

    Reference: Tolstikhin et al., "Wasserstein Auto-Encoders", ICLR 2018, for the MMD;
    Hoffman & Johnson, "ELBO surgery", 2016, for KL(q(z) || p(z)).

    Args:
        latents: float array `(n, d)`, one draw from q(z|x) for each image (draws, not
            means: means alone are too narrow), n at least d + 1.

    Returns:
        `PosteriorMismatch(mmd, gaussian_kl)`: MMD^2, at most 2, slightly negative by
        chance at a match; KL in nats, infinite when the codes leave a direction unused.

    Raises:
        ValueError: NaN, wrong rank or fewer than d + 1 examples.

    Example:
        >>> import numpy as np
        >>> codes = np.random.default_rng(0).normal(size=(2000, 2))
        >>> match = aggregate_posterior_mismatch(codes)
        >>> abs(match.mmd) < 0.001, match.gaussian_kl < 0.01
        (True, True)
    """
    latents = checks.checked_features(latents, "latents")
    dimension = latents.shape[1]
    checks.checked_features(latents, "latents", minimum=dimension + 1)
    mmd = _within_codes(latents) - 2.0 * _codes_to_prior(latents)
    return PosteriorMismatch(
        mmd=float(mmd + _within_prior(dimension)),
        gaussian_kl=_gaussian_kl(latents),
    )


def _within_codes(latents):
    """Mean kernel of two different codes."""
    count, dimension = latents.shape
    total = 0.0
    for _, block in self_distance_blocks(latents, diagonal=np.inf):
        block *= -1.0 / (2.0 * _BANDWIDTHS[0] * dimension)
        kernel = np.exp(block, out=block)
        total += kernel.sum()
        for _ in _BANDWIDTHS[1:]:
            kernel *= kernel
            total += kernel.sum()
    return total / (count * (count - 1) * len(_BANDWIDTHS))


def _codes_to_prior(latents):
    """Mean kernel of a code and a draw from N(0, I), the draw integrated out."""
    dimension = latents.shape[1]
    squares = np.sum(latents**2, axis=1)
    return np.mean(
        [
            (s / (s + 1.0)) ** (dimension / 2.0) * np.exp(-squares / (2.0 * (s + 1.0)))
            for s in np.multiply(_BANDWIDTHS, dimension)
        ]
    )


def _within_prior(dimension):
    """Mean kernel of two draws from N(0, I), both integrated out."""
    bandwidths = np.multiply(_BANDWIDTHS, dimension)
    return np.mean((bandwidths / (bandwidths + 2.0)) ** (dimension / 2.0))


def _gaussian_kl(latents):
    mean = latents.mean(axis=0)
    variances = scipy.linalg.eigvalsh(np.atleast_2d(np.cov(latents, rowvar=False)))
    if variances.min() <= 1e-12 * variances.max():
        return float("inf")
    return float(0.5 * (mean @ mean + np.sum(variances - 1.0 - np.log(variances))))
