import dataclasses
import json
import math
from types import SimpleNamespace

import numpy as np
import pytest

from kerasgen.evaluation import metric_name
from kerasgen.evaluation.encoder_metrics import ENCODER_METRICS
from kerasgen.evaluation.sample_metrics import SAMPLE_METRICS
from kerasgen.study import claims
from kerasgen.study import statistics
from kerasgen.study.claims import quantities
from kerasgen.study.claims.statements import GANS
from kerasgen.study.claims.statements import VAES
from kerasgen.study.records import Missing
from kerasgen.study.records import load_study
from kerasgen.study.settings import RunSettings
from tests.study import fake_study
from tests.study.fake_study import make_run
from tests.study.fake_study import make_study

GAN_FILES, VAE_FILES = fake_study.ZOO[:3], fake_study.ZOO[3:]
REAL_DISTANCE = 0.4


def restless(amplitude):
    """Distances that go up and down by about this much, in logarithms."""

    def fids(seed):
        signs = np.array([0.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
        return 20.0 * np.exp(amplitude * (1.0 + 0.02 * seed) * signs)

    return {"fids": fids}


def arriving(epoch):
    """Distances that are at 50 times that of real images after this epoch."""

    def fids(seed):
        return [100.0] * epoch + [50.0 * REAL_DISTANCE] * (9 - epoch)

    return {"fids": fids, "seconds": lambda seed: 10.0 + 0.1 * seed}


def numbers(**values):
    """Numbers at the end that vary a little with the seed."""
    return {
        name: lambda seed, value=value: value * (1.0 + 0.01 * (seed % 3 - 1))
        for name, value in values.items()
    }


def losses(drift):
    """Losses of 8 epochs in [0, 1], the last quarter so far from the one before."""

    def columns(seed):
        falling = [1.0, 0.0, 0.5, 0.5, 0.5, 0.5]
        loss = falling + [0.5 + drift + 0.001 * seed] * 2
        return {"generator_loss": loss, "critic_loss": loss, "discriminator_loss": loss}

    return {"losses": columns}


NMI = "kmeans_normalized_mutual_information"
# Of each claim: models and numbers of who is said to win, and of who is said to lose.
SIDES = {
    "sharpness": (
        *(GAN_FILES, numbers(laplacian_variance=0.3, mid_grey_share=0.1)),
        *(VAE_FILES, numbers(laplacian_variance=0.1, mid_grey_share=0.2)),
    ),
    "diversity": (
        *(VAE_FILES, numbers(coverage_k5=0.8, within_class_distance=9.0)),
        *(GAN_FILES, numbers(coverage_k5=0.6, within_class_distance=7.0)),
    ),
    "quality_of_gans": (
        *(("dcgan", "wgan"), numbers(fid=5.0)),
        *(("vanilla_gan",), numbers(fid=9.0)),
    ),
    "stability_of_wgan": (
        *(("wgan",), restless(0.02)),
        *(("vanilla_gan",), restless(0.2)),
    ),
    "speed": (
        *(VAE_FILES, numbers(seconds=5.0)),
        *(GAN_FILES, numbers(seconds=9.0)),
    ),
    "time_to_quality": (*(VAE_FILES, arriving(2)), *(GAN_FILES, arriving(6))),
    "convergence": (*(GAN_FILES, losses(0.01)), *((), losses(0.3))),
    "latent_organisation": (
        *(("adversarial_vae",), numbers(**{NMI: 0.7}, linear_probe_accuracy=0.96)),
        *(("cvae",), numbers(**{NMI: 0.5}, linear_probe_accuracy=0.9)),
    ),
    "quality_of_vaes": (
        *(("adversarial_vae",), numbers(fid=5.0)),
        *(("cvae",), numbers(fid=9.0)),
    ),
    "latent_clusters": (
        *(VAE_FILES, numbers(**{NMI: 0.7})),
        *((), numbers(**{NMI: 0.3})),
    ),
    "stability_of_vaes": (
        *(VAE_FILES, restless(0.02)),
        *(GAN_FILES, restless(0.2)),
    ),
}


def study_of(key, seeds=range(4), swapped=False, **changes):
    """A study with the numbers of `SIDES`; `changes` are of models, by file name."""
    winners, high, losers, low = SIDES[key]
    if swapped:
        high, low = low, high
    runs = []
    for model in fake_study.ZOO:
        side = high if model in winners else low if model in losers else {}
        for seed in seeds:
            values = {name: value(seed) for name, value in side.items()}
            values |= changes.get(model, {}).get(seed, {})
            runs.append(make_run(model, seed, **values))
    return make_study(runs=runs)


def verdict_of(key, study):
    found = {each.claim.key: each for each in claims.judge(study)}
    return found[key]


def test_every_claim_has_its_sides_here():
    assert list(SIDES) == [claim.key for claim in claims.CLAIMS]


@pytest.mark.parametrize("key", SIDES)
def test_a_claim_is_supported(key):
    verdict = verdict_of(key, study_of(key))
    assert verdict.verdict == "supported", verdict.reason
    for part in verdict.parts:
        assert (part.n, part.verdict) == (4, "supported")
        assert part.p_value <= part.adjusted_p < claims.SIGNIFICANCE
        sign = 1.0 if part.direction == "higher" else -1.0
        assert sign * part.comparison.difference > 0.0
        assert part.comparison.difference == pytest.approx(
            part.first.mean - part.second.mean
        )


@pytest.mark.parametrize("key", SIDES)
def test_the_other_way_round_it_is_refuted(key):
    verdict = verdict_of(key, study_of(key, swapped=True))
    assert verdict.verdict == "refuted", verdict.reason
    assert {part.verdict for part in verdict.parts} == {"refuted"}


@pytest.mark.parametrize("key", SIDES)
def test_what_may_be_luck_is_undecided(key):
    """The seeds swap sides: two say yes, two say no."""
    one, other = study_of(key), study_of(key, swapped=True)
    runs = [(one if run.seed < 2 else other).runs[i] for i, run in enumerate(one.runs)]
    verdict = verdict_of(key, make_study(runs=runs))
    assert verdict.verdict == "undecided"
    assert "may be luck" in verdict.reason


@pytest.mark.parametrize("key", SIDES)
@pytest.mark.parametrize("n", [1, 2])
def test_nothing_is_decided_by_fewer_than_three_seeds(key, n):
    verdict = verdict_of(key, study_of(key, seeds=range(n)))
    assert verdict.verdict == "undecided"
    assert f"Only {n} seed" in verdict.reason and "3 are needed" in verdict.reason
    assert all(part.n == n and part.adjusted_p is None for part in verdict.parts)


def test_three_seeds_are_enough():
    assert (
        verdict_of("sharpness", study_of("sharpness", range(3))).verdict == "supported"
    )


@pytest.mark.parametrize("key", SIDES)
def test_no_side_wins_by_the_loss_of_its_bad_seeds(key):
    """Of every model that wins, the fourth seed failed; the other three are as good."""
    winners = SIDES[key][0]
    lost = {model: {3: {"failure": "divergence"}} for model in winners}
    verdict = verdict_of(key, study_of(key, **lost))
    assert verdict.verdict == "undecided"
    assert "would win, but only without" in verdict.reason
    assert "with seed 3 diverged after epoch 4." in verdict.reason
    for part in verdict.parts:
        assert part.n == 3 and part.adjusted_p < claims.SIGNIFICANCE


@pytest.mark.parametrize("key", ["sharpness", "quality_of_vaes", "latent_organisation"])
def test_failed_runs_of_the_loser_do_not_save_it(key):
    loser = SIDES[key][2][0]
    verdict = verdict_of(key, study_of(key, **{loser: {3: {"failure": "crash"}}}))
    assert verdict.verdict == "supported"
    assert "with seed 3 failed after epoch 4." in verdict.reason


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"complete": False}, "WGAN with seed 1 is not complete."),
        ({"laplacian_variance": "NaN"}, "WGAN with seed 1 gave no finite number."),
        ({"laplacian_variance": None}, "was evaluated without laplacian_variance."),
    ],
)
def test_a_seed_without_a_number_is_left_out(change, said):
    study = study_of("sharpness", wgan={1: change})
    part = verdict_of("sharpness", study).parts[0]
    assert part.n == 3 and said in " ".join(part.left_out)
    # Not finite is the model's own fault; what was not measured is not.
    spoilt = change.get("laplacian_variance") == "NaN"
    assert part.verdict == ("undecided" if spoilt else "supported")


