"""ONNX and LiteRT files: equal to the model, for all models and batches of any size."""

import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasgen
from kerasgen import export
from tests.contract import small
from tests.export.models import FEW_FAST
from tests.export.models import SMALL
from tests.export.models import unlike_new


@keras.saving.register_keras_serializable("tests")
class Unknown(keras.layers.Layer):
    """Makes what ONNX has no operation for."""

    def call(self, images):
        return tf.raw_ops.Lgamma(x=images * 0.0 + 1.0) + images


def onnx_runner(path):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(path)
    names = [output.name for output in session.get_outputs()]
    return lambda **inputs: dict(zip(names, session.run(names, inputs), strict=True))


def litert_runner(path):
    interpreter = pytest.importorskip("ai_edge_litert.interpreter")
    return interpreter.Interpreter(str(path)).get_signature_runner()


def save_onnx(model, path):
    pytest.importorskip("tf2onnx")
    return export.save_onnx(model, path)


FORMATS = {
    ".onnx": (save_onnx, onnx_runner),
    ".tflite": (export.save_litert, litert_runner),
}
both_formats = pytest.mark.parametrize("suffix", FORMATS)
one_fast = pytest.mark.parametrize(
    "suffix", [".onnx", pytest.param(".tflite", marks=pytest.mark.slow)]
)


def check_equal(model, path, suffix, atol=1e-5):
    """Every network in the folder gives what the model's methods give."""
    make_runner = FORMATS[suffix][1]
    rng = np.random.default_rng(1)
    found = {file.name.removesuffix(suffix): file for file in path.glob(f"*{suffix}")}
    runners = {name: make_runner(file) for name, file in found.items()}
    for num in (1, 7, 3):  # other sizes than the first
        latents = rng.normal(size=(num, *model.latent_shape)).astype("float32")
        images = rng.random((num, *model.image_shape), "float32")
        labels = (np.arange(num) % (model.num_classes or 1)).astype("int32")
        calls = {
            "generator": (
                {"latents": latents},
                ["images"],
                model.generate,
                model.generator_name,
            )
        }
        if hasattr(model, "encode"):
            is_gaussian = model.posterior == "gaussian"
            outputs = ["mean", "log_variance"] if is_gaussian else ["codes"]
            calls["encoder"] = {"images": images}, outputs, model.encode, "encoder"
        if hasattr(model, "discriminate"):
            judge = model.judge_name
            method = model.discriminate
            calls["discriminator"] = {"images": images}, ["scores"], method, judge
        if hasattr(model, "classify"):
            method = model.classify
            calls["classifier"] = {"images": images}, ["probabilities"], method, None
        assert set(calls) == set(runners)
        for name, (inputs, outputs, method, network) in calls.items():
            given = {"labels": labels} if model.takes_labels(network) else {}
            made = runners[name](**inputs, **given)
            expected = method(*inputs.values(), *given.values())
            expected = expected if isinstance(expected, tuple | list) else [expected]
            for output, array in zip(outputs, expected, strict=True):
                # Scores may be in the hundreds, where float32 itself is coarser.
                np.testing.assert_allclose(made[output], array, rtol=1e-6, atol=atol)


# Whose convolutions TensorFlow's converter leaves as they are, which LiteRT lacks.
NOT_ON_LITERT = ("progan",)


@one_fast
@pytest.mark.parametrize(("model_class", "num_classes"), FEW_FAST)
def test_files_give_what_the_model_gives(tmp_path, suffix, model_class, num_classes):
    model = unlike_new(small(model_class, num_classes=num_classes))
    if suffix == ".tflite" and model_class.key in NOT_ON_LITERT:
        # If this fails, TensorFlow can convert them: take them off the list.
        with pytest.raises(Exception, match="Could not translate"):
            FORMATS[suffix][0](model, tmp_path / "exported")
        return
    path = FORMATS[suffix][0](model, tmp_path / "deep" / "exported")
    check_equal(model, path, suffix)


@pytest.mark.slow
@both_formats
def test_other_networks_and_images(tmp_path, suffix):
    model = kerasgen.DCGAN(
        image_shape=(16, 24, 3),
        normalization="spectral",
        discriminator_normalization="spectral",
        skip_connections=True,
        **SMALL,
    )
    path = FORMATS[suffix][0](unlike_new(model), tmp_path / "exported")
    check_equal(model, path, suffix)


@one_fast
def test_mixed_precision_is_exported_in_float32(tmp_path, suffix):
    model = kerasgen.CVAE(dtype="mixed_bfloat16", **SMALL)
    path = FORMATS[suffix][0](model, tmp_path / "exported")
    same = kerasgen.CVAE(dtype="float32", **SMALL)
    same.set_weights(model.get_weights())
    check_equal(same, path, suffix)


@one_fast
def test_only_its_own_files_are_replaced(tmp_path, suffix):
    save = FORMATS[suffix][0]
    model = kerasgen.VanillaGAN(**SMALL)
    save(kerasgen.CVAE(**SMALL), tmp_path / "exported")
    save(model, tmp_path / "exported")  # and its encoder is gone
    check_equal(model, tmp_path / "exported", suffix)
    (tmp_path / "exported" / "chapter1.tex").write_text("precious")
    with pytest.raises(FileExistsError, match=r"also holds chapter1\.tex"):
        save(model, tmp_path / "exported")
    assert (tmp_path / "exported" / "chapter1.tex").read_text() == "precious"
    (tmp_path / "thesis").write_text("precious")
    with pytest.raises(FileExistsError, match="thesis, a file"):
        save(model, tmp_path / "thesis")
    assert (tmp_path / "thesis").read_text() == "precious"


@pytest.mark.parametrize("missing", ["onnx", "tf2onnx"])
def test_a_missing_converter_says_how_to_get_it(tmp_path, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=r'clone .*pip install -e ".\[onnx\]"'):
        export.save_onnx(kerasgen.VanillaGAN(**SMALL), tmp_path / "exported")
    assert not list(tmp_path.iterdir())


def test_an_operation_that_onnx_does_not_know_is_refused(tmp_path):
    pytest.importorskip("onnx")
    latents = keras.Input((4,))
    pixels = keras.layers.Dense(16, activation="sigmoid")(latents)
    pixels = Unknown()(keras.layers.Reshape((4, 4, 1))(pixels))
    model = kerasgen.VanillaGAN(
        image_shape=(4, 4, 1), generator=keras.Model(latents, pixels), **SMALL
    )
    message = "VanillaGAN whose generator cannot be written.*No Op registered"
    with pytest.raises(ValueError, match=message):
        save_onnx(model, tmp_path / "exported")
    assert not list(tmp_path.iterdir())
