"""Numbers that go bad in the middle of a training: noticed, placed, and explained."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasgen
from kerasgen.callbacks import Checkpoint
from kerasgen.training import DivergenceError
from kerasgen.training import find_fault
from kerasgen.training import many_steps


def make(**changes):
    return kerasgen.VanillaGAN(width=4, latent_dim=4, seed=0, **changes)


def spoiled(digits, value, batch=3, batch_size=8):
    """Batches of images of which one, counted from 1, holds a bad pixel."""
    images = digits[0].astype("float32") / np.float32(255)
    images[(batch - 1) * batch_size, 0, 0, 0] = value
    return tf.data.Dataset.from_tensor_slices(images).batch(batch_size)


class Epochs(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.ended = []

    def on_epoch_end(self, epoch, logs=None):
        self.ended.append(epoch)


def poison(model):
    """Makes a weight of the generator no number, as a step too far would."""
    weights = model.generator.get_weights()
    weights[0][:] = np.nan
    model.generator.set_weights(weights)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("eagerly", [False, True])
def test_a_bad_pixel_in_a_later_batch_does_not_reach_the_weights(
    digits, value, eagerly
):
    model = make()
    model.compile(steps_per_execution=2, run_eagerly=eagerly)
    with pytest.raises(ValueError, match="first in batch 3: Got images with NaN or"):
        model.fit(spoiled(digits, value), epochs=2, verbose=0)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_loss_that_is_not_finite_ends_training(digits, eagerly):
    model, epochs = make(), Epochs()
    poison(model)
    model.compile(steps_per_execution=2, run_eagerly=eagerly)
    with pytest.raises(DivergenceError) as raised:
        model.fit(spoiled(digits, 0.5), epochs=2, verbose=0, callbacks=[epochs])
    message = str(raised.value)
    assert "VanillaGAN diverged in epoch 1: " in message
    assert "_loss is " in message
    assert "The weights of the " in message
    assert "data are at fault" not in message
    # The end of the epoch is still told to the callbacks; no other is begun.
    assert epochs.ended == [0]
    if not eagerly:
        assert "It began in steps 1 to 2 of the epoch." in message


def test_a_validation_that_is_not_finite_ends_training(digits, monkeypatch):
    model, epochs = make(), Epochs()
    losses = model.player_losses

    def bad(images, labels, seed_generator, training):
        good = losses(images, labels, seed_generator, training)
        return (
            good if training else {key: value * np.nan for key, value in good.items()}
        )

    monkeypatch.setattr(model, "player_losses", bad)
    with pytest.raises(DivergenceError, match=r"epoch 1: val_\w+_loss is nan"):
        model.fit(
            digits[0],
            epochs=2,
            verbose=0,
            validation_data=digits[0],
            callbacks=[epochs],
        )
    assert epochs.ended == [0]


def test_good_data_are_not_blamed(digits):
    model = make()
    # Whose optimizer counts every second step alone.
    gathering = keras.optimizers.Adam(gradient_accumulation_steps=2)
    model.compile({"discriminator": gathering})
    network = next(iter(model.player_variables().values()))
    network[0].assign(network[0] * np.nan)
    with pytest.raises(DivergenceError, match="Lower the learning rate") as raised:
        model.fit(digits[0], batch_size=32, verbose=0)
    assert "It began in steps 1 to 4 of the epoch." in str(raised.value)
    assert "at fault" not in str(raised.value)


def test_a_later_fit_of_a_repaired_model_is_a_fresh_one(digits):
    model = make()
    poison(model)
    with pytest.raises(DivergenceError):
        model.fit(digits[0], batch_size=32, verbose=0)
    model.set_weights([np.full(w.shape, 0.01) for w in model.get_weights()])
    for variable in model.optimizer.variables:
        variable.assign(np.nan_to_num(variable.numpy()))
    history = model.fit(digits[0], batch_size=32, epochs=2, verbose=0).history
    assert len(history["generator_loss"]) == 2


def test_no_checkpoint_is_made_of_a_model_that_diverged(tmp_path, digits):
    checkpoint = Checkpoint(tmp_path)
    model = make()
    model.fit(spoiled(digits, 0.5), verbose=0, callbacks=[checkpoint])
    before = checkpoint.newest.read_bytes()
    poison(model)
    with pytest.raises(DivergenceError, match="epoch 2: no finite numbers in"):
        model.fit(
            spoiled(digits, 0.5),
            initial_epoch=1,
            epochs=3,
            verbose=0,
            callbacks=[checkpoint],
        )
    assert [path.name for path in tmp_path.iterdir()] == ["epoch-0001.weights.h5"]
    assert checkpoint.newest.read_bytes() == before


class Batches(keras.utils.PyDataset):
    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.batches[index]


def test_faults_are_found_in_what_can_be_read_again(digits):
    form = {"image_shape": (28, 28, 1), "num_classes": 10}
    bad = list(spoiled(digits, 2.0).as_numpy_iterator())
    labels = np.zeros(8, "int32")
    pairs = [(images, labels) for images in bad]
    for data in (
        Batches(pairs),
        tf.data.Dataset.from_generator(
            lambda: iter(pairs),
            output_types=("float32", "int32"),
            output_shapes=((8, 28, 28, 1), (8,)),
        ),
    ):
        found = find_fault(data, **form)
        assert found.startswith("The data are at fault, first in batch 3: Got images")
        assert find_fault(data, **form, steps=2) is None
    pairs[1] = (bad[1], labels + 10)
    assert "batch 2: Got labels in 10..10" in find_fault(Batches(pairs), **form)
    ours = kerasgen.data.batches(*digits, batch_size=8)
    for data in (digits[0], ours, iter(pairs)):
        assert find_fault(data, **form) is None
    assert find_fault(spoiled(digits, 0.5).repeat(), (28, 28, 1), None, 20) is None


def test_steps_tell_of_logs_that_are_not_finite():
    told = []
    function = many_steps(
        lambda x: {"last": tf.reduce_max(x)}, False, lambda *these: told.append(these)
    )
    iterator = iter(tf.data.Dataset.from_tensor_slices([1.0, 2.0, np.nan]).batch(1))
    function(iterator, 2)
    assert np.isnan(float(function(iterator, 2)["last"]))
    assert told == [(2, True), (1, False)]
