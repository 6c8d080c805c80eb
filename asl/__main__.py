"""`python -m asl DEFINITION INPUT`."""

import sys

from asl.cli import main

sys.exit(main())
