"""An evaluation by several draws of samples: means, and how far the draws differ."""

from collections.abc import Sequence

import numpy as np

from kerasgen.evaluation.evaluate import evaluate
from kerasgen.evaluation.metric_names import encoded
from kerasgen.evaluation.reference import as_reference
from kerasgen.evaluation.sample_metrics import SAMPLE_METRICS
from kerasgen.evaluation.selection import chosen_metrics
from kerasgen.evaluation.table import metric_names


def evaluate_seeds(
    model, dataset="mnist", *, seeds: Sequence[int] = (0, 1, 2), **settings
) -> dict:
    """Judges a model by several draws of samples.

    One draw of 10,000 samples moves a Fréchet distance by several percent. Metrics of
    an encoder, which look at no samples, are computed once, by the first seed.

    Args:
        model: Model of the zoo or `ExportedModel`.
        dataset: What to judge against, as for `evaluate`.
        seeds: Sampling seeds, at least two different ones. Default three.
        **settings: Further arguments of `evaluate`, but `seed`.

    Returns:
        Record of `evaluate` whose numbers are means over the seeds; None where one is
        None. Beside them, `seeds`, and `standard_deviations`: a dict by the same names
        of the standard deviation of one draw, for metrics of samples.

    Raises:
        ValueError: If there are fewer than two seeds, or one twice; and as `evaluate`.
        RuntimeError: As `evaluate`.

    Example:

    >>> record = kerasgen.evaluation.evaluate_seeds(kerasgen.DCGAN(), "mnist")
    >>> name = "frechet_distance_mnist_v1_10k_test"
    >>> record[name], record["standard_deviations"][name]
    """
    seeds = list(seeds)
    if len(set(seeds)) != len(seeds) or len(seeds) < 2:
        raise ValueError(
            f"Got seeds={seeds}; expected at least two different ones. Use evaluate() "
            "for a single draw."
        )
    names = chosen_metrics(settings.pop("metrics", "all"))
    of_reference = {
        k: settings.pop(k) for k in ("features", "data_dir") if k in settings
    }
    reference = as_reference(dataset, **of_reference)
    of_samples = {name: by for name, by in names.items() if name in SAMPLE_METRICS}
    records = [
        evaluate(model, reference, seed=seed, metrics=chosen, **settings)
        for seed, chosen in zip(
            seeds, [names, *[of_samples] * len(seeds)], strict=False
        )
        if chosen
    ]
    return _merged(records, seeds)


def _merged(records, seeds):
    first = records[0]
    several = metric_names(records[-1]) if len(records) > 1 else []
    means, deviations = {}, {}
    for name in several:
        values = [record[name] for record in records]
        if None in values:
            means[name] = None
        else:
            values = np.array(values, dtype=float)
            means[name] = encoded(values.mean())
            with np.errstate(invalid="ignore"):  # of infinite values it is NaN
                deviations[name] = encoded(values.std(ddof=1))
    merged = {}
    for key, value in first.items():
        if key.startswith("seconds_"):
            value = round(sum(record.get(key, 0.0) for record in records), 3)
        if key == "seconds_total":
            merged |= {"seeds": seeds, "standard_deviations": deviations}
        merged[key] = means.get(key, value)
    return merged
