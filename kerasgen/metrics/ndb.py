"""Number of statistically different bins.

Richardson & Weiss, "On GANs and GMMs", NeurIPS 2018. K-means cuts the real set into
bins; a bin is different when the share of samples in it differs from the real share by
more than chance allows.
"""

import warnings
from typing import NamedTuple

import numpy as np
import scipy.spatial.distance
import scipy.stats
from numpy.typing import ArrayLike
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from kerasgen.metrics import checks
from kerasgen.metrics.distances import nearest_neighbours

# Numbers of an example at most that bins are made of: 32x32 pixels in colour.
MOST_NUMBERS = 3072


class DifferentBins(NamedTuple):
    """Different bins, their share of all bins, and the divergence of the histograms."""

    count: int  # type: ignore[assignment]  # a tuple has a method of this name
    share: float
    js_divergence: float


def number_of_different_bins(
    real_samples: ArrayLike,
    fake_samples: ArrayLike,
    num_bins: int = 100,
    significance: float = 0.05,
    seed: int = 0,
) -> DifferentBins:
    """NDB: number of regions of the data with too many or too few samples.

    Even equal distributions differ in about `significance * num_bins` bins by chance.
    The count rises with the number of samples: compare equal counts only. Of large
    examples a part of the numbers counts; see `fit_bins`.

    Reference: Richardson & Weiss, NeurIPS 2018.

    Args:
        real_samples: float array `(n, d)` of features or `(n, h, w, c)` of pixels, n at
            least `5 * num_bins`. The paper uses training images, in pixels.
        fake_samples: float array `(m, ...)`, m at least `5 * num_bins`.
        num_bins: int, K, at least 2. Default 100, the paper's.
        significance: float in (0, 1], of the two-sided two-proportion z-test. Default
            0.05, the paper's.
        seed: int, of K-means (one start, k-means++).

    Returns:
        `DifferentBins(count, share, js_divergence)`: number of different bins, NDB/K in
        [0, 1], and Jensen-Shannon divergence in nats in [0, log 2]; 0 is best.

    Raises:
        ValueError: NaN, wrong rank, different shapes, or fewer than 5 samples a bin,
            below which the z-test does not hold.

    Example:
        >>> import numpy as np
        >>> real = np.random.default_rng(0).normal(size=(500, 2))
        >>> number_of_different_bins(real, real, num_bins=10)
        DifferentBins(count=0, share=0.0, js_divergence=0.0)
    """
    checks.check_whole(num_bins, "num_bins", minimum=2)
    checks.check_between(significance, "significance", 0.0, 1.0)
    checks.check_seed(seed)
    least = 5 * num_bins
    real = checks.checked_samples(real_samples, "real_samples", minimum=least)
    fake = checks.checked_samples(fake_samples, "fake_samples", minimum=least)
    checks.check_same_width(real_samples=real, fake_samples=fake)
    bins = fit_bins(real, num_bins, seed)
    return different_bins(bins.real_counts, bins.histogram(fake), significance)


class Bins(NamedTuple):
    """Centres `(k, d)` of the bins, and how many real examples each holds.

    `numbers` are those of an example that bins are made of, int array `(d,)`, or None
    for all; `of_bytes` tells bins of uint8 pixels.
    """

    centres: np.ndarray
    real_counts: np.ndarray
    numbers: np.ndarray | None = None
    of_bytes: bool = False

    def histogram(self, samples: ArrayLike) -> np.ndarray:
        """Number of samples in each bin, int array `(k,)`.

        Args:
            samples: As `fit_bins` took the real ones; in bins of bytes, floats are
                pixels in [0, 1], and others are refused.
        """
        is_scaled = self.of_bytes and np.asarray(samples).dtype.kind == "f"
        samples = checks.checked_samples(samples, "samples", keep_bytes=True)
        if is_scaled and len(samples):
            low, high = samples.min(), samples.max()
            if low < 0.0 or high > 1.0:
                raise ValueError(
                    f"Got samples from {low:.4g} to {high:.4g} for bins of bytes; "
                    "expected pixels in [0, 1], or integers from 0 to 255. Divide by "
                    "255."
                )
        if self.numbers is not None:
            samples = np.take(samples, self.numbers, axis=1)
        samples = samples.astype(np.float64) * (255.0 if is_scaled else 1.0)
        _, nearest = nearest_neighbours(samples, self.centres.astype(np.float64))
        return np.bincount(nearest, minlength=len(self.centres))


