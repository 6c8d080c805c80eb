"""moto with the runner, for each test that asks for it."""

import os

from asl.testing.moto.fixtures import express

__all__ = ["express"]

# Before the functions import Powertools. Their own tests, which may run in the same process, use the same values.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Taskline")
os.environ.setdefault("POWERTOOLS_TRACE_DISABLED", "true")
