"""The comparison paper's statements, each with what would show it right or wrong.

They were fixed before any study was run. How they are judged is in
`kerasgen.study.claims.judging`.
"""

import dataclasses
from collections.abc import Callable

from kerasgen.study.claims import quantities
from kerasgen.study.claims.quantities import final
from kerasgen.study.claims.quantities import of_codes


@dataclasses.dataclass(frozen=True)
class Group:
    """Models that are taken together: their number is the mean over the models.

    Args:
        title: What a reader calls them.
        models: Titles of the models, all of which are needed.
    """

    title: str
    models: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Constant:
    """What a model is set beside where it is not another model.

    Args:
        title: What a reader calls it.
        value: Function of the metric's name and the study's `real` records that returns
            a float, or None if it is not on record.
        models: It has none.
    """

    title: str
    value: Callable
    models: tuple[()] = ()


@dataclasses.dataclass(frozen=True)
class Part:
    """One comparison that a claim rests on.

    Args:
        name: What is compared, for a reader.
        quantity: Function of `kerasgen.study.claims.quantities`.
        unit: str, "" for numbers without.
        direction: "higher" or "lower": how the first is claimed to be.
        first: `Group`.
        second: `Group` or `Constant`.
        counts_unstable_runs: Whether no side wins of which a greater share of runs
            collapsed or diverged.
    """

    name: str
    quantity: Callable
    unit: str
    direction: str
    first: Group
    second: Group | Constant
    counts_unstable_runs: bool = False


@dataclasses.dataclass(frozen=True)
class Claim:
    """A statement that can be tested.

    Args:
        key: Short name.
        statement: A sentence.
        source: Where the comparison paper says so.
        parts: `Part`s that must all hold.
    """

    key: str
    statement: str
    source: str
    parts: tuple[Part, ...]


@dataclasses.dataclass(frozen=True)
class NotTested:
    """A statement that is left out, and why."""

    statement: str
    source: str
    reason: str


# A loss has converged if the means of the last quarter of epochs and of the quarter
# before lie nearer than this share of its range over the run.
CONVERGED_BELOW = 0.1

GANS = Group("GANs", ("VanillaGAN", "DCGAN", "WGAN"))
VAES = Group("VAEs", ("CVAE", "AdversarialVAE"))
VANILLA_GAN, DCGAN, WGAN, CVAE, ADVERSARIAL_VAE = (
    Group(title, (title,)) for title in (*GANS.models, *VAES.models)
)
PIXELS = Constant(
    "the pixels themselves", lambda name, real: (real.get("pixels") or {}).get(name)
)
_CONVERGED = Constant("the bound", lambda name, real: CONVERGED_BELOW)


def _part(name, quantity, direction, first, second, unit="", **options):
    return Part(name, quantity, unit, direction, first, second, **options)


def _better(first, second):
    quantity = final("fid", "features")
    name = f"Fréchet distance of {first.title}"
    return _part(name, quantity, "lower", first, second, "squared feature units")


def _steadier(first, second):
    return _part(
        "fluctuation of the Fréchet distance",
        quantities.fluctuation,
        "lower",
        first,
        second,
        unit="logarithm",
        counts_unstable_runs=True,
    )


