import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from kerasgen import objectives


def logits(num=6, classes=10, seed=0, scale=3.0):
    random = np.random.default_rng(seed)
    return tf.constant(scale * random.normal(size=(num, classes)), tf.float32)


LABELS = tf.constant([0, 9, 3, 3, 7, 1])


# Classes


def test_class_cross_entropy_is_that_of_keras():
    expected = keras.losses.sparse_categorical_crossentropy(
        LABELS, logits(), from_logits=True
    )
    found = objectives.class_cross_entropy(logits(), LABELS)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_sure_and_right_answer_costs_nothing_and_a_blind_one_log_k():
    sure = 100.0 * tf.one_hot(LABELS, 10)
    found = objectives.class_cross_entropy(sure, LABELS)
    np.testing.assert_allclose(found, 0.0, atol=1e-6)
    blind = objectives.class_cross_entropy(tf.zeros((6, 10)), LABELS)
    np.testing.assert_allclose(blind, math.log(10), rtol=1e-6)


def test_examples_without_a_label_cost_nothing_and_leave_the_mean_alone():
    few = tf.constant([0, -1, -1, 3, -1, -1])
    all_of_them = objectives.class_cross_entropy(logits(), LABELS).numpy()
    found = objectives.labelled_cross_entropy(logits(), few).numpy()
    assert (found[[1, 2, 4, 5]] == 0.0).all()
    assert found.mean() == pytest.approx(all_of_them[[0, 3]].mean(), rel=1e-6)
    none = objectives.labelled_cross_entropy(logits(), tf.fill((6,), -1))
    assert (none.numpy() == 0.0).all()


# Real or fake, from the classes


def test_at_zero_logits_ten_of_eleven_are_real():
    logit = objectives.real_logit(tf.zeros((1, 10)))
    assert float(tf.sigmoid(logit)[0]) == pytest.approx(10 / 11)
    zero = tf.zeros((1,))
    judge = objectives.cross_entropy_discriminator_loss
    assert float(judge(logit, zero)[0]) - math.log(2) == pytest.approx(0.0953, abs=1e-4)
    far = tf.constant([1e4])
    assert float(judge(far, logit)[0]) == pytest.approx(2.398, abs=1e-3)


def test_it_is_a_softmax_of_one_class_more():
    everything = logits(classes=11)
    probabilities = tf.nn.softmax(everything)
    logit = objectives.real_logit(everything[:, :10], everything[:, 10])
    np.testing.assert_allclose(
        tf.sigmoid(logit), 1.0 - probabilities[:, 10], rtol=1e-4, atol=1e-6
    )
    fixed = tf.concat([everything[:, :10], tf.zeros((6, 1))], axis=1)
    np.testing.assert_allclose(
        tf.sigmoid(objectives.real_logit(everything[:, :10])),
        1.0 - tf.nn.softmax(fixed)[:, 10],
        rtol=1e-4,
        atol=1e-6,
    )


@settings(deadline=None, max_examples=25)
@given(st.floats(-20, 20, width=32))
def test_a_shift_moves_the_real_logit_and_leaves_the_classes_alone(shift):
    moved = objectives.real_logit(logits() + shift) - objectives.real_logit(logits())
    np.testing.assert_allclose(moved, shift, atol=1e-4)
    np.testing.assert_allclose(
        objectives.class_cross_entropy(logits() + shift, LABELS),
        objectives.class_cross_entropy(logits(), LABELS),
        atol=1e-4,
    )


@pytest.mark.parametrize("size", [1e4, -1e4])
def test_real_logits_are_finite_far_out(size):
    assert np.isfinite(objectives.real_logit(tf.fill((2, 10), size))).all()


# Features


def test_feature_matching_by_hand():
    real = tf.constant([[1.0, 0.0], [3.0, 0.0]])
    fake = tf.constant([[0.0, 1.0], [0.0, 3.0]])
    found = objectives.feature_matching_loss(real, fake)
    assert found.numpy().tolist() == [4.0, 4.0]  # (2² + 2²) / 2, for each example
    assert objectives.feature_matching_loss(real, real).numpy().tolist() == [0.0, 0.0]
    swapped = objectives.feature_matching_loss(real, real[::-1])
    assert swapped.numpy().tolist() == [0.0, 0.0]


# Information


def test_information_about_a_category_is_between_none_and_all():
    sure = objectives.categorical_information(
        100.0 * tf.one_hot(LABELS, 10), LABELS, 10
    )
    np.testing.assert_allclose(sure, math.log(10), rtol=1e-6)
    blind = objectives.categorical_information(tf.zeros((6, 10)), LABELS, 10)
    np.testing.assert_allclose(blind, 0.0, atol=1e-6)
    some = objectives.categorical_information(logits(), LABELS, 10)
    assert float(tf.reduce_max(some)) <= math.log(10)


def test_information_about_uniform_codes_by_hand():
    codes = tf.constant([[0.5, -0.5], [0.0, 0.0]])
    exact = objectives.gaussian_information(codes, codes)
    constant = math.log(2) - 0.5 * math.log(2 * math.pi)
    assert constant == pytest.approx(-0.226, abs=1e-3)
    np.testing.assert_allclose(exact, 2 * constant, rtol=1e-6)
    off = objectives.gaussian_information(codes + 1.0, codes)
    np.testing.assert_allclose(off, 2 * constant - 1.0, rtol=1e-6)


def test_weights_of_a_part_of_the_batch():
    chosen = tf.constant([True, False, False, True])
    found = objectives.share_of_mean(chosen)
    assert found.numpy().tolist() == [2.0, 0.0, 0.0, 2.0]
    nobody = objectives.share_of_mean(tf.zeros((3,), "bool"))
    assert nobody.numpy().tolist() == [1.0, 1.0, 1.0]


def test_correct_answers_are_counted():
    answers = tf.constant([[0.1, 2.0], [3.0, 1.0], [0.0, 1.0]])
    found = objectives.is_correct(answers, tf.constant([1, 1, 1]))
    assert found.numpy().tolist() == [1.0, 0.0, 1.0]
