"""Says whether runs, models and exports on disk are whole, and what to do if not.

    python -m kerasgen.check runs/mnist saved_models      # all in the two folders
    python -m kerasgen.check runs/mnist/dcgan/seed0/model.keras

A path is a run directory, a study, the folder of a SavedModel, a `.keras`, `.onnx` or
`.tflite` file, a `.weights.h5` checkpoint, or a folder of those. One
line for each finding; the exit status is 0 if all is fine, 1 if something is wrong, 2
if no path came. Nothing is written.
"""

import sys

from absl import app
from absl import flags
from absl import logging

from kerasgen.check.paths import findings


def main(argv):
    # What readers only warn of is a finding here.
    logging.set_verbosity(logging.ERROR)
    if len(argv) < 2:
        raise app.UsageError("Name at least one path.", exitcode=2)
    wrong = 0
    for path in argv[1:]:
        for finding in findings(path):
            print(finding, flush=True)
            wrong += finding.is_problem
    raise SystemExit(1 if wrong else 0)


def parse_flags(argv):
    """Takes absl's flags; a wrong one is a usage error, which absl gives status 1."""
    try:
        return flags.FLAGS(argv)
    except flags.Error as error:
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    app.run(main, flags_parser=parse_flags)
