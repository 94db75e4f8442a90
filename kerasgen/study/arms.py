"""Arms of a comparison: the settings of their runs."""

from collections.abc import Iterable

import numpy as np

from kerasgen.core.registry import model_class
from kerasgen.study.comparison import Comparison
from kerasgen.study.settings import RunSettings
from kerasgen.study.settings import check_models
from kerasgen.study.settings import check_name

# Settings that are drawn by chance: learning rates by factors of up to ten.
RATES = (0.1, 10.0)
BETAS = (0.0, 0.5, 0.9)
WIDTHS = (0.5, 1.0, 2.0)
BATCH_SIZES = (32, 64, 128, 256)


def arm_settings(
    comparison: Comparison,
    arm: str,
    models: Iterable[str] | None = None,
    seeds: Iterable[int] | None = None,
    **common,
) -> list[RunSettings]:
    """Runs of an arm, seed after seed.

    Args:
        comparison: `Comparison`.
        arm: Name of one of its arms.
        models: Names of models; default the comparison's.
        seeds: Seeds; default the arm's.
        **common: Further fields of `RunSettings`, which go before the arm's.

    Raises:
        ValueError: If the arm or a model is unknown.
    """
    check_name("arm", arm, comparison.arms)
    chosen = comparison.arms[arm]
    models = check_models(models or comparison.models)
    common = {"epochs": chosen.epochs, **chosen.settings, **common}
    return [
        RunSettings(
            **{**common, **chosen.by_model.get(model, {}), **changes},
            model=model,
            seed=seed,
        )
        for seed in seeds or chosen.seeds
        for model in models
        for changes in (_draws(model, chosen.draws) if chosen.draws else [{}])
    ]


def _draws(model, number):
    """Changes of the settings of a model: the same draws for every model."""
    generator = np.random.default_rng(0)
    width = model_class(model).argument_defaults()["width"]
    optimizers = model_class(model)().default_optimizers().values()
    has_beta = all(hasattr(optimizer, "beta_1") for optimizer in optimizers)
    for index in range(number):
        rate = float(np.exp(generator.uniform(*np.log(RATES))))
        beta, scale, batch_size = map(generator.choice, (BETAS, WIDTHS, BATCH_SIZES))
        # RMSprop has no β₁; its momentum is the nearest to it.
        momentum = "beta_1" if has_beta else "momentum"
        yield {
            "variant": f"draw{index:02}",
            "learning_rate_factor": rate,
            "batch_size": int(batch_size),
            "arguments": {"width": round(width * float(scale))},
            "optimizers": {"all": {momentum: float(beta)}},
        }
