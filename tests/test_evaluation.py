"""From a model, or images, to one record: what is in it, and what is refused."""

import dataclasses
import doctest
import functools
import importlib
import json
import random
import re

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

import kerasgen
from kerasgen import evaluation
from kerasgen import export
from kerasgen import metrics
from kerasgen.data import ImageSet
from kerasgen.evaluation import inversion
from kerasgen.evaluation import sample_metrics
from kerasgen.evaluation import seeds
from tests.contract import small

SMALL = {"latent_dim": 4, "width": 4, "seed": 0}
SUFFIX = "mnist_v1_500_test597"


@pytest.fixture(scope="module")
def pairs():
    """1200 real digits to train on and 597 to test on, of 28x28 pixels."""
    bunch = load_digits()
    images = np.kron(bunch.images / 16.0 * 255.0, np.ones((1, 3, 3)))
    images = np.pad(images, ((0, 0), (2, 2), (2, 2)))[..., None].astype(np.uint8)
    labels = bunch.target.astype(np.int32)
    return (images[:1200], labels[:1200]), (images[1200:], labels[1200:])


@pytest.fixture(scope="module")
def reference(pairs):
    return evaluation.Reference(pairs, features="mnist")


@pytest.fixture(scope="module")
def real(reference):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sample_metrics, "CLASSIFIER_EPOCHS", 1)  # read nowhere here
        return evaluation.evaluate_real(reference, num_samples=500)


def judged(images, reference, **settings):
    return kerasgen.evaluate(images, reference, num_samples=500, **settings)


def numbers(record):
    """The numbers of a record as floats, NaN where there is none."""
    found = {name: record[name] for name in evaluation.metric_names(record)}
    return {name: np.nan if v is None else float(v) for name, v in found.items()}


@pytest.mark.parametrize("name", ["metric_names", "table"])
def test_examples_in_docstrings_run(name):
    module = importlib.import_module(f"kerasgen.evaluation.{name}")
    done = doctest.testmod(module)
    assert done.attempted > 0 and done.failed == 0


def test_real_images_are_near_the_floor(real):
    assert real["model"] == "real images"
    assert real["num_samples"] == 500
    assert real[f"coverage_k5_{SUFFIX}"] > 0.7
    assert real[f"recall_k5_{SUFFIX}"] > 0.7
    assert real["class_coverage_mnist_v1_500"] == 10
    assert real["ndb_k100_share_pixels_500_train600"] < 0.3
    # The judged images are not their own neighbours among the training images.
    assert 0.4 < real["memorisation_auc_mnist_v1_500_train1200"] < 0.6


def test_collapsed_copied_and_blurred_images_score_worse(reference, real, pairs):
    (train_images, labels), _ = pairs
    collapsed = judged(np.repeat(train_images[labels == 3][:5], 100, axis=0), reference)
    fid, coverage = f"frechet_distance_{SUFFIX}", f"coverage_k5_{SUFFIX}"
    assert collapsed[fid] > 10.0 * real[fid]
    assert collapsed[coverage] < 0.1 * real[coverage]
    assert collapsed["class_coverage_mnist_v1_500"] < 5
    within = "within_class_distance_mnist_v1_500"
    assert collapsed[within] < 0.8 * real[within]
    memorised = judged(train_images[:500], reference)
    assert memorised["memorisation_ratio_mnist_v1_500_train1200"] == 0.0
    assert memorised["memorisation_auc_mnist_v1_500_train1200"] > 0.95
    grey = np.float32(train_images[:500] / 255.0)
    grey = (grey + np.roll(grey, 1, axis=1) + np.roll(grey, 1, axis=2)) / 3.0
    blurred = judged(grey, reference)
    for sharp in ("laplacian_variance", "gradient_magnitude"):
        assert blurred[f"{sharp}_pixels_500"] < real[f"{sharp}_pixels_500"]
    spectrum = "spectrum_distance_pixels_500_test597"
    assert blurred[spectrum] > 2.0 * real[spectrum]


def test_a_gan_and_a_vae_get_the_same_names_and_valid_json(reference, monkeypatch):
    fit_briefly = functools.partial(kerasgen.training.fit_latents, steps=2)
    monkeypatch.setattr(kerasgen.training, "fit_latents", fit_briefly)
    records = [
        judged(model, reference, importance_samples=4, importance_images=20)
        for model in (kerasgen.DCGAN(**SMALL), kerasgen.CVAE(**SMALL))
    ]
    gan, vae = records
    assert evaluation.metric_names(gan) == evaluation.metric_names(vae)
    assert (gan["model"], vae["model"]) == ("DCGAN", "CVAE")
    assert json.loads(json.dumps(records, allow_nan=False)) == records
    assert all(value is None or np.isscalar(value) for value in vae.values())
    for name in ("negative_elbo_bernoulli_test597", "active_units_test597"):
        assert gan[name] is None
        assert vae[name] is not None
    assert re.search(r"negative_elbo, .*: DCGAN has no encoder", gan["not_applicable"])
    none = {key for key in evaluation.metric_names(vae) if vae[key] is None}
    kernel = {f"kernel_distance{part}_{SUFFIX}" for part in ("", "_standard_error")}
    inverted = {name for name in vae if name.startswith("inverted_")}
    assert len(inverted) == 7
    asked = {
        "label_accuracy_mnist_v1_500",
        "classification_accuracy_pixels_500_test597",
    }
    assert none == kernel | inverted | asked | {"own_categories_accuracy_test597"}
    assert (
        "kernel_distance: got 597 test images; expected at least 2000"
        in vae["not_applicable"]
    )
    assert "inversion: CVAE has an encoder" in vae["not_applicable"]
    assert not inverted & {name for name in gan if gan[name] is None}
    assert vae["seconds_total"] >= vae["seconds_frechet_distance"] > 0.0


