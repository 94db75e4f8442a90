"""`python -m kerasgen` is the command `kerasgen`."""

import sys

from kerasgen.cli.command import main

if __name__ == "__main__":
    sys.exit(main())
