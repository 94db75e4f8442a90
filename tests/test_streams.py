"""Orders, noise, dropout, evaluation, samples: one seed, but random numbers apart."""

import itertools
import json
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

import kerasgen
from kerasgen import data
from kerasgen.core import registry
from tests import scripts
from tests.contract import eagerly
from tests.contract import small

TINY = {"image_shape": (8, 8, 1), "latent_dim": 4, "width": 4, "depth": 1}
# A game, steps counted over second derivatives, three players, two trainings in one.
FAST = ("dcgan", "wgan_gp", "aae", "vqvae")
MODELS = [
    pytest.param(
        registry.model_class(name),
        marks=() if name in FAST else pytest.mark.slow,
        id=name,
    )
    for name in registry.list_models()
]
IMAGES = np.random.default_rng(0).integers(0, 256, (32, 8, 8, 1)).astype("uint8")


@pytest.fixture
def drawn(monkeypatch):
    """Lists of the keys that normal and uniform numbers are drawn by, as it happens."""
    keys = types.SimpleNamespace(normal=[], uniform=[])

    def recording(function, found):
        def note(seed):
            found.append(tuple(map(int, seed)))
            return seed

        def draw(shape, seed, **arguments):
            seed = tf.convert_to_tensor(seed)
            noted = tf.numpy_function(note, [seed], seed.dtype)
            return function(shape, tf.ensure_shape(noted, (2,)), **arguments)

        return draw

    for kind, found in vars(keys).items():
        name = f"stateless_{kind}"
        monkeypatch.setattr(tf.random, name, recording(getattr(tf.random, name), found))
    return keys


def train(model, seed, epochs=2):
    batches = data.batches(IMAGES, batch_size=16, seed=seed)
    return model.fit(batches, epochs=epochs, verbose=0)


@pytest.mark.parametrize("model_class", MODELS)
def test_no_key_is_used_twice(drawn, digits, model_class):
    few = [part[:8] for part in digits]
    model = eagerly(small(model_class, seed=7))
    model.fit(*few, batch_size=4, verbose=0)
    trained = len(drawn.normal)
    model.evaluate(*few, verbose=0)
    evaluated = drawn.normal[trained:]
    model.sample(3, seed=7)
    keys = [*drawn.normal, *drawn.uniform]
    assert len(drawn.normal) > trained
    assert len(set(keys)) == len(keys), sorted(keys)
    # Each evaluation draws the noise that the one before has drawn.
    before = len(drawn.normal)
    model.evaluate(*few, verbose=0)
    assert drawn.normal[before:] == evaluated


def test_dropout_does_not_change_the_latents(drawn):
    found = []
    for dropout in (0.0, 0.3):
        drawn.normal.clear()
        train(kerasgen.VanillaGAN(**TINY, dropout=dropout, seed=7), seed=7)
        # Initial weights are drawn by keys of Keras' global seed.
        found.append([key for key in drawn.normal if key[0] == 7])
    assert len(found[0]) == 4
    assert found[0] == found[1]


def test_other_seeds_draw_by_other_keys(drawn):
    found = []
    for seed in (7, 8):
        drawn.normal.clear(), drawn.uniform.clear()
        keras.utils.set_random_seed(seed)  # from which dropout's follow
        model = kerasgen.VanillaGAN(**TINY, seed=seed)
        train(model, seed)
        model.sample(3, seed=seed)
        found.append({*drawn.normal, *drawn.uniform})
    assert not found[0] & found[1]


def test_streams_are_not_correlated():
    num = 20_000
    model = kerasgen.VanillaGAN(**TINY, dropout=0.5, seed=7)
    images = np.zeros((num // 4, 1))
    dropout = kerasgen.networks.fused.Dropout(0.5, seed=7)
    numbered = np.zeros((num, 1, 1, 1), "uint8")
    orders = data.batches(numbered, np.arange(num), batch_size=num, seed=7)
    streams = {
        "latents 1": model.draw_latents(images, model.seed_generator),
        "latents 2": model.draw_latents(images, model.seed_generator),
        "evaluation": model.draw_latents(images, model.evaluation_seed),
        "samples": kerasgen.training.normal(
            (num // 4, 4), kerasgen.training.sampling_seed(7)
        ),
        "dropout": dropout(np.ones((num,), "float32"), training=True),
        "order 1": next(iter(orders))[1],
        "order 2": next(iter(orders))[1],
        "order of 8": next(
            iter(data.batches(numbered, np.arange(num), batch_size=num, seed=8))
        )[1],
    }
    streams = {name: np.ravel(numbers) for name, numbers in streams.items()}
    for one, other in itertools.combinations(streams, 2):
        rank = stats.spearmanr(streams[one], streams[other]).statistic
        assert abs(rank) < 4.5 / np.sqrt(num), (one, other)
        size = stats.spearmanr(np.abs(streams[one]), np.abs(streams[other])).statistic
        assert abs(size) < 4.5 / np.sqrt(num), (one, other)


PROGRAM = """
import hashlib, json
import keras, numpy as np
import kerasgen

keras.utils.set_random_seed(3)
images = np.random.default_rng(0).integers(0, 256, (32, 8, 8, 1)).astype("uint8")
tiny = {"image_shape": (8, 8, 1), "latent_dim": 4, "width": 4, "depth": 1}
model = kerasgen.VanillaGAN(**tiny, seed=7)
dropout = kerasgen.networks.fused.Dropout(0.5, seed=7)
orders = kerasgen.data.batches(images, batch_size=16, seed=7)
made = {
    "weights": model.get_weights(),
    "orders": [*orders.as_numpy_iterator(), *orders.as_numpy_iterator()],
    "latents": [model.draw_latents(images, model.seed_generator) for _ in range(2)],
    "evaluation": [model.draw_latents(images, model.evaluation_seed)],
    "dropout": [dropout(np.ones(100, "float32"), training=True) for _ in range(2)],
    "samples": [kerasgen.training.normal((3, 4), kerasgen.training.sampling_seed(7))],
}

def digest(arrays):
    return hashlib.sha256(b"".join(np.asarray(a).tobytes() for a in arrays)).hexdigest()

print(json.dumps({name: digest(arrays) for name, arrays in made.items()}))
"""


@pytest.mark.slow
def test_another_process_draws_the_same_bits(tmp_path, capsys):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    ended = scripts.run(program, directory=tmp_path)
    assert ended.returncode == 0, ended.stderr
    exec(compile(PROGRAM, str(program), "exec"), {})
    ours, theirs = capsys.readouterr().out, ended.stdout.splitlines()[-1]
    assert json.loads(ours) == json.loads(theirs)