@pytest.mark.parametrize("model_class", [kerasgen.FlowMatching, kerasgen.DDPM])
def test_codes_that_are_noise_are_not_looked_for(reference, model_class):
    model = model_class(width=4, depth=1, steps=1)
    record = judged(model, reference)
    told = record["not_applicable"]
    assert "reconstruction" in told and "inversion" in told
    assert "noise of the images' size" in told
    coded = [name for name in record if name.startswith(("knn_k1", "inverted_"))]
    assert coded and all(record[name] is None for name in coded)


def test_equal_seeds_give_equal_records_and_no_global_state_moves(reference):
    model = kerasgen.CVAE(**SMALL)
    settings = {"importance_samples": 2, "importance_images": 10}
    states = random.getstate(), np.random.get_state()[1].tolist()
    first, again, other = (
        numbers(judged(model, reference, seed=seed, **settings)) for seed in (3, 3, 4)
    )
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states
    assert first == pytest.approx(again, rel=1e-5, nan_ok=True)
    assert first[f"frechet_distance_{SUFFIX}"] != other[f"frechet_distance_{SUFFIX}"]


@pytest.mark.parametrize("decoder", ["bernoulli", "gaussian"])
def test_negative_elbo_is_the_loss_of_the_model(reference, pairs, decoder):
    model = kerasgen.CVAE(reconstruction=decoder, **SMALL)
    record = judged(model, reference, metrics=["negative_elbo", "reconstruction"])
    found = [
        record[f"negative_elbo_{decoder}{part}_test597"]
        for part in ("", "_reconstruction", "_kl")
    ]
    losses = model.evaluate(pairs[1][0], batch_size=199, verbose=0, return_dict=True)
    expected = [losses[key] for key in ("loss", "reconstruction_loss", "kl_divergence")]
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    pixels = np.float64(pairs[1][0] / 255.0)
    squares = (pixels - model.reconstruct(pairs[1][0])) ** 2
    assert record["reconstruction_mse_test597"] == pytest.approx(squares.mean())


@pytest.fixture(scope="module")
def made_of_components(pairs):
    """A GAN whose generator is made, not trained: of principal components of logits."""
    pixels = np.clip(pairs[0][0].reshape(1200, -1) / 255.0, 0.02, 0.98)
    logits = np.log(pixels / (1.0 - pixels))
    components = PCA(20, random_state=0).fit(logits)
    scale = np.sqrt(components.explained_variance_)[:, None]
    dense = keras.layers.Dense(784, "sigmoid")
    generator = keras.Sequential(
        [keras.Input((20,)), dense, keras.layers.Reshape((28, 28, 1))]
    )
    dense.set_weights([scale * components.components_, components.mean_])
    return kerasgen.VanillaGAN(latent_dim=20, width=4, generator=generator)


def test_inversion_finds_the_codes_of_a_generator(reference, pairs, made_of_components):
    record = judged(made_of_components, reference, metrics="inversion")
    (train_images, _), (test_images, _) = pairs
    blank = np.mean((test_images / 255.0 - np.mean(train_images / 255.0, axis=0)) ** 2)
    assert record["inverted_reconstruction_mse_test500"] < 0.5 * blank
    suffix = "train500_test500"
    assert record[f"inverted_linear_probe_accuracy_{suffix}"] > 0.8
    assert record[f"inverted_knn_k1_accuracy_{suffix}"] > 0.8
    assert record[f"inverted_kmeans_normalized_mutual_information_{suffix}"] > 0.4
    assert record["inverted_silhouette_test500"] > 0.0
    untrained = judged(kerasgen.VanillaGAN(**SMALL), reference, metrics="inversion")
    for name in evaluation.metric_names(record):
        sign = -1 if "mse" in name else 1
        assert sign * record[name] > sign * untrained[name]


def test_the_same_images_are_inverted_with_their_labels(reference, monkeypatch):
    given, fit = [], kerasgen.training.fit_latents

    def fit_briefly(generate, images, latent_dim, labels=None, **settings):
        given.append((images, labels))
        return fit(generate, images, latent_dim, labels, steps=2, **settings)

    monkeypatch.setattr(kerasgen.training, "fit_latents", fit_briefly)
    for model in (kerasgen.DCGAN(num_classes=10, **SMALL), kerasgen.WGAN(**SMALL)):
        judged(model, reference, seed=len(given), metrics="inversion")
    assert len(given) == 4
    parts = (reference.probed, reference.test)
    known = {
        pixels.tobytes(): label
        for part in parts
        for pixels, label in zip(part.pixels, part.labels, strict=True)
    }
    for (images, labels), (again, none) in zip(given[:2], given[2:], strict=True):
        assert len(images) == 500
        assert np.array_equal(images, again) and none is None
        assert [known[image.tobytes()] for image in images] == labels.tolist()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: kerasgen.CVAE(**SMALL), "'inversion' cannot .*CVAE has an enc"),
        (lambda path: small(kerasgen.VQVAE), "No gradient of the generated images"),
        (
            lambda path: np.zeros((9, 28, 28, 1)),
            "an array of images gives no gradients",
        ),
        (
            lambda path: export.load(kerasgen.DCGAN(**SMALL).export(path)),
            "ExportedModel gives no gradients to invert it by",
        ),
    ],
)
def test_what_cannot_be_inverted_is_told(tmp_path, reference, make, message):
    with pytest.raises(ValueError, match=message):
        judged(make(tmp_path / "model"), reference, metrics="inversion")


