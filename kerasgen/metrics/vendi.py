"""Effective number of different samples.

Friedman & Dieng, "The Vendi Score: A Diversity Evaluation Metric for Machine Learning",
TMLR 2023: the exponential of the entropy of the eigenvalues of a similarity matrix. It
needs no reference set and no classes; `n` equal samples count as one, `n` samples
without any similarity as `n`.
"""

import numpy as np
import scipy.stats
from numpy.typing import ArrayLike

from kerasgen.metrics import checks


def vendi_score(features: ArrayLike) -> float:
    """Vendi score under the cosine similarity.

    The nonzero eigenvalues of the n x n similarities are those of a d x d matrix, so
    the cost is linear in n. Noise is diverse too: read it beside the real set's value,
    at equal counts.

    Reference: Friedman & Dieng, TMLR 2023, eq. 3 (order q = 1).

    Args:
        features: float array `(n, d)` or `(n, ...)`; no example may be all zero.

    Returns:
        float between 1 and `min(n, d)`, in effective samples.

    Raises:
        ValueError: NaN, wrong rank, no example, or an example of length 0, which has
            no direction.

    Example:
        >>> round(vendi_score([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 3.0]]), 6)
        2.0
    """
    features = checks.checked_samples(features, "features")
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    if not lengths.all():
        raise ValueError(
            f"Got `features` with {np.sum(lengths == 0.0)} examples that are all zero; "
            "expected a direction for each. Use other features."
        )
    directions = features / lengths
    wide = directions.shape[1] > len(directions)
    products = directions @ directions.T if wide else directions.T @ directions
    eigenvalues = np.linalg.eigvalsh(products / len(directions))
    # Below 0 an eigenvalue is rounding.
    return float(np.exp(scipy.stats.entropy(np.maximum(eigenvalues, 0.0))))
