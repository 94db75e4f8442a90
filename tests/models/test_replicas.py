"""Training by two replicas: every model takes its steps, together."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

import kerasgen
from kerasgen.core import registry
from tests.contract import contract_of

pytestmark = pytest.mark.slow

# Two logical devices have to be made before TensorFlow starts.
SCRIPT = """
import json, sys
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(
    cpu, [tf.config.LogicalDeviceConfiguration()] * 2
)
import kerasgen
from kerasgen.core import registry
from tests.contract import contract_of
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
images = np.random.default_rng(0).random((16, 28, 28, 1), "float32")
labels = np.arange(16) % 10
dataset = tf.data.Dataset.from_tensor_slices((images, labels)).batch(8)

def fit(name, strategy=strategy, **arguments):
    contract = contract_of(registry.model_class(name))
    arguments = {**contract.on_replicas, **arguments}
    with strategy.scope():
        model = contract().make(**arguments)
    before = [weight.numpy() for weight in model.trainable_variables]
    try:
        history = model.fit(dataset, epochs=2, verbose=0).history
    except ValueError as error:
        return str(error)
    after = [
        [part.numpy() for part in strategy.experimental_local_results(weight.value)]
        for weight in model.trainable_variables
    ]
    return {
        "steps": [int(each.iterations.numpy()) for each in model.optimizer.optimizers],
        "finite": all(bool(np.isfinite(values).all()) for values in history.values()),
        "moved": sum(bool((a[0] != b).any()) for a, b in zip(after, before)),
        "weights": len(before),
        "replicas": len(after[0]),
        "together": all(np.array_equal(a[0], part) for a in after for part in a),
    }

if sys.argv[1] == "several critic steps":
    one = tf.distribute.OneDeviceStrategy("CPU:0")
    found = [fit("wgan", critic_steps=2), fit("wgan", one, critic_steps=2)]
else:
    found = fit(sys.argv[1])
print(json.dumps(found))
"""


def found_in_a_process(name):
    root = pathlib.Path(kerasgen.__file__).parents[1]
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, name],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return json.loads(ended.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", registry.list_models())
def test_two_replicas_train(name):
    found = found_in_a_process(name)
    refused = contract_of(registry.model_class(name)).replicas_refused
    if refused is not None:
        assert refused in found
        return
    assert found["steps"] == len(registry.model_class(name).players) * [4]
    assert found["replicas"] == 2
    assert found["finite"] and found["together"]
    assert found["moved"] > 0.7 * found["weights"]


def test_several_critic_steps_need_one_device():
    replicas, one_device = found_in_a_process("several critic steps")
    assert "moves every 2 steps under MirroredStrategy" in replicas
    assert sorted(one_device["steps"]) == [2, 4]
