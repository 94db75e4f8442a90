"""Says whether runs, models and exports on disk are whole, and what to do if not.

    kerasgen check runs/mnist saved_models      # all in the two folders
    kerasgen check runs/mnist/dcgan/seed0/model.keras

One line for each finding; the exit status is 0 if all is fine, 1 if something is wrong.
Nothing is written.
"""

from absl import flags

ARGUMENTS = "PATH..."
COUNT = (1, None)
FLAGS = flags.FlagValues()


def main(arguments: list[str], values: flags.FlagValues) -> int:
    """Print what is found at the paths; the exit status."""
    from absl import logging

    from kerasgen.quiet_start import quiet_start

    with quiet_start():
        from kerasgen.check import findings

    # What readers only warn of is a finding here.
    logging.set_verbosity(logging.ERROR)
    wrong = 0
    for path in arguments:
        for finding in findings(path):
            print(finding, flush=True)
            wrong += finding.is_problem
    return 1 if wrong else 0
