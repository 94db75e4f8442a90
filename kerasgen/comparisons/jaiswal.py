"""Jaiswal, "Comparative Analysis of GANs and VAEs using MNIST Dataset".

CAP6610 Machine Learning Project Report. Every statement of its sections 2 to 8 is a
claim with the endpoint that decides it, or stands in `NOT_TESTED` with the reason.
Endpoints, margins and arms were fixed before the runs of the arms; how claims are
judged is in `kerasgen.study.verdicts`.
"""

import math

from kerasgen.core.references import Reference
from kerasgen.study.comparison import HIGHER
from kerasgen.study.comparison import LOWER
from kerasgen.study.comparison import Arm
from kerasgen.study.comparison import Claim
from kerasgen.study.comparison import Comparison
from kerasgen.study.comparison import Constant
from kerasgen.study.comparison import Endpoint
from kerasgen.study.comparison import Group
from kerasgen.study.comparison import Knob
from kerasgen.study.comparison import NotTested
from kerasgen.study.comparison import Part
from kerasgen.study.comparison import PublishedFigure
from kerasgen.study.comparison import register_comparison

CITATION = Reference(
    "Jaiswal",
    "Comparative Analysis of GANs and VAEs using MNIST Dataset",
    "CAP6610 Machine Learning Project Report: the paper whose claims are tested",
)

# A tenth, of a ratio.
TENTH = math.log(1.1)
ENDPOINTS = {
    "distance": Endpoint(
        "Fréchet distance, digit features", "fid", LOWER, "features", "log", TENTH
    ),
    "other_distance": Endpoint(
        "Fréchet distance, features without digit labels",
        "fid",
        LOWER,
        "random",
        "log",
        TENTH,
    ),
    "precision": Endpoint("precision", "precision_k5", HIGHER, "features", margin=0.02),
    "recall": Endpoint("recall", "recall_k5", HIGHER, "features", margin=0.02),
    "coverage": Endpoint("coverage", "coverage_k5", HIGHER, "features", margin=0.02),
    "laplacian": Endpoint(
        "Laplacian variance",
        "laplacian_variance",
        HIGHER,
        "pixels",
        "log",
        TENTH,
    ),
    "laplacian_nearness": Endpoint(
        "distance of the Laplacian variance from that of real images",
        "laplacian_variance",
        LOWER,
        "pixels",
        "real",
        TENTH,
    ),
    "spectrum": Endpoint(
        "spectrum distance", "spectrum_distance", LOWER, "pixels", "log", TENTH, "dB"
    ),
    "reconstruction": Endpoint(
        "squared error of reconstructions",
        "reconstruction_mse",
        LOWER,
        scale="log",
        margin=TENTH,
    ),
    "mutual_information": Endpoint(
        "mutual information of clusters and digits",
        "kmeans_normalized_mutual_information",
        HIGHER,
        margin=0.03,
    ),
    "probe": Endpoint(
        "accuracy of a linear probe", "linear_probe_accuracy", HIGHER, margin=0.01
    ),
    "mismatch": Endpoint(
        "divergence of all codes from the prior",
        "posterior_gaussian_kl",
        LOWER,
        scale="log",
        margin=TENTH,
        unit="nats",
    ),
    "spread": Endpoint(
        "spread of the log distance over settings", "log_distance", LOWER, "", "spread"
    ),
    "fluctuation": Endpoint(
        "fluctuation of the Fréchet distance in training",
        "fluctuation",
        LOWER,
        scale="log",
        margin=TENTH,
    ),
    "epoch_time": Endpoint(
        "time of an epoch",
        "seconds_per_epoch",
        LOWER,
        scale="log",
        margin=TENTH,
        unit="seconds",
    ),
    "time_to_quality": Endpoint(
        "time to 8 times the Fréchet distance of real images",
        "seconds_to_quality",
        LOWER,
        scale="log",
        margin=TENTH,
        unit="seconds",
    ),
    "slope": Endpoint(
        "change of the losses over the last half, in units of their fluctuation",
        "loss_slope",
        LOWER,
    ),
}

