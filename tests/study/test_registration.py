import dataclasses
import pathlib

from kerasgen import comparisons
from kerasgen.study.arms import arm_settings
from kerasgen.study.registration import changed_since
from kerasgen.study.registration import registration
from kerasgen.study.registration import runs_apart
from tests.study import fake_study

ROOT = pathlib.Path(__file__).resolve().parents[2]
JAISWAL = comparisons.get_comparison("jaiswal")


def test_registration_names_all_that_is_fixed():
    text = registration(JAISWAL, "1a2b3c4")
    assert "commit `1a2b3c4`" in text
    for claim in JAISWAL.claims:
        assert f"**{claim.key}** ({claim.study}; {claim.source}): " in text
    for key, endpoint in JAISWAL.endpoints.items():
        assert f"| {key} | {endpoint.title} |" in text
    for arm in JAISWAL.arms.values():
        assert f"{arm.epochs} epochs, seeds {', '.join(map(str, arm.seeds))}." in text
    assert '| cvae-draw03 | `{"batch_size": 256, ' in text


def test_what_was_changed_since_is_named():
    text = registration(JAISWAL, "1a2b3c4")
    assert changed_since(text, JAISWAL) == []
    titled = text.replace("| recall | recall |", "| recall | share of images |")
    assert changed_since(titled, JAISWAL) == []
    first, *others = JAISWAL.claims
    claim = dataclasses.replace(first, parts=others[0].parts)
    recall = dataclasses.replace(JAISWAL.endpoints["recall"], margin=0.05)
    now = dataclasses.replace(
        JAISWAL,
        claims=(claim, *others[:-1]),
        endpoints=JAISWAL.endpoints | {"recall": recall},
    )
    assert changed_since(text, now) == [
        "endpoint recall",
        f"claim {first.key}",
        f"claim {others[-1].key}",
    ]
    nearer = text.replace(
        "8 times the distance of real", "9 times the distance of real"
    )
    assert changed_since(nearer, JAISWAL) == ["thresholds"]
    for study in ("mnist-modern", "mnist-modern-20", "mnist-robustness"):
        path = ROOT / "results" / study / "preregistration.md"
        # Said beside the results: losses are those of the model, ties and levels.
        assert changed_since(path.read_text(), JAISWAL) == ["rule"]


def test_an_arm_that_is_no_more_is_named():
    run = fake_study.make_run("dcgan", 100, settings={"arm": "modern"})
    now = dataclasses.replace(JAISWAL, arms={})
    assert runs_apart(registration(JAISWAL, "0123abc"), now, [run]) == ["arm modern"]


def test_an_arm_has_settings_of_its_own_for_a_model():
    arm = dataclasses.replace(
        JAISWAL.arms["modern"], by_model={"dcgan": {"batch_size": 32}}
    )
    comparison = dataclasses.replace(JAISWAL, arms={"modern": arm})
    sizes = {
        one.model: one.batch_size
        for one in arm_settings(comparison, "modern", seeds=[100])
    }
    assert sizes == {name: 64 for name in JAISWAL.models} | {"dcgan": 32}
    assert '| dcgan | `{"batch_size": 32}` |' in registration(comparison, "1a2b3c4")
