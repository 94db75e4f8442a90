"""The rule by which claims are judged, on studies with numbers made for it."""

import dataclasses
import json
import math

import numpy as np
import pytest

from kerasgen.comparisons import JAISWAL
from kerasgen.core.references import Reference
from kerasgen.core.registry import list_models
from kerasgen.study import ablation
from kerasgen.study import endpoints
from kerasgen.study import verdicts
from kerasgen.study.comparison import Claim
from kerasgen.study.comparison import Comparison
from kerasgen.study.comparison import Constant
from kerasgen.study.comparison import Endpoint
from kerasgen.study.comparison import Group
from kerasgen.study.comparison import Part
from kerasgen.study.comparison import get_comparison
from tests.study import fake_study

SPREAD = np.linspace(-0.01, 0.01, 8)
FIRST, SECOND = Group("DCGAN", ("dcgan",)), Group("WGAN", ("wgan",))
GANS, VAES = Group("GANs", ("dcgan", "wgan")), Group("VAEs", ("cvae",))
RECALL = Endpoint("recall", "recall_k5", "higher", "features", margin=0.02)
DISTANCE = Endpoint(
    "distance", "fid", "lower", "features", scale="log", margin=math.log(1.1)
)


def comparison(*claims):
    return Comparison(
        "mine",
        "models",
        Reference("Me 2000", "Mine"),
        ("dcgan", "wgan", "cvae"),
        {"recall": RECALL, "distance": DISTANCE},
        claims,
    )


def claim(*parts, key="key", study="comparison"):
    return Claim(key, "A statement.", "nowhere", parts, study)


def study(seeds=8, name="recall_k5", **means):
    runs = [
        fake_study.make_run(model, seed, **{name: mean + SPREAD[seed]})
        for model, mean in means.items()
        for seed in range(seeds)
    ]
    return fake_study.make_study(runs=runs)


def verdict(found, *claims):
    return [one.verdict for one in verdicts.judge(found, comparison(*claims))]


PAIR = claim(Part("recall", FIRST, SECOND))
CLASSES = claim(Part("recall", GANS, VAES))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (0.8, 0.7, "supported"),
        (0.7, 0.8, "refuted"),
        (0.8, 0.801, "no relevant difference"),
        # Significant, but within the margin.
        (0.8, 0.790, "undecided"),
    ],
)
def test_the_outcomes_of_a_pair(first, second, expected):
    found = study(dcgan=first, wgan=second)
    if expected == "undecided":
        for run in found.runs:  # a spread that covers both borders
            name = "recall_k5_mnist_v1_10k_test"
            run.evaluation["metrics"][name] += 3.0 * SPREAD[run.seed]
    assert verdict(found, PAIR) == [expected]


def test_a_small_difference_is_not_relevant_even_if_significant():
    found = study(dcgan=0.8, wgan=0.79)
    (one,) = verdicts.judge(found, comparison(PAIR))
    pair = one.parts[0].pairs[0]
    assert pair.comparison.p_value < 0.1
    assert one.verdict in ("no relevant difference", "undecided")


@pytest.mark.parametrize(
    ("dcgan", "wgan", "expected"),
    [
        (0.9, 0.9, "supported"),
        (0.5, 0.6, "refuted"),
        (0.9, 0.5, "depends"),
        (0.9, 0.701, "depends"),
        (0.7, 0.7, "no relevant difference"),
        (0.5, 0.7, "refuted"),
    ],
)
def test_a_statement_on_classes_holds_for_every_pair_or_depends(dcgan, wgan, expected):
    assert verdict(study(dcgan=dcgan, wgan=wgan, cvae=0.7), CLASSES) == [expected]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (["supported", "undecided"], "undecided"),
        (["refuted", "undecided"], "undecided"),
        (["supported", "refuted", "undecided"], "depends"),
        (["no relevant difference", "undecided"], "undecided"),
    ],
)
def test_parts_with_undecided_pairs(pairs, expected):
    assert verdicts._part_verdict(pairs) == expected


def test_a_conjunction_is_refuted_by_one_part_and_supported_by_all():
    found = study(dcgan=0.8, wgan=0.7, cvae=0.6)
    better = Part("recall", FIRST, SECOND)
    worse = Part("recall", SECOND, FIRST)
    best = Part("recall", FIRST, VAES)
    assert verdict(found, claim(better, best)) == ["supported"]
    assert verdict(found, claim(better, worse)) == ["refuted"]


def test_the_claimed_direction_of_a_part_can_be_told_apart_from_better():
    found = study(name="fid", dcgan=1.0, wgan=2.0)
    assert verdict(found, claim(Part("distance", FIRST, SECOND))) == ["supported"]
    higher = claim(Part("distance", FIRST, SECOND, claimed="higher"))
    assert verdict(found, higher) == ["refuted"]


