"""Kernel distance between two sets of features.

Binkowski et al., "Demystifying MMD GANs", ICLR 2018. The squared maximum mean
discrepancy under the cubic kernel k(x, y) = (x.y / d + 1)^3, by its unbiased estimate,
averaged over subsets. Called KID when the features are those of Inception's pool3.

Departure: the paper draws 100 overlapping subsets of 1,000; here each set is shuffled
and cut into subsets that share no example. The expectation is the same, and because the
subsets are independent their spread gives a true standard error.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from kerasgen.metrics import checks


class KernelDistance(NamedTuple):
    """Mean over the subsets, its standard error, and the number of subsets."""

    mean: float
    standard_error: float
    num_subsets: int


def kernel_distance(
    real_features: ArrayLike,
    fake_features: ArrayLike,
    subset_size: int = 1000,
    seed: int = 0,
) -> KernelDistance:
    """Unbiased polynomial MMD^2 with its standard error; about 0 is best.

    Unlike the Fréchet distance it has no bias that depends on the number of samples, so
    it serves small sets. It may come out slightly negative on equal distributions.

    Reference: Binkowski et al., ICLR 2018, section 4.

    Args:
        real_features: float array `(n, d)`, n at least `2 * subset_size`.
        fake_features: float array `(m, d)`, m at least `2 * subset_size`.
        subset_size: int, examples in each subset, at least 2. Default 1000, the
            paper's.
        seed: int, of the shuffle.

    Returns:
        `KernelDistance(mean, standard_error, num_subsets)`, where `num_subsets` is
        `min(n, m) // subset_size` and `standard_error` is that of the mean.

    Raises:
        ValueError: NaN, wrong rank, different d, or too few examples for two subsets.

    Example:
        >>> import numpy as np
        >>> real, fake = np.random.default_rng(0).normal(size=(2, 400, 8))
        >>> distance = kernel_distance(real, fake + 1.0, subset_size=100)
        >>> distance.num_subsets, distance.mean > 10 * distance.standard_error
        (4, True)
    """
    checks.check_whole(subset_size, "subset_size", minimum=2)
    checks.check_seed(seed)
    least = 2 * subset_size
    real = checks.checked_features(real_features, "real_features", minimum=least)
    fake = checks.checked_features(fake_features, "fake_features", minimum=least)
    checks.check_same_width(real_features=real, fake_features=fake)
    num_subsets = min(len(real), len(fake)) // subset_size
    generator = np.random.default_rng(seed)
    subsets = (num_subsets, subset_size)
    real_rows = generator.permutation(len(real))[: num_subsets * subset_size]
    fake_rows = generator.permutation(len(fake))[: num_subsets * subset_size]
    estimates = [
        unbiased_polynomial_mmd(real[real_subset], fake[fake_subset])
        for real_subset, fake_subset in zip(
            real_rows.reshape(subsets), fake_rows.reshape(subsets), strict=True
        )
    ]
    return KernelDistance(
        mean=float(np.mean(estimates)),
        standard_error=float(np.std(estimates, ddof=1) / np.sqrt(num_subsets)),
        num_subsets=num_subsets,
    )


def unbiased_polynomial_mmd(
    real_features: ArrayLike, fake_features: ArrayLike
) -> float:
    """Unbiased MMD^2 of two sets, every pair used: one term of `kernel_distance`.

    Reference: Gretton et al., "A Kernel Two-Sample Test", JMLR 2012, Lemma 6.

    Args:
        real_features: float array `(n, d)`, n at least 2.
        fake_features: float array `(m, d)`, m at least 2.

    Returns:
        float; its expectation is 0 for equal distributions and positive otherwise.

    Raises:
        ValueError: NaN, wrong rank, different d, or fewer than 2 examples.

    Example:
        >>> unbiased_polynomial_mmd([[0.0], [0.0]], [[1.0], [1.0]])
        7.0
    """
    real = checks.checked_features(real_features, "real_features", minimum=2)
    fake = checks.checked_features(fake_features, "fake_features", minimum=2)
    checks.check_same_width(real_features=real, fake_features=fake)
    return (
        _mean_off_diagonal(_cubic_kernel(real, real))
        + _mean_off_diagonal(_cubic_kernel(fake, fake))
        - 2.0 * float(_cubic_kernel(real, fake).mean())
    )


def _cubic_kernel(first, second):
    return (first @ second.T / first.shape[1] + 1.0) ** 3


def _mean_off_diagonal(kernel):
    count = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))
