"""The factors of the comparison paper's section 5, each as a study of its own.

A level of a factor is what changes in `RunSettings`: constructor arguments of the
model, or settings of the training. The default is a level of every factor.
"""

from kerasgen.study.settings import MODELS
from kerasgen.study.settings import RunSettings

_GANS = ("vanilla_gan", "dcgan", "wgan")
_VAES = ("cvae", "adversarial_vae")


def _same(models, **values):
    """Levels that are the same for several models: {model: {argument: values}}."""
    return {model: values for model in models}


# Factor of the paper: model: argument: values besides the default one.
FACTORS = {
    # 5.1 Architecture
    "width": {
        "vanilla_gan": {"width": (128, 256, 1024)},
        **_same(("dcgan", "wgan"), width=(8, 16, 64)),
        **_same(_VAES, width=(12, 24, 96)),
    },
    # An image of 28 x 28 pixels can be halved twice.
    "depth": {
        "vanilla_gan": {"depth": (1, 3)},
        **_same((*_VAES, "dcgan", "wgan"), depth=(1,)),
    },
    "latent_dim": {
        **_same(_GANS, latent_dim=(2, 16, 128)),
        **_same(_VAES, latent_dim=(2, 8, 32)),
    },
    # 5.2 Batch normalization, and what can stand for it
    "normalization": {
        **_same(_GANS, normalization=(None, "layer")),
        **_same(_VAES, normalization=("batch", "layer")),
    },
    "judge_normalization": {
        "vanilla_gan": {"discriminator_normalization": (None, "batch")},
        "dcgan": {"discriminator_normalization": (None, "batch", "layer")},
        "wgan": {"critic_normalization": (None, "batch", "layer")},
        "adversarial_vae": {"discriminator_normalization": (None, "batch", "layer")},
    },
    # 5.3 Skip connections
    "skip_connections": _same(MODELS, skip_connections=(True,)),
    # 5.4 Loss function
    "loss": {
        **_same(("vanilla_gan", "dcgan"), objective=("minimax",)),
        "wgan": {"clip_value": (0.01, 0.1), "critic_steps": (5,)},
        "cvae": {"reconstruction": ("gaussian",), "beta": (0.5, 4.0)},
        "adversarial_vae": {
            "reconstruction": ("gaussian",),
            "adversarial_weight": (0.0, 1.0, 10.0),
        },
    },
    # 5.5 Hyperparameters
    "learning_rate": _same(MODELS, learning_rate_factor=(0.1, 0.3, 3.0)),
    "batch_size": _same(MODELS, batch_size=(32, 128, 256)),
}
_SETTINGS = ("learning_rate_factor", "batch_size")


def settings(factor, models, seeds, **common):
    """The runs of an ablation: the default of each model and its levels, every seed.

    Args:
        factor: One of `FACTORS`.
        models: Names of models.
        seeds: Seeds, each an int of at least 0.
        **common: Further fields of `RunSettings`, equal in all runs.

    Returns:
        List of `RunSettings`, seed after seed.

    Raises:
        ValueError: If the factor is unknown, or does not exist in a model.

    Example:

    >>> runs = settings("skip_connections", ["dcgan"], range(3), epochs=10)
    >>> [run.variant for run in runs[:2]]
    ['', 'skip_connections=True']
    """
    if factor not in FACTORS:
        raise ValueError(f"Unknown factor {factor!r}; known are {', '.join(FACTORS)}.")
    for model in models:
        if model in MODELS and model not in FACTORS[factor]:
            raise ValueError(
                f"{model} has no {factor} to vary; models that have: "
                f"{', '.join(FACTORS[factor])}."
            )
    return [
        RunSettings(**common | changes, model=model, seed=seed, ablation=factor)
        for seed in seeds
        for model in models
        for changes in ({}, *_levels(factor, model))
    ]


def _levels(factor, model):
    """What each level but the default one changes in the settings."""
    for name, values in FACTORS[factor].get(model, {}).items():
        for value in values:
            change = (
                {name: value} if name in _SETTINGS else {"arguments": {name: value}}
            )
            yield {**change, "variant": f"{name}={value}"}
