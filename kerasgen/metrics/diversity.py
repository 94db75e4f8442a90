"""Distances among samples, over all pairs and within classes.

Mean distance over pairs, as Zhu et al., "Toward Multimodal Image-to-Image Translation",
NeurIPS 2017, and within each class, as Odena et al., "Conditional Image Synthesis with
Auxiliary Classifier GANs", ICML 2017: variety of classes cannot hide that all the
sevens are one seven.

Departure: the distance is Euclidean, in the features or pixels that are passed; those
papers use LPIPS and MS-SSIM. Noise is diverse too: read it beside the real set's value.
"""

import numpy as np
from numpy.typing import ArrayLike

from kerasgen.metrics import checks
from kerasgen.metrics.distances import self_distance_blocks
from kerasgen.metrics.distances import squared_distance_blocks

# Numbers of examples that are in memory as float64 at a time: 64 MB.
_NUMBERS = 8_000_000


def mean_pairwise_distance(samples: ArrayLike) -> float:
    """Euclidean distance of two different samples, averaged over all pairs.

    Reference: Zhu et al., NeurIPS 2017.

    Args:
        samples: float array `(n, d)` of features or `(n, h, w, c)` of pixels, n at
            least 2.

    Returns:
        float, at least 0, in units of the features or pixels.

    Raises:
        ValueError: NaN, wrong rank, or fewer than 2 samples.

    Example:
        >>> mean_pairwise_distance([[0.0, 0.0], [3.0, 4.0]])
        5.0
    """
    return _mean_distance(checks.checked_samples(samples, "samples", minimum=2))


def within_class_distance(samples: ArrayLike, labels: ArrayLike) -> float:
    """Mean pairwise distance inside each class, averaged over classes.

    A class with fewer than 2 samples has no pair and is left out; `class_coverage`
    tells of missing classes.

    Reference: Odena et al., ICML 2017, section 4.2.

    Args:
        samples: float array `(n, d)` of features or `(n, h, w, c)` of pixels. Bytes
            (uint8) stay bytes but for a block at a time, and count from 0 to 255.
        labels: int array `(n,)`, the class of each sample, not negative.

    Returns:
        float, at least 0, in units of the features or pixels.

    Raises:
        ValueError: NaN, wrong rank, labels that do not match, or no class with 2
            samples.

    Example:
        >>> within_class_distance([[0.0], [2.0], [9.0], [9.0]], [0, 0, 1, 1])
        1.0
    """
    samples = checks.checked_samples(samples, "samples", minimum=2, keep_bytes=True)
    labels = checks.checked_labels(labels, "labels", count=len(samples))
    classes, counts = np.unique(labels, return_counts=True)
    if counts.max() < 2:
        raise ValueError(
            f"Got `labels` with no class of 2 samples among {len(labels)}; expected a "
            "pair in some class. Draw more samples."
        )
    distances = [_mean_distance(samples[labels == c]) for c in classes[counts >= 2]]
    return float(np.mean(distances))


def _mean_distance(points):
    step = max(100, _NUMBERS // points.shape[1])
    parts = [slice(i, i + step) for i in range(0, len(points), step)]
    total = 0.0
    for index, first in enumerate(parts):
        here = points[first].astype(np.float64, copy=False)
        blocks = self_distance_blocks(here, diagonal=0.0)
        total += sum(np.sqrt(block, out=block).sum() for _, block in blocks)
        for second in parts[:index]:
            there = points[second].astype(np.float64, copy=False)
            blocks = squared_distance_blocks(here, there)
            total += 2.0 * sum(np.sqrt(block, out=block).sum() for _, block in blocks)
    return float(total / (len(points) * (len(points) - 1)))
