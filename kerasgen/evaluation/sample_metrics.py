"""Metrics of samples, and how each is computed."""

from typing import Any

import numpy as np

from kerasgen import features
from kerasgen import metrics
from kerasgen.evaluation.sample_inputs import SampleMetric
from kerasgen.metrics.sharpness import log_ratio

# Number above which precision, recall, density and coverage take so many: their cost is
# quadratic.
NEIGHBOURHOODS = 50_000
# Passes over the samples of the classifier that is trained on them.
CLASSIFIER_EPOCHS = 8


def _pair(function):
    return lambda inputs: function(inputs.test.features, inputs.samples.features)


def _kernel_distance(inputs):
    return metrics.kernel_distance(inputs.test.features, inputs.samples.features)[:2]


def _precision_recall(inputs):
    return tuple(_pair(metrics.precision_recall)(inputs))


def _density_coverage(inputs):
    return tuple(_pair(metrics.density_coverage)(inputs))


def _classifier_score(inputs):
    return tuple(metrics.inception_score(inputs.samples.extracted.probabilities))


def _class_coverage(inputs):
    # A tenth of the fair share, as for ten classes.
    share = 0.1 / inputs.num_classes
    return metrics.class_coverage(inputs.samples.classes, inputs.num_classes, share)


def _label_entropy(inputs):
    return metrics.label_entropy(inputs.samples.classes, inputs.num_classes)


def _label_distance(inputs):
    # Classes of the test images as the classifier sees them, so that what it confuses
    # is confused on both sides.
    return tuple(
        metrics.label_distribution_distance(
            inputs.test.classes, inputs.samples.classes, inputs.num_classes
        )
    )


def _label_accuracy(inputs):
    return np.mean(inputs.samples.classes == inputs.requested)


def _sharpness(inputs):
    return inputs.samples.pixel_means[:3]


def _laplacian_log_ratio(inputs):
    return log_ratio(
        inputs.test.pixel_means.laplacian_variance,
        inputs.samples.pixel_means.laplacian_variance,
    )


def _spectrum_distance(inputs):
    return metrics.log_spectral_distance(
        inputs.test.pixel_means.power_spectrum,
        inputs.samples.pixel_means.power_spectrum,
    )


def _random_frechet_distance(inputs):
    return metrics.frechet_distance(
        inputs.test.random_features, inputs.samples.random_features
    )


def _vendi_score(inputs):
    return metrics.vendi_score(inputs.samples.features)


def _pairwise_distance(inputs):
    return metrics.mean_pairwise_distance(inputs.samples.features)


def _within_class_distance(inputs):
    return metrics.within_class_distance(
        inputs.samples.features, inputs.samples.classes
    )


def _within_class_pixel_distance(inputs):
    part = inputs.samples.in_bytes()
    return metrics.within_class_distance(part.images, part.classes) / 255.0


def _memorisation(inputs):
    parts = (inputs.train, inputs.test, inputs.samples)
    return tuple(metrics.memorisation_scores(*(part.features for part in parts)))[:2]


def _data_copying(inputs):
    parts = (inputs.train, inputs.test, inputs.samples)
    return tuple(metrics.data_copying_test(*(part.features for part in parts)))[:2]


def _ndb(inputs):
    bins = inputs.binned.bins
    counts = sum(bins.histogram(p) for p in inputs.samples.batches())
    return tuple(metrics.different_bins(bins.real_counts, counts))


def _classification_accuracy(inputs):
    images = inputs.samples.in_bytes().images
    num_classes = 1 + max(int(inputs.requested.max()), int(inputs.test.labels.max()))
    network = features.train_classifier(
        images, np.int32(inputs.requested), num_classes, epochs=CLASSIFIER_EPOCHS
    )
    classifier = features.FeatureExtractor("trained on samples", network)
    return features.accuracy(classifier, inputs.test.images, inputs.test.labels)


# With as many samples as classes and one more, some class has the pair it needs.
_CLASSES: dict[str, Any] = {"needs": ("classes",), "minimum": 20}

SAMPLE_METRICS = {
    "frechet_distance": SampleMetric(
        ("frechet_distance",), _pair(metrics.frechet_distance), against="test"
    ),
    "random_frechet_distance": SampleMetric(
        ("frechet_distance",), _random_frechet_distance, space="random", against="test"
    ),
    "kernel_distance": SampleMetric(
        ("kernel_distance", "kernel_distance_standard_error"),
        _kernel_distance,
        against="test",
        minimum=2000,
    ),
    "precision_recall": SampleMetric(
        ("precision_k5", "recall_k5"),
        _precision_recall,
        against="test",
        minimum=6,
        at_most=NEIGHBOURHOODS,
    ),
    "density_coverage": SampleMetric(
        ("density_k5", "coverage_k5"),
        _density_coverage,
        against="test",
        minimum=6,
        at_most=NEIGHBOURHOODS,
    ),
    "classifier_score": SampleMetric(
        ("classifier_score", "classifier_score_standard_deviation"),
        _classifier_score,
        minimum=10,
        needs=("probabilities",),
    ),
    "class_coverage": SampleMetric(("class_coverage",), _class_coverage, **_CLASSES),
    "label_entropy": SampleMetric(("label_entropy",), _label_entropy, **_CLASSES),
    "label_distance": SampleMetric(
        ("label_total_variation", "label_kl_divergence"),
        _label_distance,
        against="test",
        **_CLASSES,
    ),
    "label_accuracy": SampleMetric(
        ("label_accuracy",), _label_accuracy, minimum=1, needs=("classes", "requested")
    ),
    "sharpness": SampleMetric(
        ("laplacian_variance", "gradient_magnitude", "mid_grey_share"),
        _sharpness,
        space="pixels",
        minimum=1,
    ),
    "laplacian_log_ratio": SampleMetric(
        ("laplacian_log_ratio",), _laplacian_log_ratio, space="pixels", against="test"
    ),
    "spectrum_distance": SampleMetric(
        ("spectrum_distance",), _spectrum_distance, space="pixels", against="test"
    ),
    "vendi_score": SampleMetric(("vendi_score",), _vendi_score, minimum=1),
    "pairwise_distance": SampleMetric(("pairwise_distance",), _pairwise_distance),
    "within_class_distance": SampleMetric(
        ("within_class_distance",), _within_class_distance, **_CLASSES
    ),
    "within_class_pixel_distance": SampleMetric(
        ("within_class_distance",),
        _within_class_pixel_distance,
        space="pixels",
        minimum=20,
        at_most=10_000,
        needs=("classes", "images"),
    ),
    "memorisation": SampleMetric(
        ("memorisation_ratio", "memorisation_auc"), _memorisation, against="train"
    ),
    "data_copying": SampleMetric(
        ("data_copying_k10", "data_copying_k10_least"), _data_copying, against="train"
    ),
    "ndb": SampleMetric(
        ("ndb_k100", "ndb_k100_share", "ndb_k100_js_divergence"),
        _ndb,
        space="pixels",
        against="binned",
        minimum=500,
        needs=("images",),
    ),
    "classification_accuracy": SampleMetric(
        ("classification_accuracy",),
        _classification_accuracy,
        space="pixels",
        against="test",
        minimum=20,
        needs=("requested", "labels", "images"),
    ),
}
