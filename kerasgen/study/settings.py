"""Settings of a run: everything that its numbers depend on, and nothing else."""

import dataclasses
import difflib
import hashlib
import json
import math
import numbers
import re
from collections.abc import Iterable

from kerasgen import data
from kerasgen.core.registry import list_models
from kerasgen.core.registry import model_class
from kerasgen.data.own_images import folder_name

# Evaluations in training.
NUM_EVALUATIONS = 20
PRECISIONS = ("auto", "float32", "mixed_float16", "mixed_bfloat16")
SEPARATOR = "+"  # of the factors of an ablation


@dataclasses.dataclass(frozen=True)
class RunSettings:
    """Settings of one training run.

    Raises:
        ValueError: If a value is out of range or a name unknown.
    """

    model: str  # name in the registry, such as "dcgan"
    dataset: str = "mnist"  # name, or path of one's own images, for `kerasgen.data`
    epochs: int = 100  # passes over the training images
    batch_size: int = 64  # images in a batch; None takes the published one
    seed: int = 0  # of weights, noise and data order, at least 0
    precision: str = "auto"  # one of `PRECISIONS`
    conditional: bool = False  # whether the model is conditional on labels
    limit: int | None = None  # train on the first so many images only
    image_size: int | None = None  # pixels of a side that images are scaled to
    channels: int | None = None  # 1 for grey images, 3 for colour, None as they are
    # Constructor arguments of the model that are not its defaults.
    arguments: dict = dataclasses.field(default_factory=dict)
    learning_rate_factor: float = 1.0  # of every player's default learning rate
    # From player, or "all", to attributes of its default optimizer, such as
    # `{"all": {"beta_1": 0.5}}`; "learning_rate_factor" multiplies its rate.
    optimizers: dict = dataclasses.field(default_factory=dict)
    # Arm of a comparison, which the study is named after, or "". The arm "published"
    # takes the model's published settings.
    arm: str = ""
    # Factors that are varied one by one, such as "width+depth", which name the study;
    # or "".
    ablation: str = ""
    variant: str = ""  # level of a factor, such as "width=64"; "" for the default

    def __post_init__(self):
        check_name("model", self.model, list_models())
        check_name("precision", self.precision, PRECISIONS)
        cls = model_class(self.model)
        if self.batch_size is None:
            published = cls.published.batch_size.value if cls.published else 64
            object.__setattr__(self, "batch_size", published)
        for name, least in {"epochs": 1, "batch_size": 1, "seed": 0}.items():
            check_int(name, getattr(self, name), least)
        for name in ("limit", "image_size", "channels"):
            if getattr(self, name) is not None:
                check_int(name, getattr(self, name), 1)
        if self.limit is not None:
            is_batch = self.limit >= self.batch_size
            self._require("limit", is_batch, f"one batch of {self.batch_size} at least")
        factor = self.learning_rate_factor
        is_rate = isinstance(factor, numbers.Real) and 0.0 < factor < math.inf
        self._require("learning_rate_factor", is_rate, "a positive number")
        is_bool = isinstance(self.conditional, bool)
        self._require("conditional", is_bool, "True or False")
        if cls.needs_classes() and not self.conditional:
            raise ValueError(
                f"Got conditional=False for {cls.__name__}, which learns from labels; "
                "expected True. On a command line that is --conditional."
            )
        if self.conditional and not cls.takes_classes:
            raise ValueError(
                f"Got conditional=True for {cls.__name__}, which takes no labels; "
                "expected False. On a command line leave --conditional out."
            )
        for name in ("arguments", "optimizers"):
            self._require(name, isinstance(getattr(self, name), dict), "a dict")
        for name in self.arguments:
            check_name(f"argument of {cls.__name__}", name, cls.argument_names())
        is_known = isinstance(self.dataset, str) and folder_name(self.dataset)
        wanted = (
            "the name of a dataset, or the path of pictures or an array of one's own"
        )
        self._require("dataset", is_known, wanted)
        for name in ("arm", "ablation", "variant"):
            value = getattr(self, name)
            is_name = isinstance(value, str) and re.fullmatch(r"[\w.=+-]*", value)
            wanted = "letters, digits and . = + - _; a folder is named after it"
            self._require(name, is_name, wanted)

    def _require(self, name, holds, expected):
        if not holds:
            raise ValueError(
                f"Got {name}={getattr(self, name)!r}; expected {expected}."
            )

    def to_dict(self) -> dict:
        """The settings as a JSON-serialisable dict."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "RunSettings":
        """The settings that `to_dict` gave, of this version or an earlier one.

        Raises:
            ValueError: If a name is unknown or the model is missing.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            check_name("setting", name, known)
        if "model" not in values:
            raise ValueError("Got settings without 'model'; expected its name.")
        return cls(**values)

    def fetch(self, split: str, data_dir: str | None = None) -> data.ImageSet:
        """The images of "train" or "test"; see `kerasgen.data.fetch`."""
        size = {"image_size": self.image_size, "channels": self.channels}
        return data.fetch(self.dataset, split, data_dir=data_dir, **size)

    @property
    def study(self) -> str:
        """Name of the study that the run belongs to, and of its directory."""
        parts = [
            folder_name(self.dataset),
            f"{self.image_size}px" if self.image_size is not None else "",
            {None: "", 1: "grey"}.get(self.channels, "colour"),
            "conditional" if self.conditional else "",
            f"first-{self.limit}" if self.limit is not None else "",
            self.arm if self.arm != "conditional" else "",
            f"ablation-{self.ablation}" if self.ablation else "",
        ]
        return "-".join(filter(None, parts))

    @property
    def name(self) -> str:
        """Name of the model's directory in the study, of all its seeds."""
        return f"{self.model}-{self.variant}" if self.variant else self.model

    @property
    def factors(self) -> tuple[str, ...]:
        """Factors of its ablation, () without one."""
        return tuple(filter(None, self.ablation.split(SEPARATOR)))

    @property
    def is_draw(self) -> bool:
        """Whether its settings were drawn by chance: one of many runs of its model."""
        return self.arm == "robustness"

    @property
    def title(self) -> str:
        """Name of the model in tables and figures."""
        title = model_class(self.model).__name__
        return f"{title}, {self.variant}" if self.variant else title

    @property
    def export_name(self) -> str:
        """Name of the folder of the exported model: whole MNIST needs no suffix."""
        return self.name if self.study == "mnist" else f"{self.name}-{self.study}"

    @property
    def evaluated_every(self) -> int:
        """Epochs from one evaluation in training to the next."""
        return max(1, self.epochs // NUM_EVALUATIONS)

    def differences(self, other: "RunSettings", ignore: Iterable = ()) -> list[str]:
        """Lines that name each setting in which two runs differ."""
        mine, theirs = self.to_dict(), other.to_dict()
        return [
            f"{name}: {theirs[name]!r} there, {mine[name]!r} asked for"
            for name in mine
            if name not in ignore and not _are_same(mine[name], theirs[name])
        ]

    def digest(self) -> str:
        """Eight hexadecimal digits that tell these settings from others."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def _are_same(one, other):
    """Whether two values of a setting are equal, floats within their last digits.

    Processors differ in the last bit of what is computed, such as a drawn rate.
    """
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            _are_same(value, other[key]) for key, value in one.items()
        )
    return one == other


def check_models(names: Iterable[str]) -> list[str]:
    """Names of models; a ValueError if one is not in the registry."""
    names = list(names)
    for name in names:
        check_name("model", name, list_models())
    return names


def check_name(kind: str, name: str, known: Iterable) -> None:
    """Raise a ValueError that names the nearest known name if a name is unknown."""
    if name in list(known):  # a dict would need a name that has a hash
        return
    near = difflib.get_close_matches(str(name).lower(), known, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"Got {kind} {name!r}; expected one of {', '.join(known)}.{hint}")


def check_int(name: str, value: int, least: int) -> None:
    """Raise a ValueError unless a value is an int of at least `least` and 32 bits."""
    is_int = isinstance(value, int) and not isinstance(value, bool)
    if not is_int or not least <= value < 2**31:
        raise ValueError(
            f"Got {name}={value!r}; expected an integer of at least {least} that fits "
            "into 32 bits."
        )
