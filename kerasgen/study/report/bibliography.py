"""The papers that a report names, and published figures to set its numbers beside."""

import dataclasses
import re

from kerasgen.study.report.catalogue import describe

# Key: authors and year, title, place, number in arXiv or "".
PAPERS = {
    "jaiswal": (
        "Jaiswal",
        "Comparative Analysis of GANs and VAEs using MNIST Dataset",
        "CAP6610 Machine Learning project report: the paper whose claims are tested",
        "",
    ),
    "alain2016": (
        "Alain & Bengio 2016",
        "Understanding Intermediate Layers Using Linear Classifier Probes",
        "",
        "1610.01644",
    ),
    "arjovsky2017": (
        "Arjovsky, Chintala & Bottou 2017",
        "Wasserstein GAN",
        "",
        "1701.07875",
    ),
    "binkowski2018": (
        "Bińkowski et al. 2018",
        "Demystifying MMD GANs",
        "ICLR",
        "1801.01401",
    ),
    "burda2016": (
        "Burda, Grosse & Salakhutdinov 2016",
        "Importance Weighted Autoencoders",
        "ICLR",
        "1509.00519",
    ),
    "che2017": (
        "Che et al. 2017",
        "Mode Regularized Generative Adversarial Networks",
        "ICLR",
        "1612.02136",
    ),
    "creswell2018": (
        "Creswell & Bharath 2018",
        "Inverting the Generator of a Generative Adversarial Network (II)",
        "",
        "1802.05701",
    ),
    "dai2019": (
        "Dai & Wipf 2019",
        "Diagnosing and Enhancing VAE Models",
        "ICLR",
        "1903.05789",
    ),
    "donahue2017": (
        "Donahue, Krähenbühl & Darrell 2017",
        "Adversarial Feature Learning",
        "ICLR",
        "1605.09782",
    ),
    "dumoulin2017": (
        "Dumoulin et al. 2017",
        "Adversarially Learned Inference",
        "ICLR",
        "1606.00704",
    ),
    "durall2020": (
        "Durall, Keuper & Keuper 2020",
        "Watch your Up-Convolution",
        "CVPR",
        "2003.01826",
    ),
    "goodfellow2014": (
        "Goodfellow et al. 2014",
        "Generative Adversarial Networks",
        "NeurIPS",
        "1406.2661",
    ),
    "heusel2017": (
        "Heusel et al. 2017",
        "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash "
        "Equilibrium",
        "NeurIPS",
        "1706.08500",
    ),
    "hoffman2016": (
        "Hoffman & Johnson 2016",
        "ELBO surgery: yet another way to carve up the variational evidence lower "
        "bound",
        "NIPS workshop on Advances in Approximate Bayesian Inference",
        "",
    ),
    "holm1979": (
        "Holm 1979",
        "A Simple Sequentially Rejective Multiple Test Procedure",
        "Scandinavian Journal of Statistics 6",
        "",
    ),
    "kingma2014": (
        "Kingma & Welling 2014",
        "Auto-Encoding Variational Bayes",
        "ICLR",
        "1312.6114",
    ),
    "kynkaanniemi2019": (
        "Kynkäänniemi et al. 2019",
        "Improved Precision and Recall Metric for Assessing Generative Models",
        "NeurIPS",
        "1904.06991",
    ),
    "lipton2017": (
        "Lipton & Tripathi 2017",
        "Precise Recovery of Latent Vectors from Generative Adversarial Networks",
        "",
        "1702.04782",
    ),
    "lucic2018": (
        "Lucic et al. 2018",
        "Are GANs Created Equal? A Large-Scale Study",
        "NeurIPS",
        "1711.10337",
    ),
    "meehan2020": (
        "Meehan, Chaudhuri & Dasgupta 2020",
        "A Non-Parametric Test to Detect Data-Copying in Generative Models",
        "AISTATS",
        "2004.05675",
    ),
    "naeem2020": (
        "Naeem et al. 2020",
        "Reliable Fidelity and Diversity Metrics for Generative Models",
        "ICML",
        "2002.09797",
    ),
    "odena2017": (
        "Odena, Olah & Shlens 2017",
        "Conditional Image Synthesis with Auxiliary Classifier GANs",
        "ICML",
        "1610.09585",
    ),
    "radford2016": (
        "Radford, Metz & Chintala 2016",
        "Unsupervised Representation Learning with Deep Convolutional Generative "
        "Adversarial Networks",
        "ICLR",
        "1511.06434",
    ),
    "richardson2018": (
        "Richardson & Weiss 2018",
        "On GANs and GMMs",
        "NeurIPS",
        "1805.12462",
    ),
    "rousseeuw1987": (
        "Rousseeuw 1987",
        "Silhouettes: A Graphical Aid to the Interpretation and Validation of Cluster "
        "Analysis",
        "Journal of Computational and Applied Mathematics 20",
        "",
    ),
    "salimans2016": (
        "Salimans et al. 2016",
        "Improved Techniques for Training GANs",
        "NeurIPS",
        "1606.03498",
    ),
    "sohn2015": (
        "Sohn, Lee & Yan 2015",
        "Learning Structured Output Representation using Deep Conditional Generative "
        "Models",
        "NeurIPS",
        "",
    ),
    "srivastava2017": (
        "Srivastava et al. 2017",
        "VEEGAN: Reducing Mode Collapse in GANs using Implicit Variational Learning",
        "NeurIPS",
        "1705.07761",
    ),
    "tolstikhin2018": (
        "Tolstikhin et al. 2018",
        "Wasserstein Auto-Encoders",
        "ICLR",
        "1711.01558",
    ),
    "xie2016": (
        "Xie, Girshick & Farhadi 2016",
        "Unsupervised Deep Embedding for Clustering Analysis",
        "ICML",
        "1511.06335",
    ),
    "zhu2016": (
        "Zhu et al. 2016",
        "Generative Visual Manipulation on the Natural Image Manifold",
        "ECCV",
        "1609.03552",
    ),
    "zhu2017": (
        "Zhu et al. 2017",
        "Toward Multimodal Image-to-Image Translation",
        "NeurIPS",
        "1711.11586",
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
    keys |= {paper for name in names if (paper := describe(name).paper)}
    if any(name.startswith("inverted_") for name in names):
        keys |= {"zhu2016", "lipton2017", "creswell2018"}
    return sorted(PAPERS[key] for key in keys)