def test_runs_that_are_not_there_are_named():
    runs = study_of("sharpness").runs
    study = make_study(runs=runs[:-1], missing=[("dcgan", 7)])
    failed = RunSettings(model="wgan", seed=8, epochs=8)
    study.missing.append(Missing(failed, {"kind": "crash", "epoch": 0}))
    part = verdict_of("sharpness", study).parts[0]
    assert part.left_out == [
        "DCGAN with seed 7 is still to be trained.",
        "WGAN with seed 8 failed after epoch 0.",
        "AdversarialVAE has no run with seed 3.",
    ]
    assert "would win, but only without 1 run" in part.reason


def test_a_long_list_of_gaps_is_cut():
    runs = [make_run("dcgan", seed, complete=False) for seed in range(9)]
    part = verdict_of("quality_of_gans", make_study(runs=runs)).parts[0]
    assert len(part.left_out) == 5
    assert part.left_out[-1] == "6 more runs have no number either."


def test_all_models_of_a_group_are_needed():
    runs = [run for run in study_of("sharpness").runs if run.title != "WGAN"]
    verdict = verdict_of("sharpness", make_study(runs=runs))
    assert verdict.verdict == "undecided"
    assert "No seed has numbers on both sides" in verdict.reason
    assert "The study has no run of WGAN." in verdict.reason
    assert verdict.parts[0].first is None and verdict.parts[0].comparison is None


