import numpy as np
import pytest

import kerasgen
from kerasgen import export
from kerasgen.study import pictures
from tests.contract import small


@pytest.mark.parametrize("model_class", [kerasgen.InfoGAN, kerasgen.SSAAE])
def test_interpolations_lie_between_latents_of_the_prior(model_class):
    model = small(model_class)
    found = pictures.interpolate(model, 2, seed=3)
    labels = np.arange(2) if model.is_conditional else None
    first = pictures.draw_latents(model, 2 if labels is not None else 3, 3, labels)
    np.testing.assert_allclose(
        found[:, 0], model.generate(first[:2], labels), atol=1e-5
    )


def test_a_label_that_acts_through_the_prior_counts():
    model = small(kerasgen.SSAAE)
    threes, fives = (pictures.interpolate(model, 1, label=label) for label in (3, 5))
    assert np.abs(threes - fives).max() > 1e-3


def test_latents_of_an_export_are_those_of_its_model(tmp_path):
    model = small(kerasgen.InfoGAN)
    model.export(tmp_path / "exported")
    exported = export.load(tmp_path / "exported")
    latents = pictures.draw_latents(model, 4, seed=2)
    np.testing.assert_allclose(pictures.draw_latents(exported, 4, seed=2), latents)
    np.testing.assert_allclose(
        exported.sample(4, seed=2), model.generate(latents), atol=1e-5
    )
