"""The models whose exports are compared with them."""

import numpy as np
import pytest

from kerasgen.core import registry
from tests.contract import contract_of

SMALL = {"latent_dim": 4, "width": 4, "seed": 0}
MODELS = [registry.model_class(name) for name in registry.list_models()]
# Between them these have every network and every method, with labels and without.
FAST = {"vanilla_gan": None, "adversarial_vae": 10}
# Any weights are stored alike: embeddings, codes and scaled kernels stand for them.
STORED = ("vanilla_gan", "adversarial_vae", "biggan", "progan", "vqvae")
# All with labels where they can have them, and some without, which is the same code.
CASES = [
    (each, num)
    for each in MODELS
    for num in contract_of(each).classes[0 if each.key in STORED else -1 :]
]


def cases(models):
    """Each with labels where it can have them; the `FAST` ones are not slow."""
    numbers = [
        (each, FAST.get(each.key, contract_of(each).classes[-1])) for each in models
    ]
    return [
        pytest.param(
            each,
            num,
            marks=() if each.key in FAST else pytest.mark.slow,
            id=f"{each.key}-{num}",
        )
        for each, num in numbers
    ]


FEW_FAST = cases(MODELS)


def unlike_new(model):
    """The model with no weight as initialised: moving statistics, averages and all."""
    rng = np.random.default_rng(0)
    model.set_weights(
        [
            (weight + 0.1 * rng.normal(size=weight.shape)).astype(weight.dtype)
            for weight in model.get_weights()
        ]
    )
    return model