def test_a_study_of_one_model_is_judged_without_failing():
    verdicts = claims.judge(make_study(["cvae"], range(3)))
    decided = [each.claim.key for each in verdicts if each.verdict != "undecided"]
    assert decided == []  # also its part of "latent_clusters", whose other is missing
    part = {each.claim.key: each for each in verdicts}["latent_clusters"].parts[0]
    assert part.verdict == "supported"


def test_a_group_counts_by_the_mean_of_its_models():
    study = study_of("sharpness")
    part = verdict_of("sharpness", study).parts[0]
    name = part.metric
    assert name == "laplacian_variance_pixels_10k"
    for summary, group in ((part.first, GANS), (part.second, VAES)):
        values = [r.evaluation[name] for r in study.runs if r.title in group.models]
        assert summary.n == 4
        assert summary.mean == pytest.approx(np.mean(values))


def test_numbers_of_another_protocol_are_left_out():
    study = study_of("quality_of_vaes")
    odd = study.models["CVAE"][2].evaluation
    odd["fid_mnist_v1_1k_test10k"] = odd.pop("fid_mnist_v1_10k_test")
    part = verdict_of("quality_of_vaes", study).parts[0]
    assert (part.metric, part.n) == ("fid_mnist_v1_10k_test", 3)
    assert part.left_out == [
        "CVAE with seed 2 has fid_mnist_v1_1k_test10k, not fid_mnist_v1_10k_test."
    ]


def test_times_of_different_machines_are_not_compared():
    slow = {"environment": {"processor": "another processor"}}
    vaes = {model: dict.fromkeys(range(4), slow) for model in VAE_FILES}
    verdict = verdict_of("speed", study_of("speed", **vaes))
    assert verdict.verdict == "undecided" and verdict.parts[0].n == 0
    busy = {"dcgan": {0: {"environment": {"workers": 2}}}}
    assert verdict_of("speed", study_of("speed", **busy)).parts[0].n == 3


def test_a_run_on_two_machines_has_no_time():
    study = study_of("speed")
    environments = study.models["WGAN"][0].record["environments"]
    environments.append({**environments[0], "cores": 64})
    verdict = verdict_of("speed", study)
    assert "WGAN with seed 0 was trained on more than one machine." in verdict.reason


def test_a_difference_without_spread_is_not_judged():
    study = study_of("quality_of_vaes")
    for title, distance in (("CVAE", 9.0), ("AdversarialVAE", 5.0)):
        for run in study.models[title]:
            run.evaluation["fid_mnist_v1_10k_test"] = distance + run.seed
    verdict = verdict_of("quality_of_vaes", study)
    assert verdict.verdict == "undecided"
    assert "no spread to judge by" in verdict.reason


