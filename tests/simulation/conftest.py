"""The functions' environment, set before Powertools is imported."""

import os

from tests.simulation.__main__ import ENVIRONMENT

for name, value in ENVIRONMENT.items():
    os.environ.setdefault(name, value)