def fit_bins(real_samples: ArrayLike, num_bins: int = 100, seed: int = 0) -> Bins:
    """Cuts the real set into bins, once for several sets of samples.

    Of examples with more than 3,072 numbers, so many are drawn by the seed and the rest
    is left out, as the authors' code leaves out five sixths of more than 1,000.

    Reference: Richardson & Weiss, NeurIPS 2018.

    Args:
        real_samples: float array `(n, d)` or `(n, h, w, c)`, n at least `5 * num_bins`,
            or uint8, which counts from 0 to 255. K-means computes in float32.
        num_bins: int, K, at least 2. Default 100, the paper's.
        seed: int, of K-means (one start, k-means++).

    Returns:
        `Bins(centres, real_counts, numbers, of_bytes)`.

    Raises:
        ValueError: NaN, wrong rank, or too few or repeated examples.

    Example:
        >>> fit_bins([[0.0]] * 5 + [[9.0]] * 5, num_bins=2).real_counts.tolist()
        [5, 5]
    """
    checks.check_whole(num_bins, "num_bins", minimum=2)
    checks.check_seed(seed)
    real = checks.checked_samples(
        real_samples, "real_samples", minimum=5 * num_bins, keep_bytes=True
    )
    width, numbers, of_bytes = real.shape[1], None, real.dtype == np.uint8
    if width > MOST_NUMBERS:
        chosen = np.random.default_rng(seed).permutation(width)[:MOST_NUMBERS]
        numbers = np.sort(chosen)
        real = np.take(real, numbers, axis=1)
    # A copy, which k-means may then overwrite: half the memory.
    points = np.array(real, np.float32, order="C")
    del real_samples, real
    bins = KMeans(num_bins, n_init=1, random_state=seed, copy_x=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            # OpenMP threads that wait for a busy core make it many times slower.
            with threadpool_limits(1):
                labels = bins.fit(points).labels_
        except ConvergenceWarning as error:
            raise ValueError(
                f"Got `real_samples` that cannot be cut into {num_bins} bins: {error} "
                "Use fewer bins, or look for repeated examples."
            ) from error
    counts = np.bincount(labels, minlength=num_bins)
    return Bins(bins.cluster_centers_, counts, numbers, of_bytes)


def different_bins(
    real_counts: ArrayLike, fake_counts: ArrayLike, significance: float = 0.05
) -> DifferentBins:
    """NDB of samples that are counted in bins already.

    Reference: Richardson & Weiss, NeurIPS 2018.

    Args:
        real_counts: int array `(k,)`, real examples in each bin.
        fake_counts: int array `(k,)`, samples in each bin.
        significance: float in (0, 1], of the two-sided two-proportion z-test. Default
            0.05, the paper's.

    Returns:
        `DifferentBins(count, share, js_divergence)`, as `number_of_different_bins`.

    Raises:
        ValueError: NaN, wrong rank or different numbers of bins.

    Example:
        >>> different_bins([50, 50], [90, 10]).count
        2
    """
    checks.check_between(significance, "significance", 0.0, 1.0)
    p_values = two_proportion_p_values(real_counts, fake_counts)
    count = int(np.sum(p_values < significance))
    distance = scipy.spatial.distance.jensenshannon(real_counts, fake_counts)
    return DifferentBins(count, count / len(p_values), float(distance**2))


def two_proportion_p_values(
    real_counts: ArrayLike, fake_counts: ArrayLike
) -> np.ndarray:
    """Two-sided p-values of the pooled z-test that two shares are equal, bin by bin.

    Args:
        real_counts: int array `(k,)`, real examples in each bin.
        fake_counts: int array `(k,)`, samples in each bin.

    Returns:
        float array `(k,)`; 1 where the bin holds nothing or everything.

    Raises:
        ValueError: NaN, negative counts, wrong rank, different numbers of bins, or
            nothing in all bins of a side.

    Example:
        >>> two_proportion_p_values([50, 50], [50, 50]).tolist()
        [1.0, 1.0]
    """
    real = checks.checked_values(real_counts, "real_counts")
    fake = checks.checked_values(fake_counts, "fake_counts", shape=real.shape)
    real_total, fake_total = real.sum(), fake.sum()
    for name, counts in (("real_counts", real), ("fake_counts", fake)):
        if (counts < 0.0).any() or not counts.any():
            raise ValueError(
                f"Got {name}={counts.tolist()}; expected counts of at least 0, and one "
                "example in all."
            )
    pooled = (real + fake) / (real_total + fake_total)
    variance = pooled * (1.0 - pooled) * (1.0 / real_total + 1.0 / fake_total)
    difference = real / real_total - fake / fake_total
    z = np.divide(
        difference, np.sqrt(variance), out=np.zeros_like(real), where=variance > 0.0
    )
    return 2.0 * scipy.stats.norm.sf(np.abs(z))