def test_classes_that_a_generator_does_not_take_are_not_given_to_it():
    assert inversion.Inversion(small(kerasgen.SGAN), seed=0).num_classes is None
    assert inversion.Inversion(small(kerasgen.ACGAN), seed=0).num_classes == 10
    assert inversion.Inversion(None, seed=0).num_classes is None  # of an array


@pytest.mark.slow
def test_an_export_is_judged_as_its_model(tmp_path, reference):
    model = small(kerasgen.SSAAE)
    model.export(tmp_path / "exported")
    exported = export.load(tmp_path / "exported")
    metrics = ["reconstruction", "latent_classes"]
    records = [judged(one, reference, metrics=metrics) for one in (model, exported)]
    assert numbers(records[1]) == pytest.approx(numbers(records[0]), rel=1e-3)
    whole = judged(exported, reference)
    assert "the prior of ExportedModel is not N(0, I)" in whole["not_applicable"]


def test_inversion_without_labels_or_training_images_is_told(pairs):
    for dataset, message in (
        (pairs[1], "no training images were given"),
        (tuple((images, None) for images, _ in pairs), "the images have no labels"),
    ):
        reference = evaluation.Reference(dataset, features="mnist")
        with pytest.raises(ValueError, match=f"'inversion' cannot .*: {message}"):
            judged(kerasgen.WGAN(**SMALL), reference, metrics="inversion")


def test_pixels_are_judged_as_codes_are(pairs):
    few = tuple((images[:150], labels[:150]) for images, labels in pairs)
    reference = evaluation.Reference(few, features="mnist")
    record = evaluation.evaluate_pixels(reference)
    (train, train_labels), (test, labels) = (
        (np.float32(images.reshape(150, -1) / 255.0), labels) for images, labels in few
    )
    # K-means depends on the order of the images.
    train, train_labels = train[reference.order], train_labels[reference.order]
    arrays = train, train_labels, test, labels
    clustering = metrics.kmeans_clustering(*arrays)
    expected = {
        "linear_probe_accuracy": metrics.linear_probe_accuracy(*arrays),
        "knn_k1_accuracy": metrics.knn_accuracy(*arrays),
        "kmeans_accuracy": clustering.accuracy,
        "kmeans_normalized_mutual_information": clustering[1],
        "kmeans_adjusted_rand_index": clustering[2],
    }
    expected = {f"{name}_train150_test150": v for name, v in expected.items()}
    expected["silhouette_test150"] = metrics.class_silhouette(test, labels)
    found = {name: record[name] for name in evaluation.metric_names(record)}
    assert found == pytest.approx(expected, abs=1e-6)
    encoder = judged(kerasgen.CVAE(**SMALL), reference, metrics="latent_classes")
    assert set(evaluation.metric_names(encoder)) < set(found)
    assert set(encoder) - set(record) == {"seconds_sampling"}
    assert (record["model"], record["num_samples"]) == ("pixels", None)
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_pixels_without_training_images_have_what_needs_none(pairs):
    alone = evaluation.Reference(pairs[1], features="mnist")
    record = evaluation.evaluate_pixels(alone)
    assert record["not_applicable"] == "latent_classes: no training images were given"
    assert record["knn_k1_accuracy_train0_test597"] is None
    assert record["silhouette_test597"] is not None


class FixedVAE:
    """Its decoder ignores the latents, so log p(x) is known, whatever q(z|x) is."""

    num_classes, latent_dim, reconstruction = None, 3, "bernoulli"

    def __init__(self, image, posterior_mean):
        self.image, self.posterior_mean = image, posterior_mean

    def sample(self, num, labels=None, seed=None):
        return np.repeat(self.image[None], num, axis=0)

    def encode(self, images, labels=None):
        mean = np.full((len(images), 3), self.posterior_mean, np.float32)
        return mean, np.full((len(images), 3), -0.5, np.float32)

    def decode(self, latents, labels=None):
        return self.sample(len(latents))


