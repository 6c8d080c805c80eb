"""`python -m local`: run Taskline on this machine."""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType

from local.host.errors import LaptopError
from local.host.options import STOP_SIGNALS, parse, scrub

INTERRUPTED = 130


def main() -> int:
    """Run until stopped; returns the exit code. Every failure is one message that says what to do."""
    for number in STOP_SIGNALS:
        signal.signal(number, _interrupt)
    scrub(os.environ)
    gc.disable()  # Pulumi's modules are a million objects that stay: looking through them again costs a second
    try:
        options = parse(sys.argv[1:], os.environ)
        from local.edition import run  # here, so that a missing dependency is a message and no traceback

        run(options)
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


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """End the start in an orderly way, once: a second Ctrl-C must not keep the emulator from saving its state."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