GANS = Group("GANs", ("vanilla_gan", "dcgan", "wgan"))
VAES = Group("VAEs", ("cvae", "adversarial_vae"))
VANILLA_GAN = Group("Vanilla GAN", ("vanilla_gan",))
DCGAN = Group("DCGAN", ("dcgan",))
WGAN = Group("WGAN", ("wgan",))
CVAE = Group("CVAE", ("cvae",))
ADVERSARIAL_VAE = Group("Adversarial VAE", ("adversarial_vae",))
PIXELS = Constant("the pixels themselves", record="pixels")
# A line fitted to a loss rises or falls by less than this many standard deviations of
# the points around it: chance alone gives 1.2 after 20 epochs, and less after more.
STATIONARY = Constant("a stationary loss", 2.0)


def _level(group, variant):
    return Group(f"{group.title}, {variant}", group.models, variant)


def _all(endpoints, first, second):
    return tuple(Part(endpoint, first, second) for endpoint in endpoints)


QUALITY = ("distance", "other_distance")
CLAIMS = (
    Claim(
        "realism",
        "GANs generate more realistic images than VAEs.",
        "abstract; section 2.3",
        _all(["precision"], GANS, VAES),
    ),
    Claim(
        "quality_of_classes",
        "GANs generate images of better visual quality than VAEs.",
        "sections 2.3 and 3.1",
        _all(QUALITY, GANS, VAES),
    ),
    Claim(
        "sharpness",
        "GANs generate sharper images than VAEs.",
        "abstract; sections 3.2, 6.1 and 6.2, figures 5 to 9",
        _all(["laplacian"], GANS, VAES),
    ),
    Claim(
        "sharpness_of_real_images",
        "The images of GANs are nearer to real ones in sharpness than those of VAEs.",
        "abstract; section 6.1, read as a statement on quality",
        _all(["laplacian_nearness", "spectrum"], GANS, VAES),
    ),
    Claim(
        "variety",
        "VAEs generate more varied images than GANs and cover the data better.",
        "abstract; sections 3.1, 3.2 and 6.1",
        _all(["recall", "coverage"], VAES, GANS),
    ),
    Claim(
        "variety_reversed",
        "VAEs generate less diversified images than GANs.",
        "section 2.3, against the abstract",
        _all(["recall", "coverage"], GANS, VAES),
    ),
    Claim(
        "quality_of_gans",
        "DCGAN and WGAN generate better images than Vanilla GAN.",
        "sections 7.2 and 7.4",
        (*_all(QUALITY, DCGAN, VANILLA_GAN), *_all(QUALITY, WGAN, VANILLA_GAN)),
    ),
    Claim(
        "speed",
        "VAEs train faster than GANs, per epoch.",
        "section 6.2",
        _all(["epoch_time"], VAES, GANS),
    ),
    Claim(
        "time_to_quality",
        "VAEs need less time than GANs to reach a given quality.",
        "section 6.2",
        _all(["time_to_quality"], VAES, GANS),
    ),
    Claim(
        "convergence",
        "The training losses of all three GANs converge.",
        "section 6.2, figures 10 to 12",
        tuple(Part("slope", gan, STATIONARY) for gan in (VANILLA_GAN, DCGAN, WGAN)),
    ),
    Claim(
        "latent_organisation",
        "Adversarial VAE's latent space is better organised than CVAE's.",
        "section 7.4",
        _all(["mutual_information", "probe"], ADVERSARIAL_VAE, CVAE),
    ),
    Claim(
        "latent_clusters",
        "The latent spaces of the VAEs cluster by digit, more than the pixels do.",
        "section 6.2, figures 13 and 14",
        tuple(
            Part("mutual_information", vae, PIXELS) for vae in (CVAE, ADVERSARIAL_VAE)
        ),
    ),
    Claim(
        "codes_for_classification",
        "The codes of VAEs help classification, more than the pixels do.",
        "section 3.2",
        tuple(Part("probe", vae, PIXELS) for vae in (CVAE, ADVERSARIAL_VAE)),
    ),
    Claim(
        "quality_of_vaes",
        "Adversarial VAE generates better images than CVAE.",
        "sections 2.4, 4.2.5 and 7.2",
        _all(QUALITY, ADVERSARIAL_VAE, CVAE),
    ),
    Claim(
        "variety_of_vaes",
        "Adversarial VAE generates more varied images than CVAE.",
        "section 7.2",
        _all(["recall", "coverage"], ADVERSARIAL_VAE, CVAE),
    ),
    Claim(
        "fluctuation_of_wgan",
        "WGAN's quality fluctuates less in training than Vanilla GAN's.",
        "sections 4.2.3 and 7.3",
        _all(["fluctuation"], WGAN, VANILLA_GAN),
    ),
    Claim(
        "stability_of_wgan",
        "WGAN depends less on its settings than Vanilla GAN.",
        "sections 4.2.3 and 7.3",
        _all(["spread"], WGAN, VANILLA_GAN),
        "robustness",
    ),
    Claim(
        "stability_of_vaes",
        "CVAE and Adversarial VAE depend less on their settings than the GANs.",
        "sections 3.1, 3.2, 7.3 and 8",
        _all(["spread"], VAES, GANS),
        "robustness",
    ),
    Claim(
        "depth",
        "Deeper networks improve GANs and VAEs.",
        "section 5.1",
        (
            *_all(["distance"], GANS, _level(GANS, "depth=1")),
            *_all(["distance"], VAES, _level(VAES, "depth=1")),
        ),
        "depth",
    ),
    Claim(
        "width",
        "Wider generators improve GANs.",
        "section 5.1",
        _all(["distance"], _level(GANS, "width=2x"), GANS),
        "width",
    ),
    Claim(
        "batch_normalization",
        "Batch normalisation steadies the training of GANs.",
        "section 5.2",
        _all(["fluctuation"], GANS, _level(GANS, "normalization=None")),
        "normalization",
    ),
    Claim(
        "skip_connections",
        "Skip connections improve the quality of generated data.",
        "section 5.3",
        (
            *_all(["distance"], _level(GANS, "skip_connections=True"), GANS),
            *_all(["distance"], _level(VAES, "skip_connections=True"), VAES),
        ),
        "skip_connections",
    ),
    Claim(
        "generator_rate",
        "A higher learning rate of the generator improves GANs.",
        "section 5.5",
        _all(["distance"], _level(GANS, "generator_learning_rate=3x"), GANS),
        "generator_learning_rate",
    ),
    Claim(
        "epochs",
        "VAEs get better with more training epochs.",
        "section 5.5",
        _all(["distance"], VAES, _level(VAES, "epochs=0.5x")),
        "epochs",
    ),
    Claim(
        "beta",
        "Weighting reconstruction more improves reconstructions and restricts variety.",
        "section 4.2.4",
        (
            *_all(["reconstruction"], _level(CVAE, "beta=0.25x"), CVAE),
            *_all(["recall"], CVAE, _level(CVAE, "beta=0.25x")),
        ),
        "beta",
    ),
    Claim(
        "adversarial_term",
        "The adversarial term improves the distribution of the latent variables.",
        "section 4.2.5",
        _all(
            ["mismatch"],
            ADVERSARIAL_VAE,
            _level(ADVERSARIAL_VAE, "adversarial_weight=0x"),
        ),
        "adversarial_weight",
    ),
)