def test_one_refuted_part_refutes_and_one_undecided_part_undecides():
    dull = {
        model: {s: {"mid_grey_share": 0.5 + s / 99} for s in range(4)}
        for model in GAN_FILES
    }
    verdict = verdict_of("sharpness", study_of("sharpness", **dull))
    assert [part.verdict for part in verdict.parts] == ["supported", "refuted"]
    assert verdict.verdict == "refuted"
    close = {
        model: {s: {"mid_grey_share": 0.2 + (-1) ** s / 50} for s in range(4)}
        for model in GAN_FILES
    }
    verdict = verdict_of("sharpness", study_of("sharpness", **close))
    assert [part.verdict for part in verdict.parts] == ["supported", "undecided"]
    assert verdict.verdict == "undecided"


def test_p_values_are_corrected_over_all_parts_of_all_claims():
    parts = [
        part for each in claims.judge(study_of("sharpness")) for part in each.parts
    ]
    assert len(parts) == 18
    raw = [part.p_value for part in parts]
    assert sum(p is not None for p in raw) > 10
    assert [part.adjusted_p for part in parts] == statistics.holm(raw)


def test_few_runs_get_there_and_ranks_decide():
    never = {"fids": [100.0] * 9}
    gans = {model: dict.fromkeys(range(12), never) for model in GAN_FILES}
    verdict = verdict_of(
        "time_to_quality", study_of("time_to_quality", range(12), **gans)
    )
    part = verdict.parts[0]
    assert verdict.verdict == "supported"
    assert part.test == "Mann-Whitney U" and part.second.mean == math.inf
    assert "against GANs never" in verdict.reason
    gans = {model: dict.fromkeys(range(3), never) for model in GAN_FILES}
    verdict = verdict_of(
        "time_to_quality", study_of("time_to_quality", range(3), **gans)
    )
    assert verdict.verdict == "undecided"
    assert verdict.parts[0].p_value == pytest.approx(0.1)


def test_nobody_gets_there():
    verdict = verdict_of("time_to_quality", make_study(fids=[100.0] * 9))
    assert verdict.verdict == "undecided"
    assert "With no seed did all models of a side get there." in verdict.reason
    assert verdict.parts[0].p_value is None


def test_without_real_rows_what_rests_on_them_is_undecided():
    study = dataclasses.replace(study_of("latent_clusters"), real={})
    clusters = verdict_of("latent_clusters", study)
    assert clusters.verdict == "undecided"
    assert "of the pixels themselves." in clusters.reason
    time = verdict_of("time_to_quality", study)
    assert time.verdict == "undecided" and "no real images" in time.reason
    assert verdict_of("sharpness", study).verdict == "supported"


def test_collapsed_runs_keep_their_numbers_but_are_not_stable():
    collapsed = {"events": ["collapse"]}
    study = study_of("stability_of_wgan", wgan={0: collapsed})
    verdict = verdict_of("stability_of_wgan", study)
    assert verdict.parts[0].n == 4 and verdict.verdict == "undecided"
    assert "1 of 4 runs of WGAN, 0 of 4 runs of VanillaGAN." in verdict.reason
    both = study_of(
        "stability_of_wgan", wgan={0: collapsed}, vanilla_gan={1: collapsed}
    )
    assert verdict_of("stability_of_wgan", both).verdict == "supported"


def test_codes_of_a_conditional_model_are_not_asked_for_the_digit():
    study = make_study(settings={"conditional": True}, **{NMI: 0.1})
    for key in ("latent_clusters", "latent_organisation"):
        verdict = verdict_of(key, study)
        assert verdict.verdict == "undecided" and "is told the digit" in verdict.reason
        assert {part.n for part in verdict.parts} == {0}


def test_an_ablation_is_not_judged():
    settings = {"ablation": "width", "variant": "width=8"}
    assert claims.judge(make_study(["dcgan"], settings=settings)) == []


