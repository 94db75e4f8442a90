import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasgen.networks import VectorQuantizer
from kerasgen.networks import grid_decoder
from kerasgen.networks import grid_encoder


def test_each_vector_becomes_the_nearest_entry():
    quantizer = VectorQuantizer(6, 3)
    rng = np.random.default_rng(0)
    codebook, vectors = rng.normal(size=(6, 3)), rng.normal(size=(2, 4, 5, 3))
    quantizer.codebook.assign(codebook)
    codes = quantizer(vectors.astype("float32"))
    assert codes.shape == (2, 4, 5) and codes.dtype == tf.int32
    distances = np.linalg.norm(vectors[..., None, :] - codebook, axis=-1)
    assert np.array_equal(codes, distances.argmin(axis=-1))
    entries = quantizer.lookup(codes)
    np.testing.assert_allclose(entries, codebook[codes.numpy()], rtol=1e-6)


def test_entries_are_their_own_codes():
    quantizer = VectorQuantizer(10, 4)
    assert np.array_equal(quantizer(quantizer.lookup(np.arange(10))), np.arange(10))


def test_only_entries_that_are_used_have_a_gradient():
    quantizer = VectorQuantizer(4, 2)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(quantizer.lookup(tf.constant([1, 1, 3])))
    slope = tf.convert_to_tensor(tape.gradient(loss, quantizer.codebook.value))
    assert slope.numpy()[:, 0].tolist() == [0.0, 2.0, 0.0, 1.0]


def test_reduced_precision_leaves_the_codebook_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    quantizer = VectorQuantizer(4, 2)
    assert quantizer.codebook.dtype == "float32"
    again = VectorQuantizer.from_config(quantizer.get_config())
    assert again.get_config() == quantizer.get_config()


def test_a_codebook_of_one_entry():
    with pytest.raises(ValueError, match="codebook_size=1; expected at least 2"):
        VectorQuantizer(1, 2)


@pytest.mark.parametrize(
    ("shape", "depth", "grid"),
    [((28, 28, 1), 2, (7, 7)), ((32, 24, 3), 3, (4, 3)), ((4, 4, 1), 1, (2, 2))],
)
def test_encoder_and_decoder_fit_together(shape, depth, grid):
    encoder = grid_encoder(shape, 5, width=8, depth=depth)
    images = np.random.default_rng(0).random((3, *shape), "float32")
    vectors = encoder(images)
    assert vectors.shape == (3, *grid, 5)
    decoder = grid_decoder(shape, 5, num_classes=2, width=8, depth=depth)
    decoded = decoder([vectors, tf.constant([0, 1, 1])])
    assert decoded.shape == (3, *shape)
    assert np.min(decoded) >= 0.0 and np.max(decoded) <= 1.0


def test_images_that_cannot_be_halved():
    with pytest.raises(ValueError, match="cannot be made with depth=2"):
        grid_encoder((30, 30, 1), 4)
