"""Names that carry the protocol, and values that JSON can hold.

    <metric>_<space>_<samples>_<reference>        frechet_distance_mnist_v1_10k_test

The space is the extractor with its version, or `pixels`, or is left out where there is
only one. Then comes the number of samples, then the split they are compared with;
where that has another number of images, the number follows it: `test10k`, `train60k`.
Metrics of an encoder look at no samples, so only the splits stand there. Numbers of
different names must not be compared; numbers of one name can be.

FID and KID are the distances in Inception's features and nowhere else. Records up to
version 3 used these names for all features; `RENAMED` has what they are called now.
"""

import math
import re
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasgen.features import random_network

# From names in records up to version 3 to those of today.
RENAMED = {
    "fid": "frechet_distance",
    "kid": "kernel_distance",
    "kid_standard_error": "kernel_distance_standard_error",
}
RANDOM_SPACE = random_network.NAME
_OF_INCEPTION = {new: old for old, new in RENAMED.items()}


def metric_name(
    base: str,
    space: str | None = None,
    samples: int | None = None,
    against: Iterable[tuple[str, int]] = (),
) -> str:
    """The name of a number in a record.

    Args:
        base: str, what was computed.
        space: str or None, the extractor or `pixels`.
        samples: int or None, how many samples were judged.
        against: pairs `(split, count)` of the images that they were compared with.

    Example:
        >>> metric_name("frechet_distance", "mnist_v1", 10_000, [("test", 10_000)])
        'frechet_distance_mnist_v1_10k_test'
        >>> metric_name("frechet_distance", "inception_keras", 5000, [("test", 5000)])
        'fid_inception_keras_5k_test'
        >>> metric_name("memorisation_auc", "mnist_v1", 1000, [("train", 60_000)])
        'memorisation_auc_mnist_v1_1k_train60k'
    """
    if space is not None and space.startswith("inception"):
        base = _OF_INCEPTION.get(base, base)
    parts = [base, space, samples and short_count(samples)]
    for split, count in against:
        parts.append(split if count == samples else split + short_count(count))
    return "_".join(part for part in parts if part)


def find_name(record: Mapping, base: str, space: str | None = None) -> str | None:
    """The full name of a number in a record, from what was computed.

    Args:
        record: Record of `evaluate`.
        base: str, as `metric_name` took it.
        space: `"features"`, `"random"` or `"pixels"` where the number exists in
            several, or None: then those of the random network are passed over.

    Returns:
        str, or None if the record has no such number. Old and new names of a metric
        (see `RENAMED`) find each other.

    Example:
        >>> record = {"features": "mnist_v1", "fid_mnist_v1_10k_test": 0.1}
        >>> find_name(record, "frechet_distance")
        'fid_mnist_v1_10k_test'
    """
    features, split = (
        re.escape(record.get(key) or default)
        for key, default in (("features", RANDOM_SPACE), ("split", "test"))
    )
    spaces = {"features": f"_{features}", "pixels": "_pixels"}
    spaces["random"] = f"_{RANDOM_SPACE}"
    middle = spaces[space] if space else f"(_{features}|_pixels)?"
    count = r"\d+k?"
    names = {base, RENAMED.get(base, base), _OF_INCEPTION.get(base, base)}
    bases = f"({'|'.join(map(re.escape, sorted(names)))})"
    pattern = rf"{bases}{middle}(_{count})?(_({split}|train)({count})?)*"
    return next((name for name in record if re.fullmatch(pattern, name)), None)


def short_count(count: int) -> str:
    """A count as it stands in a name: 10k for 10,000, but 2500 for 2,500."""
    return f"{count // 1000}k" if count and count % 1000 == 0 else str(count)


def encoded(value: Any) -> Any:
    """A value as JSON holds it.

    JSON has no NaN and no infinity: they become "NaN", "Infinity" and "-Infinity",
    which `float` turns back.

    Example:
        >>> encoded(float("inf")), encoded(np.float32(0.5)), encoded(None)
        ('Infinity', 0.5, None)
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}[repr(value)]
    return value
