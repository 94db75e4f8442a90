import gc
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasgen import data

COUNT = 23
IMAGES = np.zeros((COUNT, 3, 2, 1), np.uint8)
IMAGES[:, 0, 0, 0] = np.arange(COUNT)
LABELS = np.arange(COUNT)

# Row orders with seed 0 in the first pass, and with seed 1 in the eighth.
FIRST = [
    17,
    7,
    9,
    20,
    16,
    13,
    4,
    6,
    14,
    3,
    5,
    22,
    18,
    11,
    21,
    2,
    15,
    0,
    8,
    1,
    19,
    12,
    10,
]
EIGHTH = [
    5,
    18,
    13,
    17,
    9,
    7,
    21,
    2,
    12,
    3,
    4,
    1,
    8,
    16,
    0,
    6,
    14,
    15,
    20,
    11,
    10,
    22,
    19,
]


def make(**settings):
    return data.batches(IMAGES, LABELS, **{"batch_size": 4, **settings})


def order(dataset):
    """The rows of one pass, read from the labels."""
    return np.concatenate([labels.numpy() for _, labels in dataset]).tolist()


def test_elements():
    images, labels = next(iter(make(shuffle=False)))
    assert images.dtype == tf.float32 and labels.dtype == tf.int32
    assert images.shape == (4, 3, 2, 1) and labels.shape == (4,)
    np.testing.assert_array_equal(images, IMAGES[:4] / np.float32(255))
    np.testing.assert_array_equal(labels, [0, 1, 2, 3])


def test_images_and_labels_stay_together():
    for images, labels in make():
        rows = np.rint(images[:, 0, 0, 0] * 255)
        np.testing.assert_array_equal(rows, labels)


def test_images_alone():
    dataset = data.batches(IMAGES, batch_size=5)
    assert dataset.element_spec == tf.TensorSpec((5, 3, 2, 1), tf.float32)
    assert next(iter(dataset)).shape == (5, 3, 2, 1)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_floating_point_is_taken_as_it_is(dtype):
    images = (np.arange(12).reshape(3, 2, 2, 1) / 16).astype(dtype)
    dataset = data.batches(images, batch_size=3, shuffle=False)
    np.testing.assert_array_equal(next(iter(dataset)), images.astype("float32"))
    assert dataset.element_spec.dtype == tf.float32


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(
    ("batch_size", "drop", "sizes"),
    [
        (4, True, [4] * 5),
        (4, False, [4] * 5 + [3]),
        (23, True, [23]),
        (40, False, [23]),
        (1, True, [1] * 23),
    ],
)
def test_cardinality_is_the_number_of_batches(shuffle, batch_size, drop, sizes):
    dataset = make(batch_size=batch_size, shuffle=shuffle, drop_remainder=drop)
    assert int(dataset.cardinality()) == len(sizes)
    for _ in range(2):
        assert [len(labels) for _, labels in dataset] == sizes


def test_every_pass_is_a_new_permutation():
    dataset = make(drop_remainder=False)
    passes = [order(dataset) for _ in range(4)]
    assert all(sorted(one) == list(range(COUNT)) for one in passes)
    assert len({tuple(one) for one in [*passes, list(range(COUNT))]}) == 5


def test_dropped_images_differ_between_passes():
    dataset = make()
    dropped = {frozenset(LABELS) - frozenset(order(dataset)) for _ in range(4)}
    assert len(dropped) == 4


def test_positions_are_uniform():
    """Over 400 passes, each of 5 images is first about 80 times."""
    images = np.zeros((5, 1, 1, 1), np.uint8)
    dataset = data.batches(images, range(5), batch_size=5)
    firsts = order(dataset.repeat(400))[::5]
    assert np.all(np.abs(np.bincount(firsts) - 80) < 4 * np.sqrt(80 * 0.8))


def test_without_shuffle_all_passes_keep_the_order():
    dataset = make(shuffle=False, drop_remainder=False)
    assert order(dataset) == order(dataset) == list(range(COUNT))


def test_order_depends_on_seed_and_epoch_alone():
    one, same, other = make(seed=3), make(seed=3), make(seed=4)
    passes = [order(one) for _ in range(3)]
    assert passes == [order(same) for _ in range(3)]
    assert all(order(other) != each for each in passes)
    assert order(make(seed=-(2**62))) != order(make(seed=2**62))


def test_batch_size_does_not_change_the_order():
    small, large = make(drop_remainder=False), make(batch_size=9, drop_remainder=False)
    assert order(small) == order(large)


