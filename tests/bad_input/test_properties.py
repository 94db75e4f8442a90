"""What holds of any input, however odd: by hypothesis."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kerasgen import data
from kerasgen.core import arguments
from kerasgen.data import idx
from kerasgen.data.arrays import check_images
from kerasgen.data.arrays import check_labels
from kerasgen.data.splits import Split

FEW = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, max_side=6)


def _file(folder, content, packed):
    path = folder / ("file.gz" if packed else "file")
    path.write_bytes(gzip.compress(content, 1) if packed else content)
    return path


@FEW
@given(array=hnp.arrays(np.uint8, SHAPES), packed=st.booleans())
def test_what_is_written_is_read(tmp_path, array, packed):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path = _file(tmp_path, header + array.tobytes(), packed)
    found = idx.read(path, dims=array.ndim)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, array)


@FEW
@given(
    content=st.binary(max_size=60)
    | st.binary(max_size=60).map(b"\0\0\x08\x01".__add__),
    packed=st.sampled_from(["no", "yes", "wrongly"]),
    dims=st.sampled_from([1, 3]),
)
@example(b"\0\0\x08\x01\0\0\0\1a", "yes", 1)
def test_any_bytes_are_read_or_refused(tmp_path, content, packed, dims):
    path = _file(tmp_path, content, packed == "yes")
    if packed == "wrongly":
        path = path.rename(tmp_path / "wrongly.gz")
    try:
        found = idx.read(path, dims)
    except ValueError as error:
        assert str(path) in str(error)
    else:
        assert found.ndim == dims
        assert 4 + 4 * dims + found.size == len(content)


@FEW
@given(cut=st.integers(0, 40), flipped=st.integers(0, 40), bit=st.integers(0, 7))
def test_no_damage_to_a_gzip_file_goes_unseen(tmp_path, cut, flipped, bit):
    labels = bytes(range(10))
    content = struct.pack(">BBBBI", 0, 0, 8, 1, 10) + labels
    packed = bytearray(gzip.compress(content, mtime=0))
    packed[flipped % len(packed)] ^= 1 << bit
    path = tmp_path / "file.gz"
    path.write_bytes(packed[: len(packed) - cut % len(packed)])
    try:
        found = idx.read(path, dims=1)
    except ValueError:
        return
    assert found.tobytes() == labels  # where gzip keeps a name or a time


@FEW
@given(
    images=hnp.arrays(
        st.sampled_from(["float16", "float32", "float64"]),
        hnp.array_shapes(min_dims=4, max_dims=4, max_side=3),
        elements=st.sampled_from([0.0, -0.0, 0.5, 1.0, -0.5, 1.5, np.nan, np.inf]),
    )
)
def test_images_are_in_the_unit_interval_or_refused(images):
    fits = bool(((images >= 0) & (images <= 1)).all())
    try:
        found = check_images(images)
    except ValueError:
        assert not fits
    else:
        assert fits and found.dtype == np.float32


@FEW
@given(
    labels=hnp.arrays(
        st.sampled_from(["int64", "uint64", "int8", "float64", "bool", "U2", "O"]),
        hnp.array_shapes(min_dims=1, max_dims=2, max_side=4),
    )
)
def test_labels_are_class_numbers_or_refused(labels):
    fits = (
        labels.shape in ((3,), (3, 1))
        and labels.dtype.kind in "iu"
        and all(0 <= int(label) < 2**31 for label in labels.ravel())
    )
    try:
        found = check_labels(labels, 3)
    except ValueError:
        assert not fits
    else:
        assert fits
        np.testing.assert_array_equal(found, labels.reshape(-1))


@FEW
@given(labels=hnp.arrays(np.int64, hnp.array_shapes(max_dims=2, max_side=4)))
def test_labels_of_a_model_are_within_its_classes_or_refused(labels):
    fits = labels.shape in ((2,), (2, 1)) and all(
        0 <= label < 5 for label in labels.ravel()
    )
    try:
        found = arguments.check_labels(labels, 2, 5)
    except ValueError:
        assert not fits
    else:
        assert fits
        np.testing.assert_array_equal(found, labels.reshape(-1))


@FEW
@given(st.text(alphabet="train[]:%-_0123456789.", max_size=14), st.integers(1, 300))
def test_splits_are_rows_or_refused(text, num_images):
    try:
        first, end = Split.parse(text).rows(num_images)
    except ValueError:
        return
    assert 0 <= first < end <= num_images


@settings(FEW, max_examples=12)
@given(
    num=st.integers(1, 40),
    batch_size=st.integers(1, 12),
    shuffle=st.booleans(),
    drop=st.booleans(),
    seed=st.integers(-(2**63), 2**63 - 1),
)
def test_each_pass_gives_each_image_once(num, batch_size, shuffle, drop, seed):
    images = np.arange(num, dtype="uint8").reshape(num, 1, 1, 1)
    if drop and batch_size > num:
        with pytest.raises(ValueError, match="fewer than one batch"):
            data.batches(images, batch_size=batch_size)
        return
    dataset = data.batches(
        images,
        np.arange(num),
        batch_size=batch_size,
        shuffle=shuffle,
        drop_remainder=drop,
        seed=seed,
    )
    for _ in range(2):
        batches = list(dataset.as_numpy_iterator())
        rows = np.concatenate([labels for _, labels in batches])
        pixels = np.concatenate([pixels for pixels, _ in batches]).ravel()
        np.testing.assert_allclose(pixels * 255, rows, atol=1e-4)
        assert len(batches) == int(dataset.cardinality())
        assert len(set(rows)) == len(rows) == (num - num % batch_size if drop else num)
