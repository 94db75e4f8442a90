"""Factors of an ablation: what varies in a model.

A factor is a setting or a constructor argument that several models share, with levels.
Every model of the registry that has one of its arguments takes part.
"""

from collections.abc import Iterable

from kerasgen.core.registry import list_models
from kerasgen.core.registry import model_class
from kerasgen.study.settings import SEPARATOR
from kerasgen.study.settings import RunSettings
from kerasgen.study.settings import check_models
from kerasgen.study.settings import check_name


class Relative(float):
    """A level as a multiple of the model's default."""


def _times(*factors):
    return tuple(map(Relative, factors))


_NORMALIZATIONS = (None, "batch", "layer")
# Factor: argument of models, or setting of runs: levels beside the default one.
FACTORS = {
    "width": {"width": _times(0.25, 0.5, 2)},
    # An image of 28 x 28 pixels can be halved twice.
    "depth": {"depth": (1,)},
    "latent_dim": {"latent_dim": (2, 8, 16, 32, 128)},
    "normalization": {"normalization": _NORMALIZATIONS},
    "judge_normalization": {
        "discriminator_normalization": _NORMALIZATIONS,
        "critic_normalization": _NORMALIZATIONS,
    },
    "skip_connections": {"skip_connections": (True,)},
    "loss": {
        "objective": ("minimax",),
        "reconstruction": ("gaussian",),
        "clip_value": _times(0.2, 2),
        "critic_steps": (1, 5),
    },
    "beta": {"beta": _times(0.25, 0.5, 4)},
    "adversarial_weight": {"adversarial_weight": _times(0, 0.1, 3)},
    "learning_rate": {"learning_rate_factor": (0.1, 0.3, 3.0)},
    "generator_learning_rate": {"generator": _times(0.3, 3)},
    "batch_size": {"batch_size": (32, 128, 256)},
    "epochs": {"epochs": _times(0.5, 2)},
}
_SETTINGS = ("learning_rate_factor", "batch_size", "epochs")


def _fits(cls, labelled):
    return cls.takes_classes if labelled else not cls.needs_classes()


def has_factor(model: str, factor: str) -> bool:
    """Whether a model has an argument that a factor varies."""
    cls = model_class(model)
    names = {*_SETTINGS, *cls.argument_names()}
    if cls.argument_defaults()["latent_dim"] is None:  # follows from the images' size
        names.remove("latent_dim")
    return not names.isdisjoint(FACTORS[factor])


def ablation_settings(
    factor: str | Iterable[str],
    models: Iterable[str] | None,
    seeds: Iterable[int],
    levels: Iterable[str] | None = None,
    **common,
) -> list[RunSettings]:
    """Runs of an ablation: the default of each model and its levels, every seed.

    Args:
        factor: One of `FACTORS`, or several that make one study, whose runs with
            defaults they share; no two of them vary at once.
        models: Names of models; None takes all that have one of the factors and, unless
            `conditional=True` is among the further fields, need no labels.
        seeds: Seeds, each an int of at least 0.
        levels: Those to train beside the defaults, as tables name them, such as
            "width=2x"; None takes all. A level that a model lacks is left out for it.
        **common: Further fields of `RunSettings`, equal in all runs.

    Returns:
        List of `RunSettings`, seed after seed.

    Raises:
        ValueError: If a factor is unknown or named twice, a model has none of them, or
            no model has a level.

    Example:

    >>> runs = ablation_settings("skip_connections", ["dcgan"], range(3), epochs=10)
    >>> [run.variant for run in runs[:2]]
    ['', 'skip_connections=True']
    """
    factors = [factor] if isinstance(factor, str) else list(factor)
    for one in factors:
        check_name("factor", one, FACTORS)
    if not factors or len(set(factors)) < len(factors):
        raise ValueError(f"Got factors {factors}; expected one or more, each once.")
    having = [
        model
        for model in list_models()
        if any(has_factor(model, one) for one in factors)
    ]
    if models is None:
        labelled = common.get("conditional", False)
        models = [model for model in having if _fits(model_class(model), labelled)]
    models = check_models(models)
    for model in models:
        if model not in having:
            raise ValueError(
                f"Got {model}, which has no {' or '.join(factors)} to vary; expected "
                f"some of {', '.join(having)}."
            )
    found = {
        model: [
            change
            for one in factors
            if has_factor(model, one)
            for change in _levels(one, model, common)
        ]
        for model in models
    }
    if levels is not None:
        found = _chosen(found, list(levels))
    ablation = SEPARATOR.join(factors)
    return [
        RunSettings(**common | changes, model=model, seed=seed, ablation=ablation)
        for seed in seeds
        for model in models
        for changes in ({}, *found[model])
    ]


def _chosen(found, levels):
    """Of the changes of each model those of some levels."""
    there = {change["variant"] for changes in found.values() for change in changes}
    for level in levels:
        check_name("level", level, sorted(there))
    return {
        model: [change for change in changes if change["variant"] in levels]
        for model, changes in found.items()
    }


def _levels(factor, model, common):
    """Changes of the settings by each level that is not the model's default."""
    usual = model_class(model).argument_defaults()
    usual |= {name: common.get(name, getattr(RunSettings, name)) for name in _SETTINGS}
    for name, levels in FACTORS[factor].items():
        for level in levels:
            if factor == "generator_learning_rate":
                change = {"optimizers": {name: {"learning_rate_factor": float(level)}}}
                yield {**change, "variant": f"{factor}={level:g}x"}
            elif name in usual:
                value, shown = _value(level, usual[name])
                change = {name: value}
                change = change if name in _SETTINGS else {"arguments": change}
                if value != usual[name]:
                    yield {**change, "variant": f"{name}={shown}"}


def _value(level, usual):
    """The value of a level, and the level as text."""
    if not isinstance(level, Relative):
        return level, str(level)
    value = level * usual
    return (round(value) if isinstance(usual, int) else float(value)), f"{level:g}x"
