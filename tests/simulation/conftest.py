"""The functions' environment, set before Powertools is imported: that of the unit tests, which may run beside."""

import os

os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Taskline")
os.environ.setdefault("POWERTOOLS_TRACE_DISABLED", "true")
