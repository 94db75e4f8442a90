"""What is saved goes on as if nothing had happened, and does the same elsewhere."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.contract import batches
from tests.contract import eagerly
from tests.contract import same
from tests.contract import weights


def fit(model, digits, **kwargs):
    return model.fit(batches(digits), verbose=0, **kwargs).history


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_keras_file_goes_on(make, small_digits, tmp_path, policy):
    model = make(dtype=policy)
    # In a graph once: its state is no other than that of eager steps.
    model.compile(run_eagerly=policy != "float32")
    few = [array[:32] for array in small_digits]
    fit(model, few)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded) is type(model)
    assert loaded.get_config() == model.get_config()
    assert np.array_equal(model.sample(6, seed=1), loaded.sample(6, seed=1))
    histories = [fit(one, few, epochs=2) for one in (model, loaded)]
    assert histories[0] == histories[1]
    assert same(weights(model), weights(loaded))
    states = [[v.numpy() for v in one.optimizer.variables] for one in (model, loaded)]
    assert same(*states)


def test_settings_of_compile_come_back(make, tmp_path):
    model = make()
    model.compile(keras.optimizers.SGD(0.5), jit_compile=False, steps_per_execution=3)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.steps_per_execution == 3
    assert loaded.jit_compile is False
    rates = {float(o.learning_rate) for o in loaded.optimizer.players.values()}
    assert rates == {0.5}


def test_weights_restored_by_keras_own_callback(make, small_digits, tmp_path):
    whole = eagerly(make())
    few = [array[:32] for array in small_digits]
    fit(whole, few, epochs=3)

    def backup():
        return keras.callbacks.BackupAndRestore(
            tmp_path, delete_checkpoint=False, double_checkpoint=True
        )

    fit(eagerly(make()), few, epochs=2, callbacks=[backup()])
    resumed = eagerly(make(seed=5))
    fit(resumed, few, epochs=3, callbacks=[backup()])
    assert same(weights(whole), weights(resumed))


@pytest.mark.parametrize("num_classes", [None, 10])
def test_saved_model_samples_the_same_images(make, tmp_path, num_classes):
    model = make(num_classes=num_classes)
    model.export(tmp_path / "exported")
    restored = tf.saved_model.load(str(tmp_path / "exported"))
    labels = None if num_classes is None else np.arange(6, dtype="int32")
    extra = {} if labels is None else {"labels": tf.constant(labels)}
    made = restored.signatures["sample"](n=tf.constant(6), seed=tf.constant(9), **extra)
    expected = model.sample(6, labels, seed=9)
    np.testing.assert_allclose(made["images"], expected, atol=1e-6)
    again = restored.signatures["serving_default"](latents=made["latents"], **extra)
    np.testing.assert_allclose(again["images"], expected, atol=1e-6)


def test_conditional_keras_file(make, tmp_path):
    model = make(num_classes=10)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    pair = [m.sample(6, labels=3, seed=1) for m in (model, loaded)]
    assert np.array_equal(*pair)