def test_fewer_than_three_runs_are_not_tested():
    (one,) = verdicts.judge(study(2, dcgan=0.9, wgan=0.1), comparison(PAIR))
    assert (one.verdict, one.adjusted_p, one.is_tested) == ("undecided", None, False)


def test_a_failed_run_counts_as_a_loss():
    won = study(dcgan=0.8, wgan=0.7)
    assert verdict(won, PAIR) == ["supported"]
    for run_index, run in enumerate(won.runs):
        if run.settings.model == "dcgan" and run.seed < 4:
            won.runs[run_index] = fake_study.make_run(
                "dcgan", run.seed, failure="divergence"
            )
    (one,) = verdicts.judge(won, comparison(PAIR))
    assert one.verdict == "undecided"
    pair = one.parts[0].pairs[0]
    assert (len(pair.first.values), pair.first.failed) == (4, 4)
    assert any("diverged after epoch" in gap for gap in one.gaps)


def test_what_the_machine_broke_off_is_no_loss_of_the_model():
    crashed = [fake_study.make_run("dcgan", k, failure="crash") for k in range(8)]
    found = fake_study.make_study(runs=study(wgan=0.7).runs + crashed)
    (one,) = verdicts.judge(found, comparison(PAIR))
    assert not one.is_tested and one.parts[0].pairs[0].first.failed == 0
    assert any("broke off after epoch" in gap for gap in one.gaps)


def test_levels_of_a_factor_are_compared_within_each_model():
    wide = Group("wide GANs", GANS.models, "width=2x")
    runs = [
        fake_study.make_run(
            model,
            seed,
            settings={"ablation": "width", "variant": variant},
            recall_k5=mean + SPREAD[seed],
        )
        for model, variant, mean in [
            ("dcgan", "", 0.8),
            ("dcgan", "width=2x", 0.9),
            ("wgan", "", 0.5),
            ("wgan", "width=2x", 0.6),  # better than narrow, and behind any DCGAN
        ]
        for seed in range(8)
    ]
    wider = claim(Part("recall", wide, GANS), study="width")
    (one,) = verdicts.judge(fake_study.make_study(runs=runs), comparison(wider))
    assert one.verdict == "supported"
    pairs = [(p.first.title, p.second.title) for p in one.parts[0].pairs]
    assert pairs == [("DCGAN, width=2x", "DCGAN"), ("WGAN, width=2x", "WGAN")]
    wider = claim(
        Part("recall", Group("", ("dcgan",), "width=4x"), FIRST), study="width"
    )
    (none,) = verdicts.judge(fake_study.make_study(runs=runs), comparison(wider))
    assert none.gaps == ["The study has no run of dcgan with width=4x."]


def test_a_side_that_lost_all_its_runs_takes_the_worst_value_of_the_other():
    def failed(model):
        return [fake_study.make_run(model, k, failure="divergence") for k in range(8)]

    lost = fake_study.make_study(runs=study(wgan=0.7).runs + failed("dcgan"))
    (one,) = verdicts.judge(lost, comparison(PAIR))
    assert one.verdict == "refuted"
    assert one.parts[0].pairs[0].first.failed == 8
    both = fake_study.make_study(runs=failed("wgan") + failed("dcgan"))
    (none,) = verdicts.judge(both, comparison(PAIR))
    assert not none.is_tested


def test_a_run_that_was_measured_otherwise_is_named():
    runs = [
        fake_study.make_run(model, seed, environment={"workers": 1 + (seed == 2)})
        for model in ("dcgan", "wgan")
        for seed in range(3)
    ]
    speed = Endpoint("time", "seconds_per_epoch", "lower", scale="log")
    mine = dataclasses.replace(comparison(PAIR), endpoints={"recall": speed})
    (one,) = verdicts.judge(fake_study.make_study(runs=runs), mine)
    assert len(one.gaps) == 2
    assert "DCGAN with seed 2 was measured otherwise: seconds_per" in one.gaps[0]


def test_p_values_are_corrected_over_the_claims():
    found = study(3, dcgan=0.8, wgan=0.8 - 0.021)
    p_value = verdicts.judge(found, comparison(PAIR))[0].adjusted_p
    many = [dataclasses.replace(PAIR, key=str(index)) for index in range(10)]
    corrected = [one.adjusted_p for one in verdicts.judge(found, comparison(*many))]
    assert corrected == pytest.approx([min(1.0, 10.0 * p_value)] * 10)


