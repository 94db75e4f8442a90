"""A loaded SavedModel serves several threads at once."""

import itertools

import numpy as np
import pytest

import kerasgen
from benchmarks import soak

pytestmark = pytest.mark.slow


def test_equal_seeds_give_equal_images_from_several_threads(tmp_path):
    path = kerasgen.DCGAN(latent_dim=4, width=4).export(tmp_path / "gan")
    memory = soak.soak(kerasgen.export.load(path), 200, 4, images=8, seeds=20)
    assert list(memory) == [2, 20, 50, 100, 150, 200]


def test_a_model_that_forgets_its_seed_is_found():
    class Forgetful:
        drawn = itertools.count()

        def sample(self, num, seed):
            return np.full(num, next(self.drawn))

    with pytest.raises(RuntimeError, match="seed 0 differ"):
        soak.soak(Forgetful(), 10, 2, seeds=2)
