"""The registry: a model that nobody has heard of is in every list at once."""

import pytest

import kerasgen
from kerasgen.core import registry
from tests.core import toy


def test_a_registered_model_is_known(registered):
    assert set(registered.values()) <= set(registry.list_models())
    for cls, name in registered.items():
        assert registry.model_class(name) is cls
        assert cls.key == name
        assert cls.references == (toy.PAPER,)
        assert cls().name == name
    assert "toy_gan" in registry.list_models("gan")
    assert "toy_gan" not in registry.list_models("vae")


def test_its_files_know_it(tmp_path):
    model = toy.ToyVAE(seed=0)
    model.save_to_preset(tmp_path / "preset")
    loaded = kerasgen.GenerativeModel.from_preset(tmp_path / "preset")
    assert type(loaded) is toy.ToyVAE
    assert toy.ToyVAE.presets == {}


def test_a_forgotten_model_is_in_no_list():
    register = registry.register(family="flow", references=[toy.PAPER], name="gone")
    register(type("Gone", (toy.ToyGAN,), {}))
    assert registry.list_models("flow")[-1] == "gone"
    registry.unregister("gone")
    assert "gone" not in registry.list_models()
    with pytest.raises(ValueError, match="gone"):
        registry.model_class("gone")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"family": "gam"}, "family='gam'; expected one of"),
        ({"references": []}, "no references; expected the model's paper"),
        ({"name": "toy_vae"}, "'toy_vae' for Other; it is taken by ToyVAE"),
        ({"title": "ToyVAE"}, "class ToyVAE for 'other'; 'toy_vae' is a class of that"),
    ],
)
def test_registrations_that_are_refused(arguments, message):
    given = {"family": "gan", "references": [toy.PAPER], "name": "other", **arguments}
    title = given.pop("title", "Other")
    with pytest.raises(ValueError, match=message):
        registry.register(**given)(type(title, (toy.ToyGAN,), {}))
    assert "other" not in registry.list_models()


def test_unknown_names_and_families():
    with pytest.raises(ValueError, match="toy_gan"):
        registry.model_class("toy_gam")
    with pytest.raises(ValueError, match="family='gam'; expected one of"):
        registry.list_models("gam")
