import os
import signal
import subprocess
import sys
import textwrap

import h5py
import keras
import numpy as np
import pytest

from kerasgen.callbacks import Checkpoint
from kerasgen.callbacks import weights_file
from kerasgen.callbacks.weights_file import SEAL_BEFORE
from kerasgen.callbacks.weights_file import SEAL_SIZE

# Keras hands its variables to h5py, which asks NumPy 2 not to copy them.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)


def build(units=3, depth=1, optimizer="adam"):
    layers = [keras.layers.Dense(units) for _ in range(depth)]
    model = keras.Sequential([keras.layers.Input((4,)), *layers])
    model.compile(optimizer=optimizer, loss="mse")
    model.optimizer.build(model.trainable_variables)
    return model


def fill(model, value):
    model.set_weights([np.full(w.shape, value) for w in model.get_weights()])


def value_of(model):
    (value,) = {float(v) for w in model.get_weights() for v in w.ravel()}
    return value


def save_epochs(directory, model, epochs, initial_epoch=0, **settings):
    """Saves weights that are all equal to the number of epochs done."""
    callback = Checkpoint(directory, **settings)
    callback.set_model(model)
    callback.on_train_begin()
    for epoch in range(initial_epoch, epochs):
        callback.on_epoch_begin(epoch)
        fill(model, epoch + 1)
        callback.on_epoch_end(epoch, {})
    callback.on_train_end()


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def numbered(*epochs):
    return [f"epoch-{epoch:04d}.weights.h5" for epoch in epochs]


def test_the_newest_files_are_kept_and_restored(tmp_path):
    save_epochs(tmp_path, build(), 5)
    assert names(tmp_path) == numbered(4, 5)
    model = build()
    assert Checkpoint(tmp_path).restore(model) == 5
    assert value_of(model) == 5


def test_an_empty_directory_means_no_epochs_done(tmp_path):
    model = build()
    before = model.get_weights()
    assert Checkpoint(tmp_path / "new").restore(model) == 0
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_every_and_keep(tmp_path):
    save_epochs(tmp_path, build(), 8, every=3, keep=3)
    assert names(tmp_path) == numbered(3, 6, 8)
    assert Checkpoint(tmp_path).restore(build()) == 8


