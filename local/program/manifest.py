"""The resources of the last run, so that one that is no longer declared can be removed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, cast

from local.host.state_dir import read_json, write_json


class Entry(NamedTuple):
    """One resource: its Pulumi type, and the key that its handler removes it by."""

    type: str
    key: str


class Manifest:
    """The entries of the last run, and those of this run in order of creation."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = _read(path)
        self._now: list[Entry] = []
        self._lock = threading.Lock()

    def record(self, entry: Entry) -> None:
        """Record a resource of this run, from any thread."""
        with self._lock:
            self._now.append(entry)

    def save_partial(self) -> None:
        """After a failed run: keep the entries of everything that may exist."""
        self._write([*self._before, *(entry for entry in self._now if entry not in self._before)])

    def finish(self, remove: Callable[[Entry], None]) -> int:
        """After a complete run: remove what is no longer declared, newest first. Returns the number of resources."""
        gone = [entry for entry in reversed(self._before) if entry not in self._now]
        for entry in gone:
            remove(entry)
        self._write(self._now)
        return len(gone)

    def _write(self, entries: list[Entry]) -> None:
        write_json(self._path, [entry._asdict() for entry in entries])


def _read(path: Path) -> list[Entry]:
    value = read_json(path)
    rows = cast("list[dict[str, Any]]", value) if isinstance(value, list) else []
    return [Entry(str(row["type"]), str(row["key"])) for row in rows]
