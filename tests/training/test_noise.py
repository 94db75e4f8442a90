import json
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

import kerasgen
from kerasgen.training import integers
from kerasgen.training import next_seed
from kerasgen.training import normal
from kerasgen.training import normal_of_rows
from kerasgen.training import sampling_seed
from kerasgen.training import split_seed
from kerasgen.training import uniform

# Two logical devices have to be made before TensorFlow starts.
REPLICAS = """
import json
import keras, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(
    cpu, [tf.config.LogicalDeviceConfiguration()] * 2
)
from kerasgen import replicas, training
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    generator = keras.random.SeedGenerator(3)
    weight, scaled = (keras.Variable(0.0, dtype="float32") for _ in range(2))
    optimizers = training.PlayerOptimizers({
        "only": keras.optimizers.SGD(1.0), "scaled": keras.optimizers.SGD(1.0)
    })
    optimizers.scale_losses()
    optimizers.bind({"only": [weight], "scaled": [scaled]})

@tf.function(input_signature=[tf.TensorSpec((None,))])
def draw(batch):
    def replica():
        with replicas.own_rows(batch) as own:
            num = tf.shape(own)[0]
            return training.normal((2 * num, 3), training.next_seed(generator))
    return strategy.run(replica)

@tf.function
def step(batch):
    def replica():
        with replicas.own_rows(batch) as own:
            bad = tf.where(own > 6.0, float("inf"), own)
            training.descend(
                optimizers, lambda: {"only": weight * own, "scaled": scaled * bad}
            )
    strategy.run(replica)

draws = [
    [part.numpy().tolist() for part in strategy.experimental_local_results(draw(each))]
    for each in (tf.zeros(4), tf.zeros(3))
]
step(tf.constant([1.0, 3.0, 5.0, 7.0]))
print(json.dumps({
    "draws": draws,
    "weight": float(weight.numpy()),
    "scaled": [p.numpy().tolist()
               for p in strategy.experimental_local_results(scaled.value)],
    "scale": float(optimizers["scaled"].dynamic_scale.numpy()),
}))
"""


def test_equal_seeds_give_equal_numbers_eagerly_and_in_a_graph():
    seed = tf.constant([5, 7])
    eager = normal((4, 3), seed).numpy()
    assert eager.dtype == np.float32
    assert np.array_equal(eager, normal((4, 3), (5, 7)))
    graph = tf.function(lambda n, seed: normal(tf.stack([n, 3]), seed))
    assert np.array_equal(eager, graph(tf.constant(4), seed))
    for other in ((5, 8), (6, 7)):
        assert not np.array_equal(eager, normal((4, 3), other))


def test_the_stream_is_pinned():
    # A change of the generator would silently change every published sample.
    expected = [-1.697034, -0.481377, -0.662237]
    np.testing.assert_allclose(normal((3,), (0, 0)), expected, atol=1e-5)


def test_training_never_draws_from_the_stream_of_samples():
    generator = keras.random.SeedGenerator(3)
    drawn = [next_seed(generator).numpy().tolist() for _ in range(5)]
    assert sampling_seed(3).numpy().tolist() not in drawn


def test_equal_numbers_after_export(tmp_path):
    module = tf.Module()
    module.draw = tf.function(
        lambda n, seed: normal(tf.stack([n, 2]), tf.stack([seed, 0])),
        input_signature=[tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.int32)],
    )
    tf.saved_model.save(module, str(tmp_path / "module"))
    loaded = tf.saved_model.load(str(tmp_path / "module"))
    made = loaded.draw(tf.constant(5), tf.constant(11))
    assert np.array_equal(made, normal((5, 2), (11, 0)))


def test_the_numbers_are_standard_normal():
    numbers = normal((20_000,), (1, 2)).numpy()
    assert stats.kstest(numbers, "norm").pvalue > 1e-3


