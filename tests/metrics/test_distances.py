import numpy as np
import pytest

from kerasgen.metrics import distances


def test_neighbours_of_many_queries_have_no_gap_between_blocks(rng):
    references = rng.normal(size=(50, 3))
    rows = rng.integers(50, size=2500)
    found, indices = distances.nearest_neighbours(references[rows], references)
    assert np.array_equal(indices, rows)
    assert np.array_equal(found, np.zeros(2500))


@pytest.mark.parametrize("entries", [1, 7, 20, 1000])
def test_blocks_of_any_size_cover_all_rows_once(rng, monkeypatch, entries):
    # The smallest is less than one row of distances.
    monkeypatch.setattr(distances, "_BLOCK_ENTRIES", entries)
    first, second = rng.normal(size=(9, 2)), rng.normal(size=(5, 2))
    rows, blocks = zip(*distances.squared_distance_blocks(first, second), strict=True)
    assert np.concatenate([np.arange(9)[r] for r in rows]).tolist() == list(range(9))
    expected = ((first[:, None] - second) ** 2).sum(axis=2)
    np.testing.assert_allclose(np.concatenate(blocks), expected, atol=1e-12)
    assert all(len(b) == 1 or b.size <= entries for b in blocks)
