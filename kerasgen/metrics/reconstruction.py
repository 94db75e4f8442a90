"""Reconstruction errors of an autoencoder, image by image.

Kingma & Welling, "Auto-Encoding Variational Bayes", ICLR 2014, appendix C, for the
Bernoulli and Gaussian decoders whose negative log-likelihoods these are (the squared
error up to scale and a constant).
"""

import numpy as np
from numpy.typing import ArrayLike

from kerasgen.metrics import checks


def mean_squared_error(
    real_images: ArrayLike, reconstructions: ArrayLike
) -> np.ndarray:
    """Squared difference of each image from its reconstruction, mean over pixels.

    Reference: Kingma & Welling, ICLR 2014, appendix C.2.

    Args:
        real_images: float array `(n, h, w, c)` in [0, 1], c 1 or 3.
        reconstructions: float array of the same shape, in [0, 1].

    Returns:
        float array `(n,)`, each in [0, 1]; 0 is best.

    Raises:
        ValueError: pixels out of [0, 1] or NaN, wrong or different shapes.

    Example:
        >>> import numpy as np
        >>> mean_squared_error(np.zeros((1, 2, 2, 1)), np.full((1, 2, 2, 1), 0.5))
        array([0.25])
    """
    real, reconstructions = _checked(real_images, reconstructions)
    return np.mean((real - reconstructions) ** 2, axis=(1, 2, 3))


def bernoulli_cross_entropy(
    real_images: ArrayLike, reconstructions: ArrayLike, epsilon: float = 1e-7
) -> np.ndarray:
    """Cross-entropy of Bernoulli pixels for each image, summed over pixels, in nats.

    A negative log-likelihood where the images are binary; on grey images its least
    value is their own entropy, not 0.

    Reference: Kingma & Welling, ICLR 2014, appendix C.1.

    Args:
        real_images: float array `(n, h, w, c)` in [0, 1], c 1 or 3.
        reconstructions: float array of the same shape, probability that a pixel is 1.
        epsilon: float in (0, 0.5], probabilities are clipped to
            `[epsilon, 1 - epsilon]`, since a float32 sigmoid rounds to 0 and 1.
            Default 1e-7, as in Keras: at most 16.1 nats for one pixel.

    Returns:
        float array `(n,)`, nats per image.

    Raises:
        ValueError: pixels out of [0, 1] or NaN, wrong or different shapes.

    Example:
        >>> import numpy as np
        >>> half = np.full((1, 2, 2, 1), 0.5)
        >>> bernoulli_cross_entropy(np.ones((1, 2, 2, 1)), half)  # 4 log 2
        array([2.77258872])
    """
    checks.check_between(epsilon, "epsilon", 0.0, 0.5)
    real, reconstructions = _checked(real_images, reconstructions)
    probabilities = np.clip(reconstructions, epsilon, 1.0 - epsilon)
    log_likelihoods = real * np.log(probabilities)
    log_likelihoods += (1.0 - real) * np.log1p(-probabilities)
    return -np.sum(log_likelihoods, axis=(1, 2, 3))


def _checked(real_images, reconstructions):
    real = checks.checked_images(real_images, "real_images")
    reconstructions = checks.checked_images(reconstructions, "reconstructions")
    checks.check_same_width(real_images=real, reconstructions=reconstructions)
    checks.check_same_length(real_images=real, reconstructions=reconstructions)
    return real, reconstructions
