"""Fréchet distance between two sets of features.

Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash
Equilibrium", NeurIPS 2017. Each set is summarised by a Gaussian N(m, C); the squared
Wasserstein-2 distance of two Gaussians is

    |m_r - m_f|^2 + tr(C_r + C_f - 2 (C_r C_f)^(1/2)).

Called FID when the features are those of Inception's pool3; on other features the
numbers are comparable only among themselves.

Departure: the trace of (C_r C_f)^(1/2) is taken as the sum of the singular values of
C_r^(1/2) C_f^(1/2). That is the same number, but real, never negative and accurate for
covariances that lack full rank, where a general matrix square root returns complex
numbers.
"""

from typing import NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike

from kerasgen.metrics import checks


class GaussianStatistics(NamedTuple):
    """The Gaussian that stands for a set of features: `mean (d,)`, `covariance`."""

    mean: np.ndarray
    covariance: np.ndarray


def gaussian_statistics(features: ArrayLike) -> GaussianStatistics:
    """Mean and covariance of features, to compute once for a real set and keep.

    Args:
        features: float array `(n, d)`, n at least 2.

    Returns:
        `GaussianStatistics` in float64: `mean (d,)` and unbiased `covariance (d, d)`.

    Raises:
        ValueError: NaN, wrong rank, or fewer than 2 examples.

    Example:
        >>> statistics = gaussian_statistics([[0.0, 0.0], [2.0, 4.0]])
        >>> statistics.mean.tolist(), statistics.covariance.tolist()
        ([1.0, 2.0], [[2.0, 4.0], [4.0, 8.0]])
    """
    features = checks.checked_features(features, "features", minimum=2)
    covariance = np.atleast_2d(np.cov(features, rowvar=False))
    return GaussianStatistics(features.mean(axis=0), covariance)


def frechet_distance(real_features: ArrayLike, fake_features: ArrayLike) -> float:
    """Fréchet distance of two sets of features; 0 is best.

    It falls with the number of samples (a bias of order d / n): compare numbers of
    equal counts only, and print the value of real against real beside them.

    Reference: Heusel et al., NeurIPS 2017, eq. 6.

    Args:
        real_features: float array `(n, d)`, n at least 2.
        fake_features: float array `(m, d)`, m at least 2.

    Returns:
        float, at least 0, in squared units of the features.

    Raises:
        ValueError: NaN, wrong rank, different d, or fewer than 2 examples.

    Example:
        >>> import numpy as np
        >>> real = np.random.default_rng(0).normal(size=(1000, 4))
        >>> round(frechet_distance(real, real + [3.0, 0.0, 0.0, 4.0]), 6)
        25.0
    """
    real = checks.checked_features(real_features, "real_features", minimum=2)
    fake = checks.checked_features(fake_features, "fake_features", minimum=2)
    checks.check_same_width(real_features=real, fake_features=fake)
    return _distance(gaussian_statistics(real), gaussian_statistics(fake))


def gaussian_frechet_distance(
    real_statistics: tuple[ArrayLike, ArrayLike],
    fake_statistics: tuple[ArrayLike, ArrayLike],
) -> float:
    """Fréchet distance of two Gaussians given by mean and covariance.

    For statistics of the real set that were computed once and stored.

    Reference: Dowson & Landau, "The Fréchet distance between multivariate normal
    distributions", Journal of Multivariate Analysis, 1982.

    Args:
        real_statistics: pair of arrays, mean `(d,)` and covariance `(d, d)`.
        fake_statistics: the same, of the samples.

    Returns:
        float, at least 0, in squared units of the features.

    Raises:
        ValueError: shapes that do not fit, NaN, or a matrix that is not a covariance
            (symmetric, no negative eigenvalue).

    Example:
        >>> import numpy as np
        >>> gaussian_frechet_distance(
        ...     (np.zeros(2), np.eye(2)), (np.ones(2), 4.0 * np.eye(2))
        ... )
        4.0
    """
    real = _checked_statistics(real_statistics, "real_statistics")
    fake = _checked_statistics(fake_statistics, "fake_statistics")
    checks.check_same_width(
        real_statistics=real.covariance, fake_statistics=fake.covariance
    )
    return _distance(real, fake)


def _distance(real, fake):
    shift = real.mean - fake.mean
    roots = _square_root(real.covariance), _square_root(fake.covariance)
    overlap = scipy.linalg.svdvals(roots[0] @ roots[1]).sum()
    spread = np.trace(real.covariance) + np.trace(fake.covariance) - 2.0 * overlap
    # The spread is never negative; below 0 it is rounding.
    return float(shift @ shift + max(spread, 0.0))


def _square_root(covariance):
    values, vectors = scipy.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T


def _checked_statistics(statistics, name):
    try:
        mean, covariance = statistics
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Got {name}={statistics!r}; expected a pair of mean and covariance. Use "
            "gaussian_statistics()."
        ) from error
    mean = checks.checked_values(mean, f"{name}.mean")
    covariance = checks.checked_features(covariance, f"{name}.covariance")
    if covariance.shape != (len(mean), len(mean)):
        raise ValueError(
            f"Got `{name}` with a mean of shape {mean.shape} and a covariance of shape "
            f"{covariance.shape}; expected (d,) and (d, d). Use gaussian_statistics()."
        )
    scale = np.abs(covariance).max()
    symmetric = np.abs(covariance - covariance.T).max() <= 1e-6 * scale
    if not symmetric or scipy.linalg.eigvalsh(covariance).min() < -1e-6 * scale:
        raise ValueError(
            f"Got `{name}.covariance` that is none; expected a symmetric matrix "
            "without negative eigenvalues. Use gaussian_statistics()."
        )
    return GaussianStatistics(mean, covariance)
