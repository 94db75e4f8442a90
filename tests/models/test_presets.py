"""Presets: what was saved is loaded, small, by its class, and nothing else is."""

import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile

import keras
import numpy as np
import pytest

import kerasgen
from kerasgen import study
from kerasgen.core import preset_files
from kerasgen.core import presets
from kerasgen.core.base import GenerativeModel
from tests.export.models import unlike_new

ROOT = pathlib.Path(kerasgen.__file__).resolve().parents[1]
SMALL = {"latent_dim": 4, "width": 4, "seed": 0}
TINY = {**SMALL, "image_shape": (4, 4, 1)}


@keras.saving.register_keras_serializable("mine")
class Sharper(kerasgen.VanillaGAN):
    """A user's own class: another default and one more argument."""

    def __init__(self, *args, sharpness=2, **kwargs):
        super().__init__(*args, **kwargs)
        self.sharpness = sharpness

    def get_config(self):
        return {**super().get_config(), "sharpness": self.sharpness}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a preset of a small GAN."""
    path = tmp_path_factory.mktemp("presets") / "gan"
    model = unlike_new(kerasgen.VanillaGAN(**TINY))
    model.save_to_preset(path, {"description": "A small one."})
    return path


@pytest.fixture
def copy(folder, tmp_path):
    return pathlib.Path(shutil.copytree(folder, tmp_path / "gan"))


@pytest.fixture
def package(folder, tmp_path, monkeypatch):
    """A package that ships two presets."""
    shutil.copytree(folder, tmp_path / "vanilla_gan_mnist")
    kerasgen.CVAE(**TINY).save_to_preset(tmp_path / "cvae_mnist")
    presets.write_registry(tmp_path)
    monkeypatch.setattr(presets, "FOLDER", tmp_path)
    return tmp_path


def test_a_conditional_model_comes_back_nearly_the_same(tmp_path):
    model = unlike_new(kerasgen.AdversarialVAE(num_classes=3, **SMALL))
    model.save_to_preset(tmp_path / "preset")
    loaded = kerasgen.AdversarialVAE.from_preset(tmp_path / "preset")
    samples = model.sample(8, seed=1)
    np.testing.assert_allclose(loaded.sample(8, seed=1), samples, atol=5e-3)
    images = np.random.default_rng(0).uniform(size=(4, 28, 28, 1)).astype("float32")
    for method in ("discriminate", "reconstruct"):
        pair = [getattr(m, method)(images, np.arange(4) % 3) for m in (loaded, model)]
        np.testing.assert_allclose(*pair, rtol=0.02, atol=0.02)


def test_both_generators_are_the_average_and_the_rest_is_rounded(tmp_path):
    model = unlike_new(kerasgen.VanillaGAN(**TINY))
    model.save_to_preset(tmp_path / "preset")
    loaded = kerasgen.VanillaGAN.from_preset(tmp_path / "preset")
    kernels = [network.get_weights()[0] for network in (model.generator, model.average)]
    assert not np.array_equal(*np.float16(kernels))
    for mine, theirs in (
        (loaded.generator, model.average),
        (loaded.average, model.average),
        (loaded.discriminator, model.discriminator),
    ):
        for a, b in zip(mine.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b.astype("float16"))


def test_saving_again_what_was_loaded_changes_nothing(folder, tmp_path):
    kerasgen.VanillaGAN.from_preset(folder).save_to_preset(tmp_path / "again")
    again = tmp_path / "again"
    first, second = (np.load(path / "weights.npz") for path in (folder, again))
    with first, second:
        assert first.files == second.files
        for key in first.files:
            np.testing.assert_array_equal(first[key], second[key])
    configs = [(path / "config.json").read_text() for path in (folder, again)]
    assert configs[0] == configs[1]


def test_a_preset_is_small_and_describes_itself(folder):
    model = kerasgen.VanillaGAN(**TINY)
    metadata = json.loads((folder / "metadata.json").read_text())
    count = model.generator.count_params() + model.discriminator.count_params()
    assert metadata["parameters"] == count
    assert metadata["description"] == "A small one."
    assert metadata["class"] == "kerasgen>VanillaGAN"
    with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
        assert {arrays[key].dtype for key in arrays.files} == {np.dtype("float16")}
    for name, sha in metadata["sha256"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha


def test_without_weights_only_the_architecture_is_loaded(folder):
    fresh = kerasgen.VanillaGAN.from_preset(folder, load_weights=False)
    again = kerasgen.VanillaGAN.from_preset(folder, load_weights=False)
    trained = kerasgen.VanillaGAN.from_preset(folder)
    assert fresh.latent_dim == trained.latent_dim
    kernels = [m.discriminator.get_weights()[0] for m in (fresh, again, trained)]
    assert not np.array_equal(kernels[0], kernels[2])
    assert kernels[0].shape == kernels[2].shape


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16", "float16"])
def test_the_dtype_is_the_users(folder, tmp_path, dtype):
    plain = kerasgen.VanillaGAN.from_preset(folder)
    model = kerasgen.VanillaGAN.from_preset(folder, dtype=dtype)
    assert model.dtype_policy.name == dtype
    np.testing.assert_allclose(
        model.sample(8, seed=0), plain.sample(8, seed=0), atol=0.05
    )
    model.save_to_preset(tmp_path / "again")
    again = kerasgen.VanillaGAN.from_preset(tmp_path / "again")
    assert again.dtype_policy.name == "float32"


def test_fine_tuning_goes_on_from_a_preset(folder):
    model = kerasgen.VanillaGAN.from_preset(folder)
    before = model.generator.get_weights()[0]
    images = np.random.default_rng(0).uniform(size=(16, 4, 4, 1)).astype("float32")
    history = model.fit(images, batch_size=8, verbose=0)
    assert np.isfinite(history.history["generator_loss"]).all()
    assert not np.array_equal(model.generator.get_weights()[0], before)


def test_own_networks_and_own_classes_come_back(tmp_path):
    latents = keras.Input((4,))
    pixels = keras.layers.Dense(16, activation="sigmoid")(latents)
    network = keras.Model(latents, keras.layers.Reshape((4, 4, 1))(pixels))
    model = unlike_new(Sharper(generator=network, sharpness=5, **TINY))
    model.save_to_preset(tmp_path / "mine")
    for loading in (Sharper, kerasgen.VanillaGAN, GenerativeModel):
        loaded = loading.from_preset(tmp_path / "mine")
        assert type(loaded) is Sharper
        assert loaded.sharpness == 5
        np.testing.assert_allclose(
            loaded.sample(4, seed=0), model.sample(4, seed=0), atol=5e-3
        )
    assert Sharper.presets == {}


def test_a_class_that_was_not_imported_is_named(copy):
    metadata = json.loads((copy / "metadata.json").read_text())
    (copy / "metadata.json").write_text(json.dumps({**metadata, "class": "her>GAN"}))
    with pytest.raises(ValueError, match="class 'her>GAN'.*Import the module"):
        GenerativeModel.from_preset(copy)


def test_presets_of_the_package_are_listed_by_class(package):
    assert set(kerasgen.VanillaGAN.presets) == {"vanilla_gan_mnist"}
    assert set(kerasgen.CVAE.presets) == {"cvae_mnist"}
    assert set(GenerativeModel.presets) == {"vanilla_gan_mnist", "cvae_mnist"}
    assert kerasgen.DCGAN.presets == {}
    known = kerasgen.VanillaGAN.presets["vanilla_gan_mnist"]
    assert known["description"] == "A small one."
    for loading in (kerasgen.CVAE, GenerativeModel):
        assert type(loading.from_preset("cvae_mnist")) is kerasgen.CVAE
    assert type(study.load_model("cvae_mnist")) is kerasgen.CVAE
    assert type(study.load_model(package / "cvae_mnist")) is kerasgen.CVAE


def test_a_keras_file_does_not_mind_the_presets(package, tmp_path):
    model = unlike_new(kerasgen.VanillaGAN(**TINY))
    model.save(tmp_path / "model.keras")
    loaded = study.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.sample(4, seed=0), model.sample(4, seed=0))


@pytest.mark.parametrize(
    ("model_class", "preset", "message"),
    [
        ("CVAE", "cvae_mnits", "CVAE are cvae_mnist. Did you mean 'cvae_mnist'"),
        ("DCGAN", "/nowhere", "DCGAN are none. Else pass a folder"),
        ("DCGAN", "cvae_mnist", "is a CVAE, expected a DCGAN. Call CVAE.from_preset"),
        ("VanillaGAN", "cvae_mnist", "choose another: .* are vanilla_gan_mnist"),
        ("CVAE", 7, "preset=7; expected a name"),
    ],
)
def test_wrong_names_and_classes_get_an_answer(package, model_class, preset, message):
    with pytest.raises(ValueError, match=message):
        getattr(kerasgen, model_class).from_preset(preset)


def test_an_unknown_dtype_is_named(folder):
    with pytest.raises(ValueError, match="flot32"):
        kerasgen.VanillaGAN.from_preset(folder, dtype="flot32")


@pytest.mark.parametrize("name", preset_files.FILES)
@pytest.mark.parametrize("is_shipped", [True, False])
def test_damaged_and_missing_files_are_refused(package, copy, name, is_shipped):
    path = package / "vanilla_gan_mnist" if is_shipped else copy
    preset = path.name if is_shipped else path
    advice = "Install kerasgen anew" if is_shipped else "Copy the whole folder again"
    content = (path / name).read_bytes()
    (path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=f"{name} (has SHA|is not the).*{advice}"):
        kerasgen.VanillaGAN.from_preset(preset)
    (path / name).unlink()
    with pytest.raises(ValueError, match=f"lacks {name} .*{advice}"):
        kerasgen.VanillaGAN.from_preset(preset)


def test_weights_that_were_exchanged_are_refused_with_matching_sums(copy):
    def exchange(**arrays):
        np.savez(copy / "weights.npz", **arrays)
        metadata = json.loads((copy / "metadata.json").read_text())
        content = (copy / "weights.npz").read_bytes()
        metadata["sha256"]["weights.npz"] = hashlib.sha256(content).hexdigest()
        (copy / "metadata.json").write_text(json.dumps(metadata))

    exchange(weight_000=np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"does not make a VanillaGAN .*\(2, 2\)"):
        kerasgen.VanillaGAN.from_preset(copy)
    exchange(weight_000=np.array([object()]))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        kerasgen.VanillaGAN.from_preset(copy)


def test_another_format_is_named(copy):
    metadata = json.loads((copy / "metadata.json").read_text())
    (copy / "metadata.json").write_text(json.dumps({**metadata, "format": 2}))
    with pytest.raises(ValueError, match="format 2; this version of kerasgen reads 1"):
        kerasgen.VanillaGAN.from_preset(copy)


@pytest.mark.parametrize("value", [7e4, np.nan, np.inf])
def test_weights_that_do_not_fit_are_refused(tmp_path, value):
    model = kerasgen.VanillaGAN(**TINY)
    variables = model.discriminator.trainable_variables
    variable = next(each for each in variables if each.name == "kernel")
    array = variable.numpy()
    array[0, 0] = value
    variable.assign(array)
    with pytest.raises(ValueError, match=r"kernel reaches .*at most 65504"):
        model.save_to_preset(tmp_path / "preset")
    assert not list(tmp_path.iterdir())


def test_python_code_is_neither_saved_nor_loaded(copy, tmp_path):
    latents = keras.Input((4,))
    pixels = keras.layers.Dense(16, activation="sigmoid")(latents)
    pixels = keras.layers.Lambda(lambda x: 0.5 * x, output_shape=(16,))(pixels)
    network = keras.Model(latents, keras.layers.Reshape((4, 4, 1))(pixels))
    model = kerasgen.CVAE(decoder=network, average_momentum=None, **TINY)
    with pytest.raises(ValueError, match="Lambda layer"):
        model.save_to_preset(tmp_path / "preset")
    assert not (tmp_path / "preset").exists()
    config = json.loads((copy / "config.json").read_text())
    config["config"]["generator"] = keras.saving.serialize_keras_object(network)
    content = json.dumps(config).encode()
    (copy / "config.json").write_bytes(content)
    metadata = json.loads((copy / "metadata.json").read_text())
    metadata["sha256"]["config.json"] = hashlib.sha256(content).hexdigest()
    (copy / "metadata.json").write_text(json.dumps(metadata))
    with pytest.raises(ValueError, match="does not make a VanillaGAN .*Lambda"):
        kerasgen.VanillaGAN.from_preset(copy)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"sha256": {}}, "a dict without .*sha256"),
        ("a good one", "expected a dict"),
        ({"seen": {1, 2}}, "cannot be written as JSON"),
        ({"fid": float("nan")}, "cannot be written as JSON"),
    ],
)
def test_metadata_that_does_not_fit_is_refused(tmp_path, metadata, message):
    with pytest.raises(ValueError, match=message):
        kerasgen.VanillaGAN(**TINY).save_to_preset(tmp_path / "preset", metadata)
    assert not list(tmp_path.iterdir())


def test_only_presets_are_replaced(copy, tmp_path):
    model = kerasgen.VanillaGAN(**{**TINY, "latent_dim": 5})
    model.save_to_preset(copy)
    assert kerasgen.VanillaGAN.from_preset(copy).latent_dim == 5
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("Dear")
    with pytest.raises(FileExistsError, match="holds files but no preset"):
        model.save_to_preset(tmp_path / "letters")


@pytest.mark.parametrize("name", sorted(GenerativeModel.presets) or [None])
def test_presets_of_this_release_load_and_sample(name):
    if name is None:
        pytest.skip("this release has no presets yet")
    metadata = GenerativeModel.presets[name]
    images = GenerativeModel.from_preset(name).sample(4, seed=0)
    assert images.shape == (4, *metadata["image_shape"])
    assert images.std() > 0.1
    assert metadata["licence"] == "Apache-2.0"
    assert any(
        key.startswith(("fid_", "frechet_distance_")) for key in metadata["metrics"]
    )


def test_registry_and_folders_agree():
    listed = json.loads((presets.FOLDER / presets.REGISTRY).read_text())
    assert set(listed) == {path.name for path in presets.FOLDER.glob("[!.]*/")}


def test_wheel_and_source_archive_hold_the_presets(tmp_path, package):
    pytest.importorskip("setuptools", minversion="77")
    source = tmp_path / "source"
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "README.md", "LICENSE"):
        source.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "kerasgen", source / "kerasgen", ignore=ignored)
    shutil.rmtree(source / "kerasgen" / "presets")
    shutil.copytree(package, source / "kerasgen" / "presets", ignore=_but_presets)
    build = (
        "from setuptools import build_meta as b;"
        "b.build_sdist('../built'); b.build_wheel('../built')"
    )
    (tmp_path / "built").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=source, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (archive,) = (tmp_path / "built").glob("*.tar.gz")
    (wheel,) = (tmp_path / "built").glob("*.whl")
    with tarfile.open(archive) as opened:
        in_archive = [name.partition("/")[2] for name in opened.getnames()]
    with zipfile.ZipFile(wheel) as opened:
        in_wheel = opened.namelist()
        (metadata,) = (name for name in in_wheel if name.endswith("/METADATA"))
        readme = opened.read(metadata).decode().partition("\n\n")[2]
    assert "# kerasgen" in readme
    # On a package index there is nothing beside the README that it could link to.
    assert re.findall(r"\]\((?!https:)[^)]*\)", readme) == []
    wanted = [
        *(
            f"kerasgen/presets/{preset}/{name}"
            for preset in ("cvae_mnist", "vanilla_gan_mnist")
            for name in preset_files.FILES
        ),
        "kerasgen/presets/registry.json",
        "kerasgen/features/weights/mnist-v1.npz",
        "kerasgen/study/templates/model_card.md",
        "kerasgen/study/report/templates/report.html",
    ]
    assert set(wanted) <= set(in_archive)
    assert set(wanted) <= set(in_wheel)


def _but_presets(folder, names):
    """What lies beside the presets in the folder of the test."""
    return {name for name in names if name in ("source", "built", "gan")}
