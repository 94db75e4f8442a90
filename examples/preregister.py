"""The registration of a comparison, to commit before its first run.

    python examples/preregister.py --output=results/mnist-modern/preregistration.md

It names the commit of this work tree, which must be clean, and all that is fixed:
arms with their settings, seeds, endpoints, margins, claims, tests.
"""

import pathlib
import subprocess

import command_line  # noqa: F401  first: it answers slips at once
from absl import app
from absl import flags

from kerasgen import comparisons
from kerasgen import files
from kerasgen.study import registration

FLAGS = flags.FLAGS
flags.DEFINE_enum("comparison", "jaiswal", comparisons.COMPARISONS, "Comparison.")
flags.DEFINE_string("output", None, "Markdown file.", required=True)


def main(_):
    path = pathlib.Path(FLAGS.output).expanduser()
    text = registration.registration(
        comparisons.get_comparison(FLAGS.comparison), _commit()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(f"Wrote {path}. Commit it before the first run.")


def _commit():
    """Hash of the commit of a clean work tree."""
    root = pathlib.Path(__file__).resolve().parents[1]

    def git(*arguments):
        command = ["git", "-C", str(root), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True)

    if changed := git("status", "--porcelain", "--untracked-files=no").stdout:
        raise SystemExit(
            f"Error: Got a work tree with changes:\n{changed}Expected a clean one, so "
            "that the commit names the code of the runs. Commit them first."
        )
    return git("rev-parse", "HEAD").stdout.strip()


if __name__ == "__main__":
    app.run(main)
