"""Separation of classes among codes, measured with labels that training never saw.

Donahue et al., "Adversarial Feature Learning", ICLR 2017, for probes and nearest
neighbours on codes; Xie et al., "Unsupervised Deep Embedding for Clustering Analysis",
ICML 2016, for k-means accuracy under the best matching of clusters to classes.

Whatever is fitted is fitted on the training codes and scored on the test codes.
"""

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics import normalized_mutual_info_score
from sklearn.metrics import silhouette_score
from sklearn.metrics.cluster import contingency_matrix
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from kerasgen.metrics import checks


class Clustering(NamedTuple):
    """Agreement of k-means clusters with classes; 1 is best for all three."""

    accuracy: float
    normalized_mutual_information: float
    adjusted_rand_index: float


def linear_probe_accuracy(
    train_latents: ArrayLike,
    train_labels: ArrayLike,
    test_latents: ArrayLike,
    test_labels: ArrayLike,
) -> float:
    """Test accuracy of logistic regression on standardised codes.

    Reference: Alain & Bengio, "Understanding Intermediate Layers Using Linear
    Classifier Probes", 2016.

    Args:
        train_latents: float array `(n, d)`.
        train_labels: int array `(n,)`, of at least 2 classes, not negative.
        test_latents: float array `(m, d)`.
        test_labels: int array `(m,)`.

    Returns:
        float in [0, 1].

    Raises:
        ValueError: NaN, shapes or labels that do not match, a single class.

    Example:
        >>> linear_probe_accuracy([[0.0], [1.0]], [0, 1], [[-1.0], [2.0]], [0, 1])
        1.0
    """
    train, train_labels, test, test_labels = _checked(
        train_latents, train_labels, test_latents, test_labels
    )
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return float(probe.fit(train, train_labels).score(test, test_labels))


def knn_accuracy(
    train_latents: ArrayLike,
    train_labels: ArrayLike,
    test_latents: ArrayLike,
    test_labels: ArrayLike,
    k: int = 1,
) -> float:
    """Test accuracy of the vote of the k nearest training codes.

    Reference: Donahue et al., ICLR 2017, section 4.1 (there k = 1).

    Args:
        train_latents: float array `(n, d)`, n at least `k`.
        train_labels: int array `(n,)`, of at least 2 classes, not negative.
        test_latents: float array `(m, d)`.
        test_labels: int array `(m,)`.
        k: int, number of voters. Default 1, the paper's.

    Returns:
        float in [0, 1].

    Raises:
        ValueError: NaN, shapes or labels that do not match, a single class, or fewer
            than `k` training codes.

    Example:
        >>> knn_accuracy([[0.0], [1.0]], [0, 1], [[-1.0], [2.0]], [0, 1])
        1.0
    """
    checks.check_whole(k, "k")
    train, train_labels, test, test_labels = _checked(
        train_latents, train_labels, test_latents, test_labels, minimum=k
    )
    classifier = KNeighborsClassifier(n_neighbors=k).fit(train, train_labels)
    return float(classifier.score(test, test_labels))


def kmeans_clustering(
    train_latents: ArrayLike,
    train_labels: ArrayLike,
    test_latents: ArrayLike,
    test_labels: ArrayLike,
    seed: int = 0,
) -> Clustering:
    """Agreement of k-means with the classes, one cluster for each class.

    Clusters are found on the training codes without labels; `train_labels` only tell
    how many classes there are. Accuracy is that of the one-to-one matching of clusters
    to classes that suits the test labels best (Hungarian method).

    Reference: Xie et al., ICML 2016, eq. 10.

    Args:
        train_latents: float array `(n, d)`, n at least the number of classes.
        train_labels: int array `(n,)`, of at least 2 classes, not negative.
        test_latents: float array `(m, d)`.
        test_labels: int array `(m,)`.
        seed: int, of K-means (best of ten starts).

    Returns:
        `Clustering(accuracy, normalized_mutual_information, adjusted_rand_index)`.

    Raises:
        ValueError: NaN, shapes or labels that do not match, a single class.

    Example:
        >>> codes, labels = [[0.0], [0.1], [9.0], [9.1]], [1, 1, 0, 0]
        >>> kmeans_clustering(codes, labels, codes, labels).accuracy
        1.0
    """
    checks.check_seed(seed)
    train, train_labels, test, test_labels = _checked(
        train_latents, train_labels, test_latents, test_labels
    )
    kmeans = KMeans(len(np.unique(train_labels)), n_init=10, random_state=seed)
    with warnings.catch_warnings():
        # Codes collapsed to a few points give few clusters: a result, not a mistake.
        warnings.simplefilter("ignore", ConvergenceWarning)
        clusters = kmeans.fit(train).predict(test)
    return Clustering(
        accuracy=hungarian_accuracy(test_labels, clusters),
        normalized_mutual_information=float(
            normalized_mutual_info_score(test_labels, clusters)
        ),
        adjusted_rand_index=float(adjusted_rand_score(test_labels, clusters)),
    )


