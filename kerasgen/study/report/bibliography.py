"""The papers that a report names, and published figures to set its numbers beside."""

import dataclasses
import re

from kerasgen.metrics import specifications
from kerasgen.metrics.papers import PAPERS as OF_METRICS

# Key: authors and year, title, place, number in arXiv or "".
PAPERS = OF_METRICS | {
    "jaiswal": (
        "Jaiswal",
        "Comparative Analysis of GANs and VAEs using MNIST Dataset",
        "CAP6610 Machine Learning project report: the paper whose claims are tested",
        "",
    ),
    "arjovsky2017": (
        "Arjovsky, Chintala & Bottou 2017",
        "Wasserstein GAN",
        "",
        "1701.07875",
    ),
    "dai2019": (
        "Dai & Wipf 2019",
        "Diagnosing and Enhancing VAE Models",
        "ICLR",
        "1903.05789",
    ),
    "dumoulin2017": (
        "Dumoulin et al. 2017",
        "Adversarially Learned Inference",
        "ICLR",
        "1606.00704",
    ),
    "goodfellow2014": (
        "Goodfellow et al. 2014",
        "Generative Adversarial Networks",
        "NeurIPS",
        "1406.2661",
    ),
    "holm1979": (
        "Holm 1979",
        "A Simple Sequentially Rejective Multiple Test Procedure",
        "Scandinavian Journal of Statistics 6",
        "",
    ),
    "lucic2018": (
        "Lucic et al. 2018",
        "Are GANs Created Equal? A Large-Scale Study",
        "NeurIPS",
        "1711.10337",
    ),
    "radford2016": (
        "Radford, Metz & Chintala 2016",
        "Unsupervised Representation Learning with Deep Convolutional Generative "
        "Adversarial Networks",
        "ICLR",
        "1511.06434",
    ),
    "sohn2015": (
        "Sohn, Lee & Yan 2015",
        "Learning Structured Output Representation using Deep Conditional Generative "
        "Models",
        "NeurIPS",
        "",
    ),
}
OF_MODELS = {
    "vanilla_gan": ("goodfellow2014",),
    "dcgan": ("radford2016",),
    "wgan": ("arjovsky2017",),
    "cvae": ("kingma2014", "sohn2015"),
    "adversarial_vae": ("kingma2014", "dumoulin2017", "donahue2017"),
}


@dataclasses.dataclass(frozen=True)
class Published:
    """A figure of the literature, and the numbers that it may stand beside.

    Args:
        protocol: Regular expression of the full name of the number, protocol and all.
        dataset: Name of the dataset.
        model: What the paper calls its model.
        value: What it prints.
        paper: Key of `PAPERS`.
        caveat: What is still different.
    """

    protocol: str
    dataset: str
    model: str
    value: str
    paper: str
    caveat: str


# The weights of Inception differ a little, which the name of the features tells.
_FID = "fid_inception(_keras)?_10k_test"
_NEAR = "its Inception has the weights of 2015; networks and budgets differ"
_BOUND = "importance_weighted_nll_k5000_binarised_test10k"
_NETWORKS = "networks and budgets differ"
PUBLISHED = (
    *(
        Published(_FID, dataset, model, value, paper, _NEAR)
        for model, paper, values in (
            ("minimax GAN", "lucic2018", ("9.8 ± 0.9", "29.6 ± 1.6")),
            ("non-saturating GAN", "lucic2018", ("6.8 ± 0.5", "26.5 ± 1.6")),
            ("WGAN, clipping", "lucic2018", ("6.7 ± 0.4", "21.5 ± 1.6")),
            ("VAE, cross-entropy", "dai2019", ("16.6 ± 0.4", "43.6 ± 0.7")),
        )
        for dataset, value in zip(("mnist", "fashion_mnist"), values, strict=True)
    ),
    Published(
        _BOUND, "mnist", "VAE, 2 layers, K = 50", "84.78", "burda2016", _NETWORKS
    ),
    Published(
        _BOUND, "mnist", "IWAE, 2 layers, K = 50", "82.90", "burda2016", _NETWORKS
    ),
)


def published(names, dataset):
    """Pairs of the name of a number and a `Published` that may stand beside it.

    Args:
        names: Full names of the numbers of a study.
        dataset: Name of its dataset.
    """
    return [
        (name, figure)
        for figure in PUBLISHED
        for name in names
        if figure.dataset == dataset and re.fullmatch(figure.protocol, name)
    ]


def papers(models, names, also=()):
    """The papers of models and numbers, in the order of their authors.

    Args:
        models: Names of models.
        names: Full names of numbers.
        also: Further keys of `PAPERS`.

    Returns:
        List of `(authors, title, place, number in arXiv)`.
    """
    keys = {"jaiswal", *also}
    for model in models:
        keys |= set(OF_MODELS.get(model, ()))
    found = {PAPERS[key] for key in keys}
    return sorted(found | set(specifications.papers(names)))
