"""The results of a study, to be committed: its records and report, without weights.

    python examples/publish.py --study_dir=runs/mnist --to=results/mnist-100
    python examples/publish.py --to=results/mnist-100 --readme=README.md

Runs that have ended are copied; given again, the command adds those that ended since.
Absolute paths are left out. The report can be made again from the folder alone, by
`python examples/report.py results/mnist-100`. `--readme` writes the numbers, verdicts
and pictures between the lines of a README that name their study. It takes half a
minute; the result is some 100 kB a run and a report of some MB.
"""

import command_line  # noqa: F401  first: it answers slips at once
from absl import app
from absl import flags
from absl import logging

from kerasgen import comparisons
from kerasgen import study

FLAGS = flags.FLAGS
flags.DEFINE_string("study_dir", None, "Folder of a study; none publishes no runs.")
flags.DEFINE_string("to", None, "Folder of the published study.", required=True)
CLAIMS = [*comparisons.COMPARISONS, comparisons.NONE]
flags.DEFINE_enum(
    "comparison", None, CLAIMS, "Comparison whose claims to judge; default the study's."
)
flags.DEFINE_string("readme", None, "README to write the results into.")


def main(_):
    logging.set_verbosity(logging.WARNING)
    try:
        if FLAGS.study_dir is not None:
            study.publish(FLAGS.study_dir, FLAGS.to, asked_for(FLAGS.study_dir))
        if FLAGS.readme is not None:
            study.update_readme(FLAGS.readme, asked_for(FLAGS.to))
        published = study.load_study(FLAGS.to)
    except ValueError as error:
        raise SystemExit(f"Error: {error}") from None
    paths = (path for path in published.directory.rglob("*") if path.is_file())
    size = sum(path.stat().st_size for path in paths)
    print(f"{FLAGS.to}: {len(published.runs)} runs, {size / 1e6:.1f} MB")


def asked_for(study_dir):
    """The comparison of the flag, or that of the study."""
    named = FLAGS.comparison or study.load_study(study_dir).comparison
    return named or comparisons.JAISWAL


if __name__ == "__main__":
    app.run(main)