def test_resumed_dataset_goes_on():
    whole = make()
    passes = [order(whole) for _ in range(5)]
    resumed = make(initial_epoch=3)
    assert [order(resumed) for _ in range(2)] == passes[3:]


def test_orders_are_those_of_every_release():
    """Runs recorded by older versions can be repeated only while these stay."""
    dataset = make(batch_size=COUNT)
    assert order(dataset) == FIRST
    assert order(make(batch_size=COUNT, seed=1, initial_epoch=7)) == EIGHTH


@pytest.mark.slow
def test_order_in_another_process():
    program = (
        "import sys, numpy as np\n"
        "from kerasgen import data\n"
        "assert 'tensorflow_datasets' not in sys.modules\n"
        "images = np.zeros((23, 1, 1, 1), np.uint8)\n"
        "dataset = data.batches(images, range(23), batch_size=23, initial_epoch=2)\n"
        "print(next(iter(dataset))[1].numpy().tolist())\n"
    )
    root = str(pathlib.Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": root, "PYTHONHASHSEED": "1"},
    )
    dataset = make(batch_size=COUNT)
    assert done.stdout.split("\n")[-2] == str([order(dataset) for _ in range(3)][2])


def test_begun_passes_count_and_unread_iterators_do_not():
    reference = make()
    passes = [order(reference) for _ in range(3)]
    dataset = make()
    next(iter(dataset))
    iter(dataset)
    assert order(dataset) == passes[1]
    assert order(dataset.take(2)) == passes[2][:8]


def test_derived_datasets_keep_the_count_alive():
    reference = make()
    passes = [order(reference) for _ in range(3)]

    def derive():
        return make().map(lambda images, labels: (images, labels)).take(4).prefetch(1)

    dataset = derive()
    gc.collect()
    keras.utils.clear_session()
    assert [order(dataset) for _ in range(3)] == [one[:16] for one in passes]
    repeated = order(make().repeat(3))
    assert repeated == [row for one in passes for row in one]


def test_made_within_a_distribution_strategy():
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        dataset = strategy.experimental_distribute_dataset(make())
    reference = make()
    for _ in range(2):
        assert order(dataset) == order(reference)


class Recorder(keras.Model):
    """Keeps the labels of every batch that it is trained on."""

    def __init__(self):
        super().__init__()
        self.seen = self.add_weight(shape=(100,), dtype="int32", trainable=False)
        self.count = self.add_weight(shape=(), dtype="int32", trainable=False)
        self.built = True

    def train_step(self, batch):
        labels = batch[1]
        size = tf.shape(labels)[0]
        rows = self.count + tf.range(size)
        self.seen.assign(
            tf.tensor_scatter_nd_update(
                tf.convert_to_tensor(self.seen), rows[:, None], labels
            )
        )
        self.count.assign_add(size)
        return {"loss": tf.reduce_mean(batch[0])}


def test_fit_sees_each_epoch_s_batches_once():
    reference = make()
    passes = [order(reference) for _ in range(3)]
    model = Recorder()
    model.compile()
    model.fit(make(), epochs=3, shuffle=False, verbose=0)
    assert int(model.count) == 3 * 20
    assert model.seen[:60].numpy().tolist() == [row for one in passes for row in one]


def test_fit_resumed():
    whole, first, second = Recorder(), Recorder(), Recorder()
    for model, start, end in ((whole, 0, 3), (first, 0, 2), (second, 2, 3)):
        model.compile()
        dataset = make(initial_epoch=start)
        settings = {"shuffle": False, "verbose": 0}
        model.fit(dataset, epochs=end, initial_epoch=start, **settings)
    seen = whole.seen[:60].numpy().tolist()
    assert first.seen[:40].numpy().tolist() == seen[:40]
    assert second.seen[:20].numpy().tolist() == seen[40:]


def test_load(tmp_path, write_idx):
    folder = write_idx(tmp_path)
    settings = {"batch_size": 3, "seed": 5, "initial_epoch": 2}
    images, labels = data.load_arrays("mnist", "train[2:]", data_dir=folder)
    expected = data.batches(images, labels, **settings)
    dataset = data.load("mnist", "train[2:]", data_dir=folder, **settings)
    assert int(dataset.cardinality()) == 3
    assert order(dataset) == order(expected)
    kept = data.load("mnist", "test", data_dir=folder, batch_size=6, shuffle=False)
    assert order(kept) == list(range(6))


