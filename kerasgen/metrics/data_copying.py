"""Cell-wise test for copies of training examples.

Meehan et al., "A Non-Parametric Test to Detect Data-Copying in Generative Models",
AISTATS 2020. A model may copy in one region and be too spread out in another, which one
comparison over the whole space hides; here the space is cut into cells by k-means on
the training set, and each cell has a test of its own.
"""

from typing import NamedTuple

import numpy as np
import scipy.stats
from numpy.typing import ArrayLike
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from kerasgen.metrics import checks
from kerasgen.metrics.distances import nearest_neighbours


class DataCopying(NamedTuple):
    """Mean z of the cells, the least z, and the number of cells that were tested."""

    score: float
    least: float
    num_cells: int


def data_copying_test(
    train_samples: ArrayLike,
    test_samples: ArrayLike,
    fake_samples: ArrayLike,
    num_cells: int = 10,
    least_samples: int = 20,
    seed: int = 0,
) -> DataCopying:
    """C_T: are samples nearer to the training set than unseen examples, cell by cell?

    In each cell the distances of samples to the nearest training example of the cell
    are set against those of test examples by the Mann-Whitney test; z is normal with
    variance 1 where both have one distribution.

    Reference: Meehan et al., AISTATS 2020, section 3.

    Args:
        train_samples: float array `(n, d)` of features or `(n, h, w, c)` of pixels,
            what the model was trained on, n at least `num_cells`.
        test_samples: float array `(m, ...)`, same distribution, not trained on.
        fake_samples: float array `(l, ...)`, what the model drew.
        num_cells: int, cells of k-means, at least 1. Default 10.
        least_samples: int, a cell with fewer samples or fewer test examples is left
            out: there the normal approximation does not hold. Default 20.
        seed: int, of k-means (one start, k-means++).

    Returns:
        `DataCopying(score, least, num_cells)`: `score`, the mean of z over the cells,
        weighted by their test examples: below about -3 is copying, above 3 samples
        that lie farther out than the data; `least`, the z of the cell where samples
        are nearest; `num_cells`, how many cells were tested.

    Raises:
        ValueError: NaN, wrong rank, different shapes, too few training examples, or no
            cell with enough samples.

    Example:
        >>> import numpy as np
        >>> train, test = np.random.default_rng(0).normal(size=(2, 500, 4))
        >>> data_copying_test(train, test, train, num_cells=2).score < -10
        True
    """
    checks.check_whole(num_cells, "num_cells")
    checks.check_whole(least_samples, "least_samples")
    checks.check_seed(seed)
    train = checks.checked_samples(train_samples, "train_samples", minimum=num_cells)
    test = checks.checked_samples(test_samples, "test_samples")
    fake = checks.checked_samples(fake_samples, "fake_samples")
    checks.check_same_width(train_samples=train, test_samples=test, fake_samples=fake)
    means = KMeans(num_cells, n_init=1, random_state=seed)
    # OpenMP threads that wait for a busy core make it many times slower.
    with threadpool_limits(1):
        means.fit(train)
    cells = [means.labels_, means.predict(test), means.predict(fake)]
    sets = train, test, fake
    scores, weights = [], []
    for cell in range(num_cells):
        here = [points[c == cell] for points, c in zip(sets, cells, strict=True)]
        if len(here[0]) and min(map(len, here[1:])) >= least_samples:
            scores.append(_z_score(*here))
            weights.append(len(here[1]))
    if not scores:
        raise ValueError(
            f"Got {len(fake)} samples and {len(test)} test examples in {num_cells} "
            f"cells; expected a cell with {least_samples} of both. Draw more samples."
        )
    score = float(np.average(scores, weights=weights))
    return DataCopying(score, float(min(scores)), len(scores))


def _z_score(train, test, fake):
    """Mann-Whitney U of the samples' distances, in standard deviations."""
    distances = [nearest_neighbours(points, train)[0] for points in (fake, test)]
    pairs = scipy.stats.mannwhitneyu(*distances).statistic
    count = len(fake) * len(test)
    return (pairs - count / 2.0) / np.sqrt(count * (len(fake) + len(test) + 1) / 12.0)
