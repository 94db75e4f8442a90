"""What a comparison fixes before its first run, as a text to commit before it."""

import json

import jinja2

from kerasgen.study import verdicts
from kerasgen.study.arms import arm_settings
from kerasgen.study.comparison import Comparison
from kerasgen.study.run_evaluation import SAMPLING_SEEDS
from kerasgen.study.settings import RunSettings


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
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kerasgen.study"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("preregistration.md").render(
        comparison=comparison,
        arms={name: _runs(comparison, name) for name in comparison.arms},
        commit=commit,
        num_samples=num_samples,
        sampling_seeds=SAMPLING_SEEDS,
        significance=verdicts.SIGNIFICANCE,
        rule=verdicts.__doc__.partition("\n\n")[2],
    )


def _runs(comparison, arm):
    """Pairs (title of a run, its settings that are not the defaults) of one seed."""
    one_seed = comparison.arms[arm].seeds[:1]
    return [
        (each.name, _changes(each))
        for each in arm_settings(comparison, arm, seeds=one_seed)
    ]


def _changes(settings):
    default = RunSettings(model=settings.model).to_dict()
    own = ("model", "arm", "variant", "seed", "epochs")
    changed = {
        name: value
        for name, value in settings.to_dict().items()
        if name not in own and value != default[name]
    }
    return json.dumps(changed)
