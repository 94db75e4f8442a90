"""Nearness of samples to training images: copies, or not.

Meehan et al., "A Non-Parametric Test to Detect Data-Copying in Generative Models",
AISTATS 2020: a model that has learned the distribution is as far from its training set
as unseen data is; one that copies is nearer.

A blurry sample is near to everything. So nearness alone does not prove copying: look at
the neighbours, whose indices are returned, and at sharpness.
"""

from typing import NamedTuple

import numpy as np
import scipy.stats
from numpy.typing import ArrayLike

from kerasgen.metrics import checks
from kerasgen.metrics.distances import nearest_neighbours


class Memorisation(NamedTuple):
    """Two scores, and each sample's nearest training example for a figure."""

    distance_ratio: float
    auc: float
    nearest_indices: np.ndarray
    nearest_distances: np.ndarray


def memorisation_scores(
    train_samples: ArrayLike, test_samples: ArrayLike, fake_samples: ArrayLike
) -> Memorisation:
    """Sets the samples' distance to the training set against the test set's.

    Reference: Meehan et al., AISTATS 2020 (without its division into cells).

    Args:
        train_samples: float array `(n, d)` of features or `(n, h, w, c)` of pixels,
            what the model was trained on.
        test_samples: float array `(m, ...)`, same distribution, not trained on.
        fake_samples: float array `(l, ...)`, what the model drew.

    Returns:
        `Memorisation(distance_ratio, auc, nearest_indices, nearest_distances)`.
        `distance_ratio`: median Euclidean distance of samples to the nearest training
        example, over that of test examples; about 1 is best, 0 is copying. `auc`:
        probability that a sample lies nearer to the training set than a test example;
        about 0.5 is best, 1 is copying. `nearest_indices` and `nearest_distances`:
        arrays `(l,)`, the training example nearest to each sample.

    Raises:
        ValueError: NaN, wrong rank, different shapes, or a test set that is itself
            copied from the training set.

    Example:
        >>> import numpy as np
        >>> train, test = np.random.default_rng(0).normal(size=(2, 100, 4))
        >>> result = memorisation_scores(train, test, train[5:10])
        >>> result.distance_ratio, result.auc, result.nearest_indices.tolist()
        (0.0, 1.0, [5, 6, 7, 8, 9])
    """
    train = checks.checked_samples(train_samples, "train_samples")
    test = checks.checked_samples(test_samples, "test_samples")
    fake = checks.checked_samples(fake_samples, "fake_samples")
    checks.check_same_width(train_samples=train, test_samples=test, fake_samples=fake)
    test_distances, _ = nearest_neighbours(test, train)
    usual_distance = np.median(test_distances)
    if usual_distance == 0.0:
        raise ValueError(
            "Got `test_samples` of which half or more are in `train_samples`; expected "
            "examples that the model has not seen. Pass a held-out set."
        )
    fake_distances, indices = nearest_neighbours(fake, train)
    # U counts the pairs in which the first is greater, ties half: the area under ROC.
    pairs = scipy.stats.mannwhitneyu(test_distances, fake_distances).statistic
    return Memorisation(
        distance_ratio=float(np.median(fake_distances) / usual_distance),
        auc=float(pairs / (len(test) * len(fake))),
        nearest_indices=indices,
        nearest_distances=fake_distances,
    )
