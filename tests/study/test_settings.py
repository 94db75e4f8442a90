import json

import pytest

from kerasgen.core.registry import list_models
from kerasgen.study.settings import RunSettings


def test_json_round_trip():
    settings = RunSettings("cvae", epochs=3, limit=500, conditional=True)
    text = json.dumps(settings.to_dict())
    assert RunSettings.from_dict(json.loads(text)) == settings


def test_models_are_named_like_their_files():
    assert set(list_models()) >= {
        "vanilla_gan",
        "dcgan",
        "wgan",
        "cvae",
        "adversarial_vae",
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model": "DCGan"}, "Got model 'DCGan'.* Did you mean 'dcgan'"),
        ({"model": "dcgan", "precision": "mixed_fp16"}, "Did you mean 'mixed_float16'"),
        (
            {"model": "dcgan", "epochs": 0},
            "epochs=0; expected an integer of at least 1",
        ),
        ({"model": "dcgan", "seed": -1}, "seed=-1"),
        ({"model": "dcgan", "batch_size": 2.0}, "batch_size=2.0"),
        ({"model": "dcgan", "limit": 10}, "limit=10; expected one batch of 64"),
        ({"model": "dcgan", "epoch": 3}, "Got setting 'epoch'.* mean 'epochs'"),
        ({}, "without 'model'"),
        (
            {"model": "dcgan", "arguments": {"widht": 8}},
            "Got argument of DCGAN 'widht'.* Did you mean 'width'",
        ),
        ({"model": "dcgan", "learning_rate_factor": 0.0}, "expected a positive"),
        ({"model": "acgan"}, "Got conditional=False for ACGAN.* --conditional"),
        ({"model": "infogan", "conditional": True}, "InfoGAN, which takes no labels"),
        ({"model": "dcgan", "variant": "../../etc"}, "a folder is named after it"),
    ],
)
def test_bad_settings(values, message):
    with pytest.raises(ValueError, match=message):
        RunSettings.from_dict(values)


def test_digest_and_study_tell_settings_apart():
    whole, part = RunSettings("dcgan"), RunSettings("dcgan", limit=100)
    assert whole.digest() != part.digest()
    assert (whole.study, part.study) == ("mnist", "mnist-first-100")
    assert RunSettings("dcgan", "emnist/letters").study == "emnist-letters"
    assert whole.differences(part) == ["limit: 100 there, None asked for"]
    # The last bit of a drawn rate is the processor's.
    near, far = (
        RunSettings("dcgan", optimizers={"all": {"learning_rate_factor": rate}})
        for rate in (2.350087156121379, 2.35009)
    )
    drawn = RunSettings(
        "dcgan", optimizers={"all": {"learning_rate_factor": 2.3500871561213796}}
    )
    assert drawn.differences(near) == []
    assert len(drawn.differences(far)) == 1


def test_variants_have_folders_titles_and_exports_of_their_own():
    default = RunSettings("dcgan", ablation="width")
    wide = RunSettings(
        "dcgan", ablation="width", arguments={"width": 64}, variant="width=64"
    )
    assert (default.name, default.title) == ("dcgan", "DCGAN")
    assert (wide.name, wide.title) == ("dcgan-width=64", "DCGAN, width=64")
    assert default.study == wide.study == "mnist-ablation-width"
    assert wide.export_name == "dcgan-width=64-mnist-ablation-width"
    assert RunSettings.from_dict(json.loads(json.dumps(wide.to_dict()))) == wide
