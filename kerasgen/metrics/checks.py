"""Checks of the arguments of metrics.

Each `checked_*` function returns the argument as a plain array (float64 or int64) or
raises a `ValueError`: what it got, what it expected, what to do.
"""

import numbers
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kerasgen import inputs


def as_numbers(array: ArrayLike, name: str) -> np.ndarray:
    """Returns an array as float64, of any shape, finite or not."""
    try:
        array = np.asarray(array)
    except ValueError as error:
        raise ValueError(
            f"Got `{name}` that is no rectangular array ({error}); expected numbers, "
            "the same shape for every example. Resize or pad the examples."
        ) from error
    if array.dtype.kind not in "biuf":
        raise ValueError(
            f"Got `{name}` of type {array.dtype}; expected an array of real numbers. "
            "Convert it with numpy.asarray(..., dtype='float32') first."
        )
    return array.astype(np.float64, copy=False)


def checked_features(features: ArrayLike, name: str, minimum: int = 1) -> np.ndarray:
    """Returns `features` as finite float64 of shape `(n, d)`, `n >= minimum`."""
    features = as_numbers(features, name)
    if features.ndim != 2:
        raise ValueError(
            f"Got `{name}` of shape {features.shape}; expected (n, d), one row per "
            "example. Flatten every example to one vector first."
        )
    return _finite(_enough(features, name, minimum), name)


def checked_samples(
    samples: ArrayLike, name: str, minimum: int = 1, keep_bytes: bool = False
) -> np.ndarray:
    """Returns images or features, one flat finite float64 row per example.

    Images in uint8 stand for 0 to 255. With `keep_bytes` they stay uint8, which takes
    an eighth of the memory.
    """
    if keep_bytes and getattr(samples, "dtype", None) == np.uint8:
        samples = np.asarray(samples)
    elif getattr(samples, "dtype", None) == np.uint8 and np.ndim(samples) == 4:
        samples = as_numbers(inputs.as_pixels(np.asarray(samples)), name)
    else:
        samples = as_numbers(samples, name)
    if samples.ndim < 2:
        raise ValueError(
            f"Got `{name}` of shape {samples.shape}; expected (n, d) features or "
            "(n, h, w, c) images. Put the examples on the first axis."
        )
    _enough(samples, name, minimum)
    return _finite(samples.reshape(len(samples), -1), name)


def checked_images(
    images: ArrayLike, name: str, minimum: int = 1, smallest_side: int = 1
) -> np.ndarray:
    """Returns `images` as float64 in [0, 1] of shape `(n, h, w, c)`, c 1 or 3.

    As everywhere, uint8 stands for 0 to 255.
    """
    if getattr(images, "dtype", None) == np.uint8:
        images = inputs.as_pixels(np.asarray(images))
    images = as_numbers(images, name)
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(
            f"Got `{name}` of shape {images.shape}; expected (n, h, w, c) with 1 or 3 "
            "channels. Grey images need a last axis of one: images[..., None]."
        )
    if min(images.shape[1:3]) < smallest_side:
        raise ValueError(
            f"Got `{name}` of {images.shape[1]}x{images.shape[2]} pixels; expected "
            f"sides of at least {smallest_side}. Use larger images."
        )
    # Samples may hold NaN where a model diverged: which, `inputs` would not say.
    images = _finite(_enough(images, name, minimum), name)
    inputs.check_range(images.min(), images.max(), f"`{name}`")
    return images


def checked_probabilities(
    probabilities: ArrayLike, name: str, minimum: int = 1
) -> np.ndarray:
    """Returns `(n, k)` class probabilities: not negative, each row summing to 1."""
    probabilities = checked_features(probabilities, name, minimum)
    sums = probabilities.sum(axis=1)
    # float32 softmax over a thousand classes is off by about 1e-5.
    wrong = (np.abs(sums - 1.0) > 1e-4) | (probabilities < 0.0).any(axis=1)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise ValueError(
            f"Got `{name}` whose row {first} sums to {sums[first]:.6g} with least "
            f"entry {probabilities[first].min():.6g}; expected probabilities: not "
            "negative, every row summing to 1. Apply a softmax to logits first."
        )
    return probabilities / sums[:, None]