NOT_TESTED = (
    NotTested(
        "The first GANs generate handwritten digits that look realistic, and VAEs "
        "generate digits.",
        "sections 2.1 and 2.2",
        "It compares nothing; the grids of samples show both.",
    ),
    NotTested(
        "VAEs produce pictures that are more accurate than those of GANs.",
        "section 2.3",
        "The paper does not say what is accurate; quality, realism and variety are "
        "tested one by one.",
    ),
    NotTested(
        "AVB attains cutting-edge performance on MNIST.",
        "section 2.4",
        "AVB is another model than the paper's Adversarial VAE and none of the five "
        "that the paper trains.",
    ),
    NotTested(
        "GANs learn with few labels by semi-supervision.",
        "section 2.5",
        "None of the models that the paper trains is semi-supervised.",
    ),
    NotTested(
        "GANs transfer to an associated field.",
        "section 3.1",
        "No study holds it; fine-tuning of one model on Fashion-MNIST over three "
        "seeds, in results/uses, did not bear it out.",
    ),
    NotTested(
        "GANs suffer from mode collapse; the Wasserstein distance prevents it.",
        "sections 3.1, 7.3 and 8",
        "With fixed settings all models reach all ten classes of MNIST. It takes a "
        "dataset of many modes: results/uses has Stacked MNIST, one seed; rates of "
        "collapse are in the table of stability.",
    ),
    NotTested(
        "GANs need no explicit probability distribution over the input.",
        "section 3.1",
        "It is so by construction.",
    ),
    NotTested(
        "The success of VAEs hangs on the quality of the encoder.",
        "section 3.2",
        "The paper names no way to vary the encoder's quality alone.",
    ),
    NotTested(
        "Convolutional encoders extract local features, for accurate reconstructions; "
        "CVAE outperforms conventional VAEs in image quality and variety.",
        "sections 4.2.4 and 7.2",
        "It takes a dense VAE, which the paper does not train.",
    ),
    NotTested(
        "A conditional VAE generates what the condition asks for.",
        "sections 4.2.4 and 7.1",
        "It is so by construction; tables of conditional models show the share.",
    ),
    NotTested(
        "Adversarial VAEs generate better images than VAEs on CIFAR-10.",
        "section 4.2.5",
        "A study is of one dataset; it is tested on that of the study.",
    ),
    NotTested(
        "The choice of loss and hyperparameters affects the performance.",
        "sections 5.4, 5.5 and 8",
        "Without a direction, any effect would do; ablations show the effects.",
    ),
    NotTested(
        "Batch normalisation may reduce the performance for tiny datasets; skip "
        "connections make models harder to train on larger ones.",
        "sections 5.2 and 5.3",
        "A study is of one dataset of one size.",
    ),
    NotTested(
        "Adversarial VAE occasionally generates hazy images, for lack of an explicit "
        "reconstruction loss.",
        "section 7.2",
        "The loss that the paper gives for it (section 4.2.5) has that term.",
    ),
    NotTested(
        "Vectors of GANs show relations in their latent space.",
        "section 4.1.2",
        "The paper names no relation to look for; the interpolations show the space.",
    ),
    NotTested(
        "MNIST is simple, which limits what follows from it.",
        "section 4.1.3",
        "It is a caveat and holds here as well.",
    ),
    NotTested(
        "Training goes on until the discriminator cannot tell the images apart.",
        "sections 3.1 and 4.2.1",
        "Epochs are fixed; the losses of the discriminator are in the report.",
    ),
    NotTested(
        "Batch normalisation helps VAEs, too; skip connections make training steadier.",
        "sections 5.2 and 5.3",
        "Not said by which number; ablations show both.",
    ),
    NotTested(
        "Images beyond the training distribution are hard to generate, and gradients "
        "vanish.",
        "section 8",
        "Neither is said of one model more than of another.",
    ),
    NotTested(
        "GANs do not model a latent space explicitly.",
        "section 7.4",
        "It is so by construction: they have no encoder.",
    ),
    NotTested(
        "VAEs offer a continuous and interpretable latent space.",
        "sections 7.3 and 7.4",
        "Any continuous decoder offers the first, GANs' generators as well, and there "
        "is no agreed measure of the second; the interpolations show both.",
    ),
    NotTested(
        "Vanilla GAN is simple to use; the application decides which model is best.",
        "sections 7.4 and 8",
        "It is advice, not a measurable statement.",
    ),
)

