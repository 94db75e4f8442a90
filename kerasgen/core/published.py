"""Settings as a paper prints them, each with its source, and models made with them."""

import dataclasses
from collections.abc import Callable
from typing import Any

from keras import optimizers


@dataclasses.dataclass(frozen=True)
class Setting:
    """One published value.

    Args:
        value: The value. For optimizers it is a function that returns what `compile`
            takes, for a network one from a model to the network.
        source: Where it stands: section of the paper, or file of the public code.
    """

    value: Any
    source: str


@dataclasses.dataclass(frozen=True)
class Published:
    """The settings of a paper: runnable, tested, an arm of any comparison.

    Args:
        batch_size: `Setting` of an int.
        optimizers: `Setting` of a function that returns one optimizer, to be cloned for
            every player, or a dict from player to optimizer.
        arguments: Dict from constructor argument to `Setting`.
        networks: Dict from network to `Setting` of a function; see `Setting`.
        unused: Constructor arguments that only default networks read, which `networks`
            replace.
        departures: Sentences on what could not be kept.
    """

    batch_size: Setting
    optimizers: Setting
    arguments: dict[str, Setting] = dataclasses.field(default_factory=dict)
    networks: dict[str, Setting] = dataclasses.field(default_factory=dict)
    unused: tuple[str, ...] = ()
    departures: tuple[str, ...] = ()

    def table(self) -> list[tuple[str, str, str]]:
        """Rows `(name, value, source)` of all settings, for documents."""
        rows = [("batch_size", str(self.batch_size.value), self.batch_size.source)]
        made = self.optimizers.value()
        for player, optimizer in (
            made if isinstance(made, dict) else {"": made}
        ).items():
            name = f"optimizer of the {player}" if player else "optimizer"
            rows.append((name, _describe(optimizer), self.optimizers.source))
        rows += [(k, repr(s.value), s.source) for k, s in self.arguments.items()]
        rows += [
            (k, "a network of its own", s.source) for k, s in self.networks.items()
        ]
        return rows


def _describe(optimizer: optimizers.Optimizer) -> str:
    config = optimizer.get_config()
    shown = ("learning_rate", "beta_1", "momentum", "rho")
    told = ", ".join(f"{k} {config[k]:.3g}" for k in shown if _is_number(config.get(k)))
    return f"{type(optimizer).__name__}, {told}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def make_as_published(cls: Callable, overrides: dict):
    """A model with the published settings of its class; see `as_published`."""
    published = cls.published
    if published is None:
        raise ValueError(
            f"Got no published settings of {cls.__name__}; expected a class that has "
            "them. Construct it with arguments of your own."
        )
    for name in overrides:
        if name in published.unused:
            raise ValueError(
                f"Got {name}={overrides[name]!r} for {cls.__name__}.as_published, "
                "whose networks are the paper's and have no such switch; expected none "
                f"of {', '.join(published.unused)}. Leave it out, or construct "
                f"{cls.__name__} with it."
            )
    arguments = {name: setting.value for name, setting in published.arguments.items()}
    arguments = {"average_momentum": None, **arguments, **overrides}
    networks = {k: s.value for k, s in published.networks.items() if k not in arguments}
    if networks:
        # A bare model says what the networks are made for.
        plain = cls(**arguments)
        with plain._own_dtype_policy():
            arguments |= {name: build(plain) for name, build in networks.items()}
    model = cls(**arguments)
    model.batch_size = published.batch_size.value
    model.compile(published.optimizers.value())
    return model
