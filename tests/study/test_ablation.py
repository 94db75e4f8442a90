import pytest

from kerasgen.core.registry import list_models
from kerasgen.core.registry import model_class
from kerasgen.study import ablation
from kerasgen.study import run

# Levels that a model cannot take, and what it says.
REFUSED = {
    ("biggan", f"latent_dim={num}"): "expected a multiple of 3" for num in (2, 128)
} | {("wgan_gp", "critic_normalization=batch"): "takes each example by itself"}

# Levels between two others, which are built like those.
BETWEEN = [f"latent_dim={num}" for num in (8, 16, 32)]
BETWEEN += ["width=0.5x", "beta=0.5x", "learning_rate_factor=0.3"]
BUILT = {}  # of all factors, which share their defaults


def built(one, images):
    """Configuration and first rate of a run's model; its epochs are not in it."""
    key = repr((one.model, one.arguments, one.optimizers, one.learning_rate_factor))
    if key not in BUILT:
        model = run.build(one, images)
        rate = next(iter(model.optimizer.optimizers)).learning_rate
        BUILT[key] = model.get_config(), float(rate)
    return BUILT[key]


@pytest.mark.slow
@pytest.mark.parametrize("factor", ablation.FACTORS)
def test_every_level_of_every_factor_builds_another_model(factor, image_sets):
    runs = ablation.ablation_settings(factor, None, [0], epochs=4)
    assert len({one.name for one in runs}) == len(runs)
    defaults = {}
    for one in runs:
        if one.variant in BETWEEN:
            continue
        if (one.model, one.variant) in REFUSED:
            with pytest.raises(ValueError, match=REFUSED[one.model, one.variant]):
                run.build(one, image_sets[0])
            continue
        made = (*built(one, image_sets[0]), one.batch_size, one.epochs)
        if one.variant:
            assert made != defaults[one.model], one.name
        else:
            defaults[one.model] = made


def test_seeds_come_round_by_round_with_the_default_first():
    runs = ablation.ablation_settings("loss", ["dcgan", "wgan"], range(2), epochs=3)
    names = [one.name for one in runs if one.seed == 0]
    assert names == [
        "dcgan",
        "dcgan-objective=minimax",
        "wgan",
        "wgan-clip_value=0.2x",
        "wgan-clip_value=2x",
        "wgan-critic_steps=5",
    ]
    assert [one.seed for one in runs] == [0] * 6 + [1] * 6
    assert runs[1].arguments == {"objective": "minimax"}
    assert runs[1].epochs == 3


def test_several_factors_share_the_runs_with_defaults():
    runs = ablation.ablation_settings(
        ["beta", "adversarial_weight", "epochs"],
        ["cvae", "adversarial_vae"],
        [0],
        ["adversarial_weight=0x", "epochs=0.5x"],
        epochs=10,
    )
    assert [(one.name, one.epochs) for one in runs] == [
        ("cvae", 10),
        ("cvae-epochs=0.5x", 5),
        ("adversarial_vae", 10),
        ("adversarial_vae-adversarial_weight=0x", 10),
        ("adversarial_vae-epochs=0.5x", 5),
    ]
    (name,) = {one.study for one in runs}
    assert name == "mnist-ablation-beta+adversarial_weight+epochs"
    assert runs[0].factors == ("beta", "adversarial_weight", "epochs")


def test_a_model_has_no_levels_of_a_factor_that_it_lacks():
    factors = ["generator_learning_rate", "epochs"]
    runs = ablation.ablation_settings(factors, ["dcgan", "cvae"], [0], epochs=10)
    levels = {m: [r.variant for r in runs if r.model == m] for m in ("dcgan", "cvae")}
    assert levels["cvae"] == ["", "epochs=0.5x", "epochs=2x"]
    assert len(levels["dcgan"]) == 5


def test_a_level_that_no_model_has_is_named():
    with pytest.raises(ValueError, match="level 'width=3x'; expected one of width"):
        ablation.ablation_settings("width", ["dcgan"], [0], ["width=3x"])


@pytest.mark.parametrize("factors", [[], ["width", "width"]])
def test_factors_are_named_once_each(factors):
    with pytest.raises(ValueError, match="expected one or more, each once"):
        ablation.ablation_settings(factors, ["dcgan"], [0])


def test_the_learning_rate_of_every_player_is_multiplied(image_sets):
    default, slow, *_ = ablation.ablation_settings("learning_rate", ["wgan"], [0])
    rates = [
        [
            float(o.learning_rate)
            for o in run.build(one, image_sets[0]).optimizer.optimizers
        ]
        for one in (default, slow)
    ]
    assert len(rates[0]) == 2
    assert rates[1] == pytest.approx([0.1 * rate for rate in rates[0]])


@pytest.mark.parametrize(
    ("factor", "models", "message"),
    [
        ("colour", ["dcgan"], "Got factor 'colour'; expected one of width"),
        ("judge_normalization", ["cvae"], "Got cvae, which has no judge_normalization"),
        ("width", ["dcgn"], "Did you mean 'dcgan'"),
    ],
)
def test_mistakes_get_an_answer(factor, models, message):
    with pytest.raises(ValueError, match=message):
        ablation.ablation_settings(factor, models, [0])


def test_every_factor_of_the_paper_is_there():
    assert {"width", "depth", "normalization", "skip_connections", "loss"} <= set(
        ablation.FACTORS
    )
    runs = ablation.ablation_settings("learning_rate", None, [0])
    unlabelled = {one for one in list_models() if not model_class(one).needs_classes()}
    assert {one.model for one in runs} == unlabelled
    runs = ablation.ablation_settings("learning_rate", None, [0], conditional=True)
    assert {one.model for one in runs} == set(list_models()) - {"infogan"}
