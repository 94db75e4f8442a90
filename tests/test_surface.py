"""What `import kerasgen` gives, prints and leaves alone."""

import importlib.metadata
import os
import pathlib
import re
import subprocess
import sys

import pytest

import kerasgen


def run(source, *, arguments=("-c",), **environment):
    kept = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(
        [sys.executable, *arguments, source],
        capture_output=True,
        text=True,
        env=kept | environment,
    )


def test_names_are_those_that_a_user_calls():
    names = set(dir(kerasgen))
    assert {"DCGAN", "GenerativeModel", "evaluate", "list_models", "data"} <= names
    assert not {name for name in names if name.startswith("_")} - {"__version__"}
    with pytest.raises(AttributeError, match="no_such_model"):
        _ = kerasgen.no_such_model


def test_the_version_is_one():
    root = pathlib.Path(kerasgen.__file__).parents[1]
    config = (root / "setup.cfg").read_text()
    assert "version = attr: kerasgen.__version__" in config
    assert importlib.metadata.version("kerasgen") == kerasgen.__version__
    newest = re.search(r"^## (\S+)", (root / "CHANGELOG.md").read_text(), re.M)[1]
    cited = re.search(r"^version: (\S+)", (root / "CITATION.cff").read_text(), re.M)[1]
    assert newest == cited == kerasgen.__version__


def test_presets_are_listed_with_what_they_are():
    found = kerasgen.list_presets()
    assert found["dcgan_mnist"]
    assert set(kerasgen.DCGAN.presets) <= set(found)


# What TensorFlow makes one kernel of on a CPU, with a gradient of its parts.
FUSED = """
import tensorflow as tf
from kerasgen.networks import fused
kernel, bias, rectifier = tf.ones((3, 3, 1, 2)), tf.ones(2), fused.LeakyReLU(0.2)

@tf.function
def gradients(images):
    with tf.GradientTape() as tape:
        tape.watch((kernel, bias))
        sums = tf.nn.bias_add(tf.nn.conv2d(images, kernel, 2, "SAME"), bias)
        loss = tf.reduce_sum(rectifier(sums))
    return tape.gradient(loss, (kernel, bias))

gradients(tf.ones((4, 8, 8, 1)))
"""


@pytest.mark.slow
def test_an_import_prints_nothing_and_registers_the_models(tmp_path):
    done = run(
        "import kerasgen, sys\n"
        f"kerasgen.VanillaGAN(width=4).save({str(tmp_path / 'model.keras')!r})\n"
        "print('kerasgen.metrics' in sys.modules)\n" + FUSED
    )
    assert (done.stdout, done.stderr) == ("False\n", "")
    loaded = run(
        "import kerasgen, keras\n"
        f"print(keras.saving.load_model({str(tmp_path / 'model.keras')!r}).name)"
    )
    assert loaded.stdout == "vanilla_gan\n", loaded.stderr


@pytest.mark.slow
def test_who_asks_for_the_messages_of_tensorflow_gets_them():
    # Which there are depends on the processor; the import above prints none.
    assert "cc:" in run("import kerasgen", TF_CPP_MIN_LOG_LEVEL="0").stderr


def test_an_import_that_fails_shows_what_was_said():
    path = kerasgen.quiet_start.__file__
    done = run(
        f"import os, runpy; context = runpy.run_path({path!r})['quiet_start']\n"
        "with context():\n"
        "    os.write(2, b'a reason')\n"
        "    raise ImportError('no driver')"
    )
    assert "a reason" in done.stderr and "no driver" in done.stderr
    silent = run(
        f"import os, runpy; context = runpy.run_path({path!r})['quiet_start']\n"
        "with context():\n"
        "    os.write(2, b'a reason')"
    )
    assert (silent.returncode, silent.stderr) == (0, "")


@pytest.mark.slow
def test_a_command_imports_nothing_before_it_is_asked_to():
    source = "import sys; sys.argv = ['kerasgen']; import kerasgen; "
    done = run(
        source + "print('tensorflow' in sys.modules, kerasgen.list_models()[:1])"
    )
    assert done.stdout == "False ['vanilla_gan']\n", done.stderr
