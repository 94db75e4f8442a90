"""Metrics of an encoder and its decoder or of a classifier, and how each is computed.

The decoder is the one that samples, the averaged one where there is one. Likelihoods
are in nats per image.
"""

import math

import numpy as np

from kerasgen import metrics
from kerasgen.evaluation.encoder_inputs import EncoderMetric
from kerasgen.evaluation.inversion import InversionMetric

# Latents that are decoded at a time.
_DECODED = 5000
_FACTORS = 40_000_000  # numbers of covariances at a time


def _negative_elbo(inputs):
    decoded = inputs.decoded(inputs.codes, inputs.labels(inputs.test))
    pixels = inputs.test.pixels
    if inputs.decoder == "bernoulli":
        losses = metrics.bernoulli_cross_entropy(pixels, decoded)
    else:
        squares = metrics.mean_squared_error(pixels, decoded)
        losses = 0.5 * pixels[0].size * (squares + math.log(2.0 * math.pi))
    return tuple(metrics.negative_elbo(losses, _gaussian_kl(inputs)))


def _gaussian_kl(inputs):
    """KL divergence of each test image's Gaussian, that of the codes, from N(0, I)."""
    if inputs.test_factors is None:
        mean, log_variance = map(np.float64, inputs.test_posterior)
        terms = mean**2 + np.expm1(log_variance) - log_variance
        return 0.5 * terms.sum(axis=1)
    mean, factors = map(np.float64, inputs.test_factors)
    log_deviations = np.log(np.diagonal(factors, axis1=1, axis2=2))
    traces = (factors**2).sum(axis=(1, 2))
    squares = (mean**2).sum(axis=1)
    return 0.5 * (traces + squares - mean.shape[1]) - log_deviations.sum(axis=1)


def _importance_weighted(inputs):
    log_weights = _log_weights(inputs)
    bounds = -metrics.importance_weighted_bound(log_weights)
    error = bounds.std(ddof=1) / math.sqrt(len(bounds))
    return bounds.mean(), error, -log_weights.mean()


def _log_weights(inputs):
    """log p(x, z) - log q(z|x) of binarised images, `(images, importance samples)`.

    q is a Gaussian: the posterior, or that with an implicit posterior's moments.
    """
    generator = np.random.default_rng([inputs.seed, 2])
    part, num = inputs.weighed, inputs.importance_samples
    grey = part.pixels
    binary = np.float32(generator.random(grey.shape) < grey)
    labels = inputs.labels(part)
    mean, factors = inputs.factors(binary, labels)
    is_diagonal = factors.ndim == 2
    deviations = factors if is_diagonal else np.diagonal(factors, axis1=1, axis2=2)
    log_determinants = np.log(deviations).sum(axis=1)
    rows = np.repeat(np.arange(len(binary)), num)
    weights = np.empty(len(rows))
    step = max(1, min(_DECODED, _FACTORS // factors[0].size))
    for start in range(0, len(rows), step):
        here = slice(start, start + step)
        row = rows[here]
        noise = generator.standard_normal((len(row), mean.shape[1]))
        spread = "ni,ni->ni" if is_diagonal else "nij,nj->ni"
        latents = mean[row] + np.einsum(spread, factors[row], noise)
        given = None if labels is None else labels[row]
        decoded = inputs.decoded(np.float32(latents), given)
        likelihood = -metrics.bernoulli_cross_entropy(binary[row], decoded)
        # The constants of the two Gaussians, prior and posterior, cancel.
        squares = (noise**2 - latents**2).sum(axis=1)
        weights[here] = likelihood + 0.5 * squares + log_determinants[row]
    return weights.reshape(len(binary), num)


def _reconstruction(inputs):
    means = inputs.test_posterior[0]
    restored = inputs.decoded(means, inputs.labels(inputs.test))
    return (metrics.mean_squared_error(inputs.test.pixels, restored).mean(),)


def _latent_classes(inputs):
    arrays = (
        inputs.probed_means,
        inputs.probed.labels,
        inputs.test_posterior[0],
        inputs.test.labels,
    )
    return (
        metrics.linear_probe_accuracy(*arrays),
        metrics.knn_accuracy(*arrays),
        *metrics.kmeans_clustering(*arrays),
    )


def _silhouette(inputs):
    return (metrics.class_silhouette(inputs.test_posterior[0], inputs.test.labels),)


def _active_units(inputs):
    return (metrics.active_units(inputs.test_posterior[0]),)


def _posterior_mismatch(inputs):
    return tuple(metrics.aggregate_posterior_mismatch(inputs.codes))


def _knows_classes(inputs):
    return getattr(inputs.model, "num_classes", None) is not None


def _own_classifier_names(inputs):
    kind = "classifier" if _knows_classes(inputs) else "categories"
    return (f"own_{kind}_accuracy",)


def _own_classifier(inputs):
    found, labels = inputs.model.classify(inputs.test.pixels), inputs.test.labels
    found = np.asarray(found).argmax(axis=1)
    if _knows_classes(inputs):
        return (float((found == labels).mean()),)
    return (metrics.hungarian_accuracy(labels, found),)


def _fixed(*names):
    return lambda inputs: names


def _elbo_names(inputs):
    base = f"negative_elbo_{inputs.decoder or 'bernoulli'}"
    return base, f"{base}_standard_error", f"{base}_reconstruction", f"{base}_kl"


def _importance_names(inputs):
    base = f"importance_weighted_nll_k{inputs.importance_samples}"
    names = base, f"{base}_standard_error", "negative_elbo_bernoulli"
    return tuple(f"{name}_binarised" for name in names)


_OF_CODES = {
    "reconstruction": EncoderMetric(_fixed("reconstruction_mse"), _reconstruction),
    "latent_classes": EncoderMetric(
        _fixed(
            "linear_probe_accuracy",
            "knn_k1_accuracy",
            "kmeans_accuracy",
            "kmeans_normalized_mutual_information",
            "kmeans_adjusted_rand_index",
        ),
        _latent_classes,
        parts=("probed", "test"),
        needs=("labels",),
        minimum=20,
    ),
    "silhouette": EncoderMetric(
        _fixed("silhouette"), _silhouette, needs=("labels",), minimum=20
    ),
}

ENCODER_METRICS = {
    "negative_elbo": EncoderMetric(_elbo_names, _negative_elbo, needs=("decoder",)),
    "importance_weighted_bound": EncoderMetric(
        _importance_names,
        _importance_weighted,
        parts=("weighed",),
        needs=("bernoulli",),
    ),
    **_OF_CODES,
    "active_units": EncoderMetric(_fixed("active_units"), _active_units),
    "posterior_mismatch": EncoderMetric(
        _fixed("posterior_mmd", "posterior_gaussian_kl"),
        _posterior_mismatch,
        needs=("standard prior",),
        minimum=lambda inputs: inputs.codes.shape[1] + 1,
    ),
    "own_classifier": EncoderMetric(
        _own_classifier_names, _own_classifier, needs=("labels",), method="classify"
    ),
    "inversion": InversionMetric(tuple(_OF_CODES.values())),
}
