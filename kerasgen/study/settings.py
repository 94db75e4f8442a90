"""Settings of a run: everything that its numbers depend on, and nothing else."""

import dataclasses
import difflib
import hashlib
import inspect
import json
import math
import numbers
import re
from collections.abc import Iterable

from kerasgen import data
from kerasgen import models  # noqa: F401  (fills the registry)
from kerasgen.core.construction import ConstructedModel
from kerasgen.core.registry import list_models
from kerasgen.core.registry import model_class
from kerasgen.data.own_images import folder_name

# Evaluations in training.
NUM_EVALUATIONS = 20
PRECISIONS = ("auto", "float32", "mixed_float16", "mixed_bfloat16")


@dataclasses.dataclass(frozen=True)
class RunSettings:
    """Settings of one training run.

    Args:
        model: Name of a model in the registry, such as "dcgan".
        dataset: Name of a dataset, or path of one's own images, as `kerasgen.data.load`
            takes it.
        epochs: Passes over the training images, positive int.
        batch_size: Images in a batch, positive int; None takes the published one.
        seed: Seed of weights, noise and data order, int of at least 0.
        precision: "auto", "float32", "mixed_float16" or "mixed_bfloat16".
        conditional: Whether the model is conditional on labels.
        limit: Train on the first so many images only, or None for all.
        image_size: Pixels of a side that images are scaled to, or None for theirs.
        channels: 1 to train on grey images, 3 on colour, or None for what they are.
        arguments: Dict of constructor arguments of the model that are not its defaults.
        learning_rate_factor: Factor of every player's default learning rate, positive.
        optimizers: Dict from player, or "all", to a dict of attributes of its default
            optimizer, such as `{"all": {"beta_1": 0.5}}`; "learning_rate_factor"
            multiplies its rate.
        arm: Name of the arm of a comparison, which the study is named after, or "".
            The arm "published" takes the model's published settings.
        ablation: Name of the factor that is varied, which the study is named after, or
            "" for none.
        variant: Name of this run's level of that factor, such as "width=64", or "" for
            the default one.

    Raises:
        ValueError: If a value is out of range or a name unknown.
    """

    model: str
    dataset: str = "mnist"
    epochs: int = 100
    batch_size: int = 64
    seed: int = 0
    precision: str = "auto"
    conditional: bool = False
    limit: int | None = None
    image_size: int | None = None
    channels: int | None = None
    arguments: dict = dataclasses.field(default_factory=dict)
    learning_rate_factor: float = 1.0
    optimizers: dict = dataclasses.field(default_factory=dict)
    arm: str = ""
    ablation: str = ""
    variant: str = ""

    def __post_init__(self):
        check_name("model", self.model, list_models())
        cls = model_class(self.model)
        if self.batch_size is None:
            published = cls.published.batch_size.value if cls.published else 64
            object.__setattr__(self, "batch_size", published)
        check_name("precision", self.precision, PRECISIONS)
        self._check_numbers()
        for name in ("arguments", "optimizers"):
            if not isinstance(getattr(self, name), dict):
                raise ValueError(
                    f"Got {name}={getattr(self, name)!r}; expected a dict."
                )
        for name in self.arguments:
            check_name(f"argument of {cls.__name__}", name, cls.argument_names())
        for name, pattern in (
            ("arm", r"[\w.=+-]*"),
            ("ablation", r"[\w.=+-]*"),
            ("variant", r"[\w.=+-]*"),
        ):
            value = getattr(self, name)
            if not isinstance(value, str) or not re.fullmatch(pattern, value):
                raise ValueError(
                    f"Got {name}={value!r}; expected letters, digits and the signs . = "
                    "+ - _, since a folder is named after it."
                )

        if not isinstance(self.dataset, str) or not folder_name(self.dataset):
            raise ValueError(
                f"Got dataset={self.dataset!r}; expected the name of a dataset, or the "
                "path of a folder of pictures or of a .npy or .npz file."
            )

    def _check_numbers(self):
        for name, least in (("epochs", 1), ("batch_size", 1), ("seed", 0)):
            value = getattr(self, name)
            if not _is_int(value) or not least <= value < 2**31:
                raise ValueError(
                    f"Got {name}={value!r}; expected an integer of at least {least} "
                    "that fits into 32 bits."
                )
        if not isinstance(self.conditional, bool):
            raise ValueError(f"Got conditional={self.conditional!r}; expected a bool.")
        for name in ("limit", "image_size", "channels"):
            value = getattr(self, name)
            if value is not None and not _is_int(value):
                raise ValueError(f"Got {name}={value!r}; expected an integer or None.")
        if self.limit is not None and self.limit < self.batch_size:
            raise ValueError(
                f"Got limit={self.limit}, fewer images than one batch of "
                f"{self.batch_size}. Raise limit or lower batch_size."
            )
        factor = self.learning_rate_factor
        if not isinstance(factor, numbers.Real) or not 0.0 < factor < math.inf:
            raise ValueError(
                f"Got learning_rate_factor={factor!r}; expected a positive number."
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

    def fetch(self, split: str, data_dir=None) -> data.ImageSet:
        """The images of a split as the run takes them.

        Args:
            split: "train" or "test".
            data_dir: Folder of the dataset, as `kerasgen.data.fetch` takes it.

        Raises:
            ValueError, RuntimeError: As for `kerasgen.data.fetch`.
        """
        return data.fetch(
            self.dataset,
            split,
            data_dir=data_dir,
            image_size=self.image_size,
            channels=self.channels,
        )

    @property
    def study(self) -> str:
        """Name of the study that the run belongs to, and of its directory."""
        parts = [folder_name(self.dataset)]
        if self.image_size is not None:
            parts.append(f"{self.image_size}px")
        if self.channels is not None:
            parts.append("grey" if self.channels == 1 else "colour")
        if self.conditional:
            parts.append("conditional")
        if self.limit is not None:
            parts.append(f"first-{self.limit}")
        if self.arm not in ("", "conditional"):
            parts.append(self.arm)
        if self.ablation:
            parts.append(f"ablation-{self.ablation}")
        return "-".join(parts)

    @property
    def name(self) -> str:
        """Name of the model's directory in the study, of all its seeds."""
        return f"{self.model}-{self.variant}" if self.variant else self.model

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
            if name not in ignore and mine[name] != theirs[name]
        ]

    def digest(self) -> str:
        """Eight hexadecimal digits that tell these settings from others."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def constructor_arguments(cls: type) -> dict:
    """Constructor arguments of a model and their defaults, with those of its base."""
    found = {}
    for one in cls.__mro__:
        if "__init__" in vars(one):
            for name, each in inspect.signature(one.__init__).parameters.items():
                if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL):
                    found.setdefault(name, each.default)
        if one is ConstructedModel:
            break
    del found["self"]
    return found


def check_models(names: Iterable[str]) -> list[str]:
    """Names of models, each in the registry.

    Raises:
        ValueError: If one is unknown.
    """
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


def _is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)
