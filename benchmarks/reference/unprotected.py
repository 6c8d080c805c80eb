"""Runs the laptop edition without its journal or guard: `python -m benchmarks.reference.unprotected journal guard`."""

import sys
from functools import partial

from local import edition
from local.__main__ import main

PROTECTIONS = {"journal": "journaled", "guard": "guarded"}

if __name__ == "__main__":
    without = {PROTECTIONS[name]: False for name in sys.argv[1:]}
    del sys.argv[1:]
    edition.Emulator = partial(edition.Emulator, **without)  # type: ignore[misc,assignment]
    sys.exit(main())
