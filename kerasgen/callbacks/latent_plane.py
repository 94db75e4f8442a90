"""Encoded images on a plane: directly, by principal components or by t-SNE."""

import difflib

import numpy as np

METHODS = ("auto", "pca", "tsne")


def check_method(method: str) -> str:
    """Raises a ValueError that names the methods if `method` is none of them."""
    if method not in METHODS:
        near = difflib.get_close_matches(str(method).lower().replace("-", ""), METHODS)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise ValueError(
            f"`method` is {method!r}: {hint}Expected one of {', '.join(METHODS)}."
        )
    return method


def project(
    codes: np.ndarray,
    labels: np.ndarray,
    method: str = "auto",
    reference: np.ndarray | None = None,
    seed: int = 0,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Puts latent codes on a plane.

    The sign of a principal component is arbitrary. It is chosen so that the classes
    lie as in `reference`, the class means of an earlier picture, or else so that
    higher class numbers lie further right and further up.

    Args:
        codes: Array (n, latent_dim).
        labels: int array (n,), the classes 0, 1, …
        method: `"auto"` (codes of one or two dimensions as they are, others by
            `"pca"`), `"pca"` or `"tsne"`. Default `"auto"`.
        reference: Array (num_classes, 2) or None.
        seed: int, for t-SNE. Default 0.

    Returns:
        Pair of a float array (n, 2) and the labels of the two axes.

    Example:
        >>> points, (x_label, y_label) = project(codes, labels, "pca")
    """
    codes = np.asarray(codes, dtype=np.float64)
    latent_dim = codes.shape[1]
    if latent_dim == 1:
        return np.column_stack([codes, labels]), ("latent coordinate 1", "class")
    if method == "auto" and latent_dim == 2:
        return codes, ("latent coordinate 1", "latent coordinate 2")
    points, shares = _principal_components(codes)
    points *= _signs(points, labels, reference)
    if method != "tsne":
        names = (
            f"principal component {i + 1} ({100 * share:.1f} % of variance)"
            for i, share in enumerate(shares)
        )
        return points, tuple(names)
    names = (f"t-SNE coordinate {i + 1} (no unit)" for i in range(2))
    return _tsne(codes, points, seed), tuple(names)


def class_means(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Returns the array (num_classes, 2) of class means; NaN for absent classes."""
    means = np.full((labels.max() + 1, 2), np.nan)
    for label in np.unique(labels):
        means[label] = points[labels == label].mean(axis=0)
    return means


def _principal_components(codes):
    # scikit-learn takes over a second to import: only who draws pays for it.
    from sklearn.decomposition import PCA

    pca = PCA(n_components=2, random_state=0)
    points = pca.fit_transform(codes)
    return points, np.nan_to_num(pca.explained_variance_ratio_)


def _signs(points, labels, reference):
    means = class_means(points, labels)
    if reference is None or np.shape(reference) != means.shape:
        reference = np.arange(len(means))[:, np.newaxis] - np.mean(labels)
    agreement = np.nansum(means * reference, axis=0)
    return np.where(agreement < 0, -1.0, 1.0)


def _tsne(codes, start, seed):
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    # Starting from the principal components keeps clusters near their place from one
    # epoch to the next; the small scale is the one scikit-learn itself uses.
    start = start / max(start[:, 0].std(), 1e-12) * 1e-4
    perplexity = min(30.0, (len(codes) - 1) / 3)
    tsne = TSNE(init=start.astype(np.float32), perplexity=perplexity, random_state=seed)
    # OpenMP threads that wait in a loop for a busy core make it seven times slower;
    # one thread needs six seconds for 2000 points.
    with threadpool_limits(1):
        return tsne.fit_transform(codes.astype(np.float32))
