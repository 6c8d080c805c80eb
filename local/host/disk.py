"""Free space on the disk that holds the state."""

from __future__ import annotations

import os
from pathlib import Path

# What tasks in work and the state that is saved at a stop may still need.
RESERVE_BYTES = 64_000_000


class Disk:
    """The disk of a folder. The reserve is kept for the tasks that are accepted already."""

    def __init__(self, folder: Path, reserve: int = RESERVE_BYTES) -> None:
        self._folder = folder
        self._reserve = reserve

    def shortage(self) -> str:
        """Why nothing new may be accepted; empty if there is room."""
        disk = os.statvfs(self._folder)
        free = disk.f_bavail * disk.f_frsize
        if free >= self._reserve:
            return ""
        return (
            f"The disk of {self._folder} has {free // 1_000_000} MB left; {self._reserve // 1_000_000} MB are kept "
            "for what was accepted before. Nothing was accepted: free some space and try again."
        )
