import numpy as np
import pytest
import scipy.linalg

from kerasgen import metrics


def test_equal_samples_count_as_one_and_orthogonal_ones_each():
    assert metrics.vendi_score(np.ones((7, 3))) == pytest.approx(1.0)
    assert metrics.vendi_score(np.eye(5)) == pytest.approx(5.0)
    # Shares 1/4 and 3/4 of two directions: exp of their entropy.
    shares = np.array([0.25, 0.75])
    expected = np.exp(-np.sum(shares * np.log(shares)))
    assert metrics.vendi_score([[1, 0], [0, 1], [0, 2], [0, 3]]) == pytest.approx(
        expected
    )


@pytest.mark.parametrize("shape", [(40, 6), (6, 40)])
def test_it_is_the_definition_whichever_matrix_is_smaller(shape):
    points = np.random.default_rng(0).normal(size=shape)
    directions = points / np.linalg.norm(points, axis=1, keepdims=True)
    eigenvalues = scipy.linalg.eigvalsh(directions @ directions.T / len(points))
    eigenvalues = eigenvalues[eigenvalues > 1e-12]
    expected = np.exp(-np.sum(eigenvalues * np.log(eigenvalues)))
    assert metrics.vendi_score(points) == pytest.approx(expected)


def test_length_does_not_matter_and_repeats_do_not_either():
    points = np.random.default_rng(1).normal(size=(30, 4))
    score = metrics.vendi_score(points)
    assert metrics.vendi_score(7.0 * points) == pytest.approx(score)
    assert metrics.vendi_score(np.tile(points, (3, 1))) == pytest.approx(score)
    assert metrics.vendi_score(points[:2]) < score


def test_samples_without_a_direction_are_refused():
    with pytest.raises(ValueError, match="2 examples that are all zero"):
        metrics.vendi_score([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    with pytest.raises(ValueError, match="Got `features` with 0 examples"):
        metrics.vendi_score(np.zeros((0, 3)))
