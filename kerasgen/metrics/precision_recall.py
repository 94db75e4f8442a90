"""Precision and recall, density and coverage: fidelity apart from diversity.

Kynkäänniemi et al., "Improved Precision and Recall Metric for Assessing Generative
Models", NeurIPS 2019; Naeem et al., "Reliable Fidelity and Diversity Metrics for
Generative Models", ICML 2020. Around each example stands the ball that reaches to its
k-th nearest neighbour in its own set; the metrics count who lies inside whose ball.

An example on the surface of a ball is outside it, as in Naeem's code. Distances that
differ by rounding alone count as equal, so that no number hangs on the order in which a
matrix product was summed.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from kerasgen.metrics import checks
from kerasgen.metrics.distances import self_distance_blocks
from kerasgen.metrics.distances import squared_distance_blocks


class PrecisionRecall(NamedTuple):
    """Share of fakes among the reals, and share of reals among the fakes."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """Real balls around a fake, over k, and share of real balls with a fake."""

    density: float
    coverage: float


def precision_recall(
    real_features: ArrayLike, fake_features: ArrayLike, k: int = 5
) -> PrecisionRecall:
    """Share of samples that look real, and share of the real set that they reach.

    A perfect model scores well below 1 in many dimensions, and one outlier among the
    fakes can hold many reals, which flatters recall: read both beside the values of
    real against real.

    Reference: Kynkäänniemi et al., NeurIPS 2019, section 2 (there k = 3).

    Args:
        real_features: float array `(n, d)`, n at least `k + 1`.
        fake_features: float array `(m, d)`, m at least `k + 1`.
        k: int, neighbour that sets the radius of a ball. Default 5, as in `prdc`.

    Returns:
        `PrecisionRecall(precision, recall)`, each in [0, 1], 1 is best.

    Raises:
        ValueError: NaN, wrong rank, different d, or fewer than `k + 1` examples.

    Example:
        >>> import numpy as np
        >>> real = np.random.default_rng(0).normal(size=(200, 2))
        >>> precision_recall(real, real + 100.0)
        PrecisionRecall(precision=0.0, recall=0.0)
    """
    real, fake = _checked(real_features, fake_features, k)
    real_radii, fake_radii = _squared_radii(real, k), _squared_radii(fake, k)
    among_reals = np.zeros(len(fake), dtype=bool)
    among_fakes = np.zeros(len(real), dtype=bool)
    for rows, block in squared_distance_blocks(real, fake):
        among_reals |= (block < real_radii[rows, None]).any(axis=0)
        among_fakes[rows] = (block < fake_radii).any(axis=1)
    return PrecisionRecall(float(among_reals.mean()), float(among_fakes.mean()))


def density_coverage(
    real_features: ArrayLike, fake_features: ArrayLike, k: int = 5
) -> DensityCoverage:
    """Precision and recall made robust: only balls around real examples count.

    For equal distributions density is about 1, whatever the dimension, and coverage
    about `1 - (n / (n + m))**k`, which is `1 - 2**-k` for equal counts.

    Reference: Naeem et al., ICML 2020, section 3.2.

    Args:
        real_features: float array `(n, d)`, n at least `k + 1`.
        fake_features: float array `(m, d)`, m at least `k + 1`.
        k: int, neighbour that sets the radius of a ball. Default 5, the paper's.

    Returns:
        `DensityCoverage(density, coverage)`: density at least 0 and possibly above 1
        where fakes crowd into the densest regions; coverage in [0, 1], 1 is best.

    Raises:
        ValueError: NaN, wrong rank, different d, or fewer than `k + 1` examples.

    Example:
        >>> import numpy as np
        >>> real = np.random.default_rng(0).normal(size=(200, 2))
        >>> density_coverage(real, real)
        DensityCoverage(density=1.0, coverage=1.0)
    """
    real, fake = _checked(real_features, fake_features, k)
    real_radii = _squared_radii(real, k)
    pairs = 0
    covered = np.zeros(len(real), dtype=bool)
    for rows, block in squared_distance_blocks(real, fake):
        inside = block < real_radii[rows, None]
        pairs += np.count_nonzero(inside)
        covered[rows] = inside.any(axis=1)
    return DensityCoverage(float(pairs / (k * len(fake))), float(covered.mean()))


def _squared_radii(points, k):
    """Squared distance to the k-th other point, less the error of computing it."""
    radii = np.empty(len(points))
    for rows, block in self_distance_blocks(points, diagonal=np.inf):
        block.partition(k - 1, axis=1)
        radii[rows] = block[:, k - 1]
    squared_norms = np.sum((points - points.mean(axis=0)) ** 2, axis=1)
    # A ball of radius 0, as duplicates have, becomes negative here: it holds nothing.
    return radii - 1e-11 * (squared_norms + radii)


def _checked(real_features, fake_features, k):
    checks.check_whole(k, "k")
    real = checks.checked_features(real_features, "real_features", minimum=k + 1)
    fake = checks.checked_features(fake_features, "fake_features", minimum=k + 1)
    checks.check_same_width(real_features=real, fake_features=fake)
    return real, fake