def test_a_verdict_goes_to_json():
    verdict = verdict_of("time_to_quality", make_study(fids=[100.0] * 9))
    record = json.loads(json.dumps(verdict.to_dict(), allow_nan=False))
    assert record["key"] == "time_to_quality"
    assert record["parts"][0]["first"]["mean"] == "Infinity"
    assert record["parts"][0]["unstable"][0]["total"] == 6


def test_a_study_on_disk_gets_the_same_verdicts(tmp_path):
    runs = [
        *study_of("sharpness").runs,
        make_run("dcgan", 4, failure="divergence", events=["divergence"]),
        make_run("cvae", 4, complete=False),
    ]
    study = make_study(runs=runs, missing=[("wgan", 4)])
    found = load_study(fake_study.write_study(study, tmp_path / "mnist"))
    assert found.problems == []
    there, here = claims.judge(found), claims.judge(study)
    assert [v.to_dict() for v in there] == [v.to_dict() for v in here]


def test_what_is_not_tested_says_why():
    for each in claims.NOT_TESTED:
        assert each.statement.endswith(".") and each.reason.endswith(".")


def run_with(**arguments):
    return make_run("dcgan", **arguments)


def test_fluctuation_of_known_distances():
    """Changes that end after epoch 4 of 8: log 2, -log 2, 0, -log 2; mean -¼ log 2."""
    run = run_with(fids=[99.0, 8.0, 9.0, 4.0, 4.0, 8.0, 4.0, 4.0, 2.0])
    name, value = quantities.fluctuation(run, {})
    assert name == "fluctuation_fid_mnist_v1_1k_train10k"
    assert value == pytest.approx(math.log(2.0) * (1.25 + 0.75 + 0.25 + 0.75) / 4.0)


def test_steady_learning_is_no_fluctuation():
    fids = [1000.0 * 0.7**epoch for epoch in range(9)]
    assert quantities.fluctuation(run_with(fids=fids), {})[1] == pytest.approx(0.0)


def test_fluctuation_needs_two_changes():
    value = quantities.fluctuation(run_with(epochs=3, fids=[9.0, 4.0, 2.0, 2.0]), {})[1]
    assert value == pytest.approx(math.log(2.0) / 2.0)
    with pytest.raises(quantities.NoNumber, match="second half: 1; needed: 2"):
        quantities.fluctuation(run_with(epochs=2), {})
    with pytest.raises(quantities.NoNumber, match="was not evaluated in training"):
        quantities.fluctuation(run_with(fids=[]), {})


def only(run, epochs):
    """The run as if it had been evaluated after these epochs alone."""
    kept = [record for record in run.evaluations if record["epoch"] in epochs]
    return dataclasses.replace(run, evaluations=kept)


def test_a_run_taken_further_fluctuates_like_one_of_one_go():
    fids = [99.0, *np.random.default_rng(0).uniform(1.0, 9.0, 40)]
    taken_further = run_with(epochs=40, fids=fids)
    one_go = only(taken_further, range(0, 41, 2))
    assert len(one_go.evaluations) == 21
    found, expected = (quantities.fluctuation(r, {}) for r in (taken_further, one_go))
    assert found == expected


def test_samples_that_were_not_finite_are_the_models_fault():
    fids = [9.0, 8.0, 7.0, 6.0, 5.0, None, 4.0, 4.0, 4.0]
    assert math.isnan(quantities.fluctuation(run_with(fids=fids), {})[1])


def test_seconds_to_quality_are_those_of_training():
    real = {"during": {"fid_mnist_v1_1k_train10k": 0.4}}
    seconds = [9.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]
    fids = [99.0, 50.0, None, 10.0, 11.0, 9.0, 9.0, 9.0, 9.0]
    name, value = quantities.seconds_to_quality(
        run_with(fids=fids, seconds=seconds), real
    )
    assert value == 13.0
    assert name.startswith("seconds_to_50x_real_fid_mnist_v1_1k_train10k (a processor")
    name, value = quantities.seconds_to_quality(run_with(fids=[99.0] * 9), real)
    assert value == math.inf
    with pytest.raises(quantities.NoNumber, match="no real images"):
        quantities.seconds_to_quality(run_with(), {"during": None})


