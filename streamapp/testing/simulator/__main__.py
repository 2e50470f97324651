"""`python -m streamapp.testing.simulator`."""

import sys

from streamapp.testing.simulator.command import main

sys.exit(main(sys.argv[1:]))
