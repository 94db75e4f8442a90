"""The models whose exports are compared with them."""

import numpy as np

import kerasgen

SMALL = {"latent_dim": 4, "width": 4, "seed": 0}
MODELS = [
    kerasgen.VanillaGAN,
    kerasgen.DCGAN,
    kerasgen.WGAN,
    kerasgen.CVAE,
    kerasgen.AdversarialVAE,
]


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
