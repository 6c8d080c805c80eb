"""The signals that end the edition while it starts."""

from __future__ import annotations

import signal
from types import FrameType

from local.host.options import STOP_SIGNALS


class Stopping:
    """Interrupts what goes on when the first signal comes, and does not forget it if that is caught on the way.

    Libraries that are being loaded may swallow an interrupt, and Python itself does where nobody could catch it.
    """

    def __init__(self) -> None:
        self._asked = False

    def listen(self) -> None:
        """From now on, a signal raises `KeyboardInterrupt` in the main thread."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._interrupt)

    def check(self) -> None:
        """Raise `KeyboardInterrupt` if a signal has come, whatever became of the first one."""
        if self._asked:
            raise KeyboardInterrupt

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        ignore_signals()
        self._asked = True
        raise KeyboardInterrupt


def ignore_signals() -> None:
    """A second Ctrl-C must not keep the emulator from saving its state."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
