"""The record of an evaluation: settings, seconds and numbers, as JSON holds them."""

import contextlib
import time
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from kerasgen.evaluation.encoder_inputs import EncoderInputs
from kerasgen.evaluation.encoder_metrics import ENCODER_METRICS
from kerasgen.evaluation.image_features import ImageFeatures
from kerasgen.evaluation.metric_names import encoded
from kerasgen.evaluation.sample_inputs import SampleInputs
from kerasgen.evaluation.sample_metrics import SAMPLE_METRICS
from kerasgen.evaluation.selection import computed
from kerasgen.training.inversion import PRIOR_WEIGHT
from kerasgen.training.inversion import STEPS

# Version of the record: which keys it has, and what its numbers mean.
RECORD_VERSION = 4
PROTOCOL = (
    "kernel distance by disjoint subsets of 1000; precision, recall, density and "
    "coverage with k=5; classes as the classifier of the features sees them, a class "
    "reached at a tenth of its fair share; NDB with 100 bins at significance 0.05, of "
    "at most 3072 numbers of an image; probes fitted on codes of training images; "
    "binarised by one draw of each pixel; real images judged without themselves among "
    "the training images; inverted codes are the latents of least squared error plus "
    f"{PRIOR_WEIGHT:g} times their squared norm, by {STEPS} steps of Adam"
)


class Stopwatch:
    """Wall seconds of named parts, in the order in which they were begun.

    Args:
        tell: Function that is called with the name of each part as it begins, or None.
    """

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        self._start, self._seconds = time.perf_counter(), {}
        self._tell = tell or (lambda name: None)

    @contextlib.contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        self._tell(name)
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self._seconds[name] = self._seconds.get(name, 0.0) + spent

    def seconds(self) -> dict[str, float]:
        """Dict from `seconds_<part>`, and `seconds_total`, to seconds."""
        parts = self._seconds | {"total": time.perf_counter() - self._start}
        return {f"seconds_{name}": round(value, 3) for name, value in parts.items()}


def compute(part: ImageFeatures, attributes: set[str]) -> None:
    """Compute features and pixel statistics now, so that they are timed as such."""
    for name in attributes:
        getattr(part, name)


def make_record(
    settings: dict,
    inputs: SampleInputs,
    encoder: EncoderInputs,
    names: Mapping[str, bool],
    watch: Stopwatch,
) -> dict:
    """Computes the metrics and puts everything into one flat dict.

    Args:
        settings: Dict of what was judged.
        inputs: `SampleInputs` of the samples.
        encoder: `EncoderInputs`, of no model where there is none.
        names: What `chosen_metrics` returned.
        watch: `Stopwatch`, which runs since the evaluation began.

    Returns:
        The dict, ready for JSON.

    Raises:
        ValueError: If a metric that was asked for by its name cannot be computed.
    """
    for name in ("samples", "test", "train"):
        attributes = computed(names, name)
        if attributes and getattr(inputs, name) is not None:
            with watch(f"features_{name}"):
                compute(getattr(inputs, name), attributes)
    numbers, missing = {}, {}
    for name, by_name in names.items():
        of_samples = name in SAMPLE_METRICS
        metric: Any = SAMPLE_METRICS[name] if of_samples else ENCODER_METRICS[name]
        subject = inputs if of_samples else encoder
        try:
            obstacle = metric.obstacle(subject)
            if obstacle is None:
                with watch(name):
                    numbers |= metric.values(subject)
                continue
        except ValueError as error:  # images that repeat each other, for example
            obstacle = str(error).rstrip(".")
        if by_name:
            raise ValueError(f"The metric {name!r} cannot be computed: {obstacle}.")
        missing.setdefault(obstacle, []).append(name)
        numbers |= dict.fromkeys(metric.names(subject))
    record = {
        "record_version": RECORD_VERSION,
        "protocol": PROTOCOL,
        **settings,
        "features": _extractor_name(inputs, names),
        "num_samples": None if inputs.samples is None else inputs.samples.count,
        "split": inputs.test.split,
        "num_test": inputs.test.count,
        "num_train": None if inputs.train is None else inputs.train.count,
        "not_applicable": "; ".join(f"{', '.join(n)}: {o}" for o, n in missing.items()),
        **watch.seconds(),
        **numbers,
    }
    return {key: encoded(value) for key, value in record.items()}


def _extractor_name(inputs, names):
    """Name of the extractor; None if no metric asks for it, so that none is loaded."""
    asked = any("extracted" in computed(names, part) for part in ("samples", "test"))
    return inputs.test.extractor.name if asked else None