def checked_labels(
    labels: ArrayLike,
    name: str,
    count: int | None = None,
    num_classes: int | None = None,
    minimum: int = 1,
) -> np.ndarray:
    """Returns `(n,)` int64 labels, `count` of them, each in [0, num_classes)."""
    labels = as_numbers(labels, name)
    if labels.ndim != 1:
        raise ValueError(
            f"Got `{name}` of shape {labels.shape}; expected (n,), one integer class "
            "per example. Take the argmax of one-hot labels or probabilities first."
        )
    _finite(_enough(labels, name, minimum), name)
    if not np.array_equal(labels, np.round(labels)):
        raise ValueError(
            f"Got `{name}` with values that are not whole numbers; expected integer "
            "classes. Take the argmax of probabilities first."
        )
    if count is not None and len(labels) != count:
        raise ValueError(
            f"Got `{name}` with {len(labels)} labels for {count} examples; expected "
            "one label per example. Pass the labels of exactly these examples."
        )
    upper = np.inf if num_classes is None else num_classes
    if labels.min() < 0 or labels.max() >= upper:
        raise ValueError(
            f"Got `{name}` with classes from {labels.min():g} to {labels.max():g}; "
            f"expected them in [0, {upper}). Check `num_classes` and the labels."
        )
    return labels.astype(np.int64)


def checked_values(
    values: ArrayLike, name: str, shape: tuple[int, ...] | None = None, minimum: int = 1
) -> np.ndarray:
    """Returns one finite float64 value per example, of shape `(n,)` or `shape`."""
    values = as_numbers(values, name)
    if values.ndim != 1 or (shape is not None and values.shape != shape):
        raise ValueError(
            f"Got `{name}` of shape {values.shape}; expected {shape or '(n,)'}, one "
            "value per example. Sum over pixels or latents, not over the batch."
        )
    return _finite(_enough(values, name, minimum), name)


def check_same_width(**arrays) -> None:
    """Raises unless all arrays have the same shape after the first axis."""
    shapes = {name: array.shape[1:] for name, array in arrays.items()}
    if len(set(shapes.values())) > 1:
        found = ", ".join(f"`{name}` of {shape}" for name, shape in shapes.items())
        raise ValueError(
            f"Got examples of different shapes, {found}; expected the same for all. "
            "Compute them by the same extractor, at the same image size."
        )


def check_same_length(**arrays) -> None:
    """Raises unless all arrays hold the same number of examples."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{length} `{name}`" for name, length in lengths.items())
        raise ValueError(
            f"Got {found}; expected as many of each. Pass arrays that describe the "
            "same examples in the same order."
        )


def check_whole(value: Any, name: str, minimum: int = 1) -> None:
    """Raises unless `value` is a whole number of at least `minimum`."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < minimum:
        raise ValueError(
            f"Got {name}={value!r}; expected a whole number of at least {minimum}."
        )


def check_between(value: Any, name: str, low: float, high: float) -> None:
    """Raises unless `low < value <= high`."""
    if not isinstance(value, numbers.Real) or not low < float(value) <= high:
        raise ValueError(
            f"Got {name}={value!r}; expected a number above {low:g} and at most "
            f"{high:g}."
        )


def check_seed(seed: Any) -> None:
    """Raises unless `seed` is one that NumPy and scikit-learn both take."""
    check_whole(seed, "seed", minimum=0)
    if seed >= 2**32:
        raise ValueError(f"Got seed={seed}; expected a number below 2**32.")


def _enough(array, name, minimum):
    if len(array) < minimum:
        raise ValueError(
            f"Got `{name}` with {len(array)} examples; expected at least {minimum}. "
            "Draw more samples."
        )
    if array.size == 0:
        raise ValueError(
            f"Got `{name}` of shape {array.shape}; expected numbers in it."
        )
    return array


def _finite(array, name):
    if array.dtype == np.uint8:
        return array
    finite = np.isfinite(array).reshape(len(array), -1).all(axis=1)
    if not finite.all():
        raise ValueError(
            f"Got `{name}` with NaN or infinite values in {np.sum(~finite)} of "
            f"{len(finite)} examples, first in example {np.argmin(finite)}; expected "
            "finite numbers. Look for a model that diverged."
        )
    return array
