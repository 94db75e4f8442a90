"""Published comparisons as data, and the registry of them.

A study trains and measures anything; a `Comparison` adds what is special to one
publication: its models, arms, claims, endpoints with margins, figures and citation.
Each is a module of `kerasgen.comparisons`. A `title` is a name for a reader.
"""

import dataclasses

from kerasgen.core.references import Reference

HIGHER, LOWER = "higher", "lower"
COMPARISONS = {}
NONE = "none"  # in flags: models beside each other, without claims to judge


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A number by which models are compared."""

    title: str
    quantity: str  # a function's name in `study.endpoints`, or a metric's base name
    better: str  # "higher" or "lower"
    # Of a metric that exists in several: "features", "pixels" or "random" (features
    # that no label of the data shaped).
    space: str = ""
    # "linear"; "log", so that differences are ratios; "real", the distance
    # abs(log(value / value of real images)); or "spread", the distance of each run from
    # the median of the model's runs, as in Brown and Forsythe's test.
    scale: str = "linear"
    margin: float | None = None  # differences up to it are not relevant; on the scale
    unit: str = ""


@dataclasses.dataclass(frozen=True)
class Group:
    """Models that a statement takes together: it holds if it holds for each of them."""

    title: str
    models: tuple[str, ...]  # names in the registry
    variant: str = ""  # level of a factor, in an ablation; "" is the default one


@dataclasses.dataclass(frozen=True)
class Constant:
    """A number that a model is set beside."""

    title: str
    value: float | None = None  # None for that of `record`
    record: str = "final"  # or "pixels": the record of real images with the number


@dataclasses.dataclass(frozen=True)
class Part:
    """A comparison that a claim rests on: the first side is better by the endpoint."""

    endpoint: str  # key of the comparison's endpoints
    first: Group
    second: Group | Constant
    claimed: str = ""  # "higher" or "lower" if not that the first is better


@dataclasses.dataclass(frozen=True)
class Claim:
    """A statement that an experiment can decide."""

    key: str
    statement: str  # a sentence
    source: str  # section of the publication
    parts: tuple[Part, ...]  # all of which must hold
    # Kind of study that decides it: "comparison", "robustness", "conditional", or the
    # name of an ablation's factor.
    study: str = "comparison"


@dataclasses.dataclass(frozen=True)
class NotTested:
    """A statement that no study here decides, and why."""

    statement: str
    source: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Arm:
    """One way to set all models, trained with several seeds."""

    title: str
    epochs: int
    seeds: tuple[int, ...]
    settings: dict = dataclasses.field(default_factory=dict)  # fields of `RunSettings`
    # From model to such a dict, of what is special to it.
    by_model: dict = dataclasses.field(default_factory=dict)
    draws: int = 0  # settings that are drawn by chance, the same for all models
    # Fewer epochs after which its runs, on their way, are judged as a study of its own.
    also_after: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True)
class Knob:
    """One setting that a search varies."""

    name: str  # in records of the search
    path: tuple[str, ...]  # the field of `RunSettings`, and keys inside a dict
    low: float | None = None  # None with choices
    high: float | None = None
    log: bool = False  # whether a search moves by factors
    choices: tuple = ()  # to choose from, instead of a range


@dataclasses.dataclass(frozen=True)
class PublishedFigure:
    """A number of the literature, and the numbers that it may stand beside."""

    protocol: str  # regular expression of a number's full name, protocol and all
    dataset: str
    model: str  # name in its paper
    value: str  # as printed
    reference: Reference
    caveat: str  # what is still different


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One published comparison."""

    name: str  # in flags and files
    title: str  # what it compares, such as "GANs and VAEs"
    citation: Reference
    models: tuple[str, ...]  # names in the registry, in the order of its tables
    endpoints: dict[str, Endpoint]
    claims: tuple[Claim, ...]
    not_tested: tuple[NotTested, ...] = ()
    arms: dict[str, Arm] = dataclasses.field(default_factory=dict)
    # From "samples", "losses" or "codes" to a dict from model to the number of the
    # publication's figure.
    figures: dict = dataclasses.field(default_factory=dict)
    published: tuple[PublishedFigure, ...] = ()  # to set its numbers beside
    # From model to the knobs that a search turns, as many for each.
    knobs: dict[str, tuple[Knob, ...]] = dataclasses.field(default_factory=dict)


def register_comparison(one: Comparison) -> Comparison:
    """Make a comparison known by its name; returns it."""
    COMPARISONS[one.name] = one
    return one


def get_comparison(which: str | Comparison | None) -> Comparison | None:
    """A comparison by its name; itself, or None, passes, and "none" is None.

    Raises:
        ValueError: If there is none of that name.
    """
    if which is None or isinstance(which, Comparison):
        return which
    if which == NONE:
        return None
    if which not in COMPARISONS:
        known = ", ".join([*COMPARISONS, NONE])
        hint = "" if COMPARISONS else " Import kerasgen.comparisons first."
        raise ValueError(f"Got comparison={which!r}; expected one of {known}.{hint}")
    return COMPARISONS[which]
