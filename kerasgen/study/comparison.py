"""Published comparisons as data, and the registry of them.

A study trains and measures anything; a `Comparison` adds what is special to one
publication: its models, arms, claims, endpoints with margins, figures and citation.
Each is a module of `kerasgen.comparisons`.
"""

import dataclasses

from kerasgen.core.references import Reference

HIGHER, LOWER = "higher", "lower"
COMPARISONS = {}


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A number by which models are compared.

    Args:
        title: Name for a reader.
        quantity: A function's name in `study.endpoints`, or the base name of a metric.
        better: "higher" or "lower".
        space: "features", "pixels" or "random" (features that no label of the data
            shaped) where the metric exists in several, else "".
        scale: "linear"; "log", so that differences are ratios; "real", the distance
            abs(log(value / value of real images)); or "spread", the distance of each
            run from the median of the model's runs, as in Brown and Forsythe's test.
        margin: Differences up to it are not relevant, in the unit of the scale.
        unit: Unit, or "".
    """

    title: str
    quantity: str
    better: str
    space: str = ""
    scale: str = "linear"
    margin: float | None = None
    unit: str = ""


@dataclasses.dataclass(frozen=True)
class Group:
    """Models that a statement takes together: it holds if it holds for each of them.

    Args:
        title: Name for a reader.
        models: Names of models in the registry.
        variant: Level of a factor, in an ablation; "" is the default one.
    """

    title: str
    models: tuple[str, ...]
    variant: str = ""


@dataclasses.dataclass(frozen=True)
class Constant:
    """A number that a model is set beside.

    Args:
        title: Name for a reader.
        value: The number, or None for that of `record`.
        record: "pixels" or "final": which record of real images holds the number.
    """

    title: str
    value: float | None = None
    record: str = "final"


@dataclasses.dataclass(frozen=True)
class Part:
    """One comparison that a claim rests on: the first side is better by the endpoint.

    Args:
        endpoint: Key of the comparison's endpoints.
        first: `Group`.
        second: `Group`, or `Constant`.
        claimed: "higher" or "lower" if the claim is not that the first is better.
    """

    endpoint: str
    first: Group
    second: Group | Constant
    claimed: str = ""


@dataclasses.dataclass(frozen=True)
class Claim:
    """A statement that an experiment can decide.

    Args:
        key: Short name.
        statement: A sentence.
        source: Section of the publication.
        parts: `Part`s, all of which must hold.
        study: Kind of study that decides it: "comparison", "robustness", "conditional",
            or the name of an ablation's factor.
    """

    key: str
    statement: str
    source: str
    parts: tuple[Part, ...]
    study: str = "comparison"


@dataclasses.dataclass(frozen=True)
class NotTested:
    """A statement that no study here decides, and why."""

    statement: str
    source: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Arm:
    """One way to set all models, trained with several seeds.

    Args:
        title: Name for a reader.
        epochs: Passes over the training images.
        seeds: Seeds of the runs.
        settings: Dict of further fields of `RunSettings`.
        by_model: Dict from model to such a dict, of what is special to it.
        draws: Number of settings that are drawn by chance, the same for all models.
    """

    title: str
    epochs: int
    seeds: tuple[int, ...]
    settings: dict = dataclasses.field(default_factory=dict)
    by_model: dict = dataclasses.field(default_factory=dict)
    draws: int = 0


@dataclasses.dataclass(frozen=True)
class Knob:
    """One setting that a search varies.

    Args:
        name: Name in records of the search.
        path: Where it goes in `RunSettings`: the field, and keys inside a dict.
        low, high: Range of a number; None with choices.
        log: Whether a search moves by factors.
        choices: Values to choose from, instead of a range.
    """

    name: str
    path: tuple[str, ...]
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple = ()


@dataclasses.dataclass(frozen=True)
class PublishedFigure:
    """A number of the literature, and the numbers that it may stand beside.

    Args:
        protocol: Regular expression of the full name of the number, protocol and all.
        dataset: Name of the dataset.
        model: Name of the model in its paper.
        value: The number as printed.
        reference: `Reference` of the paper.
        caveat: What is still different.
    """

    protocol: str
    dataset: str
    model: str
    value: str
    reference: Reference
    caveat: str


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One published comparison.

    Args:
        name: Name in flags and files.
        title: What it compares, such as "GANs and VAEs".
        citation: `Reference`.
        models: Names of its models in the registry, in the order of its tables.
        endpoints: Dict from key to `Endpoint`.
        claims: `Claim`s.
        not_tested: `NotTested` statements.
        arms: Dict from name to `Arm`.
        figures: Dict from "samples", "losses" or "codes" to a dict from model to the
            number of the publication's figure.
        published: `PublishedFigure`s to set its numbers beside.
        knobs: Dict from model to the `Knob`s that a search turns, as many for each.
    """

    name: str
    title: str
    citation: Reference
    models: tuple[str, ...]
    endpoints: dict
    claims: tuple[Claim, ...]
    not_tested: tuple[NotTested, ...] = ()
    arms: dict = dataclasses.field(default_factory=dict)
    figures: dict = dataclasses.field(default_factory=dict)
    published: tuple[PublishedFigure, ...] = ()
    knobs: dict = dataclasses.field(default_factory=dict)


def register_comparison(one: Comparison) -> Comparison:
    """Make a comparison known by its name; returns it."""
    COMPARISONS[one.name] = one
    return one


def get_comparison(which: str | Comparison | None) -> Comparison | None:
    """A comparison by its name; itself, or None, passes.

    Raises:
        ValueError: If there is none of that name.
    """
    if which is None or isinstance(which, Comparison):
        return which
    if which not in COMPARISONS:
        known = ", ".join(COMPARISONS) or "none: import kerasgen.comparisons first"
        raise ValueError(f"Got comparison={which!r}; expected one of {known}.")
    return COMPARISONS[which]
