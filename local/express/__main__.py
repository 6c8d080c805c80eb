"""`python -m local.express` does the same as `python -m asl`."""

import sys

from asl.cli import main

sys.exit(main())
