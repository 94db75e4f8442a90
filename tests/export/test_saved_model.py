"""SavedModels: equal to the model, usable without kerasgen, never lost."""

import functools
import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasgen
from kerasgen import export
from kerasgen.core import registry
from tests.contract import small
from tests.export.models import CASES
from tests.export.models import FEW_FAST
from tests.export.models import SMALL
from tests.export.models import STORED
from tests.export.models import cases
from tests.export.models import unlike_new

WITHOUT_KERASGEN = """
import pathlib, sys
sys.modules["kerasgen"] = sys.modules["keras"] = None  # any import of them fails
import numpy as np, tensorflow as tf
for path in pathlib.Path(sys.argv[1]).iterdir():
    given = np.load(path / "given.npz")
    out = {}
    for name, signature in tf.saved_model.load(str(path / "model")).signatures.items():
        takes = signature.structured_input_signature[1]
        made = signature(**{key: tf.constant(given[key]) for key in takes})
        out |= {f"{name}_{key}": value for key, value in made.items()}
    np.savez(path / "out.npz", **out)
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A function that gives a model, the folder of its export and what to ask of it."""
    folder = tmp_path_factory.mktemp("exported")
    rng = np.random.default_rng(1)

    @functools.cache
    def exported(model_class, num_classes):
        model = unlike_new(small(model_class, num_classes=num_classes))
        given = {
            "n": np.int32(5),
            "seed": np.int32(11),
            "latents": rng.normal(size=(5, *model.latent_shape)).astype("float32"),
            "images": rng.random((5, 28, 28, 1), "float32"),
            "labels": np.array([3, 0, 9, 9, 1], "int32"),
        }
        path = folder / f"{model_class.__name__}-{num_classes}"
        model.export(path / "model")
        np.savez(path / "given.npz", **given)
        return model, path, given

    return exported


