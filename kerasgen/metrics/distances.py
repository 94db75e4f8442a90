"""Euclidean distances between many examples, a block of rows at a time.

The full table of 10,000 x 60,000 distances would take 4.8 GB; no metric here needs it
all at once.
"""

from collections.abc import Iterator

import numpy as np

# 4 million distances: 32 MB in float64, and large enough for a fast matrix product.
_BLOCK_ENTRIES = 4_000_000


def squared_distance_blocks(
    first: np.ndarray, second: np.ndarray
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields the squared distances from `first` to `second`, rows at a time.

    Computed as |a|^2 + |b|^2 - 2ab around the mean of `second`, all three terms in one
    matrix product. That leaves a rounding error of about 1e-15 (|a|^2 + |b|^2), 1e-6 in
    float32; callers that compare distances allow for it.

    Args:
        first: float array `(n, d)`.
        second: float array `(m, d)` of the same type, float32 or float64.

    Yields:
        `(rows, block)`: a slice of `first` and its squared distances `(rows, m)`, not
        negative, in the type of the input and in memory that the caller may overwrite.
    """
    centre = second.mean(axis=0)
    first, second = first - centre, second - centre
    first_norms = np.einsum("ij,ij->i", first, first)[:, None]
    second_norms = np.einsum("ij,ij->i", second, second)[:, None]
    left = np.hstack([-2.0 * first, first_norms, np.ones_like(first_norms)])
    right = np.hstack([second, np.ones_like(second_norms), second_norms]).T
    step = max(1, _BLOCK_ENTRIES // len(second))
    for start in range(0, len(first), step):
        rows = slice(start, min(start + step, len(first)))
        block = left[rows] @ right
        yield rows, np.maximum(block, 0.0, out=block)


def self_distance_blocks(
    points: np.ndarray, diagonal: float
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields `squared_distance_blocks(points, points)` with the diagonal overwritten.

    Args:
        points: float64 array `(n, d)`.
        diagonal: float, put in the place of each point's distance to itself.

    Yields:
        `(rows, block)` as `squared_distance_blocks` does.
    """
    for rows, block in squared_distance_blocks(points, points):
        indices = np.arange(rows.start, rows.stop)
        block[indices - rows.start, indices] = diagonal
        yield rows, block


def nearest_neighbours(
    queries: np.ndarray, references: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the nearest reference of every query.

    Searched in float32, twice as fast; neighbours whose distances agree to six digits
    may stand in for each other. The distances returned are exact.

    Args:
        queries: float64 array `(n, d)`.
        references: float64 array `(m, d)`.

    Returns:
        `(distances, indices)`: Euclidean distances `(n,)` and rows of `references`
        `(n,)`; rows that float32 does not tell apart count as one.
    """
    indices = np.empty(len(queries), dtype=np.int64)
    search = squared_distance_blocks(
        queries.astype(np.float32), references.astype(np.float32)
    )
    for rows, block in search:
        indices[rows] = block.argmin(axis=1)
    distances = np.empty(len(queries))
    for start in range(0, len(queries), 1000):
        rows = slice(start, start + 1000)
        distances[rows] = np.linalg.norm(
            queries[rows] - references[indices[rows]], axis=1
        )
    return distances, indices