# The best of thirteen trials of five epochs each on held-out training images, by
# `examples/equal_budget_search.py`; all trials stand in `results/search`. For the three
# models that are not here, none was better than the defaults.
SEARCHED = {
    "vanilla_gan": {
        "learning_rate_factor": 1.831,
        "batch_size": 32,
        "arguments": {"latent_dim": 128},
        "optimizers": {"all": {"beta_1": 0.007137}},
    },
    "cvae": {
        "learning_rate_factor": 0.6852,
        "batch_size": 64,
        "arguments": {"beta": 2.201},
        "optimizers": {"all": {"beta_1": 0.8051}},
    },
}
SEEDS = tuple(range(100, 108))
ARMS = {
    "published": Arm(
        "published settings", 100, SEEDS[:3], {"arm": "published", "batch_size": None}
    ),
    "modern": Arm(
        "modern settings", 100, SEEDS, {"arm": "modern"}, SEARCHED, also_after=(20,)
    ),
    "robustness": Arm(
        "settings drawn by chance", 3, SEEDS[:1], {"arm": "robustness"}, draws=16
    ),
    "conditional": Arm(
        "conditional models",
        20,
        SEEDS[:3],
        {"arm": "conditional", "conditional": True},
        SEARCHED,
    ),
}

FIGURES = {
    "samples": {
        "vanilla_gan": 5,
        "dcgan": 6,
        "wgan": 7,
        "cvae": 8,
        "adversarial_vae": 9,
    },
    "losses": {"vanilla_gan": 10, "dcgan": 11, "wgan": 12},
    "codes": {"cvae": 13, "adversarial_vae": 14},
}

