"""What a run is made of: everything that its numbers depend on, and nothing else."""

import dataclasses
import difflib
import hashlib
import json
import math
import numbers
import re

from kerasgen import models

MODELS = {
    model.__module__.rpartition(".")[2]: model
    for model in vars(models).values()
    if isinstance(model, type)
}
# Evaluations in training.
NUM_EVALUATIONS = 20
PRECISIONS = ("auto", "float32", "mixed_float16", "mixed_bfloat16")


@dataclasses.dataclass(frozen=True)
class RunSettings:
    """The settings of one training run.

    Args:
        model: Name of a model file of the zoo, such as "dcgan".
        dataset: Name of a dataset, as `kerasgen.data.load` takes it.
        epochs: Passes over the training images, positive int.
        batch_size: Images in a batch, positive int.
        seed: Seed of weights, noise and data order, int of at least 0.
        precision: "auto", "float32", "mixed_float16" or "mixed_bfloat16".
        conditional: Whether the model is conditional on labels.
        limit: Train on the first so many images only, or None for all.
        arguments: Dict of constructor arguments of the model that are not its defaults.
        learning_rate_factor: What every player's default learning rate is multiplied
            by, positive.
        ablation: Name of the factor that is varied, which the study is named after, or
            "" for the comparison of the defaults.
        variant: What this run's level of that factor is called, such as "width=64", or
            "" for the default one.

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
    arguments: dict = dataclasses.field(default_factory=dict)
    learning_rate_factor: float = 1.0
    ablation: str = ""
    variant: str = ""

    def __post_init__(self):
        _check_name("model", self.model, MODELS)
        _check_name("precision", self.precision, PRECISIONS)
        for name, least in (("epochs", 1), ("batch_size", 1), ("seed", 0)):
            value = getattr(self, name)
            if not _is_int(value) or not least <= value < 2**31:
                raise ValueError(
                    f"{name}={value!r}; expected an integer of at least {least} that "
                    "fits into 32 bits."
                )
        if not isinstance(self.conditional, bool):
            raise ValueError(f"conditional={self.conditional!r}; expected a bool.")
        if self.limit is not None and not _is_int(self.limit):
            raise ValueError(f"limit={self.limit!r}; expected an integer or None.")
        if self.limit is not None and self.limit < self.batch_size:
            raise ValueError(
                f"limit={self.limit} gives fewer images than one batch of "
                f"{self.batch_size}. Raise limit or lower batch_size."
            )
        if not isinstance(self.arguments, dict):
            raise ValueError(f"arguments={self.arguments!r}; expected a dict.")
        known = MODELS[self.model].argument_names()
        for name in self.arguments:
            _check_name(f"argument of {MODELS[self.model].__name__}", name, known)
        factor = self.learning_rate_factor
        if not isinstance(factor, numbers.Real) or not 0.0 < factor < math.inf:
            raise ValueError(
                f"learning_rate_factor={factor!r}; expected a positive number."
            )
        for name, pattern in (
            ("dataset", r"\w+(/\w[\w.-]*)?"),
            ("ablation", r"[\w.=+-]*"),
            ("variant", r"[\w.=+-]*"),
        ):
            value = getattr(self, name)
            if not isinstance(value, str) or not re.fullmatch(pattern, value):
                raise ValueError(
                    f"{name}={value!r}; expected letters, digits and the signs . = + - "
                    "_, since a folder is named after it."
                )

    def to_dict(self):
        """The settings as a JSON-serialisable dict."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values):
        """The settings that `to_dict` gave.

        Raises:
            ValueError: If a name is unknown or the model is missing.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            _check_name("setting", name, known)
        if "model" not in values:
            raise ValueError("Settings lack 'model'.")
        return cls(**values)

    @property
    def study(self):
        """Name of the study that the run belongs to, and of its directory."""
        limit = "" if self.limit is None else f"-first-{self.limit}"
        conditional = "-conditional" if self.conditional else ""
        ablation = f"-ablation-{self.ablation}" if self.ablation else ""
        return self.dataset.replace("/", "-") + conditional + limit + ablation

    @property
    def name(self):
        """Name of the model's directory in the study, of all its seeds."""
        return f"{self.model}-{self.variant}" if self.variant else self.model

    @property
    def title(self):
        """The model as tables and figures call it."""
        title = MODELS[self.model].__name__
        return f"{title}, {self.variant}" if self.variant else title

    @property
    def export_name(self):
        """Name of the folder of the exported model: whole MNIST needs no suffix."""
        return self.name if self.study == "mnist" else f"{self.name}-{self.study}"

    @property
    def evaluated_every(self):
        """Epochs from one evaluation in training to the next."""
        return max(1, self.epochs // NUM_EVALUATIONS)

    def differences(self, other, ignore=()):
        """Lines that name each setting in which two runs differ."""
        mine, theirs = self.to_dict(), other.to_dict()
        return [
            f"{name}: {theirs[name]!r} there, {mine[name]!r} asked for"
            for name in mine
            if name not in ignore and mine[name] != theirs[name]
        ]

    def digest(self):
        """Eight hexadecimal digits that tell these settings from others."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def _is_int(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _check_name(kind, name, known):
    if name in list(known):  # a dict would need a name that has a hash
        return
    near = difflib.get_close_matches(str(name).lower(), known, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"Unknown {kind} {name!r}; known are {', '.join(known)}.{hint}")
