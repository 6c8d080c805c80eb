"""`python -m local`: run Taskline on this machine."""

from __future__ import annotations

import gc
import os
import sys

from local.host.errors import LaptopError
from local.host.options import parse, scrub
from local.host.stopping import Stopping

INTERRUPTED = 130


def main() -> int:
    """Run until stopped; returns the exit code. Every failure is one message that says what to do."""
    stopping = Stopping()
    stopping.listen()
    scrub(os.environ)
    gc.disable()  # Pulumi's modules are a million objects that stay: looking through them again costs a second
    try:
        options = parse(sys.argv[1:], os.environ)
        from local.edition import run  # here, so that a missing dependency is a message and no traceback

        run(options, stopping)
    except LaptopError as error:
        print(f"Taskline cannot run: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        way_out = "Run `make run`, which installs the dependencies."
        print(f"Taskline cannot run: {error}.\n  What to do: {way_out}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped while starting.", file=sys.stderr, flush=True)
        # Not `sys.exit`: Python keeps an interrupt in the middle of an `exec`, which every dataclass is made with, as
        # unhandled, and would then end by the signal.
        os._exit(INTERRUPTED)
    return 0


if __name__ == "__main__":
    sys.exit(main())