def test_a_refutation_by_one_of_two_parts_is_corrected_inside():
    found = study(dcgan=0.8, wgan=0.7, cvae=0.6)
    worse = Part("recall", SECOND, FIRST)
    alone = verdicts.judge(found, comparison(claim(worse)))[0].adjusted_p
    both = claim(worse, Part("recall", FIRST, VAES))
    assert verdicts.judge(found, comparison(both))[0].adjusted_p == 2.0 * alone


def test_a_constant_is_a_side():
    found = study(dcgan=0.8)
    above = claim(Part("recall", FIRST, Constant("half", 0.5)))
    assert verdict(found, above) == ["supported"]
    # Of the fake real images: 0.95.
    assert verdict(found, claim(Part("recall", FIRST, Constant("real")))) == ["refuted"]
    missing = claim(Part("recall", FIRST, Constant("pixels", record="pixels")))
    assert verdict(found, missing) == ["undecided"]
    # A run that was lost is on no side of a constant, and not above it.
    found.runs[0] = fake_study.make_run("dcgan", 0, failure="divergence")
    assert verdict(found, above) == ["undecided"]
    low = claim(Part("recall", FIRST, Constant("all", 0.9)))
    assert verdict(found, low) == ["refuted"]


def test_a_fitted_prior_is_judged_in_place_of_the_standard_one():
    found = study(dcgan=0.8, cvae=0.7)
    for run in found.models["CVAE"]:
        name = "recall_k5_mnist_v1_10k_test"
        fitted = {"metrics": {name: 0.9 + SPREAD[run.seed]}}
        run.evaluation["fitted_prior"] = fitted
    one = claim(Part("recall", FIRST, VAES))
    judged = [verdicts.judge(found, comparison(one), p)[0] for p in ("", "fitted")]
    assert [each.verdict for each in judged] == ["supported", "refuted"]


def test_only_claims_of_the_study_s_kind_are_judged():
    found = study(dcgan=0.8, wgan=0.7)
    elsewhere = claim(Part("recall", FIRST, SECOND), study="robustness")
    assert verdict(found, PAIR, elsewhere) == ["supported"]
    assert verdicts.judge(found, None) == []


def test_spread_over_settings_is_judged_in_the_robustness_arm():
    runs = [
        fake_study.make_run(
            model, settings={"arm": "robustness", "variant": f"draw{k:02}"}, fid=fid
        )
        for model, spread in (("dcgan", 0.1), ("wgan", 3.0))
        for k, fid in enumerate(np.exp(spread * np.linspace(-1.0, 1.0, 16)))
    ]
    endpoint = Endpoint("spread", "log_distance", "lower", scale="spread")
    one = claim(Part("spread", FIRST, SECOND), study="robustness")
    mine = dataclasses.replace(comparison(one), endpoints={"spread": endpoint})
    (found,) = verdicts.judge(fake_study.make_study(runs=runs), mine)
    assert found.verdict == "supported"
    values = found.parts[0].pairs[0].first.values
    assert (len(values), max(values)) == (16, pytest.approx(0.1))


def test_verdicts_are_json():
    judged = verdicts.judge(study(dcgan=0.8, wgan=0.7), comparison(PAIR, CLASSES))
    text = json.dumps([one.to_dict() for one in judged], allow_nan=False)
    assert json.loads(text)[0]["verdict"] == "supported"


def test_ten_lines_of_scipy_come_to_the_same(tmp_path):
    """The numbers behind a verdict can be recomputed from the CSV file alone."""
    import pandas as pd
    from scipy import stats

    from kerasgen.study.report import csv_export

    found = study(name="fid", dcgan=1.0, wgan=2.0)
    csv_export.write_runs(found, tmp_path / "runs.csv")
    table = pd.read_csv(tmp_path / "runs.csv")
    column = np.log(table["fid_mnist_v1_10k_test"])
    first, second = (column[table.model == model] for model in ("dcgan", "wgan"))
    expected = stats.ttest_ind(first, second, equal_var=False).pvalue
    (one,) = verdicts.judge(found, comparison(claim(Part("distance", FIRST, SECOND))))
    assert one.adjusted_p == pytest.approx(expected)


@pytest.mark.parametrize("one", JAISWAL.claims, ids=lambda one: one.key)
def test_every_claim_of_a_comparison_names_endpoints_and_models_that_exist(one):
    for part in one.parts:
        endpoint = JAISWAL.endpoints[part.endpoint]
        assert endpoint.better in ("higher", "lower")
        groups = [side for side in (part.first, part.second) if isinstance(side, Group)]
        assert {model for group in groups for model in group.models} <= set(
            list_models()
        )
        variants = {group.variant for group in groups} - {""}
        if variants:
            runs = ablation.ablation_settings(one.study, None, [0], epochs=10)
            assert variants <= {run.variant for run in runs}