LUCIC = Reference(
    "Lucic et al. 2018",
    "Are GANs Created Equal? A Large-Scale Study",
    "NeurIPS",
    "1711.10337",
)
DAI = Reference(
    "Dai & Wipf 2019", "Diagnosing and Enhancing VAE Models", "ICLR", "1903.05789"
)
BURDA = Reference(
    "Burda, Grosse & Salakhutdinov 2016",
    "Importance Weighted Autoencoders",
    "ICLR",
    "1509.00519",
)
# The weights of Inception differ a little, which the name of the features tells.
_FID = "(fid|frechet_distance)_inception(_keras)?_10k_test"
_NEAR = "its Inception has the weights of 2015; networks and budgets differ"
_BOUND = "importance_weighted_nll_k5000_binarised_test10k"
_NETWORKS = "networks and budgets differ"
PUBLISHED = (
    *(
        PublishedFigure(_FID, dataset, model, value, reference, _NEAR)
        for model, reference, values in (
            ("minimax GAN", LUCIC, ("9.8 ± 0.9", "29.6 ± 1.6")),
            ("non-saturating GAN", LUCIC, ("6.8 ± 0.5", "26.5 ± 1.6")),
            ("WGAN, clipping", LUCIC, ("6.7 ± 0.4", "21.5 ± 1.6")),
            ("VAE, cross-entropy", DAI, ("16.6 ± 0.4", "43.6 ± 0.7")),
        )
        for dataset, value in zip(("mnist", "fashion_mnist"), values, strict=True)
    ),
    PublishedFigure(
        _BOUND, "mnist", "VAE, 2 layers, K = 50", "84.78", BURDA, _NETWORKS
    ),
    PublishedFigure(
        _BOUND, "mnist", "IWAE, 2 layers, K = 50", "82.90", BURDA, _NETWORKS
    ),
)

RATE = Knob("learning_rate_factor", ("learning_rate_factor",), 0.1, 4.0, log=True)
BATCH = Knob("batch_size", ("batch_size",), choices=(32, 64, 128, 256))
BETA_1 = Knob("beta_1", ("optimizers", "all", "beta_1"), 0.0, 0.9)
LATENT = Knob("latent_dim", ("arguments", "latent_dim"), choices=(8, 16, 32, 64, 128))
# As many for every model: rate, momentum, batch size, and one of its own.
KNOBS = {
    "vanilla_gan": (RATE, BETA_1, BATCH, LATENT),
    "dcgan": (RATE, BETA_1, BATCH, LATENT),
    "wgan": (
        RATE,
        # RMSprop has no β₁.
        Knob("momentum", ("optimizers", "all", "momentum"), 0.0, 0.9),
        BATCH,
        Knob("clip_value", ("arguments", "clip_value"), 0.005, 0.2, log=True),
    ),
    "cvae": (
        RATE,
        BETA_1,
        BATCH,
        Knob("beta", ("arguments", "beta"), 0.1, 4.0, log=True),
    ),
    "adversarial_vae": (
        RATE,
        BETA_1,
        BATCH,
        Knob(
            "adversarial_weight",
            ("arguments", "adversarial_weight"),
            0.3,
            100.0,
            log=True,
        ),
    ),
}

JAISWAL = register_comparison(
    Comparison(
        name="jaiswal",
        title="GANs and VAEs",
        citation=CITATION,
        models=(*GANS.models, *VAES.models),
        endpoints=ENDPOINTS,
        claims=CLAIMS,
        not_tested=NOT_TESTED,
        arms=ARMS,
        figures=FIGURES,
        published=PUBLISHED,
        knobs=KNOBS,
    )
)
