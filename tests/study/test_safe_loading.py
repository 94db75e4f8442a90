"""Files that come from elsewhere run no code, and say so when they would."""

import ast
import json
import pathlib
import zipfile

import keras
import pytest

import kerasgen
from kerasgen import study

ROOT = pathlib.Path(kerasgen.__file__).resolve().parents[1]
SMALL = {"image_shape": (4, 4, 1), "latent_dim": 4, "width": 4, "seed": 0}
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal"}
SAFE_VALUES = {"allow_pickle": False, "safe_mode": True}


@pytest.fixture(scope="module")
def keras_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.keras"
    kerasgen.VanillaGAN(**SMALL).save(path)
    return path


def changed(source, path, change):
    """A copy of a `.keras` file with another config."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                content = json.dumps(change(json.loads(content))).encode()
            new.writestr(name, content)
    return path


def test_what_was_saved_is_loaded(keras_file):
    assert isinstance(study.load_model(keras_file), kerasgen.VanillaGAN)


def network_with_lambda():
    latents = keras.Input((4,))
    pixels = keras.layers.Dense(16, activation="sigmoid")(latents)
    pixels = keras.layers.Reshape((4, 4, 1))(pixels)
    pixels = keras.layers.Lambda(lambda x: 0.5 * x, output_shape=(4, 4, 1))(pixels)
    return keras.Model(latents, pixels)


@pytest.mark.parametrize("whole", [True, False])
def test_python_code_in_a_keras_file_is_refused(tmp_path, whole):
    network = network_with_lambda()
    model = network if whole else kerasgen.CVAE(decoder=network, **SMALL)
    model.save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="cannot be loaded.*`Lambda` layer"):
        study.load_model(tmp_path / "model.keras")


@pytest.mark.parametrize("place", ["model", "argument"])
@pytest.mark.parametrize("known", [True, False])
def test_a_class_from_elsewhere_is_refused(tmp_path, keras_file, place, known):
    # Of a module that can be imported, and would do harm, or of an unknown one.
    harm = tmp_path / "harm"
    other = {
        "module": "subprocess" if known else "unheard_of",
        "class_name": "Popen",
        "config": {"args": ["touch", str(harm)]},
        "registered_name": "Popen",
    }

    def change(config):
        if place == "model":
            return other
        config["config"]["dtype"] = other
        return config

    path = changed(keras_file, tmp_path / "model.keras", change)
    with pytest.raises(ValueError, match=r"model\.keras cannot be loaded"):
        study.load_model(path)
    assert not harm.exists()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_file_that_is_cut_off_is_refused(tmp_path, keras_file, share):
    content = keras_file.read_bytes()
    (tmp_path / "cut.keras").write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"cut\.keras cannot be loaded"):
        study.load_model(tmp_path / "cut.keras")


def test_another_keras_model_is_refused(tmp_path):
    images = keras.Input((4,))
    keras.Model(images, keras.layers.Dense(2)(images)).save(tmp_path / "other.keras")
    with pytest.raises(ValueError, match="holds a Functional, not a model of kerasgen"):
        study.load_model(tmp_path / "other.keras")


@pytest.mark.parametrize("folder", ["kerasgen", "examples", "benchmarks"])
def test_no_code_loads_pickles(folder):
    paths = sorted((ROOT / folder).rglob("*.py"))
    assert paths
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert UNSAFE_MODULES.isdisjoint(n.partition(".")[0] for n in names), path
            if isinstance(node, ast.keyword) and node.arg in SAFE_VALUES:
                assert ast.literal_eval(node.value) == SAFE_VALUES[node.arg], path