@pytest.fixture(scope="module")
def without_kerasgen(exported):
    """Writes beside each export what a process without kerasgen made by it."""
    paths = [exported(each, num)[1] for each, num in CASES]
    command = [sys.executable, "-c", WITHOUT_KERASGEN, str(paths[0].parent)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def labels_of(model, network, given):
    return given["labels"] if model.takes_labels(network) else None


def assert_equal(made, expected, atol=1e-5):
    # Scores of a critic can be in the hundreds, where a float32 has fewer digits left.
    np.testing.assert_allclose(made, expected, rtol=1e-6, atol=atol)


@pytest.mark.slow
@pytest.mark.usefixtures("without_kerasgen")
@pytest.mark.parametrize(("model_class", "num_classes"), CASES)
def test_a_process_without_kerasgen_gets_the_same(exported, model_class, num_classes):
    model, path, given = exported(model_class, num_classes)
    out = dict(np.load(path / "out.npz"))
    latents, images = given["latents"], given["images"]
    labels = given["labels"] if model.is_conditional else None
    assert_equal(out.pop("sample_images"), model.sample(5, labels, seed=11))
    assert_equal(out.pop("serving_default_images"), model.generate(latents, labels))
    drawn = out.pop("sample_latents")
    assert drawn.shape == (5, *model.latent_shape)
    assert_equal(out.pop("draw_prior_latents"), drawn)
    if hasattr(model, "discriminate"):
        scores = model.discriminate(images, labels_of(model, model.judge_name, given))
        assert_equal(out.pop("discriminate_scores"), scores)
    if hasattr(model, "encode"):
        found = model.encode(images, labels_of(model, "encoder", given))
        if model.posterior == "gaussian":
            mean, log_variance = found
            assert_equal(out.pop("encode_mean"), mean)
            assert_equal(out.pop("encode_log_variance"), log_variance)
        else:
            assert_equal(out.pop("encode_codes"), found)
        assert_equal(out.pop("decode_images"), model.decode(latents, labels))
    if hasattr(model, "reconstruct"):
        takes = map(model.takes_labels, ("encoder", model.generator_name))
        given = given["labels"] if any(takes) else None
        assert_equal(out.pop("reconstruct_images"), model.reconstruct(images, given))
    if hasattr(model, "classify"):
        assert_equal(out.pop("classify_probabilities"), model.classify(images))
    assert not out


@pytest.mark.parametrize(("model_class", "num_classes"), FEW_FAST)
def test_a_loaded_model_does_what_the_model_does(exported, model_class, num_classes):
    model, path, given = exported(model_class, num_classes)
    loaded = export.load(path / "model")
    generator = model.generator_name
    is_labelled = model.takes_labels("encoder")
    reconstructing = "encoder" if is_labelled else generator
    for name, takes, network in (
        ("generate", "latents", generator),
        ("discriminate", "images", getattr(model, "judge_name", None)),
        ("encode", "images", "encoder"),
        ("decode", "latents", generator),
        ("reconstruct", "images", reconstructing),
    ):
        # All models decode; the export says so of those that encode.
        asked = hasattr(model, "encode" if name == "decode" else name)
        assert hasattr(loaded, name) == asked
        if asked:
            labels = labels_of(model, network, given)
            pair = [getattr(m, name)(given[takes], labels) for m in (loaded, model)]
            assert_equal(*pair)
            with pytest.raises(ValueError, match="shape"):
                getattr(loaded, name)(given[takes][:, :2], labels)
    if hasattr(model, "discriminate") and model.takes_labels(model.judge_name):
        with pytest.raises(ValueError, match="without labels"):
            loaded.discriminate(given["images"])


def size(folder):
    return sum(path.stat().st_size for path in folder.glob("variables/*.data-*"))


@pytest.mark.parametrize(
    ("model_class", "num_classes"), cases(registry.model_class(n) for n in STORED)
)
def test_stored_in_half_it_is_the_model_of_rounded_weights(
    tmp_path, model_class, num_classes
):
    model = unlike_new(small(model_class, num_classes=num_classes, width=32))
    model.set_weights(
        [
            w.astype("float16").astype(w.dtype) if w.dtype == "float32" else w
            for w in model.get_weights()
        ]
    )
    half = export.load(model.export(tmp_path / "half", half=True))
    model.export(tmp_path / "whole")
    assert size(tmp_path / "half") < 0.6 * size(tmp_path / "whole")
    images = np.random.default_rng(0).random((3, 28, 28, 1), "float32")
    label = 7 if model.is_conditional else None
    expected = model.sample(3, label, seed=2)
    assert_equal(half.sample(3, label, seed=2), expected)
    without_kerasgen = tf.saved_model.load(str(tmp_path / "half"))
    labels = {} if label is None else {"labels": tf.constant([7, 7, 7])}
    made = without_kerasgen.sample(n=tf.constant(3), seed=tf.constant(2), **labels)
    assert_equal(made["images"], expected)
    if hasattr(model, "discriminate"):
        given = [1, 2, 3] if model.takes_labels(model.judge_name) else None
        pair = [m.discriminate(images, given) for m in (half, model)]
        assert_equal(*pair)
    if hasattr(model, "encode"):
        given = [1, 2, 3] if model.takes_labels("encoder") else None
        pair = [m.encode(images, given)[0] for m in (half, model)]
        assert_equal(*pair)


def test_weights_that_16_bits_cannot_hold_are_named(tmp_path):
    model = kerasgen.CVAE(average_momentum=None, **SMALL)
    bias = model.decoder.weights[-1]
    bias.assign(bias + 1e5)
    with pytest.raises(ValueError, match=r"bias has values up to 1e\+05; expected"):
        model.export(tmp_path / "half", half=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "policy",
    ["mixed_bfloat16", pytest.param("mixed_float16", marks=pytest.mark.slow)],
)
def test_mixed_precision_is_exported_in_float32(tmp_path, policy):
    latents = keras.Input((4,))
    pixels = keras.layers.Dense(28 * 28, "sigmoid", dtype=policy)(latents)
    pixels = keras.layers.Reshape((28, 28, 1), dtype="float32")(pixels)
    own = keras.Model(latents, pixels)
    for arguments in ({}, {"generator": own}):
        mixed = kerasgen.DCGAN(dtype=policy, **arguments, **SMALL)
        path = tmp_path / f"exported-{len(arguments)}"
        mixed.export(path)
        assert mixed.dtype_policy.name == policy
        exact = mixed.in_float32()
        assert exact.sampler.layers[1].compute_dtype == "float32"
        assert exact.in_float32() is exact
        for one, other in zip(exact.weights, mixed.weights, strict=True):
            assert np.array_equal(one, other)
        loaded = export.load(path)
        images = exact.sample(6, seed=3)
        assert_equal(loaded.sample(6, seed=3), images)
        assert_equal(loaded.discriminate(images), exact.discriminate(images))
        assert_equal(images, mixed.sample(6, seed=3), atol=0.02)
        assert not np.array_equal(images, mixed.sample(6, seed=3))


def test_exported_model_has_the_methods_of_the_model(tmp_path):
    model = kerasgen.CVAE(num_classes=10, **SMALL)
    model.export(tmp_path / "cvae", settings={"epochs": 1})
    loaded = export.load(tmp_path / "cvae")
    assert (loaded.latent_dim, loaded.image_shape) == (4, (28, 28, 1))
    assert loaded.num_classes == 10
    labels = np.arange(6)
    same = [m.sample(6, labels, seed=2) for m in (model, loaded)]
    np.testing.assert_allclose(*same, atol=1e-6)
    in_turn = [m.sample(12, seed=2) for m in (model, loaded)]
    np.testing.assert_allclose(*in_turn, atol=1e-6)
    with pytest.raises(ValueError, match=r"expected 0\.\.9"):
        loaded.sample(6, labels=10)


def test_many_samples_are_made_in_batches_and_are_the_same(tmp_path, monkeypatch):
    model = kerasgen.DCGAN(num_classes=10, **SMALL)
    model.export(tmp_path / "dcgan")
    loaded, restored = (load(tmp_path / "dcgan") for load in (export.load, raw_load))
    sizes, make = [], loaded._images_from
    monkeypatch.setattr(
        loaded,
        "_images_from",
        lambda *parts: sizes.append(len(parts[0])) or make(*parts),
    )
    labels = np.arange(1001, dtype="int32") % 7
    images = loaded.sample(1001, labels, seed=5)
    assert sizes == [500, 500, 1]
    np.testing.assert_allclose(images, model.sample(1001, labels, seed=5), atol=1e-6)
    at_once = restored.signatures["sample"](
        n=tf.constant(1001), seed=tf.constant(5), labels=tf.constant(labels)
    )
    np.testing.assert_allclose(images, at_once["images"], atol=1e-6)
    again = loaded.sample(1001, labels, seed=5)
    np.testing.assert_array_equal(images, again)
    assert not np.allclose(images, loaded.sample(1001, labels, seed=6), atol=1e-3)
    with pytest.raises(ValueError, match="num=0; expected a positive integer"):
        loaded.sample(0)


def raw_load(path):
    return tf.saved_model.load(str(path))


def test_unconditional_export_refuses_labels(tmp_path):
    kerasgen.VanillaGAN(**SMALL).export(tmp_path / "gan")
    with pytest.raises(ValueError, match="not conditional"):
        export.load(tmp_path / "gan").sample(2, labels=[0, 1])


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [
        ({"epochs": 10}, {"epochs": 100}, True),
        ({"epochs": 100}, {"epochs": 2}, False),
        ({"epochs": 100, "limit": None}, {"epochs": 200, "limit": 1000}, False),
    ],
)
def test_only_the_same_run_taken_further_replaces(tmp_path, old, new, allowed):
    model = kerasgen.VanillaGAN(**SMALL)
    path = model.export(tmp_path / "gan", settings=old)
    if allowed:
        model.export(path, settings=new)
    else:
        with pytest.raises(FileExistsError, match="made with other settings"):
            model.export(path, settings=new)
    record = json.loads((path / "export.json").read_text())
    assert record["settings"] == (new if allowed else old)
    assert record["model"] == "VanillaGAN"


