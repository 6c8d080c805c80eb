"""The code that runs in AWS Lambda, importable under the same names on AWS, on the laptop and in tests.

Arrows point one way: handlers (`validator`, `processor`, `reader`, `redrive`, `documents`, `events`, `monitor`,
`breaker`) -> domain (`tasks`) <- `adapters`.
"""

import gc
import os

if "LAMBDA_TASK_ROOT" in os.environ:
    # A start makes tens of thousands of objects that stay. Python would look through them for garbage a hundred times
    # before the first response, which takes a twentieth of the start, and finds next to nothing.
    gc.set_threshold(100_000)
    # Where Python looks for time zones in any case. Asking for its own value loads all that it was built with.
    ZONES = ("/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo")
    os.environ.setdefault("PYTHONTZPATH", os.pathsep.join(ZONES))

    from functions.adapters.lean import trim

    trim()
