import numpy as np
import pytest
import tensorflow as tf

from kerasgen.objectives import margin_discriminator_loss
from kerasgen.objectives import pull_away_term


def codes(num, features, seed=0):
    return tf.constant(np.random.default_rng(seed).normal(size=(num, features)))


def test_the_hinge_is_on_each_example():
    real, fake = tf.constant([1.0, 2.0]), tf.constant([3.0, 12.0])
    losses = margin_discriminator_loss(real, fake, margin=10.0)
    assert losses.numpy().tolist() == [1.0 + 7.0, 2.0 + 0.0]


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (np.eye(4), 0.0),
        (np.ones((5, 3)), 1.0),
        (np.array([[1.0, 2.0], [-3.0, -6.0]]), 1.0),
        (np.array([[1.0, 0.0], [1.0, 1.0]]), 0.5),
        (np.array([[1.0, 2.0]]), 0.0),  # the last batch may hold a single image
    ],
)
def test_pull_away_by_hand(codes, expected):
    terms = pull_away_term(tf.constant(codes))
    np.testing.assert_allclose(terms, expected, atol=1e-6)


@pytest.mark.parametrize("features", [2, 5, 20])
def test_isotropic_codes_have_a_squared_cosine_of_one_in_their_width(features):
    terms = pull_away_term(codes(2000, features))
    assert float(tf.reduce_mean(terms)) == pytest.approx(1 / features, rel=0.02)


def test_pull_away_is_blind_to_length_and_sign():
    plain = codes(8, 3)
    scales = tf.constant([[2.0], [-1], [0.5], [100], [1e-3], [-7], [1], [3]], "float64")
    np.testing.assert_allclose(
        pull_away_term(plain), pull_away_term(plain * scales), rtol=1e-4
    )


def test_pull_away_has_a_floor_where_codes_outnumber_features():
    for seed in range(5):
        mean = float(tf.reduce_mean(pull_away_term(codes(10, 4, seed))))
        assert mean >= (10 - 4) / (4 * 9)


def test_its_mean_is_the_formula_of_the_paper():
    some = codes(7, 3).numpy()
    pairs = [
        (a @ b / (np.linalg.norm(a) * np.linalg.norm(b))) ** 2
        for i, a in enumerate(some)
        for j, b in enumerate(some)
        if i != j
    ]
    found = float(tf.reduce_mean(pull_away_term(tf.constant(some))))
    assert found == pytest.approx(np.mean(pairs), rel=1e-5)