CLAIMS = (
    Claim(
        "sharpness",
        "GANs generate sharper images than VAEs.",
        "abstract; section 6.1, figures 5 to 9",
        (
            _part(
                "Laplacian variance",
                final("laplacian_variance", "pixels"),
                "higher",
                GANS,
                VAES,
                unit="squared pixel values",
            ),
            _part(
                "share of mid-grey pixels",
                final("mid_grey_share", "pixels"),
                "lower",
                GANS,
                VAES,
            ),
        ),
    ),
    Claim(
        "diversity",
        "VAEs generate more varied images than GANs and cover the data better.",
        "abstract; section 6.1",
        (
            _part("coverage", final("coverage_k5", "features"), "higher", VAES, GANS),
            _part(
                "distance within a class",
                final("within_class_distance", "features"),
                "higher",
                VAES,
                GANS,
                unit="feature units",
            ),
        ),
    ),
    Claim(
        "quality_of_gans",
        "DCGAN and WGAN generate better images than Vanilla GAN.",
        "section 7.2",
        (_better(DCGAN, VANILLA_GAN), _better(WGAN, VANILLA_GAN)),
    ),
    Claim(
        "stability_of_wgan",
        "WGAN trains more stably than Vanilla GAN.",
        "section 7.3",
        (_steadier(WGAN, VANILLA_GAN),),
    ),
    Claim(
        "speed",
        "VAEs train faster than GANs, per epoch.",
        "section 6.2",
        (
            _part(
                "time of an epoch",
                quantities.seconds_per_epoch,
                "lower",
                VAES,
                GANS,
                unit="seconds",
            ),
        ),
    ),
    Claim(
        "time_to_quality",
        "VAEs need less time than GANs to reach a given quality.",
        "section 6.2",
        (
            _part(
                f"time to {quantities.TARGET_MULTIPLE} times the Fréchet distance of "
                "real images",
                quantities.seconds_to_quality,
                "lower",
                VAES,
                GANS,
                unit="seconds",
            ),
        ),
    ),
    Claim(
        "convergence",
        "The training losses of all three GANs converge.",
        "section 6.2, figures 10 to 12",
        tuple(
            _part(
                f"drift of the losses of {gan.title}",
                quantities.loss_drift,
                "lower",
                gan,
                _CONVERGED,
                unit="share of their range",
            )
            for gan in (VANILLA_GAN, DCGAN, WGAN)
        ),
    ),
    Claim(
        "latent_organisation",
        "Adversarial VAE's latent space is better organised than CVAE's.",
        "section 7.4",
        (
            _part(
                "mutual information of clusters and digits",
                of_codes("kmeans_normalized_mutual_information"),
                "higher",
                ADVERSARIAL_VAE,
                CVAE,
            ),
            _part(
                "accuracy of a linear probe",
                of_codes("linear_probe_accuracy"),
                "higher",
                ADVERSARIAL_VAE,
                CVAE,
            ),
        ),
    ),
    Claim(
        "quality_of_vaes",
        "Adversarial VAE generates better images than CVAE.",
        "sections 4.2.5 and 7.2",
        (_better(ADVERSARIAL_VAE, CVAE),),
    ),
    Claim(
        "latent_clusters",
        "The latent spaces of the VAEs cluster by digit, more than the pixels do.",
        "section 6.2, figures 13 and 14",
        tuple(
            _part(
                f"mutual information of clusters and digits of {vae.title}",
                of_codes("kmeans_normalized_mutual_information"),
                "higher",
                vae,
                PIXELS,
            )
            for vae in (CVAE, ADVERSARIAL_VAE)
        ),
    ),
    Claim(
        "stability_of_vaes",
        "CVAE and Adversarial VAE train more stably than the GANs.",
        "sections 3.2 and 7.3",
        (_steadier(VAES, GANS),),
    ),
)

NOT_TESTED = (
    NotTested(
        "GANs are hard to tune, and success hangs on the choice of hyperparameters.",
        "sections 3.1 and 8",
        "It takes a search over settings; the ablation studies vary one at a time.",
    ),
    NotTested(
        "Architecture, batch normalisation, skip connections, loss and hyperparameters "
        "affect the performance.",
        "section 5",
        "The paper names no direction; the ablation studies show the effects.",
    ),
    NotTested(
        "CVAE outperforms conventional VAEs in image quality and variety.",
        "section 7.2",
        "The paper does not say which those are, and no other VAE is trained here.",
    ),
    NotTested(
        "Adversarial VAE generates more varied images than VAEs.",
        "section 7.2",
        "Only the quality is put to the test; the tables show the variety of both.",
    ),
    NotTested(
        "Adversarial VAE occasionally generates hazy images, for lack of an explicit "
        "reconstruction loss.",
        "section 7.2",
        "The loss that the paper gives for it (section 4.2.5) has that term.",
    ),
    NotTested(
        "WGAN is more stable because the Wasserstein distance prevents mode collapse.",
        "section 7.3",
        "Collapse on MNIST is too rare to compare its causes over a few seeds; the "
        "rates are reported, and that WGAN is more stable is tested.",
    ),
    NotTested(
        "GANs do not model a latent space explicitly.",
        "section 7.4",
        "It is so by construction: they have no encoder.",
    ),
    NotTested(
        "VAEs offer a continuous and interpretable latent space.",
        "section 7.4",
        "Any decoder that is a continuous function offers the first, GANs' generators "
        "as well, and there is no agreed measure of the second; the interpolations "
        "show both.",
    ),
    NotTested(
        "Adversarial VAEs generate better images than VAEs on CIFAR-10.",
        "section 4.2.5",
        "A study is of one dataset; it is tested on that of the study.",
    ),
)