def hungarian_accuracy(labels: ArrayLike, clusters: ArrayLike) -> float:
    """Share of examples whose cluster is matched to their class, at the best matching.

    Reference: Kuhn, "The Hungarian Method for the Assignment Problem", 1955.

    Args:
        labels: int array `(n,)`, classes, not negative.
        clusters: int array `(n,)`, clusters in any numbering, not negative.

    Returns:
        float in [0, 1].

    Raises:
        ValueError: labels and clusters that do not match, or are not whole numbers.

    Example:
        >>> hungarian_accuracy([0, 0, 1, 1], [7, 7, 3, 7])
        0.75
    """
    labels = checks.checked_labels(labels, "labels")
    clusters = checks.checked_labels(clusters, "clusters", count=len(labels))
    counts = contingency_matrix(labels, clusters)
    return float(counts[linear_sum_assignment(-counts)].sum() / len(labels))


def class_silhouette(
    latents: ArrayLike, labels: ArrayLike, max_samples: int = 2000, seed: int = 0
) -> float:
    """Silhouette of the classes: how compact and apart they lie, without any fit.

    Reference: Rousseeuw, "Silhouettes", Journal of Computational and Applied
    Mathematics, 1987.

    Args:
        latents: float array `(n, d)`, n at least 3.
        labels: int array `(n,)`, of at least 2 classes, not negative.
        max_samples: int, at most so many examples, drawn at random, are used (the cost
            is quadratic), at least 3. Default 2000.
        seed: int, of the draw.

    Returns:
        float in [-1, 1]; 1 for tight classes far apart, about 0 where they overlap.

    Raises:
        ValueError: NaN, labels that do not match, a single class, or as many classes
            as examples, among the drawn ones too.

    Example:
        >>> codes = [[0.0], [0.0], [5.0], [5.0]]
        >>> class_silhouette(codes, [0, 0, 1, 1])
        1.0
    """
    checks.check_whole(max_samples, "max_samples", minimum=3)
    checks.check_seed(seed)
    latents = checks.checked_features(latents, "latents", minimum=3)
    labels = checks.checked_labels(labels, "labels", count=len(latents))
    if len(latents) > max_samples:
        generator = np.random.default_rng(seed)
        rows = generator.choice(len(latents), max_samples, replace=False)
        latents, labels = latents[rows], labels[rows]
    num_classes = len(np.unique(labels))
    if not 2 <= num_classes < len(labels):
        raise ValueError(
            f"Got `labels` with {num_classes} classes among {len(labels)} examples; "
            "expected at least 2, and fewer than examples. Pass more examples."
        )
    return float(silhouette_score(latents, labels))


def _checked(train_latents, train_labels, test_latents, test_labels, minimum=1):
    train = checks.checked_features(train_latents, "train_latents", minimum)
    test = checks.checked_features(test_latents, "test_latents")
    checks.check_same_width(train_latents=train, test_latents=test)
    train_labels = checks.checked_labels(train_labels, "train_labels", len(train))
    test_labels = checks.checked_labels(test_labels, "test_labels", len(test))
    if len(np.unique(train_labels)) < 2:
        raise ValueError(
            "Got `train_labels` of a single class; expected at least 2. Pass training "
            "codes of several classes."
        )
    return train, train_labels, test, test_labels
