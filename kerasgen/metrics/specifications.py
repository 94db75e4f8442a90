"""One table of metric specifications, for evaluation, tables, reports and docs.

A record names a number by the metric and the protocol (`fid_mnist_v1_10k_test`); here
stands, for each metric, what a reader of that number has to know.

To add a metric, add a `Specification` in the group where a reader looks for it, in
the order in which a table shows it, and its paper to `PAPERS`. `base` must match
the name in the record up to the protocol; a number that tables leave out (a standard
error) has the group `HIDDEN`. Nothing else has to change: tables, CSV files, the
report's explanations and its bibliography follow. A metric without a specification is
shown under its own name, among the other numbers.
"""

import dataclasses
import re

from kerasgen.metrics.papers import INVERSION
from kerasgen.metrics.papers import PAPERS

LOWER, HIGHER, REAL = "lower", "higher", "real"
DIRECTIONS = {
    LOWER: "↓ lower is better",
    HIGHER: "↑ higher is better",
    REAL: "≈ best near real images",
    "": "no direction",
}
# Group of metrics: title, and how to read its numbers.
GROUPS = {
    "quality": (
        "Quality of samples",
        "Do samples look like the data? Distances are taken between the features of "
        "samples and those of test images.",
    ),
    "coverage": (
        "Coverage of the data",
        "Is all of the data met, every class as often as in the data?",
    ),
    "diversity": (
        "Diversity",
        "How different are samples from each other? Noise is diverse too, so nearness "
        "to the row of real images counts.",
    ),
    "sharpness": (
        "Sharpness",
        "Noise raises the Laplacian variance, black-and-white output lowers the share "
        "of grey: read them together, beside the row of real images.",
    ),
    "memorisation": (
        "Memorisation",
        "Are samples copies of training images? A model that has learned the data is "
        "as far from its training images as test images are.",
    ),
    "likelihood": (
        "Likelihood",
        "Bounds of the negative log-likelihood of test images, for models with an "
        "encoder. Grey pixels under a Bernoulli decoder give a loss, not a likelihood; "
        "only binarised numbers can be set beside other papers'.",
    ),
    "latent": (
        "Structure of the latent space",
        "Do the codes of an encoder order the classes? The row of pixels is what the "
        "images themselves give when they are taken as codes.",
    ),
    "classifier": (
        "The model's own classifier",
        "Some models tell the class of an image, others find categories without "
        "labels. How well do these fit the classes of test images?",
    ),
    "inverted": (
        "Latent space of GANs, by inversion",
        "A GAN has no encoder. Its codes are the latents from which it generates an "
        "image best, found by gradient descent for few images.",
    ),
    "reconstruction": (
        "Reconstruction",
        "How well are test images restored from their codes?",
    ),
    "other": ("Other numbers", "Numbers without a specification."),
}
HIDDEN = ""
# Where a metric is defined.
SAMPLES, ENCODERS, CONDITIONAL = "samples", "models with an encoder", "labelled samples"
CLASSIFIERS = "models with a classifier"
_DEFINED = {
    "likelihood": ENCODERS,
    "latent": ENCODERS,
    "reconstruction": ENCODERS,
    "classifier": CLASSIFIERS,
}


@dataclasses.dataclass(frozen=True)
class Specification:
    """One metric.

    Args:
        base: Regular expression of its name, without the protocol.
        title: Title in tables.
        group: Key of `GROUPS`, or `HIDDEN`.
        direction: `LOWER`, `HIGHER`, `REAL` (nearest to real images is best) or "".
        meaning: Explanation, a sentence or two.
        unit: Unit of the value; "share" for what is printed in percent.
        paper: Key of `PAPERS`, or "".
        space: "pixels" or "random" if the name must have it.
        defined: `SAMPLES`, `ENCODERS`, `CONDITIONAL` or `CLASSIFIERS`; default by the
            group.
    """

    base: str
    title: str
    group: str
    direction: str = ""
    meaning: str = ""
    unit: str = ""
    paper: str = ""
    space: str = ""
    defined: str = ""

    def __post_init__(self):
        if not self.defined:
            defined = _DEFINED.get(self.group, SAMPLES)
            object.__setattr__(self, "defined", defined)


