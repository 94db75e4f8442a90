import h5py
import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import kerasgen
from kerasgen.training import admit
from kerasgen.training import check_batch
from kerasgen.training import check_values
from kerasgen.training import find_fault
from kerasgen.training import unpack_batch
from kerasgen.training.batches import as_pair

SHAPE = (4, 6, 1)
BYTES = np.random.default_rng(0).integers(0, 256, (5, *SHAPE)).astype("uint8")
FLOATS = BYTES.astype("float32") / np.float32(255)
LABELS = np.array([0, 2, 1, 1, 0])

FORMS = {
    "images": (BYTES, None),
    "floats": (FLOATS, None),
    "tensor": (tf.constant(BYTES), None),
    "tuple of one": ((BYTES,), None),
    "pair": ((BYTES, LABELS), LABELS),
    "pair in a tuple": (((BYTES, LABELS),), LABELS),
    "list": ([BYTES, LABELS], LABELS),
    "pair and no weights": ((BYTES, LABELS, None), LABELS),
    "no labels": ((BYTES, None), None),
    "column of labels": ((BYTES, LABELS[:, None]), LABELS),
    "byte labels": ((BYTES, LABELS.astype("uint8")), LABELS),
    "dict": ({"image": BYTES}, None),
    "dict of both": ({"image": BYTES, "label": LABELS}, LABELS),
    "dict of more": ({"image": BYTES, "label": LABELS, "id": LABELS}, LABELS),
    "dict in a tuple": (({"image": BYTES},), None),
    "dict and labels": (({"image": BYTES}, LABELS), LABELS),
}


class TestUnpackBatch:
    @pytest.mark.parametrize("form", FORMS)
    def test_forms(self, form):
        batch, expected = FORMS[form]
        images, labels = unpack_batch(batch)
        assert images.dtype == tf.float32
        np.testing.assert_allclose(images, FLOATS, rtol=1e-6)
        if expected is None:
            assert labels is None
        else:
            assert labels.dtype == tf.int32 and labels.shape == (5,)
            assert labels.numpy().tolist() == expected.tolist()

    def test_the_range_of_bytes_is_the_unit_interval(self):
        images, _ = unpack_batch(np.array([0, 51, 255], "uint8"))
        np.testing.assert_allclose(images, [0.0, 0.2, 1.0], rtol=1e-6)

    @pytest.mark.parametrize("dtype", ["float16", "float64", "bfloat16"])
    def test_other_floats_are_not_scaled(self, dtype):
        images, _ = unpack_batch(tf.constant([0.0, 0.5, 1.0], dtype))
        assert images.dtype == tf.float32
        assert images.numpy().tolist() == [0.0, 0.5, 1.0]

    def test_in_a_graph(self):
        images, labels = tf.function(unpack_batch)({"image": BYTES, "label": LABELS})
        np.testing.assert_allclose(images, FLOATS, rtol=1e-6)
        assert labels.numpy().tolist() == LABELS.tolist()

    @pytest.mark.parametrize(
        ("batch", "message"),
        [
            ((BYTES, LABELS, np.ones(5)), "Got a sample_weight; expected"),
            ({"images": BYTES}, r"keys \['images'\]; expected 'image'"),
            (BYTES.astype("int64"), r"dtype int64; expected uint8 \(0 to 255\)"),
            (BYTES.astype("bool"), "dtype bool; expected uint8"),
            (BYTES.astype(object), "Got images of dtype object; expected uint8"),
            ((BYTES, LABELS.astype("float32")), "Got labels of dtype float32.*astype"),
            ((BYTES, LABELS.astype("bool")), "Got labels of dtype bool"),
            (
                (BYTES, LABELS.astype(str)),
                "dtype <U.*expected integers.*np.unique",
            ),
            ((BYTES, np.eye(5, dtype="int32")), r"shape \(5, 5\).*argmax"),
            (
                (BYTES, np.int32(3)),
                r"shape \(\); expected integers of shape",
            ),
        ],
    )
    def test_bad_batches(self, batch, message):
        with pytest.raises(ValueError, match=message):
            unpack_batch(batch)