NAN = np.full((8, 2, 2, 1), np.nan, "float32")
GOOD = np.zeros((8, 2, 2, 1), np.uint8)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 0}, "batch_size=0 is out of range"),
        ({"batch_size": -4}, "batch_size=-4 is out of range"),
        ({"batch_size": 2.0}, "batch_size=2.0 is not a whole number"),
        ({"batch_size": True}, "batch_size=True is not a whole number"),
        ({"batch_size": "4"}, "batch_size='4' is not a whole number"),
        ({"batch_size": 9}, r"8 images.*batch of 9.*drop_remainder=False"),
        ({"seed": 1.5}, "seed=1.5 is not a whole number"),
        ({"seed": 2**63}, "seed=9223372036854775808 is out of range"),
        ({"initial_epoch": -1}, "initial_epoch=-1 is out of range"),
        ({"initial_epoch": None}, "initial_epoch=None is not a whole number"),
        ({"images": GOOD[..., 0]}, r"\(8, 2, 2\).*images\[..., None\]"),
        ({"images": GOOD[0, 0, 0]}, "expected rank 4"),
        ({"images": GOOD[:0]}, "without a pixel"),
        ({"images": GOOD[:, :0]}, "without a pixel"),
        ({"images": GOOD.astype("int64")}, "dtype int64; expected.*uint8"),
        ({"images": GOOD.astype(bool)}, "dtype bool"),
        ({"images": GOOD.astype("complex64")}, "dtype complex64"),
        ({"images": GOOD + 1.5}, r"floats in \[1.5, 1.5\].*Divide"),
        ({"images": GOOD - 0.5}, r"floats in \[-0.5, -0.5\]"),
        ({"images": NAN}, "NaN.*from nan to nan; expected finite"),
        ({"labels": range(7)}, "8 images and 7 labels"),
        ({"labels": np.eye(8, dtype="int32")}, "argmax"),
        ({"labels": 3}, "one class number for each"),
        ({"labels": np.zeros(8)}, "dtype float64; expected integers"),
        ({"labels": [-1] * 8}, r"labels in -1\.\.-1"),
        ({"labels": [2**31] * 8}, "fit into 32 bits"),
    ],
)
def test_bad_input(settings, message):
    settings = {"images": GOOD, "batch_size": 4, **settings}
    with pytest.raises(ValueError, match=message):
        data.batches(**settings)


def test_no_thread_tunes_a_pipeline_and_holds_up_its_end():
    images = np.zeros((8, 4, 4, 1), "uint8")
    dataset = data.batches(images, batch_size=4)
    assert dataset.options().autotune.enabled is False


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_a_memory_mapped_array_gives_the_batches_of_the_array(tmp_path, dtype):
    images = np.random.default_rng(0).integers(0, 256, (11, 2, 3, 1)).astype(dtype)
    if dtype != "uint8":
        images /= 255
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    settings = {"batch_size": 4, "drop_remainder": False, "seed": 3}
    expected = data.batches(images, np.arange(11), **settings)
    found = data.batches(mapped, np.arange(11), **settings)
    assert found.element_spec == expected.element_spec
    for _ in range(2):
        pairs = zip(expected, found, strict=True)
        for (images_of_one, labels_of_one), (images_of_other, labels_of_other) in pairs:
            np.testing.assert_array_equal(images_of_one, images_of_other)
            np.testing.assert_array_equal(labels_of_one, labels_of_other)


def test_a_large_array_is_not_copied(monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (9, 2, 3, 1)).astype("uint8")
    copied = data.batches(images, batch_size=4, seed=1)
    monkeypatch.setattr("kerasgen.data.pipeline._COPIED_BYTES", 8)
    streamed = data.batches(images, batch_size=4, seed=1)
    for one, other in zip(copied, streamed, strict=True):
        np.testing.assert_array_equal(one, other)
    images[:] = 255  # which shows whose memory is read
    assert all((batch.numpy() == 1.0).all() for batch in streamed)


def test_another_order_of_bytes_is_read_as_it_is_meant(tmp_path):
    images = np.random.default_rng(0).random((6, 3, 2, 1))
    mapped = np.memmap(tmp_path / "a", ">f4", "w+", shape=images.shape)
    mapped[:] = images
    found = next(iter(data.batches(mapped, batch_size=6, shuffle=False)))
    np.testing.assert_allclose(found, images, rtol=1e-6)
