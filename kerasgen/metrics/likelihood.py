"""Bounds on the likelihood of images, averaged or by importance sampling.

Kingma & Welling, "Auto-Encoding Variational Bayes", ICLR 2014; Burda et al.,
"Importance Weighted Autoencoders", ICLR 2016. All in nats per image. They are
comparable between models only for the same decoder distribution on the same (binarised)
images.
"""

from typing import NamedTuple

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from kerasgen.metrics import checks


class NegativeELBO(NamedTuple):
    """Mean bound, its standard error, and the means of its two parts, in nats."""

    negative_elbo: float
    standard_error: float
    reconstruction: float
    kl_divergence: float


def negative_elbo(reconstruction: ArrayLike, kl_divergence: ArrayLike) -> NegativeELBO:
    """Averages -ELBO = E_q[-log p(x|z)] + KL(q(z|x) || p(z)) over images.

    Reference: Kingma & Welling, ICLR 2014, eq. 3.

    Args:
        reconstruction: float array `(n,)`, -log p(x|z) of each image, summed over
            pixels, in nats; n at least 2.
        kl_divergence: float array `(n,)`, KL of each image, summed over latents, nats.

    Returns:
        `NegativeELBO(negative_elbo, standard_error, reconstruction, kl_divergence)`,
        in nats per image; the standard error is that of the mean bound over images.

    Raises:
        ValueError: NaN, wrong rank, different lengths, or fewer than 2 images.

    Example:
        >>> negative_elbo([80.0, 90.0], [20.0, 30.0])
        NegativeELBO(negative_elbo=110.0, standard_error=10.0, reconstruction=85.0, \
kl_divergence=25.0)
    """
    reconstruction = checks.checked_values(reconstruction, "reconstruction", minimum=2)
    kl_divergence = checks.checked_values(kl_divergence, "kl_divergence", minimum=2)
    checks.check_same_length(reconstruction=reconstruction, kl_divergence=kl_divergence)
    bounds = reconstruction + kl_divergence
    return NegativeELBO(
        negative_elbo=float(bounds.mean()),
        standard_error=float(bounds.std(ddof=1) / np.sqrt(len(bounds))),
        reconstruction=float(reconstruction.mean()),
        kl_divergence=float(kl_divergence.mean()),
    )


def importance_weighted_bound(log_weights: ArrayLike) -> np.ndarray:
    """Lower bound on log p(x) of each image from K importance samples.

    log (1/K) sum_k w_k with w_k = p(x, z_k) / q(z_k|x), z_k drawn from q(z|x). It rises
    with K in expectation, from the ELBO at K = 1 to log p(x). Minus its mean over
    images is the NLL that papers print (K = 5000).

    Reference: Burda et al., ICLR 2016, section 3.

    Args:
        log_weights: float array `(n, K)`, log w in nats: images on axis 0, importance
            samples on axis 1. Minus infinity is a weight of 0.

    Returns:
        float array `(n,)`, nats per image.

    Raises:
        ValueError: wrong rank, no sample, NaN or plus infinity.

    Example:
        >>> import numpy as np
        >>> importance_weighted_bound(np.log([[1.0, 3.0]])).round(6).tolist()
        [0.693147]
    """
    log_weights = checks.as_numbers(log_weights, "log_weights")
    if log_weights.ndim != 2 or log_weights.size == 0:
        raise ValueError(
            f"Got `log_weights` of shape {log_weights.shape}; expected (n, K), at "
            "least one image on axis 0 and one importance sample on axis 1."
        )
    # Only the upper end is closed: a weight of 0 is an honest value.
    if not (log_weights < np.inf).all():
        raise ValueError(
            "Got `log_weights` with NaN or plus infinity; expected numbers or minus "
            "infinity. Look for a posterior whose standard deviation is 0."
        )
    num_samples = log_weights.shape[1]
    return scipy.special.logsumexp(log_weights, axis=1) - np.log(num_samples)