def test_importance_weighted_bound_finds_the_likelihood(reference, pairs):
    image = np.full((28, 28, 1), 0.25, np.float32)
    record = judged(
        FixedVAE(image, posterior_mean=0.4),
        reference,
        metrics="importance_weighted_bound",
        importance_samples=3000,
        importance_images=5,
    )
    pixels = np.float32(pairs[1][0][:5] / 255.0)
    binary = np.random.default_rng([0, 2]).random(pixels.shape) < pixels
    exact = metrics.bernoulli_cross_entropy(binary, np.tile(image, (5, 1, 1, 1))).mean()
    # KL(N(0.4, e^-0.5) || N(0, 1)) in three dimensions.
    gap = 1.5 * (0.4**2 + np.exp(-0.5) + 0.5 - 1.0)
    found = record["importance_weighted_nll_k3000_binarised_test5"]
    assert found == pytest.approx(exact, abs=0.05)
    elbo = record["negative_elbo_bernoulli_binarised_test5"]
    assert elbo == pytest.approx(exact + gap, abs=0.05)


COVARIANCE = 0.1 * np.eye(3) + 0.9


class Correlated(FixedVAE):
    def posterior_factors(self, images, labels=None):
        mean, _ = self.encode(images, labels)
        return mean, np.tile(np.linalg.cholesky(COVARIANCE), (len(images), 1, 1))


def test_the_divergence_of_a_correlated_posterior_is_that_of_its_covariance(reference):
    model = Correlated(np.full((28, 28, 1), 0.25, np.float32), posterior_mean=0.4)
    record = judged(model, reference, metrics="negative_elbo")
    (found,) = (value for name, value in record.items() if "bernoulli_kl_" in name)
    expected = 0.5 * (3 * 0.4**2 - np.log(np.linalg.det(COVARIANCE)))
    assert found == pytest.approx(expected, rel=1e-5)


def test_codes_of_another_prior_are_not_compared_with_the_normal_one(reference):
    model = FixedVAE(np.full((28, 28, 1), 0.25, np.float32), posterior_mean=0.4)
    model.prior_is_standard = False
    with pytest.raises(ValueError, match=r"the prior of FixedVAE is not N\(0, I\)"):
        judged(model, reference, metrics="posterior_mismatch")


def test_importance_samples_have_the_correlations_of_the_posterior(reference, pairs):
    image = np.full((28, 28, 1), 0.25, np.float32)
    record = judged(
        Correlated(image, posterior_mean=0.0),
        reference,
        metrics="importance_weighted_bound",
        importance_samples=3000,
        importance_images=5,
    )
    elbo = record["negative_elbo_bernoulli_binarised_test5"]
    pixels = np.float32(pairs[1][0][:5] / 255.0)
    binary = np.random.default_rng([0, 2]).random(pixels.shape) < pixels
    exact = metrics.bernoulli_cross_entropy(binary, np.tile(image, (5, 1, 1, 1))).mean()
    # KL(N(0, C) || N(0, I)), with variances of 1.
    gap = -0.5 * np.log(np.linalg.det(COVARIANCE))
    assert elbo == pytest.approx(exact + gap, abs=0.1)


def test_a_conditional_model_and_its_export_get_the_same_numbers(tmp_path, reference):
    model = kerasgen.DCGAN(num_classes=10, **SMALL)
    path = model.export(tmp_path / "dcgan")
    names = ["frechet_distance", "label_accuracy", "sharpness"]
    records = [
        judged(one, reference, metrics=names) for one in (model, export.load(path))
    ]
    assert records[0]["classes"] == "drawn from the test labels"
    assert [record["model"] for record in records] == ["DCGAN", "ExportedModel"]
    first, second = map(numbers, records)
    assert len(first) == 5
    assert first == pytest.approx(second, rel=1e-4)


def test_infinity_is_valid_json_and_comes_back(pairs):
    images, labels = (array[pairs[1][1] == 0] for array in pairs[1])
    ones = pairs[0][0][pairs[0][1] == 1]
    only_zeros = evaluation.Reference((images, labels), features="mnist")
    record = kerasgen.evaluate(ones, only_zeros, metrics="label_distance")
    assert "Infinity" in record.values()
    name = f"label_kl_divergence_mnist_v1_{len(ones)}_test{len(images)}"
    assert float(json.loads(json.dumps(record, allow_nan=False))[name]) == np.inf


class Told:
    """A model that knows the images it is asked about, and what it calls them."""

    image_shape = (28, 28, 1)

    def __init__(self, images, answers, num_classes):
        self.images, self.answers, self.num_classes = images, answers, num_classes

    def sample(self, num, seed=0, labels=None):
        return np.float32(self.images[:num] / 255.0)

    def classify(self, images):
        np.testing.assert_allclose(images, self.images / np.float32(255.0), atol=1e-6)
        return 0.1 + 0.5 * np.eye(10)[self.answers]


def test_a_classifier_is_right_by_its_labels_and_categories_by_matching(pairs):
    _, (images, labels) = pairs
    half = np.where(np.arange(len(labels)) % 2, labels, (labels + 1) % 10)
    for num_classes, answers, name, expected in (
        (10, labels, "own_classifier_accuracy_test597", 1.0),
        (10, half, "own_classifier_accuracy_test597", 298 / 597),
        (None, (labels + 3) % 10, "own_categories_accuracy_test597", 1.0),
        (None, 0 * labels, "own_categories_accuracy_test597", 62 / 597),
    ):
        told = Told(images, answers, num_classes)
        record = judged(told, pairs, metrics="own_classifier")
        assert record[name] == pytest.approx(expected)
    assert np.bincount(labels).max() == 62


