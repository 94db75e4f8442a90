"""Registration of a comparison before its first run, as a text to commit."""

import json

from kerasgen.study import endpoints
from kerasgen.study import verdicts
from kerasgen.study.arms import arm_settings
from kerasgen.study.comparison import Comparison
from kerasgen.study.comparison import Constant
from kerasgen.study.records import Run
from kerasgen.study.rendering import rendered
from kerasgen.study.run_evaluation import SAMPLING_SEEDS
from kerasgen.study.settings import RunSettings

# Of a run, not of the settings that are registered.
OWN = ("model", "arm", "variant", "seed", "epochs")


def registration(comparison: Comparison, commit: str, num_samples: int = 10_000) -> str:
    """The registration of a comparison as Markdown.

    Arms with the settings of each model, seeds, endpoints with margins, claims with
    their parts, the rule of the verdicts and the number of looks.

    Args:
        comparison: `Comparison`.
        commit: Hash of the commit whose code all runs are made with.
        num_samples: Samples that each run is judged by, in each of `SAMPLING_SEEDS`.

    Example:
        >>> print(registration(comparisons.get_comparison("jaiswal"), "1a2b3c4"))
    """
    return rendered(
        "preregistration.md",
        comparison=comparison,
        arms={
            name: [
                (each.name, _changes(each))
                for each in arm_settings(comparison, name, seeds=arm.seeds[:1])
            ]
            for name, arm in comparison.arms.items()
        },
        commit=commit,
        num_samples=num_samples,
        sampling_seeds=SAMPLING_SEEDS,
        thresholds=_thresholds(comparison),
        significance=verdicts.SIGNIFICANCE,
        rule=verdicts.__doc__.partition("\n\n")[2],
    )


def changed_since(text: str, comparison: Comparison) -> list[str]:
    """Names of what verdicts rest on and what was registered otherwise.

    An endpoint may get another title; its metric, better side, scale and margin, the
    statement and parts of a claim, thresholds, and the rule stay. Texts of before
    thresholds were registered say nothing of them.

    Args:
        text: What `registration` wrote then.
        comparison: `Comparison` of today.

    Returns:
        Names such as "endpoint recall" and "rule"; none if all is as it was.
    """
    then, now = map(_fixed, (text, registration(comparison, commit="")))
    if not then["thresholds"]:
        del now["thresholds"], then["thresholds"]
    return [name for name in now | then if now.get(name) != then.get(name)]


def _fixed(text):
    """Endpoints without their titles, claims, thresholds and rule of a registration."""
    sections = {part.partition("\n")[0]: part for part in text.split("\n## ")}
    rows = sections.get("Endpoints", "").split("\n| ")[3:]  # after the head
    cells = [row.partition(" |\n")[0].split(" | ") for row in rows]
    claims = sections.get("Claims", "").split("\n- **")[1:]
    named = [claim.partition("**") for claim in claims]
    return {
        **{f"endpoint {key}": measured for key, _, *measured in cells},
        **{f"claim {key}": parts.strip() for key, _, parts in named},
        "thresholds": " ".join(sections.get("Thresholds", "").split()),
        "rule": " ".join(sections.get("Rule", "").split()),
    }


def _thresholds(comparison):
    """Numbers of before the first run that models are set beside, by their titles."""
    seconds = [part.second for claim in comparison.claims for part in claim.parts]
    fixed = [one for one in seconds if isinstance(one, Constant) and one.value]
    times = [
        one.title
        for one in comparison.endpoints.values()
        if one.quantity == endpoints.seconds_to_quality.__name__
    ]
    target = f"{endpoints.TARGET_MULTIPLE} times the distance of real images"
    return {one.title: one.value for one in fixed} | dict.fromkeys(times, target)


def runs_apart(text: str, comparison: Comparison, runs: list[Run]) -> list[str]:
    """In what runs of an arm are not those that were registered.

    Args:
        text: What `registration` wrote then, whose settings are those of `comparison`.
        comparison: `Comparison`.
        runs: `Run`s of one of its arms.

    Returns:
        Words such as "seeds" and "settings of dcgan"; none if all are.
    """
    arm = runs[0].settings.arm
    if arm not in comparison.arms:
        return [f"arm {arm}"]
    seeds = {run.seed for run in runs}
    registered = comparison.arms[arm]
    apart = [] if seeds <= set(registered.seeds) else ["seeds"]
    commits = {each["commit"] for run in runs for each in run.record["environments"]}
    apart += [] if all(f"`{commit}" in text for commit in commits) else ["code"]
    wanted = {
        one.name: one
        for one in arm_settings(comparison, arm, seeds=registered.seeds[:1])
    }
    different = {
        run.settings.name
        for run in runs
        if (one := wanted.get(run.settings.name)) is None
        or run.settings.differences(one, ignore=("seed", "epochs", "precision"))
    }
    return apart + [f"settings of {name}" for name in sorted(different)]


def _changes(settings):
    """The settings of a run that are not the defaults, as JSON."""
    default = RunSettings(model=settings.model).to_dict()
    values = settings.to_dict().items()
    return json.dumps({k: v for k, v in values if k not in OWN and v != default[k]})
