"""The statuses of a task, in the order of its life."""

from __future__ import annotations

from typing import Final

WAITING: Final = ("queued", "parked")
"""It waits: in the queue, or because its key is closed. It can be cancelled."""
OPEN: Final = (*WAITING, "processing")
FINAL: Final = ("succeeded", "failed", "cancelled")
STATUSES: Final = (*OPEN, *FINAL)
