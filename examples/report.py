"""The report of a study that was trained before: verdicts, tables, figures, one page.

    python examples/report.py runs/mnist

It needs the run directories `<model>/seed<k>/` of the study, no model, no dataset and
no network, and takes some seconds. A study that is not complete gives a report that
says what is missing. The result is `report.html`, with `report.md`, `runs.csv`,
`summary.csv`, `endpoints.csv`, `claims.json` and `figures/` beside it.
"""

import json

import command_line  # noqa: F401  first: it answers slips at once
from absl import app
from absl import flags
from absl import logging

from kerasgen import comparisons
from kerasgen import study

FLAGS = flags.FLAGS
CLAIMS = [*comparisons.COMPARISONS, comparisons.NONE]
flags.DEFINE_enum(
    "comparison", None, CLAIMS, "Comparison whose claims to judge; default the study's."
)


def main(arguments):
    logging.set_verbosity(logging.WARNING)
    if len(arguments) != 2:
        raise app.UsageError("Give the folder of one study, such as runs/mnist.")
    try:
        asked = FLAGS.comparison or study.load_study(arguments[1]).comparison
        report = study.write_report(arguments[1], asked or comparisons.JAISWAL)
    except ValueError as error:
        raise SystemExit(f"Error: {error}") from None
    judged = json.loads((report.parent / "claims.json").read_text())
    for claim in judged["claims"]:
        print(f"{claim['verdict']:<22} {claim['statement']}")
    print(f"\nThe report is {report}")


if __name__ == "__main__":
    app.run(main)
