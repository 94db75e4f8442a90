"""Every array of every metric, spoiled in turn."""

import inspect

import numpy as np
import pytest

from kerasgen import metrics
from tests.bad_input.table import check
from tests.bad_input.table import row

GENERATOR = np.random.default_rng(0)
FEATURES = GENERATOR.normal(size=(60, 3))
IMAGES = GENERATOR.random((60, 8, 8, 1))
LABELS = np.arange(60) % 3
VALUES = np.ones(60)
PROBABILITIES = np.full((60, 4), 0.25)
LATENTS = {
    "train_latents": FEATURES,
    "train_labels": LABELS,
    "test_latents": FEATURES,
    "test_labels": LABELS,
}
TWO_SETS = {"real_features": FEATURES, "fake_features": FEATURES}
TWO_IMAGES = {"real_images": IMAGES, "reconstructions": IMAGES}
CLASSES = {"labels": LABELS, "num_classes": 3}

GOOD = {
    "inception_score": {"probabilities": PROBABILITIES},
    "class_coverage": CLASSES,
    "label_entropy": CLASSES,
    "label_distribution_distance": {
        "real_labels": LABELS,
        "fake_labels": LABELS,
        "num_classes": 3,
    },
    "mean_pairwise_distance": {"samples": FEATURES},
    "within_class_distance": {"samples": FEATURES, "labels": LABELS},
    "frechet_distance": TWO_SETS,
    "gaussian_statistics": {"features": FEATURES},
    "gaussian_frechet_distance": {},  # takes what `gaussian_statistics` returned
    "kernel_distance": TWO_SETS,
    "class_silhouette": {"latents": FEATURES, "labels": LABELS},
    "hungarian_accuracy": {"labels": LABELS, "clusters": LABELS},
    "kmeans_clustering": LATENTS,
    "knn_accuracy": LATENTS,
    "linear_probe_accuracy": LATENTS,
    "importance_weighted_bound": {"log_weights": FEATURES},
    "negative_elbo": {"reconstruction": VALUES, "kl_divergence": VALUES},
    "memorisation_scores": {
        "train_samples": FEATURES,
        "test_samples": FEATURES,
        "fake_samples": FEATURES,
    },
    "number_of_different_bins": {"real_samples": FEATURES, "fake_samples": FEATURES},
    "active_units": {"posterior_means": FEATURES},
    "aggregate_posterior_mismatch": {"latents": FEATURES},
    "density_coverage": TWO_SETS,
    "precision_recall": TWO_SETS,
    "bernoulli_cross_entropy": TWO_IMAGES,
    "mean_squared_error": TWO_IMAGES,
    "gradient_magnitude": {"images": IMAGES},
    "laplacian_variance": {"images": IMAGES},
    "mid_grey_share": {"images": IMAGES},
    "radial_power_spectrum": {"images": IMAGES},
    "spectrum_distance": {"real_images": IMAGES, "fake_images": IMAGES},
    "laplacian_log_ratio": {"real_images": IMAGES, "fake_images": IMAGES},
    "log_spectral_distance": {"real_spectrum": VALUES, "fake_spectrum": VALUES},
    "vendi_score": {"features": FEATURES},
    "data_copying_test": {
        "train_samples": FEATURES,
        "test_samples": FEATURES,
        "fake_samples": FEATURES,
    },
    "different_bins": {"real_counts": VALUES, "fake_counts": VALUES},
    "fit_bins": {"real_samples": FEATURES},
}
SPOILED = {
    "NaN": lambda a: np.where(np.arange(a.size).reshape(a.shape) == 7, np.nan, a),
    "text": lambda a: a.astype(str),
    "complex": lambda a: a + 1j,
    "objects": lambda a: a.astype(object),
    "empty": lambda a: a[:0],
    "scalar": lambda a: 0.5,
    "ragged": lambda a: [[1.0], [1.0, 2.0]],
    "missing": lambda a: None,
}