def test_seeds_advance_by_one_draw():
    generator = keras.random.SeedGenerator(9)
    seeds = [next_seed(generator).numpy().tolist() for _ in range(3)]
    assert len({tuple(seed) for seed in seeds}) == 3
    again = keras.random.SeedGenerator(9)
    assert [next_seed(again).numpy().tolist() for _ in range(3)] == seeds
    other = keras.random.SeedGenerator(10)
    assert next_seed(other).numpy().tolist() not in seeds


def test_seeds_advance_in_a_graph_as_they_do_eagerly():
    eager, graph = (keras.random.SeedGenerator(9) for _ in range(2))
    draw = tf.function(lambda: next_seed(graph))
    for _ in range(3):
        seed = draw()
        assert seed.dtype == tf.int32 and seed.shape == (2,)
        assert np.array_equal(seed, next_seed(eager))


def test_the_greatest_seed_fits():
    seed = next_seed(keras.random.SeedGenerator(2**31 - 1))
    assert seed.numpy()[0] == 2**31 - 1
    assert np.isfinite(normal((2,), seed)).all()


@pytest.fixture(scope="module")
def replicas():
    """What two replicas drew, twice, and where one step of descent took them."""
    root = pathlib.Path(kerasgen.__file__).parents[1]
    ended = subprocess.run(
        [sys.executable, "-c", REPLICAS],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return json.loads(ended.stdout.splitlines()[-1])


@pytest.mark.slow
def test_replicas_draw_the_rows_of_one_device(replicas):
    generator = keras.random.SeedGenerator(3)
    for drawn, num in zip(replicas["draws"], (4, 3), strict=True):
        assert [len(part) for part in drawn] == [2 * (num // 2), 2 * (num - num // 2)]
        expected = normal((2 * num, 3), next_seed(generator))
        np.testing.assert_allclose(np.concatenate(drawn), expected, rtol=1e-6)


@pytest.mark.slow
def test_replicas_descend_the_mean_over_the_whole_batch(replicas):
    assert replicas["weight"] == -4.0


@pytest.mark.slow
def test_an_overflow_of_one_replica_is_seen_by_both(replicas):
    assert replicas["scaled"] == [0.0, 0.0]
    assert replicas["scale"] == 2.0**14  # half of what it began with


def test_uniform_numbers_and_integers_are_spread_evenly():
    numbers = uniform((10_000,), (1, 2)).numpy()
    assert 0.0 <= numbers.min() <= numbers.max() < 1.0
    assert numbers.mean() == pytest.approx(0.5, abs=0.02)
    drawn = integers((10_000,), (1, 2), 10).numpy()
    assert drawn.dtype == np.int32
    counts = np.bincount(drawn, minlength=10)
    np.testing.assert_allclose(counts, 1000, rtol=0.1)
    np.testing.assert_array_equal(drawn, integers((10_000,), (1, 2), 10))
    assert (drawn != integers((10_000,), (1, 3), 10).numpy()).any()


def test_split_seeds_open_streams_of_their_own():
    seeds = split_seed((1, 2), 3)
    assert seeds.shape == (3, 2)
    assert len({tuple(seed) for seed in seeds.numpy()}) == 3
    np.testing.assert_array_equal(seeds, split_seed((1, 2), 3))
    first, second = (uniform((2000,), seed).numpy() for seed in seeds[:2])
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.1


def test_numbers_of_a_row_depend_on_it_and_the_index_alone():
    rows = normal((2000, 3), (0, 1))
    draw = tf.function(lambda rows, index: normal_of_rows((2, 2), rows, index))
    first, second = (draw(rows, tf.constant(index)).numpy() for index in (0, 1))
    assert first.shape == (2000, 2, 2)
    alone = draw(rows[7:9], tf.constant(1))
    np.testing.assert_array_equal(alone, second[7:9])
    assert stats.kstest(first.ravel(), "norm").pvalue > 1e-3
    # Draws, rows and what seeds them have nothing to do with each other.
    for other in (second, np.roll(first, 1, axis=0), rows[:, :1, None].numpy()):
        paired = np.broadcast_to(other, first.shape).ravel()
        assert abs(np.corrcoef(first.ravel(), paired)[0, 1]) < 0.05