def test_a_model_without_a_classifier_has_no_accuracy(reference):
    with pytest.raises(ValueError, match="VanillaGAN has no classifier"):
        judged(kerasgen.VanillaGAN(**SMALL), reference, metrics="own_classifier")


def test_without_training_images_what_needs_them_is_listed(pairs):
    record = judged(pairs[0][0], (pairs[1][0], None), features="mnist")
    assert record["memorisation_auc_mnist_v1_500_train0"] is None
    assert (
        "memorisation, data_copying, ndb: no training images were given"
        in record["not_applicable"]
    )
    assert record["num_train"] is None
    with pytest.raises(ValueError, match="without training images"):
        evaluation.evaluate_real(pairs[1], features="mnist")


def test_a_metric_that_fails_on_the_data_is_listed_and_the_others_stay(pairs):
    twice = evaluation.Reference((pairs[1], pairs[1]), features="mnist")
    record = judged(pairs[0][0], twice)
    assert record["memorisation_auc_mnist_v1_500_train597"] is None
    assert "memorisation: Got `test_samples`" in record["not_applicable"]
    assert record["coverage_k5_mnist_v1_500_test597"] > 0.5
    with pytest.raises(
        ValueError, match="'memorisation' cannot be computed: Got `test_samples`"
    ):
        judged(pairs[0][0], twice, metrics="memorisation")


def test_a_reference_computes_its_features_once(pairs, reference, monkeypatch):
    calls = []
    extract = reference.extractor
    monkeypatch.setattr(
        type(extract),
        "__call__",
        lambda self, images: calls.append(len(images)) or original(self, images),
    )
    fresh = evaluation.Reference(pairs, features=extract)
    for _ in range(2):
        judged(pairs[0][0], fresh, metrics=["frechet_distance", "memorisation"])
    assert sorted(calls) == [500, 500, 597, 1200]


original = kerasgen.features.FeatureExtractor.__call__


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda x: np.where(x > 0.99, np.nan, x), "Got NaN or infinite.*diverged"),
        (lambda x: 2.0 * x - 1.0, r"from -1 to 1; expected \[0, 1\].*images \+ 1"),
        (lambda x: 255.0 * x, "Divide by 255"),
        (
            lambda x: x[:, 2:-2],
            r"shape \(24, 28, 1\) for a dataset of images of \(28, 28",
        ),
        (lambda x: x[..., 0], "Add a channel axis"),
        (lambda x: np.int64(x), "images of dtype int64"),
        (lambda x: x[:0], "without a pixel"),
    ],
)
def test_images_that_do_not_fit_are_refused(reference, pairs, spoil, message):
    images = np.float32(pairs[0][0] / 255.0)
    with pytest.raises(ValueError, match=message):
        judged(spoil(images), reference)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"metrics": ["frechet_distance", "kidd"]},
            "Got metric 'kidd'.* mean 'kernel_distance'",
        ),
        (
            {"metrics": "kernel_distance"},
            "'kernel_distance' cannot.*597 test images; expected at least 2000",
        ),
        ({"metrics": "silhouette"}, "an array of images has no encoder"),
        ({"metrics": "label_accuracy"}, "not asked for by class"),
        ({"features": "mnist"}, "Got a Reference with features="),
        ({"seed": -1}, "seed=-1"),
        ({"seed": 2**31}, "below"),
        ({"importance_samples": 0}, "importance_samples=0"),
    ],
)
def test_settings_that_do_not_fit_are_refused(reference, pairs, settings, message):
    with pytest.raises(ValueError, match=message):
        judged(pairs[0][0], reference, **settings)


def test_too_few_samples_are_told_by_number(reference, pairs):
    with pytest.raises(ValueError, match="got 499 samples; expected at least 500"):
        kerasgen.evaluate(pairs[0][0], reference, num_samples=499, metrics=["ndb"])
    record = kerasgen.evaluate(pairs[0][0], reference, num_samples=499)
    assert "ndb: got 499 samples; expected at least 500" in record["not_applicable"]


@pytest.mark.parametrize(
    ("dataset", "settings", "message"),
    [
        ("mnits", {}, "Did you mean mnist"),
        (np.zeros((5, 28, 28, 1)), {}, "Got dataset of ndarray; expected a name"),
        (lambda pairs: (pairs[0][0], pairs[0][1][:9]), {}, "1200 images and 9 labels"),
        (lambda pairs: (pairs[0], (pairs[1][0][:, :20], None)), {}, "test images"),
        (lambda pairs: pairs, {"features": "inceptoin"}, "Did you mean 'inception'"),
        ((), {}, "Got dataset of empty; expected a name, one or two ImageSets"),
        (
            lambda pairs: (image_set(pairs[0], "train"), pairs[1]),
            {},
            "Got dataset of ImageSet and tuple; expected",
        ),
        (
            lambda pairs: [image_set(pairs[0], "train")] * 3,
            {},
            "Got dataset of ImageSet and ImageSet and ImageSet; expected",
        ),
        (
            lambda pairs: (
                image_set(pairs[0], "train"),
                image_set(pairs[1], "test", "fashion_mnist"),
            ),
            {},
            "Got ImageSets of mnist and fashion_mnist; expected two of one dataset",
        ),
        (
            lambda pairs: image_set((pairs[0][0], pairs[1][1]), "train"),
            {},
            "1200 images and 597 labels",
        ),
    ],
)
def test_datasets_that_do_not_fit_are_refused(pairs, dataset, settings, message):
    dataset = dataset(pairs) if callable(dataset) else dataset
    with pytest.raises(ValueError, match=message):
        evaluation.Reference(dataset, **settings)


