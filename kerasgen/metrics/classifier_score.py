"""Scores by a classifier: confidence, number of classes, shares of classes.

Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016, for the score,
which is called Inception score when the classifier is Inception. On digits only a
classifier of digits makes sense; its score reaches at most the number of classes.
"""

from typing import NamedTuple

import numpy as np
import scipy.special
import scipy.stats
from numpy.typing import ArrayLike

from kerasgen.metrics import checks


class InceptionScore(NamedTuple):
    """Mean of the score over the splits, and its standard deviation among them."""

    mean: float
    standard_deviation: float


class LabelDistance(NamedTuple):
    """Two distances between label distributions; 0 is best for both."""

    total_variation: float
    kl_divergence: float


def inception_score(
    probabilities: ArrayLike, splits: int = 10, seed: int = 0
) -> InceptionScore:
    """Inception score, by any classifier: exp E[KL(p(y|x) || p(y))].

    High when each sample is classified surely and all classes are met equally often.
    Blind to collapse within a class.

    Departure: examples are shuffled before they are split, because samples that were
    drawn class by class would otherwise fill each split with one class and score 1.

    Reference: Salimans et al., NeurIPS 2016, section 4; ten splits as in its code.

    Args:
        probabilities: float array `(n, k)`, p(y|x) of each sample, rows summing to 1.
        splits: int, number of equal parts that are scored apart. Default 10.
        seed: int, of the shuffle.

    Returns:
        `InceptionScore(mean, standard_deviation)`, mean between 1 and k.

    Raises:
        ValueError: rows that do not sum to 1, NaN, or fewer samples than splits.

    Example:
        >>> import numpy as np
        >>> score = inception_score(np.eye(10)[np.arange(1000) % 10], splits=1)
        >>> round(score.mean, 6)
        10.0
    """
    checks.check_whole(splits, "splits")
    checks.check_seed(seed)
    probabilities = checks.checked_probabilities(
        probabilities, "probabilities", minimum=splits
    )
    order = np.random.default_rng(seed).permutation(len(probabilities))
    scores = [_score(probabilities[part]) for part in np.array_split(order, splits)]
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)))


def class_coverage(labels: ArrayLike, num_classes: int, min_share: float = 0.01) -> int:
    """Number of classes that the samples reach.

    Reference: Che et al., "Mode Regularized Generative Adversarial Networks", ICLR
    2017, where any one sample counts, which is `min_share=1 / n`.

    Args:
        labels: int array `(n,)`, the class of each sample in [0, num_classes).
        num_classes: int, number of classes there are.
        min_share: float in (0, 1 / num_classes], least share of the samples for a class
            to count as reached. Default 0.01, a tenth of the fair share of ten classes.

    Returns:
        int between 0 and `num_classes`.

    Raises:
        ValueError: labels out of range, none at all, or a share that not even equal
            classes would reach.

    Example:
        >>> class_coverage([0, 0, 0, 1], num_classes=3, min_share=0.3)
        1
    """
    shares = _shares(labels, "labels", num_classes)
    checks.check_between(min_share, "min_share", 0.0, 1.0 / num_classes)
    return int(np.sum(shares >= min_share))


def label_entropy(labels: ArrayLike, num_classes: int) -> float:
    """Entropy of the samples' label distribution, in nats.

    Args:
        labels: int array `(n,)`, the class of each sample in [0, num_classes).
        num_classes: int, number of classes there are.

    Returns:
        float from 0 (one class only) to `log(num_classes)` (all equally often).

    Raises:
        ValueError: labels out of range or none at all.

    Example:
        >>> round(label_entropy([0, 1, 0, 1], num_classes=10), 6)
        0.693147
    """
    return float(scipy.stats.entropy(_shares(labels, "labels", num_classes)))


def label_distribution_distance(
    real_labels: ArrayLike, fake_labels: ArrayLike, num_classes: int
) -> LabelDistance:
    """Distances of the samples' class frequencies from those of the data.

    Reference: Srivastava et al., "VEEGAN", NeurIPS 2017, for KL(fake || real).

    Args:
        real_labels: int array `(n,)`, classes of the data in [0, num_classes).
        fake_labels: int array `(m,)`, classes of the samples.
        num_classes: int, number of classes there are.

    Returns:
        `LabelDistance(total_variation, kl_divergence)`: total variation in [0, 1];
        KL(fake || real) in nats, infinite when the samples have a class that the data
        lacks.

    Raises:
        ValueError: labels out of range or none at all.

    Example:
        >>> label_distribution_distance([0, 1, 0, 1], [0, 0, 0, 0], 2)
        LabelDistance(total_variation=0.5, kl_divergence=0.6931471805599453)
    """
    real = _shares(real_labels, "real_labels", num_classes)
    fake = _shares(fake_labels, "fake_labels", num_classes)
    return LabelDistance(
        total_variation=float(0.5 * np.abs(real - fake).sum()),
        kl_divergence=float(scipy.stats.entropy(fake, real)),
    )


def _score(probabilities):
    marginal = probabilities.mean(axis=0)
    divergence = scipy.special.rel_entr(probabilities, marginal).sum(axis=1)
    return np.exp(divergence.mean())


def _shares(labels, name, num_classes):
    checks.check_whole(num_classes, "num_classes")
    labels = checks.checked_labels(labels, name, num_classes=num_classes)
    return np.bincount(labels, minlength=num_classes) / len(labels)