def test_another_model_is_not_replaced_without_settings(tmp_path):
    model = kerasgen.VanillaGAN(**SMALL)
    for _ in range(2):
        model.export(tmp_path / "gan")
    for other in (
        kerasgen.DCGAN(latent_dim=4, width=4),
        kerasgen.VanillaGAN(**{**SMALL, "latent_dim": 5}),
        kerasgen.VanillaGAN(**SMALL, num_classes=3),
    ):
        with pytest.raises(FileExistsError, match="holds another model"):
            other.export(tmp_path / "gan")
    assert json.loads((tmp_path / "gan/export.json").read_text())["num_classes"] is None


def test_what_is_no_export_is_not_replaced(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("precious")
    with pytest.raises(FileExistsError, match="expected the same, to replace it"):
        kerasgen.VanillaGAN(**SMALL).export(tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter1.tex").read_text() == "precious"


def test_what_is_no_saved_model_does_not_load(tmp_path):
    with pytest.raises(ValueError, match=r"no saved_model\.pb"):
        export.load(tmp_path)
    tf.saved_model.save(tf.Module(), str(tmp_path / "other"))
    with pytest.raises(ValueError, match="not exported by kerasgen"):
        export.load(tmp_path / "other")


@pytest.mark.parametrize("num_classes", [pytest.param(None, marks=pytest.mark.slow), 3])
def test_an_export_samples_from_the_fitted_prior(tmp_path, num_classes):
    model = kerasgen.CVAE(num_classes=num_classes, **SMALL)
    images = np.random.default_rng(0).random((60, 28, 28, 1)).astype("float32")
    labels = None if num_classes is None else np.arange(60) % 3
    model.fit_prior(images, labels, components=2)
    exported = export.load(model.export(tmp_path / "cvae"))
    given = None if labels is None else labels[:20]
    made = exported.sample(20, labels=given, seed=4)
    np.testing.assert_allclose(made, model.sample(20, labels=given, seed=4), atol=1e-5)
    standard = model.sample(20, labels=given, seed=4, prior="standard")
    assert np.abs(made - standard).max() > 1e-4