def test_every_metric_is_in_the_table():
    public = inspect.getmembers(metrics, inspect.isfunction)
    assert {name for name, _ in public} == set(GOOD)


@pytest.mark.parametrize("spoil", SPOILED)
@pytest.mark.parametrize(
    ("name", "argument"),
    [
        (name, argument)
        for name, arguments in GOOD.items()
        for argument, value in arguments.items()
        if isinstance(value, np.ndarray)
    ],
)
def test_spoiled_array(name, argument, spoil):
    arguments = {**GOOD[name], argument: SPOILED[spoil](GOOD[name][argument])}
    check(
        lambda: getattr(metrics, name)(**arguments),
        r"Got .*; expected",
        ValueError,
    )


def _metric(name, **changes):
    return lambda: getattr(metrics, name)(**{**GOOD[name], **changes})


NUMBERS = [
    row("splits 0", _metric("inception_score", splits=0), "splits=0"),
    row("splits 2.5", _metric("inception_score", splits=2.5), "splits=2.5"),
    row("more splits than images", _metric("inception_score", splits=61), "at least"),
    row("num_classes 0", _metric("class_coverage", num_classes=0), "num_classes="),
    row("too few classes", _metric("label_entropy", num_classes=2), r"in \[0, 2\)"),
    row("min_share 0", _metric("class_coverage", min_share=0.0), "min_share=0"),
    row("min_share 2", _metric("class_coverage", min_share=2), "min_share=2"),
    row("subset_size 1", _metric("kernel_distance", subset_size=1), "subset_size="),
    row("subset_size '9'", _metric("kernel_distance", subset_size="9"), "subset_size="),
    row("k 0", _metric("knn_accuracy", k=0), "k=0"),
    row("k None", _metric("precision_recall", k=None), "k=None"),
    row("k of all", _metric("density_coverage", k=60), "at least 61"),
    row("num_bins", _metric("number_of_different_bins", num_bins=0), "num_bins=0"),
    row(
        "significance",
        _metric("number_of_different_bins", significance=0),
        "significance=0",
    ),
    row("threshold", _metric("active_units", threshold=-1.0), "threshold=-1"),
    row("threshold NaN", _metric("active_units", threshold=np.nan), "threshold=nan"),
    row("epsilon", _metric("bernoulli_cross_entropy", epsilon=0), "epsilon=0"),
    row("max_samples", _metric("class_silhouette", max_samples=1), "max_samples="),
    row("seed", _metric("kmeans_clustering", seed=-1), "seed=-1"),
    row("bytes", _metric("mid_grey_share", images=IMAGES * 255), "Divide by 255"),
    row("signed", _metric("mid_grey_share", images=IMAGES - 1), r"\(images \+ 1\) / 2"),
    row("one pixel", _metric("laplacian_variance", images=IMAGES[:, :1]), "sides of"),
    row(
        "two channels",
        _metric("gradient_magnitude", images=IMAGES.repeat(2, 3)),
        "1 or 3",
    ),
    row(
        "other widths",
        _metric("frechet_distance", fake_features=FEATURES[:, :2]),
        "differ",
    ),
    row("other lengths", _metric("negative_elbo", kl_divergence=VALUES[:9]), "Got 60 "),
    row(
        "logits",
        _metric("inception_score", probabilities=FEATURES),
        "Apply a softmax",
    ),
    row(
        "statistics of nothing",
        lambda: metrics.gaussian_frechet_distance(None, None),
        "real_statistics",
    ),
    row(
        "statistics of other widths",
        lambda: metrics.gaussian_frechet_distance(
            metrics.gaussian_statistics(FEATURES),
            metrics.gaussian_statistics(FEATURES[:, :2]),
        ),
        "differ",
    ),
]


@pytest.mark.parametrize(("call", "message", "error"), NUMBERS)
def test_numbers(call, message, error):
    check(call, message, error)
