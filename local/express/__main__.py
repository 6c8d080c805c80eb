"""`python -m local.express` is `python -m asl`."""

import sys

from asl.cli import main

sys.exit(main())