def image_set(pair, split, name="mnist"):
    return ImageSet(name, split, *pair, num_classes=10, source="a test")


def test_image_sets_give_names_of_their_splits(pairs):
    watched = evaluation.Reference(image_set(pairs[0], "train[:50000]"))
    assert (watched.name, watched.num_classes, watched.train) == ("mnist", 10, None)
    assert watched.extractor.name == "mnist_v1"  # by its name, not by its images
    record = judged(
        pairs[1][0], watched, metrics=["frechet_distance", "spectrum_distance"]
    )
    found = evaluation.metric_names(record)
    assert found == [
        "frechet_distance_mnist_v1_500_train1200",
        "spectrum_distance_pixels_500_train1200",
    ]
    assert (record["dataset"], record["split"]) == ("mnist", "train")
    assert evaluation.find_name(record, "fid") == found[0]
    gan = kerasgen.DCGAN(num_classes=10, **SMALL)
    record = judged(gan, watched, metrics="label_accuracy")
    assert record["classes"] == "drawn from the train labels"
    with pytest.raises(
        ValueError, match="got 1200 train images; expected at least 2000"
    ):
        judged(pairs[1][0], watched, metrics="kernel_distance")


def test_two_image_sets_are_the_training_and_the_judging_one(pairs, reference):
    train, test = (
        image_set(*both) for both in zip(pairs, ("train[:50%]", "test"), strict=True)
    )
    sets = evaluation.Reference((train, test))
    names = ["frechet_distance", "memorisation", "ndb"]
    records = [judged(pairs[0][0], one, metrics=names) for one in (sets, reference)]
    first, second = map(numbers, records)
    assert first == pytest.approx(second)
    assert [record["dataset"] for record in records] == ["mnist", "arrays"]
    held_out = image_set(pairs[1], "validation")
    record = judged(
        pairs[0][0], evaluation.Reference((train, held_out)), metrics="frechet_distance"
    )
    assert (
        evaluation.find_name(record, "fid")
        == "frechet_distance_mnist_v1_500_validation597"
    )


def test_what_cannot_sample_is_refused(reference):
    with pytest.raises(ValueError, match="Got str; expected a model with `sample"):
        judged("model.keras", reference)


def test_images_are_read_from_folders_and_files(tmp_path, pairs):
    images = pairs[0][0][:6]
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index, image in enumerate(images):
        mode = "L" if index % 2 else "RGB"
        picture = Image.fromarray(image[..., 0]).convert(mode)
        picture.save(folder / f"{index}.png")
    np.save(tmp_path / "flat.npy", images[..., 0])
    np.savez(tmp_path / "run.npz", images=images, labels=np.arange(6))
    np.savez(tmp_path / "only.npz", images)
    for name in ("pictures", "flat.npy", "run.npz", "only.npz"):
        np.testing.assert_array_equal(evaluation.load_images(tmp_path / name), images)
    assert evaluation.load_images(folder, channels=3).shape == (6, 28, 28, 3)
    Image.fromarray(images[0, :20, :, 0]).save(folder / "7.png")
    with pytest.raises(ValueError, match=r"Got .*7.png of \(20, 28\) pixels"):
        evaluation.load_images(folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.npy", None, "gone.npy cannot be read"),
        ("model.h5", b"1", "model.h5 is not something to evaluate"),
        ("cut.npy", b"\x93NUMPY", "cut.npy cannot be read"),
        ("cut.npz", b"PK", "cut.npz cannot be read"),
        ("broken/1.png", b"no picture", "broken cannot be read"),
        ("empty/notes.txt", b"", "empty without a picture"),
    ],
)
def test_paths_that_hold_no_images_are_told(tmp_path, name, content, message):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    if content is not None:
        path.write_bytes(content)
    asked = path if path.parent == tmp_path else path.parent
    with pytest.raises(ValueError, match=message):
        evaluation.load_images(asked)


