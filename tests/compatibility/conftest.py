"""The functions' environment, set before Powertools is imported. The unit tests, in the same process, use the same."""

import os

os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Taskline")
os.environ.setdefault("POWERTOOLS_TRACE_DISABLED", "true")
