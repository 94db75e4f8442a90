"""The metrics of samples: which there are, and how each is computed."""

import numpy as np

from kerasgen import metrics
from kerasgen.evaluation.sample_inputs import SampleMetric


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
    pixels = inputs.samples.pixels
    return (
        metrics.laplacian_variance(pixels),
        metrics.gradient_magnitude(pixels),
        metrics.mid_grey_share(pixels),
    )


def _spectrum_distance(inputs):
    return metrics.spectrum_distance(inputs.test.pixels, inputs.samples.pixels)


def _pairwise_distance(inputs):
    return metrics.mean_pairwise_distance(inputs.samples.features)


def _within_class_distance(inputs):
    return metrics.within_class_distance(
        inputs.samples.features, inputs.samples.classes
    )


def _within_class_pixel_distance(inputs):
    return metrics.within_class_distance(inputs.samples.pixels, inputs.samples.classes)


def _memorisation(inputs):
    parts = (inputs.train, inputs.test, inputs.samples)
    return tuple(metrics.memorisation_scores(*(part.features for part in parts)))[:2]


def _ndb(inputs):
    return tuple(
        metrics.number_of_different_bins(inputs.binned.pixels, inputs.samples.pixels)
    )


# With as many samples as classes and one more, some class has the pair it needs.
_CLASSES = {"needs": ("classes",), "minimum": 20}

SAMPLE_METRICS = {
    "frechet_distance": SampleMetric(
        ("frechet_distance",), _pair(metrics.frechet_distance), against="test"
    ),
    "kernel_distance": SampleMetric(
        ("kernel_distance", "kernel_distance_standard_error"),
        _kernel_distance,
        against="test",
        minimum=2000,
    ),
    "precision_recall": SampleMetric(
        ("precision_k5", "recall_k5"), _precision_recall, against="test", minimum=6
    ),
    "density_coverage": SampleMetric(
        ("density_k5", "coverage_k5"), _density_coverage, against="test", minimum=6
    ),
    "classifier_score": SampleMetric(
        ("classifier_score", "classifier_score_standard_deviation"),
        _classifier_score,
        minimum=10,
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
    "spectrum_distance": SampleMetric(
        ("spectrum_distance",), _spectrum_distance, space="pixels", against="test"
    ),
    "pairwise_distance": SampleMetric(("pairwise_distance",), _pairwise_distance),
    "within_class_distance": SampleMetric(
        ("within_class_distance",), _within_class_distance, **_CLASSES
    ),
    "within_class_pixel_distance": SampleMetric(
        ("within_class_distance",),
        _within_class_pixel_distance,
        space="pixels",
        **_CLASSES,
    ),
    "memorisation": SampleMetric(
        ("memorisation_ratio", "memorisation_auc"), _memorisation, against="train"
    ),
    "ndb": SampleMetric(
        ("ndb_k100", "ndb_k100_share", "ndb_k100_js_divergence"),
        _ndb,
        space="pixels",
        against="binned",
        minimum=500,
    ),
}