SPECIFICATIONS = (
    Specification(
        "(fid|frechet_distance)",
        "Fréchet distance",
        "quality",
        LOWER,
        "Distance of two Gaussians, fitted to the features of samples and of test "
        "images; 0 if they are equal.",
        paper="heusel2017",
    ),
    Specification(
        "(fid|frechet_distance)",
        "Fréchet distance, random features",
        "quality",
        LOWER,
        "The same in features of a fixed random network, which no label has shaped.",
        paper="naeem2020",
        space="random",
    ),
    Specification(
        "(kid|kernel_distance)",
        "Kernel distance",
        "quality",
        LOWER,
        "Squared maximum mean discrepancy of the features; unbiased, so that it can "
        "fall below 0 by chance.",
        paper="binkowski2018",
    ),
    Specification(
        "classifier_score",
        "Classifier score",
        "quality",
        HIGHER,
        "Inception score by the classifier of the dataset: high if each sample is "
        "classified surely and all classes are met. Blind to collapse within a class.",
        paper="salimans2016",
    ),
    Specification(
        r"precision_k\d+",
        "Precision",
        "quality",
        HIGHER,
        "Share of samples that lie where the data lies. Real images have less than "
        "100 %, too.",
        "share",
        "kynkaanniemi2019",
    ),
    Specification(
        r"density_k\d+",
        "Density",
        "quality",
        HIGHER,
        "How densely samples lie where the data lies; about 1 for equal distributions, "
        "above it where samples crowd into its densest regions.",
        paper="naeem2020",
    ),
    Specification(
        "label_accuracy",
        "Asked-for class",
        "quality",
        HIGHER,
        "Share of samples that the classifier puts into the class that was asked for.",
        "share",
        "odena2017",
        defined=CONDITIONAL,
    ),
    Specification(
        "classification_accuracy",
        "Classification accuracy",
        "quality",
        HIGHER,
        "Accuracy on test images of a classifier that was trained on samples and the "
        "classes that were asked for (CAS).",
        "share",
        "ravuri2019",
        defined=CONDITIONAL,
    ),
    Specification(
        r"recall_k\d+",
        "Recall",
        "coverage",
        HIGHER,
        "Share of test images that lie where samples lie; rewards outliers.",
        "share",
        "kynkaanniemi2019",
    ),
    Specification(
        r"coverage_k\d+",
        "Coverage",
        "coverage",
        HIGHER,
        "Share of test images with a sample nearby, robust to outliers.",
        "share",
        "naeem2020",
    ),
    Specification(
        "class_coverage",
        "Classes reached",
        "coverage",
        HIGHER,
        "Classes that get at least a tenth of their fair share of the samples.",
        paper="che2017",
    ),
    Specification(
        "label_entropy",
        "Entropy of classes",
        "coverage",
        REAL,
        "0 if all samples are of one class, the logarithm of the number of classes if "
        "all are met equally often.",
        "nats",
    ),
    Specification(
        "label_total_variation",
        "Distance of class shares",
        "coverage",
        LOWER,
        "Total variation between the classes of samples and of test images: the share "
        "of samples that would have to change class.",
        "share",
    ),
    Specification(
        "label_kl_divergence",
        "KL of class shares",
        "coverage",
        LOWER,
        "KL divergence from the classes of samples to those of test images.",
        "nats",
        "srivastava2017",
    ),
    Specification(
        "vendi_score",
        "Vendi score",
        "diversity",
        REAL,
        "Effective number of different samples, by the cosine of their features: 1 if "
        "all are equal. Noise is diverse too.",
        paper="friedman2023",
    ),
    Specification(
        "pairwise_distance",
        "Pairwise distance",
        "diversity",
        REAL,
        "Mean distance of two samples in features.",
        paper="zhu2017",
    ),
    Specification(
        "within_class_distance",
        "Distance within a class",
        "diversity",
        REAL,
        "Mean distance in features of two samples that the classifier puts into one "
        "class.",
        paper="odena2017",
    ),
    Specification(
        "within_class_distance",
        "Distance within a class, pixels",
        "diversity",
        REAL,
        "The same in pixels.",
        paper="odena2017",
        space="pixels",
    ),
    Specification(
        r"ndb_k\d+_share",
        "Different bins",
        "diversity",
        LOWER,
        "Share of the cells of the data, cut by k-means, that samples meet "
        "significantly more or less often than training images do.",
        "share",
        "richardson2018",
    ),
    Specification(
        r"ndb_k\d+_js_divergence",
        "Divergence of bins",
        "diversity",
        LOWER,
        "Jensen-Shannon divergence of how often these cells are met.",
        "nats",
        "richardson2018",
    ),
    Specification(
        "laplacian_variance",
        "Laplacian variance",
        "sharpness",
        REAL,
        "Variance of the Laplacian within an image; rises with sharpness and noise.",
        paper="tolstikhin2018",
    ),
    Specification(
        "gradient_magnitude",
        "Gradient",
        "sharpness",
        REAL,
        "Mean length of the brightness gradient, in brightness per pixel.",
    ),
    Specification(
        "mid_grey_share",
        "Mid-grey pixels",
        "sharpness",
        REAL,
        "Share of pixels between 0.1 and 0.9: blurred strokes have more of them.",
        "share",
    ),
    Specification(
        "laplacian_log_ratio",
        "Sharpness against real",
        "sharpness",
        LOWER,
        "Absolute logarithm of the ratio of Laplacian variances, of samples to test "
        "images: 0 if samples are as sharp as real images.",
        paper="tolstikhin2018",
    ),
    Specification(
        "spectrum_distance",
        "Spectrum distance",
        "sharpness",
        LOWER,
        "Log-spectral distance of the radial power spectra of samples and test images.",
        "dB",
        "durall2020",
    ),
    Specification(
        r"data_copying_k\d+",
        "Data-copying score",
        "memorisation",
        REAL,
        "C_T: mean over cells of the data of the z-score of the test whether samples "
        "lie as far from the training images as test images do; below about −3 is "
        "copying, above 3 underfitting.",
        paper="meehan2020",
    ),
    Specification(
        r"data_copying_k\d+_least",
        "its least cell",
        "memorisation",
        REAL,
        "The z-score of the cell of the data where samples are nearest to the training "
        "images.",
        paper="meehan2020",
    ),
    Specification(
        "memorisation_ratio",
        "Distance ratio",
        "memorisation",
        REAL,
        "Median distance of samples to the nearest training image over that of test "
        "images: about 1 is best, 0 is copying. Blurry samples are near to everything.",
        paper="meehan2020",
    ),
    Specification(
        "memorisation_auc",
        "Nearer than test images",
        "memorisation",
        REAL,
        "Probability that a sample lies nearer to the training images than a test "
        "image does: about 50 % is best, 100 % is copying.",
        "share",
        "meehan2020",
    ),
    Specification(
        "negative_elbo_(bernoulli|gaussian)",
        "Negative ELBO, grey",
        "likelihood",
        LOWER,
        "Reconstruction plus KL divergence, on grey test images.",
        "nats",
        "kingma2014",
    ),
    Specification(
        "negative_elbo_(bernoulli|gaussian)_reconstruction",
        "its reconstruction",
        "likelihood",
        "",
        "−E[log p(x|z)] of grey test images.",
        "nats",
        "kingma2014",
    ),
    Specification(
        "negative_elbo_(bernoulli|gaussian)_kl",
        "its KL divergence",
        "likelihood",
        "",
        "KL(q(z|x) ‖ p(z)) of grey test images.",
        "nats",
        "kingma2014",
    ),
    Specification(
        r"importance_weighted_nll_k\d+_binarised",
        "Importance-weighted NLL",
        "likelihood",
        LOWER,
        "Upper bound of the negative log-likelihood of binarised test images by K "
        "importance samples (the k in its name).",
        "nats",
        "burda2016",
    ),
    Specification(
        "negative_elbo_bernoulli_binarised",
        "Negative ELBO, binarised",
        "likelihood",
        LOWER,
        "The same bound by one sample, on the same binarised images.",
        "nats",
        "burda2016",
    ),
    Specification(
        "linear_probe_accuracy",
        "Linear probe",
        "latent",
        HIGHER,
        "Accuracy of logistic regression from codes to classes, on test images.",
        "share",
        "alain2016",
    ),
    Specification(
        r"knn_k\d+_accuracy",
        "Nearest neighbour",
        "latent",
        HIGHER,
        "Accuracy of the class of the nearest training code.",
        "share",
        "donahue2017",
    ),
    Specification(
        "kmeans_accuracy",
        "k-means accuracy",
        "latent",
        HIGHER,
        "Share of test images whose cluster belongs to their class, clusters found "
        "without labels, one for each class.",
        "share",
        "xie2016",
    ),
    Specification(
        "kmeans_normalized_mutual_information",
        "k-means NMI",
        "latent",
        HIGHER,
        "Normalised mutual information of clusters and classes: 0 by chance, 1 if "
        "they are the same.",
    ),
    Specification(
        "kmeans_adjusted_rand_index",
        "k-means ARI",
        "latent",
        HIGHER,
        "Agreement of clusters and classes over pairs of images: 0 by chance, 1 if "
        "they are the same.",
    ),
    Specification(
        "silhouette",
        "Silhouette",
        "latent",
        HIGHER,
        "How compact the classes lie, and how far apart, from −1 to 1.",
        paper="rousseeuw1987",
    ),
    Specification(
        "active_units",
        "Active units",
        "latent",
        "",
        "Latent dimensions that vary with the image.",
        paper="burda2016",
    ),
    Specification(
        "posterior_mmd",
        "Mismatch to the prior",
        "latent",
        LOWER,
        "Squared MMD from the codes of all test images to the prior; slightly below 0 "
        "by chance at a match.",
        paper="tolstikhin2018",
    ),
    Specification(
        "posterior_gaussian_kl",
        "KL to the prior",
        "latent",
        LOWER,
        "KL divergence from a Gaussian with the mean and covariance of these codes to "
        "the prior.",
        "nats",
        "hoffman2016",
    ),
    Specification(
        "own_classifier_accuracy",
        "Accuracy",
        "classifier",
        HIGHER,
        "Share of test images that the model puts into their class.",
        "share",
        "salimans2016",
    ),
    Specification(
        "own_categories_accuracy",
        "Accuracy of categories",
        "classifier",
        HIGHER,
        "Share of test images whose category is matched to their class, at the best "
        "matching of categories, which were found without labels, to classes.",
        "share",
        "chen2016",
    ),
    Specification(
        "reconstruction_mse",
        "Squared error",
        "reconstruction",
        LOWER,
        "Mean squared error per pixel of restored test images.",
        paper="kingma2014",
    ),
    *(
        Specification(base, "", HIDDEN)
        for base in (
            "(kid|kernel_distance)_standard_error",
            "classifier_score_standard_deviation",
            "negative_elbo_(bernoulli|gaussian)_standard_error",
            r"importance_weighted_nll_k\d+_standard_error_binarised",
            r"ndb_k\d+",
        )
    ),
)


def describe(name: str) -> Specification:
    """Specification of a number, by its name.

    Names of codes that were found by inversion begin with `inverted_`; they are
    described as those of an encoder are. An unknown name describes itself.

    Args:
        name: Name of a number in a record.

    Example:
        >>> describe("fid_mnist_v1_10k_test").title
        'Fréchet distance'
    """
    bare = name.removeprefix("inverted_")
    fitting = [
        (match.end(), bool(one.space), one)
        for one in SPECIFICATIONS
        if one.space in bare and (match := re.match(f"{one.base}(?=_|$)", bare))
    ]
    if not fitting:
        return Specification(re.escape(name), name.replace("_", " "), "other")
    found = max(fitting, key=lambda each: each[:2])[2]
    if bare != name and found.group != HIDDEN:
        return dataclasses.replace(found, group="inverted")
    return found


def papers(names: list[str]) -> list[tuple[str, str, str, str]]:
    """Papers of metrics: authors and year, title, venue, number in arXiv.

    Args:
        names: Names of numbers in records.
    """
    keys = {describe(name).paper for name in names} - {""}
    if any(name.startswith("inverted_") for name in names):
        keys |= set(INVERSION)
    return sorted(PAPERS[key] for key in keys)