def test_a_quality_that_was_reached_before_the_first_look_has_no_time():
    real = {"during": {"fid_mnist_v1_1k_train10k": 0.4}}
    late = run_with(epochs=40, fids=[99.0] * 4 + [9.0] * 37)
    _, value = quantities.seconds_to_quality(late, real)
    assert value == sum(late.history["seconds"][:4])
    early = run_with(epochs=40, fids=[99.0] + [9.0] * 40)
    message = "first looked at after 2 epochs, when it had reached 50 times"
    with pytest.raises(quantities.NoNumber, match=message):
        quantities.seconds_to_quality(early, real)
    quick = run_with(fids=[99.0] + [9.0] * 8)
    _, value = quantities.seconds_to_quality(quick, real)
    assert value == quick.history["seconds"][0]


def test_a_run_whose_evaluations_are_uneven_has_no_number():
    # Of 50 epochs, evaluated every 2, and taken on to 60, every 3.
    run = run_with(epochs=60, fids=[9.0] * 61)
    uneven = only(run, {*range(0, 51, 2), *range(51, 61, 3)})
    for quantity in (quantities.fluctuation, quantities.seconds_to_quality):
        with pytest.raises(quantities.NoNumber, match="every 3 epochs, since it was"):
            quantity(uneven, {"during": {"fid_mnist_v1_1k_train10k": 0.4}})


def test_a_run_without_a_history_has_no_seconds():
    run = dataclasses.replace(run_with(), history={})
    real = {"during": {"fid_mnist_v1_1k_train10k": 0.4}}
    with pytest.raises(quantities.NoNumber, match="lacks the seconds"):
        quantities.seconds_to_quality(run, real)


def test_the_first_epoch_does_not_move_the_seconds_per_epoch():
    seconds = [60.0, 3.0, 2.0, 3.0, 2.0, 3.0, 3.0, 3.0]
    assert quantities.seconds_per_epoch(run_with(seconds=seconds), {})[1] == 3.0


def test_drift_of_known_losses():
    """Generator: |3.5 − 2.5| / 4 of the range; discriminator: 0."""
    generator = [5.0, 1.0, 1.0, 1.0, 2.0, 3.0, 3.0, 4.0]
    chosen = {"generator_loss": generator, "discriminator_loss": [1.0] * 8}
    assert quantities.loss_drift(run_with(losses=chosen), {}) == ("loss_drift", 0.25)


def test_drift_needs_eight_epochs_and_finite_losses():
    with pytest.raises(quantities.NoNumber, match="has 7 epochs; 8 are needed"):
        quantities.loss_drift(run_with(epochs=7), {})
    with pytest.raises(quantities.NoNumber, match="no losses of players"):
        quantities.loss_drift(make_run("cvae"), {})
    chosen = {"generator_loss": [math.nan] * 8}
    assert math.isnan(quantities.loss_drift(run_with(losses=chosen), {})[1])


def test_a_damaged_history_is_no_number():
    run = dataclasses.replace(run_with(), history={})
    for quantity in (quantities.seconds_per_epoch, quantities.loss_drift):
        with pytest.raises(quantities.NoNumber):
            quantity(run, {})


def test_the_fake_records_have_the_names_of_real_ones():
    spaces = {"features": "mnist_v1", "pixels": "pixels"}
    against = {"test": [("test", 10_000)], "train": [("train", 60_000)]}
    against |= {None: [], "binned": [("train", 20_000)]}
    real = {
        metric_name(base, spaces[metric.space], 10_000, against[metric.against])
        for metric in SAMPLE_METRICS.values()
        for base in metric.outputs
    }
    assert set(fake_study.SAMPLE_NUMBERS) <= real
    case = SimpleNamespace(decoder="bernoulli", importance_samples=50)
    parts = {"test": ("test", 10_000), "probed": ("train", 10_000)}
    parts |= {"weighed": ("test", 1000)}
    real = {
        metric_name(base, against=[parts[part] for part in metric.parts])
        for metric in ENCODER_METRICS.values()
        if set(getattr(metric, "parts", "?")) <= set(parts)
        for base in metric.outputs(case)
    }
    assert set(fake_study.ENCODER_NUMBERS) <= real
