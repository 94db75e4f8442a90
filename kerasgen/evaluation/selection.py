"""Which metrics to compute, and what has to be ready for them."""

import difflib
from collections.abc import Iterable

from kerasgen.evaluation.encoder_metrics import ENCODER_METRICS
from kerasgen.evaluation.metric_names import RENAMED
from kerasgen.evaluation.sample_metrics import SAMPLE_METRICS

METRICS = (*SAMPLE_METRICS, *ENCODER_METRICS)


def chosen_metrics(metrics: str | Iterable[str] | dict[str, bool]) -> dict[str, bool]:
    """Dict from the name of each metric to whether it was asked for by its name.

    Args:
        metrics: "all", one name or several, or a dict that this function returned.

    Raises:
        ValueError: If a name is unknown, or `metrics` holds no names.
    """
    if isinstance(metrics, dict):
        return metrics
    if isinstance(metrics, str) and metrics == "all":
        return dict.fromkeys(METRICS, False)
    if not isinstance(metrics, str | Iterable):
        raise ValueError(f'Got metrics={metrics!r}; expected "all", a name or a list.')
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    for name in names:
        if name not in METRICS:
            near = difflib.get_close_matches(
                str(name), ["all", *METRICS, *RENAMED], n=1
            )
            hint = f" Did you mean {RENAMED.get(near[0], near[0])!r}?" if near else ""
            raise ValueError(
                f"Got metric {name!r}; expected one of {', '.join(METRICS)}.{hint}"
            )
    return dict.fromkeys(names, True)


def computed(names: Iterable[str], part: str) -> set[str]:
    """Attributes of `ImageFeatures` that metrics read of a part of `SampleInputs`.

    Args:
        names: Names of metrics.
        part: "samples", "test" or "train".
    """
    chosen = (SAMPLE_METRICS[name] for name in names if name in SAMPLE_METRICS)
    return set().union(*(metric.computed(part) for metric in chosen))