def test_a_comparison_is_found_by_its_name():
    assert get_comparison("jaiswal") is get_comparison(JAISWAL) is JAISWAL
    assert get_comparison(None) is get_comparison("none") is None
    with pytest.raises(ValueError, match="Got comparison='jaiswa'"):
        get_comparison("jaiswa")


def run_with(**values):
    return fake_study.make_run(**values)


def test_an_endpoint_on_the_real_scale_is_the_distance_from_real_images():
    real = fake_study.make_real()
    endpoint = Endpoint("sharp", "laplacian_variance", "lower", "pixels", "real")
    for factor in (2.0, 0.5):
        run = run_with(laplacian_variance_pixels_10k=factor * 0.27)
        _, value = endpoints.value_of(endpoint, run, real)
        assert value == pytest.approx(math.log(2.0))


def test_fluctuation_of_steady_learning_is_zero_and_of_jumps_is_not():
    steady = run_with(epochs=8, fids=[2.0 ** (10 - k) for k in range(9)])
    assert endpoints.fluctuation(steady, {})[1] == pytest.approx(0.0)
    jumps = run_with(epochs=8, fids=[9.0, 8.0, 4.0, 8.0, 4.0, 8.0, 4.0, 8.0, 4.0])
    assert endpoints.fluctuation(jumps, {})[1] == pytest.approx(math.log(2.0))


def test_the_slope_of_a_loss_that_only_fluctuates_is_small():
    noise = np.random.default_rng(0).normal(size=40)
    flat = {"generator_loss": list(1.0 + noise), "discriminator_loss": [0.0] * 40}
    rising = {**flat, "generator_loss": list(noise + np.arange(40))}
    slopes = [
        endpoints.loss_slope(run_with(epochs=40, losses=losses), {})[1]
        for losses in (flat, rising)
    ]
    assert slopes[0] < 2.0 < 10.0 < slopes[1]


def test_seconds_to_quality_end_with_the_first_epoch_that_is_good_enough():
    real = {"during": {"fid_mnist_v1_1k_train10k": 1.0}}
    run = run_with(epochs=4, fids=[99.0, 50.0, 9.0, 7.0, 3.0], seconds=[5, 1, 1, 1])
    assert endpoints.seconds_to_quality(run, real)[1] == 7.0
    never = run_with(epochs=4, fids=[99.0] * 5)
    assert endpoints.seconds_to_quality(never, real)[1] == math.inf
    # Evaluated every second epoch: the quickest are rounded up as all others are.
    quick = run_with(epochs=40, fids=[99.0] + [3.0] * 40, seconds=1.0)
    assert quick.settings.evaluated_every == 2
    assert endpoints.seconds_to_quality(quick, real)[1] == 2.0


def test_times_carry_the_machine_in_their_name():
    name, seconds = endpoints.seconds_per_epoch(run_with(seconds=3.0), {})
    assert name == "seconds_per_epoch (a processor, 2 cores, 1 at a time)"
    assert seconds == 3.0


def test_times_that_were_measured_alone_go_before_those_of_the_run():
    machine = {"processor": "another", "cores": 4, "gpus": []}
    alone = dataclasses.replace(
        run_with(seconds=3.0), seconds_alone=2.0, timed_on=machine
    )
    name, seconds = endpoints.seconds_per_epoch(alone, {})
    assert name == "seconds_per_epoch (another, 4 cores, alone)"
    assert seconds == 2.0


def test_codes_of_conditional_models_have_no_number():
    endpoint = Endpoint("NMI", "kmeans_normalized_mutual_information", "higher")
    run = run_with(model="cvae", settings={"conditional": True})
    with pytest.raises(endpoints.NoNumber, match="conditioned on labels"):
        endpoints.value_of(endpoint, run, {})


def test_the_distance_in_random_features_is_a_number_of_its_own():
    record = {
        "features": "mnist_v1",
        "frechet_distance_mnist_v1_10k_test": 1.0,
        "frechet_distance_random_cnn_v1_10k_test": 2.0,
    }
    found = {
        endpoint.space: endpoints.metric(record, endpoint.quantity, endpoint.space)[1]
        for key, endpoint in JAISWAL.endpoints.items()
        if key in ("distance", "other_distance")
    }
    assert found == {"features": 1.0, "random": 2.0}


@pytest.mark.parametrize("value", [0.1, 0.3, math.log(2.0)])
def test_a_constant_loss_is_stationary(value):
    losses = {"generator_loss": [value] * 20, "discriminator_loss": [value] * 20}
    run = fake_study.make_run("dcgan", epochs=20, losses=losses)
    assert endpoints.loss_slope(run, {}) == ("loss_slope", 0.0)