def test_an_interrupted_fit_goes_on_as_if_nothing_had_happened(tmp_path):
    x, y = np.random.default_rng(0).normal(size=(2, 16, 4)), np.zeros((16, 3))
    arguments = {"batch_size": 8, "shuffle": False, "verbose": 0}
    start = build()
    straight = keras.models.clone_model(start)
    straight.set_weights(start.get_weights())
    straight.compile(optimizer="adam", loss="mse")
    straight.fit(x[0], y, epochs=4, **arguments)
    start.fit(x[0], y, epochs=2, callbacks=[Checkpoint(tmp_path)], **arguments)
    resumed, checkpoint = build(), Checkpoint(tmp_path)
    done = checkpoint.restore(resumed)
    resumed.fit(
        x[0], y, initial_epoch=done, epochs=4, callbacks=[checkpoint], **arguments
    )
    for one, other in zip(resumed.get_weights(), straight.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert names(tmp_path) == numbered(3, 4)


def damage(path, kind):
    content = bytearray(path.read_bytes())
    if kind == "changed":
        with h5py.File(path, "r") as file:
            offset = file["layers/dense/vars/0"].id.get_offset()
        content[offset + 1] ^= 0xFF
    sizes = {"empty": 0, "cut": len(content) // 2, "short": len(content) - 1}
    path.write_bytes(content[: sizes.get(kind, len(content))])


@pytest.mark.parametrize("kind", ["empty", "cut", "short", "changed"])
def test_a_damaged_file_falls_back_to_the_one_before(tmp_path, caplog, kind):
    save_epochs(tmp_path, build(), 3)
    damage(tmp_path / "epoch-0003.weights.h5", kind)
    model = build()
    assert Checkpoint(tmp_path).restore(model) == 2
    assert value_of(model) == 2
    assert "epoch-0003.weights.h5 is damaged" in caplog.text
    save_epochs(tmp_path, model, 4, initial_epoch=2)
    assert names(tmp_path) == numbered(3, 4)
    assert Checkpoint(tmp_path).restore(build()) == 4


def flip(content, rng, start=0):
    position = rng.integers(start, len(content))
    content[position] ^= 1 << rng.integers(8)


def cut(content, rng):
    del content[rng.integers(len(content)) :]


def lose_a_sector(content, rng):
    start = 512 * rng.integers(len(content) // 512)
    content[start : start + 512] = bytes(512)


def flip_the_seal(content, rng):
    flip(content, rng, start=len(content) - SEAL_SIZE)


@pytest.mark.parametrize("harm", [flip, cut, lose_a_sector, flip_the_seal])
def test_damage_anywhere_falls_back_to_the_one_before(tmp_path, caplog, harm):
    save_epochs(tmp_path, build(), 2)
    path, model = tmp_path / "epoch-0002.weights.h5", build()
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    done = 0
    while done < 50:
        content = bytearray(whole)
        harm(content, rng)
        if content == whole:  # the sector was empty
            continue
        path.write_bytes(content)
        assert Checkpoint(tmp_path).restore(model) == 1
        assert value_of(model) == 1
        done += 1
    assert caplog.text.count("epoch-0002.weights.h5 is damaged") == done
    path.write_bytes(whole)
    assert Checkpoint(tmp_path).restore(model) == 2


@pytest.mark.parametrize("is_damaged", [False, True])
def test_files_from_before_the_seal_of_the_whole_file(tmp_path, is_damaged):
    save_epochs(tmp_path, build(), 2)
    path = tmp_path / "epoch-0002.weights.h5"
    path.write_bytes(path.read_bytes()[:-SEAL_SIZE])
    with h5py.File(path, "r+") as file:
        file.attrs[SEAL_BEFORE] = weights_file._checksum(file)
    if is_damaged:
        damage(path, "changed")
    assert Checkpoint(tmp_path).restore(build()) == (1 if is_damaged else 2)


def test_only_damaged_files_leave_the_model_as_it_was(tmp_path, caplog):
    save_epochs(tmp_path, build(), 2)
    for path in tmp_path.iterdir():
        damage(path, "cut")
    model = build()
    fill(model, 42)
    assert Checkpoint(tmp_path).restore(model) == 0
    assert value_of(model) == 42
    assert caplog.text.count("is damaged") == 2


class Renamed(keras.Sequential):
    pass


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (lambda: build(units=5), r"'kernel' of shape \(4, 3\) where.*shape \(4, 5\)"),
        (lambda: build(depth=2), "it has 2 weights, the model 4"),
        (
            lambda: Renamed([keras.layers.Input((4,)), keras.layers.Dense(3)]),
            "a Sequential wrote it, not a Renamed",
        ),
    ],
)
def test_another_architecture_is_refused_and_unchanged(tmp_path, other, message):
    save_epochs(tmp_path, build(), 1)
    model = other()
    fill(model, 42)
    with pytest.raises(
        ValueError, match=f"does not belong.*{message}.*Build the model"
    ):
        Checkpoint(tmp_path).restore(model)
    assert value_of(model) == 42


def test_a_model_with_fewer_layers_is_refused(tmp_path):
    # Keras alone would load the first layers without a word.
    save_epochs(tmp_path, build(units=4, depth=2), 1)
    with pytest.raises(ValueError, match="it has 4 weights, the model 2"):
        Checkpoint(tmp_path).restore(build(units=4, depth=1))


def test_another_optimizer_is_refused(tmp_path):
    save_epochs(tmp_path, build(optimizer="adam"), 1)
    with pytest.raises(ValueError, match="its state does not fit"):
        Checkpoint(tmp_path).restore(build(optimizer="sgd"))


def test_a_file_of_keras_alone_can_be_restored(tmp_path):
    model = build()
    fill(model, 7)
    model.save_weights(tmp_path / "epoch-0007.weights.h5")
    other = build()
    assert Checkpoint(tmp_path).restore(other) == 7
    assert value_of(other) == 7


def test_keras_can_load_a_checkpoint(tmp_path):
    save_epochs(tmp_path, build(), 1)
    model = build()
    model.load_weights(tmp_path / "epoch-0001.weights.h5")
    assert value_of(model) == 1


def test_a_fresh_run_removes_older_files_once_it_has_saved(tmp_path):
    save_epochs(tmp_path, build(), 6)
    callback = Checkpoint(tmp_path)
    callback.set_model(build())
    callback.on_train_begin()
    callback.on_epoch_begin(0)
    assert names(tmp_path) == numbered(5, 6)
    callback.on_epoch_end(0, {})
    assert names(tmp_path) == numbered(1)


def test_a_fresh_run_that_saves_rarely_leaves_no_mixture(tmp_path):
    save_epochs(tmp_path, build(), 4)
    save_epochs(tmp_path, build(), 5, every=5)
    assert names(tmp_path) == numbered(5)


def test_keep_must_be_positive(tmp_path):
    with pytest.raises(ValueError, match=r"Got keep=0; expected an integer"):
        Checkpoint(tmp_path, keep=0)


KILLED_RUN = """
    import pathlib, sys, time
    import keras
    from kerasgen.callbacks import Checkpoint

    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3)])
    save = model.save_weights

    def save_half(path):
        save(path)
        if "0003" in path.name:
            content = path.read_bytes()
            path.write_bytes(content[: len(content) // 2])
            print("half", flush=True)
            time.sleep(60)

    model.save_weights = save_half
    callback = Checkpoint(sys.argv[1])
    callback.set_model(model)
    callback.on_train_begin()
    for epoch in range(3):
        callback.on_epoch_begin(epoch)
        model.set_weights([w * 0 + epoch + 1 for w in model.get_weights()])
        callback.on_epoch_end(epoch, {})
"""


@pytest.mark.slow
def test_a_run_killed_while_it_writes_can_be_restored(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED_RUN), str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    )
    with process:
        assert process.stdout.readline() == "half\n"
        process.send_signal(signal.SIGKILL)
    partial = [".partial-epoch-0003.weights.h5"]
    assert names(tmp_path) == partial + numbered(1, 2)
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3)])
    assert Checkpoint(tmp_path).restore(model) == 2
    assert value_of(model) == 2
    save_epochs(tmp_path, model, 3, initial_epoch=2)
    assert names(tmp_path) == numbered(2, 3)