def test_objects_and_several_arrays_are_refused(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(ValueError, match="objects.npy cannot be read"):
        evaluation.load_images(tmp_path / "objects.npy")
    np.savez(tmp_path / "two.npz", a=np.zeros(3), b=np.zeros(3))
    with pytest.raises(ValueError, match="with the arrays a, b; expected a single"):
        evaluation.load_images(tmp_path / "two.npz")


RECORD = dict.fromkeys(
    (
        "kid_standard_error_mnist_v1_10k_test",
        "kid_mnist_v1_10k_test",
        "within_class_distance_mnist_v1_10k",
        "within_class_distance_pixels_10k",
        "ndb_k100_share_pixels_10k_train20k",
        "ndb_k100_pixels_10k_train20k",
        "memorisation_auc_mnist_v1_10k_train60k",
        "negative_elbo_bernoulli_kl_test10k",
        "negative_elbo_bernoulli_test10k",
        "importance_weighted_nll_k50_standard_error_binarised_test1k",
        "importance_weighted_nll_k50_binarised_test1k",
        "negative_elbo_bernoulli_binarised_test1k",
        "inverted_knn_k1_accuracy_train500_test500",
        "knn_k1_accuracy_train10k_test10k",
        "kmeans_accuracy_train10k_test10k",
        "inverted_silhouette_test500",
        "silhouette_test597",
    ),
    0.5,
) | {"features": "mnist_v1"}


@pytest.mark.parametrize(
    ("base", "space", "expected"),
    [
        ("kid", None, "kid_mnist_v1_10k_test"),
        ("kid", "features", "kid_mnist_v1_10k_test"),
        ("kid", "pixels", None),
        ("kernel_distance", None, "kid_mnist_v1_10k_test"),
        ("kernel_distance", "pixels", None),
        ("kid_standard_error", None, "kid_standard_error_mnist_v1_10k_test"),
        ("within_class_distance", "features", "within_class_distance_mnist_v1_10k"),
        ("within_class_distance", "pixels", "within_class_distance_pixels_10k"),
        ("ndb_k100", None, "ndb_k100_pixels_10k_train20k"),
        ("ndb", None, None),
        ("memorisation_auc", None, "memorisation_auc_mnist_v1_10k_train60k"),
        ("negative_elbo_bernoulli", None, "negative_elbo_bernoulli_test10k"),
        ("negative_elbo_bernoulli_kl", None, "negative_elbo_bernoulli_kl_test10k"),
        (
            "negative_elbo_bernoulli_binarised",
            None,
            "negative_elbo_bernoulli_binarised_test1k",
        ),
        ("importance_weighted_nll_k50", None, None),
        (
            "importance_weighted_nll_k50_binarised",
            None,
            "importance_weighted_nll_k50_binarised_test1k",
        ),
        ("knn_k1_accuracy", None, "knn_k1_accuracy_train10k_test10k"),
        (
            "inverted_knn_k1_accuracy",
            None,
            "inverted_knn_k1_accuracy_train500_test500",
        ),
        ("kmeans_accuracy", None, "kmeans_accuracy_train10k_test10k"),
        ("kmeans_accuracy", "features", None),
        ("silhouette", None, "silhouette_test597"),
        ("fid", None, None),
    ],
)
def test_names_are_found_by_what_was_computed(base, space, expected):
    assert evaluation.find_name(RECORD, base, space) == expected


def test_names_are_found_whatever_the_features_are_called():
    # Names hold dots where an extractor's does, which match anything in a pattern.
    features = "my.features_own_1a2b3c4d"
    record = {"features": features, f"frechet_distance_{features}_2500_test10k": 1.0}
    assert (
        evaluation.find_name(record, "fid")
        == f"frechet_distance_{features}_2500_test10k"
    )
    other = {"features": "my-features"} | {
        f"frechet_distance_{features}_2500_test10k": 1.0
    }
    assert evaluation.find_name(other, "fid") is None


def test_every_number_of_a_record_is_found_by_what_was_computed(real):
    for name in evaluation.metric_names(real):
        base = re.sub(r"(_mnist_v1|_pixels)?(_500)?(_(test|train)\d+)*$", "", name)
        space = "pixels" if "_pixels" in name else None
        if base == "within_class_distance" and space is None:
            space = "features"
        assert evaluation.find_name(real, base, space) == name


def test_a_second_space_of_features_that_no_label_shaped(reference, pairs):
    record = judged(pairs[0][0], reference, metrics="random_frechet_distance")
    (name,) = evaluation.metric_names(record)
    assert name == "frechet_distance_random_cnn_v1_500_test597"
    extractor = kerasgen.features.random_features((28, 28, 1))
    rows = np.sort(np.random.default_rng(0).choice(1200, 500, replace=False))
    real, fake = extractor(pairs[1][0]), extractor(pairs[0][0][rows])
    expected = metrics.frechet_distance(real.features, fake.features)
    assert record[name] == pytest.approx(expected)
    both = {"features": "mnist_v1", f"frechet_distance_{SUFFIX}": 1.0, name: 2.0}
    found = [
        evaluation.find_name(both, "frechet_distance", space)
        for space in (None, "features", "random", "pixels")
    ]
    assert found == [f"frechet_distance_{SUFFIX}"] * 2 + [name, None]


def test_pictures_without_labels_are_judged_by_random_features(pairs):
    noise = np.random.default_rng(0).integers(0, 256, (60, 12, 8, 3), np.uint8)
    record = kerasgen.evaluate(noise[:30], (noise[30:], None))
    assert record["features"] == "random_cnn_v1"
    assert record["frechet_distance_random_cnn_v1_30_test"] > 0.0
    assert record["vendi_score_random_cnn_v1_30"] > 1.0
    assert record["classifier_score_random_cnn_v1_30"] is None
    assert "random_cnn_v1 is no classifier" in record["not_applicable"]
    chosen = evaluation.Reference(pairs, features="random")
    assert chosen.extractor.name == "random_cnn_v1"


def test_metrics_of_pixels_ask_for_no_features(pairs, monkeypatch):
    def refuse(*_):
        raise AssertionError("features were asked for")

    monkeypatch.setattr(kerasgen.features, "recognise", refuse)
    monkeypatch.setattr(kerasgen.features.FeatureExtractor, "__call__", refuse)
    names = ["sharpness", "laplacian_log_ratio", "spectrum_distance", "ndb"]
    record = judged(kerasgen.CVAE(**SMALL), pairs, metrics=names)
    assert record["features"] is None
    assert record["ndb_k100_pixels_500_train600"] >= 0
    images = pairs[1][0]
    again = kerasgen.evaluate(images, pairs, metrics=names[:3])
    real, fake = np.float32(images / 255.0), np.float32(images / 255.0)
    assert again["laplacian_log_ratio_pixels_597_test"] == 0.0
    assert again["laplacian_variance_pixels_597"] == pytest.approx(
        metrics.laplacian_variance(real)
    )
    assert again["spectrum_distance_pixels_597_test"] == metrics.spectrum_distance(
        real, fake
    )


def test_samples_are_drawn_in_parts_as_the_model_draws_them(reference, monkeypatch):
    monkeypatch.setattr(evaluation.samples, "images_at_a_time", lambda _: 128)
    for model in (kerasgen.DCGAN(num_classes=10, **SMALL), kerasgen.CVAE(**SMALL)):
        labels = None if model.num_classes is None else np.arange(300) % 10
        parts = list(evaluation.samples.draw(model, 300, 5, labels))
        assert [len(part) for part in parts] == [128, 128, 44]
        expected = model.sample(300, labels=labels, seed=5)
        # On some processors the last bit depends on the size of a part.
        np.testing.assert_allclose(np.concatenate(parts), expected, rtol=1e-6)


def test_what_is_computed_in_parts_is_what_is_computed_at_once(reference, monkeypatch):
    model, names = (
        kerasgen.CVAE(**SMALL),
        ["frechet_distance", "sharpness", "vendi_score"],
    )
    names += ["spectrum_distance", "random_frechet_distance", "classifier_score"]
    whole = numbers(judged(model.sample(500, seed=0), reference, metrics=names))
    monkeypatch.setattr(evaluation.samples, "images_at_a_time", lambda _: 150)
    parts = numbers(judged(model, reference, metrics=names))
    assert parts == pytest.approx(whole, rel=1e-4)


def test_a_cap_stands_in_the_name(reference, pairs, monkeypatch):
    metric = evaluation.sample_metrics.SAMPLE_METRICS["precision_recall"]
    monkeypatch.setitem(
        evaluation.sample_metrics.SAMPLE_METRICS,
        "precision_recall",
        dataclasses.replace(metric, at_most=200),
    )
    record = judged(pairs[0][0], reference, metrics="precision_recall")
    names = evaluation.metric_names(record)
    assert names == ["precision_k5_mnist_v1_200_test", "recall_k5_mnist_v1_200_test"]
    assert record["num_samples"] == 500


def test_several_seeds_give_means_and_their_spread(reference):
    model = kerasgen.CVAE(**SMALL)
    names = ["frechet_distance", "reconstruction", "label_entropy"]
    settings = {"num_samples": 200, "metrics": names}
    records = [
        kerasgen.evaluate(model, reference, seed=seed, **settings) for seed in (4, 7)
    ]
    merged = evaluation.evaluate_seeds(model, reference, seeds=(4, 7), **settings)
    assert merged["seeds"] == [4, 7]
    assert evaluation.metric_names(merged) == evaluation.metric_names(records[0])
    name = "frechet_distance_mnist_v1_200_test597"
    values = [record[name] for record in records]
    assert merged[name] == pytest.approx(np.mean(values))
    spread = merged["standard_deviations"]
    assert spread[name] == pytest.approx(np.std(values, ddof=1))
    assert merged["reconstruction_mse_test597"] == pytest.approx(
        records[0]["reconstruction_mse_test597"]
    )
    assert set(spread) == {name, "label_entropy_mnist_v1_200"}
    assert json.loads(json.dumps(merged, allow_nan=False)) == merged
    everything = evaluation.evaluate_seeds(
        np.zeros((20, 28, 28, 1)), reference, num_samples=20, metrics="all"
    )
    assert everything["active_units_test597"] is None
    lost = [{"seconds_total": 1.0, "vendi_score": each} for each in (5.0, None)]
    assert seeds._merged(lost, [0, 1])["vendi_score"] is None
    for wrong in ([0], [3, 3]):
        with pytest.raises(ValueError, match="expected at least two different"):
            evaluation.evaluate_seeds(model, reference, seeds=wrong)


class Copier:
    """A conditional model whose samples are real digits of the class, or of another."""

    num_classes, latent_dim, image_shape = 10, 2, (28, 28, 1)

    def __init__(self, images, labels, shift):
        self.images, self.labels, self.shift = images, labels, shift

    def sample(self, num, labels=None, seed=None):
        generator = np.random.default_rng(seed)
        rows = [
            generator.choice(np.flatnonzero(self.labels == (label + self.shift) % 10))
            for label in labels
        ]
        return np.float32(self.images[rows] / 255.0)


@pytest.mark.slow
def test_a_classifier_learns_from_samples_of_the_right_class(reference, pairs):
    right, wrong = (
        judged(Copier(*pairs[0], shift), reference, metrics="classification_accuracy")
        for shift in (0, 1)
    )
    name = "classification_accuracy_pixels_500_test597"
    assert right[name] > 0.8 and wrong[name] < 0.2
