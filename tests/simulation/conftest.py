"""The functions' environment, set before Powertools is imported; the same as in the unit tests, which may run beside."""

import os

os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Taskline")
os.environ.setdefault("POWERTOOLS_TRACE_DISABLED", "true")
