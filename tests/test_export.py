"""SavedModels: equal to the model, usable without kerasgen, never lost."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import kerasgen
from kerasgen import export

SMALL = {"latent_dim": 4, "width": 4, "seed": 0}

WITHOUT_KERASGEN = """
import sys
sys.modules["kerasgen"] = None  # any import of it fails
sys.modules["keras"] = None
import numpy as np, tensorflow as tf
restored = tf.saved_model.load(sys.argv[1])
made = restored.sample(n=tf.constant(5), seed=tf.constant(11))
images = made["images"]
out = {"images": images, "again": restored.serving_default(made["latents"])["images"]}
for name in ("encode", "reconstruct", "discriminate"):
    if name in restored.signatures:
        result = restored.signatures[name](images=images)
        out |= {f"{name}_{key}": value for key, value in result.items()}
np.savez(sys.argv[2], **out)
"""


@pytest.mark.parametrize("model_class", [kerasgen.DCGAN, kerasgen.AdversarialVAE])
def test_a_process_without_kerasgen_gets_the_same(tmp_path, model_class):
    model = model_class(**SMALL)
    model.export(tmp_path / "exported")
    command = [sys.executable, "-c", WITHOUT_KERASGEN]
    paths = [str(tmp_path / "exported"), str(tmp_path / "out.npz")]
    done = subprocess.run([*command, *paths], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    out = np.load(tmp_path / "out.npz")
    images = model.sample(5, seed=11)
    np.testing.assert_allclose(out["images"], images, atol=1e-6)
    np.testing.assert_allclose(out["again"], images, atol=1e-6)
    judged = model.discriminate(images)
    np.testing.assert_allclose(out["discriminate_scores"], judged, atol=1e-5)
    if hasattr(model, "encode"):
        mean, log_variance = model.encode(images)
        np.testing.assert_allclose(out["encode_mean"], mean, atol=1e-5)
        np.testing.assert_allclose(out["encode_log_variance"], log_variance, atol=1e-5)
        restored = model.reconstruct(images)
        np.testing.assert_allclose(out["reconstruct_images"], restored, atol=1e-5)


def test_exported_model_has_the_methods_of_the_model(tmp_path):
    model = kerasgen.CVAE(num_classes=10, **SMALL)
    export.save(model, tmp_path / "cvae", {"epochs": 1})
    loaded = export.load(tmp_path / "cvae")
    assert (loaded.latent_dim, loaded.image_shape) == (4, (28, 28, 1))
    assert loaded.num_classes == 10
    labels = np.arange(6)
    same = [m.sample(6, labels, seed=2) for m in (model, loaded)]
    np.testing.assert_allclose(*same, atol=1e-6)
    in_turn = [m.sample(12, seed=2) for m in (model, loaded)]
    np.testing.assert_allclose(*in_turn, atol=1e-6)
    with pytest.raises(ValueError, match=r"must lie in 0\.\.9"):
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
    export.save(kerasgen.VanillaGAN(**SMALL), tmp_path / "gan")
    with pytest.raises(ValueError, match="not conditional"):
        export.load(tmp_path / "gan").sample(2, labels=[0, 1])


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [
        ({"epochs": 100}, {"epochs": 100}, True),
        ({"epochs": 10}, {"epochs": 100}, True),
        ({"epochs": 100}, {"epochs": 2}, False),
        ({"epochs": 100, "limit": None}, {"epochs": 200, "limit": 1000}, False),
    ],
)
def test_only_the_same_run_taken_further_replaces(tmp_path, old, new, allowed):
    model = kerasgen.VanillaGAN(**SMALL)
    path = export.save(model, tmp_path / "gan", old)
    if allowed:
        export.save(model, path, new)
    else:
        with pytest.raises(FileExistsError, match="made with other settings"):
            export.save(model, path, new)
    record = json.loads((path / "export.json").read_text())
    assert record["settings"] == (new if allowed else old)
    assert record["model"] == "VanillaGAN"


def test_a_models_own_export_replaces_saved_models_only(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("precious")
    model = kerasgen.VanillaGAN(**SMALL)
    with pytest.raises(FileExistsError, match="no SavedModel; it is not replaced"):
        model.export(tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter1.tex").read_text() == "precious"
    model.export(tmp_path / "gan")
    model.export(tmp_path / "gan")
    assert export.load(tmp_path / "gan").latent_dim == 4


def test_what_is_no_export_is_not_replaced(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("precious")
    with pytest.raises(FileExistsError, match="not replaced"):
        export.save(kerasgen.VanillaGAN(**SMALL), tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter1.tex").read_text() == "precious"


def test_what_is_no_saved_model_does_not_load(tmp_path):
    with pytest.raises(ValueError, match=r"no saved_model\.pb"):
        export.load(tmp_path)
    tf.saved_model.save(tf.Module(), str(tmp_path / "other"))
    with pytest.raises(ValueError, match="not exported by kerasgen"):
        export.load(tmp_path / "other")