class TestCheckBatch:
    @pytest.mark.parametrize(
        ("shape", "message"),
        [
            (SHAPE, r"\(4, 6, 1\), a single image; .*\(batch, 4, 6, 1\)"),
            ((5, 4, 6), r"\(5, 4, 6\); expected rank 4.*images\[\.\.\., None\]"),
            ((5, 24), "expected rank 4"),
            (
                (5, 6, 4, 1),
                r"\(6, 4, 1\); expected \(4, 6, 1\).*Resize.*=\(6, 4",
            ),
            ((5, 4, 6, 3), r"\(4, 6, 3\); expected \(4, 6, 1\).*into grey"),
        ],
    )
    def test_bad_shapes(self, shape, message):
        with pytest.raises(ValueError, match=message):
            check_batch(np.zeros(shape, "float32"), None, SHAPE, None)

    def test_unknown_sizes_pass(self):
        for shape in ((None, *SHAPE), (None, None, None, 1), (5, 4, None, None)):
            check_batch(keras.KerasTensor(shape), None, SHAPE, None)
        with pytest.raises(ValueError, match="made for"):
            check_batch(keras.KerasTensor((None, None, None, 3)), None, SHAPE, None)

    def test_a_conditional_model_wants_labels(self):
        check_batch(FLOATS, LABELS, SHAPE, 3)
        check_batch(FLOATS, LABELS, SHAPE, None)
        with pytest.raises(ValueError, match=r"without labels; .*takes labels \(3 "):
            check_batch(FLOATS, None, SHAPE, 3)


class TestCheckValues:
    def test_good_values_pass(self):
        check_values(FLOATS, LABELS, 3)
        check_values(BYTES, None, None)
        check_values(np.array([0.0, 1.0], "float16"), LABELS + 7, None)

    @pytest.mark.parametrize(
        ("pixel", "message"),
        [
            (np.nan, "NaN or infinite"),
            (np.inf, "NaN or infinite"),
            (-np.inf, "NaN or infinite"),
            (255.0, r"floats in \[0, 255\].*Divide by 255"),
            (-0.5, r"floats in \[-0\.5, 1\].*\(images \+ 1\) / 2"),
            (1.001, r"floats in \[0, 1\.001\].*Clip"),
        ],
    )
    def test_one_bad_pixel(self, pixel, message):
        images = FLOATS.copy()
        images[0, 0, 0, 0], images[1, 1, 1, 0] = 0.0, 1.0
        images[3, 2, 1, 0] = pixel
        with pytest.raises(ValueError, match=message):
            check_values(images, None, None)

    @pytest.mark.parametrize(
        ("labels", "message"),
        [
            ([0, 3], r"labels in 0\.\.3; expected 0\.\.2, as num_classes=3"),
            ([-1, 2], r"labels in -1\.\.2"),
        ],
    )
    def test_labels_out_of_range(self, labels, message):
        with pytest.raises(ValueError, match=message):
            check_values(FLOATS, np.array(labels), 3)


class Batches(keras.utils.PyDataset):
    def __init__(self, batch):
        super().__init__()
        self.batch = batch

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return [self.batch][index]


def dataset(*parts, batch=2):
    return tf.data.Dataset.from_tensor_slices(parts).batch(batch)


def check(x, y=None, num_classes=None, **kwargs):
    admit(x, y, SHAPE, num_classes, **kwargs)


class TestCheckData:
    @pytest.mark.parametrize("form", [f for f in FORMS if f != "list"])
    def test_forms(self, form):
        check(FORMS[form][0])

    def test_good_data_passes(self):
        check(FLOATS, LABELS, 3, batch_size=5)
        check({"image": BYTES}, LABELS, 3)
        check(dataset(BYTES, LABELS), None, 3)
        check(dataset(BYTES).repeat(), steps=2)
        check(Batches((BYTES, LABELS)), None, 3)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((None,), "Got no images"),
            (("mnist",), "Got a str; expected an array of images"),
            (({3},), "Got a set; expected an array of images"),
            ((3,), "Got a int; expected an array of images"),
            (([BYTES, LABELS],), r"Got a list; .*tuple \(images, labels\).*np\.stack"),
            ((list(BYTES),), r"Got a list; .*np\.stack"),
            ((BYTES, LABELS.tolist()), r"Got a list; .*np\.asarray"),
            ((BYTES[:0],), r"shape \(0, 4, 6, 1\), an empty array"),
            ((BYTES, LABELS[:3]), "5 images and 3 labels"),
            (((BYTES, LABELS[:3]),), "5 images and 3 labels"),
            (({"image": BYTES, "label": LABELS[:4]},), "5 images and 4 labels"),
            ((FLOATS * 2,), "expected .0, 1."),
            ((tf.constant(FLOATS) * 2,), "expected .0, 1."),
            ((BYTES, LABELS, 2), r"expected 0\.\.1"),
            ((BYTES, None, 3), "without labels"),
            ((dataset(BYTES.astype("int32")),), "dtype int32; expected uint8"),
            ((dataset(BYTES, LABELS, np.ones(5)),), "sample_weight"),
            ((dataset(FLOATS * 2),), "expected .0, 1."),
            ((dataset(BYTES, LABELS), None, 2), r"expected 0\.\.1"),
            ((dataset(BYTES), None, 3), "without labels"),
            ((dataset(BYTES).repeat(),), r"infinite dataset.*steps_per_epoch"),
            ((dataset(BYTES).take(0),), "empty dataset"),
            ((dataset(BYTES).unbatch(),), r"single image.*dataset\.batch\(64\)"),
            ((Batches((FLOATS * 2,)),), "expected .0, 1."),
            ((Batches({"label": LABELS}),), "expected 'image'"),
        ],
    )
    def test_bad_data(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            check(*arguments)

    def test_fewer_images_than_a_batch(self):
        with pytest.raises(ValueError, match="5 images, fewer than one batch of 6"):
            check(BYTES, batch_size=6)
        few = tf.data.Dataset.from_tensor_slices(BYTES).batch(6, drop_remainder=True)
        with pytest.raises(ValueError, match="empty dataset.*drop_remainder=True"):
            check(few)

    def test_a_dataset_of_unknown_rank(self):
        unknown = tf.data.Dataset.from_generator(
            lambda: iter([BYTES]), output_signature=tf.TensorSpec(None, tf.uint8)
        )
        with pytest.raises(ValueError, match=r"rank of its elements.*ensure_shape"):
            check(unknown)

    def test_a_dataset_that_says_what_it_holds_is_not_read_in_vain(self):
        def batches():
            raise AssertionError("A batch was drawn.")
            yield

        wrong = tf.data.Dataset.from_generator(
            batches, output_signature=tf.TensorSpec((None, 6, 4, 1), tf.uint8)
        )
        with pytest.raises(ValueError, match="made for"):
            check(wrong)

    def test_the_first_batch_is_left_in_the_dataset(self):
        data = dataset(BYTES)
        check(data)
        assert sum(len(images) for (images,) in data) == 5


def test_data_without_a_length_are_looked_through_as_far_as_asked():
    class Endless(Batches):
        num_batches = None

    assert find_fault(Endless(FLOATS * 2), SHAPE, None) is None
    assert "batch 1" in find_fault(Endless(FLOATS * 2), SHAPE, None, steps=1)


def test_a_tuple_of_images_alone_or_with_labels():
    assert as_pair((BYTES,), None) == (BYTES, None)
    assert as_pair((BYTES, LABELS), None) == (BYTES, LABELS)
    with pytest.raises(ValueError, match="labels y beside a tuple that holds"):
        as_pair((BYTES,), LABELS)


@pytest.mark.parametrize("count", [0, 3])
def test_a_tuple_of_other_than_images_and_labels(count):
    with pytest.raises(ValueError, match=f"a tuple of {count} parts; expected"):
        as_pair((BYTES,) * count, None)


def test_a_pair_of_arrays_trains_like_images_and_labels(digits):
    images, labels = digits[0][:8], digits[1][:8]
    runs = []
    for arguments in ((images, labels), ((images, labels),)):
        keras.utils.set_random_seed(0)
        model = kerasgen.CVAE(latent_dim=2, num_classes=10, width=4, seed=0)
        history = model.fit(*arguments, batch_size=4, shuffle=False, verbose=0)
        runs.append(history.history)
    assert runs[0] == runs[1]


@pytest.mark.parametrize("library", ["h5py", "pandas", "tensorflow"])
def test_arrays_of_other_libraries_are_arrays(digits, library, tmp_path):
    images, labels = digits[0][:8], digits[1][:8]
    with h5py.File(tmp_path / "images.h5", "w") as file:
        stored = file.create_dataset("images", data=images)
        given = {
            "h5py": (stored, labels),
            "pandas": (images, pd.Series(labels)),
            "tensorflow": (tf.Variable(images), tf.Variable(labels)),
        }
        histories = []
        for pair in ((images, labels), given[library]):
            keras.utils.set_random_seed(0)
            model = kerasgen.VanillaGAN(latent_dim=2, num_classes=10, width=4, seed=0)
            model.batch_size = 2  # of arrays, where none is passed
            history = model.fit(*pair, shuffle=False, verbose=0, validation_split=0.5)
            histories.append(history.history)
    assert histories[0] == histories[1]
    frame = pd.DataFrame(images.reshape(8, -1))
    with pytest.raises(ValueError, match=r"shape \(8, 784\).*images\.reshape"):
        model.fit(frame, labels)


ADVICE = {
    "16 bits": (BYTES.astype("uint16") * 257, "Divide 16-bit pixels by 65535"),
    "wide integers": (BYTES.astype("int64"), "Cast pixels of 0 to 255"),
    "overshoot": (FLOATS * 1.03 - 0.02, "Clip them"),
    "tanh": (FLOATS * 2 - 1, r"\(images \+ 1\) / 2"),
    "bytes as floats": (FLOATS * 255, "Divide by 255"),
    "16 bits as floats": (FLOATS * 65535, "65535 for 16-bit"),
    "standardised": (FLOATS * 6 - 3, "Undo their standardisation"),
    "channels first": (np.moveaxis(FLOATS, -1, 1), "Move the channels last"),
    "colours first": (np.zeros((2, 3, 4, 6), "uint8"), "Move the channels last"),
    "colours": (np.zeros((2, 4, 6, 3), "uint8"), "grey.*image_shape="),
    "flat": (BYTES.reshape(5, 24), r"images\.reshape\(-1, \*\(4, 6, 1\)\)"),
    "images as labels": ((FLOATS, FLOATS), "Pass the images alone"),
    "from 1 on": ((BYTES, LABELS + 1), "Subtract 1"),
    "one-hot": ((BYTES, np.eye(3, dtype="int32")[LABELS]), "argmax"),
    "unbatched": (dataset(BYTES, np.eye(3)[LABELS]).unbatch(), "Batch the dataset"),
    "unbatched, labels": (dataset(BYTES, LABELS).unbatch(), "Batch the dataset"),
    "labels beside": ((dataset(BYTES), LABELS), "Let it give pairs"),
    "used up": (iter([]), "Make a new one"),
}


class TestAdmit:
    @pytest.mark.parametrize("case", ADVICE)
    def test_advice(self, case):
        given, advice = ADVICE[case]
        given = given if isinstance(given, tuple) else (given, None)
        with pytest.raises(ValueError, match=advice) as caught:
            admit(*given, SHAPE, 3 if case == "from 1 on" else None)
        assert str(caught.value).startswith("Got ")

    def test_arrays_are_not_copied(self, tmp_path):
        np.save(tmp_path / "x.npy", FLOATS)
        for array in (BYTES, FLOATS, np.load(tmp_path / "x.npy", mmap_mode="r")):
            images, labels = admit({"image": array, "label": LABELS}, None, SHAPE, 3)
            assert images is array and labels is LABELS

    def test_the_first_batch_of_a_generator_is_checked_and_put_back(self):
        batches = ({"image": part, "label": LABELS} for part in (BYTES, BYTES[::-1]))
        found, _ = admit(batches, None, SHAPE, 3)
        first, second = found
        np.testing.assert_array_equal(first[0], BYTES)
        np.testing.assert_array_equal(second[0], BYTES[::-1])
        with pytest.raises(ValueError, match="Divide by 255"):
            admit(iter([FLOATS * 255]), None, SHAPE, None)

    def test_a_later_batch_of_a_generator(self):
        found, _ = admit(iter([FLOATS, FLOATS * 255]), None, SHAPE, None)
        next(found)
        with pytest.raises(ValueError, match="first in batch 2: .*Divide by 255"):
            next(found)

    def test_what_can_be_gone_through_anew(self):
        found, _ = admit(NumPyBatches([BYTES, BYTES]), None, SHAPE, None)
        assert isinstance(found, tf.data.Dataset) and found.cardinality() == 2
        for _ in range(2):
            assert [len(images) for (images,) in found] == [5, 5]
        with pytest.raises(ValueError, match="Clip"):
            admit(NumPyBatches([FLOATS * 1.01]), None, SHAPE, None)

    @pytest.mark.parametrize(
        ("images", "labels"),
        [
            (FLOATS * 255, LABELS),
            (-FLOATS, LABELS),
            (np.where(FLOATS > 0.9, np.nan, FLOATS), LABELS),
            (FLOATS, LABELS + 1),
            (FLOATS, LABELS - 1),
        ],
    )
    def test_a_later_batch_of_a_dataset(self, images, labels):
        pairs = (np.concatenate([FLOATS, images]), np.concatenate([LABELS, labels]))
        found, _ = admit(dataset(*pairs, batch=5), None, SHAPE, 3)
        iterator = iter(found)
        next(iterator)
        with pytest.raises(tf.errors.InvalidArgumentError, match="outside|no classes"):
            next(iterator)

    def test_sizes_that_are_known_late(self):
        spec = tf.TensorSpec((None, None, None, 1), tf.uint8)
        for later, error in ((BYTES, None), (BYTES[:, 1:], True)):
            parts = tf.data.Dataset.from_generator(
                lambda later=later: iter([BYTES, later]), output_signature=spec
            )
            found, _ = admit(parts, None, SHAPE, None)
            assert found.element_spec[0].shape == (None, *SHAPE)
            if error:
                with pytest.raises(tf.errors.InvalidArgumentError):
                    list(found)
            else:
                assert len(list(found)) == 2

    def test_a_dataset_keeps_its_length_and_its_numbers(self):
        found, _ = admit(dataset(BYTES, LABELS), None, SHAPE, 3)
        assert found.cardinality() == 3
        np.testing.assert_array_equal(np.concatenate([x for x, _ in found]), BYTES)

    def test_a_later_batch_of_a_pydataset(self):
        class Two(Batches):
            def __len__(self):
                return 2

            def __getitem__(self, index):
                return (BYTES, LABELS + index)

        found, _ = admit(Two(None), None, SHAPE, 3)
        assert found.num_batches == 2
        np.testing.assert_array_equal(found[0][1], LABELS)
        with pytest.raises(ValueError, match=r"batch 2: Got labels in 1\.\.3"):
            found[1]


class NumPyBatches:
    """As `tfds.as_numpy` gives: no dataset, and no iterator."""

    def __init__(self, batches):
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        return iter(self.batches)
