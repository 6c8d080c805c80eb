"""`ignore_changes` on the laptop: a property that is given once, and then kept, whatever the program says.

Pulumi has such values in its state, and so they survive everything that a stack survives. Here they are in a file of
the state directory, written before the value is used: the emulator's own state would not survive its death.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, cast

from google.protobuf import json_format, struct_pb2

from local.host.errors import LaptopError
from local.host.state_dir import read_json, write_json


class KeptValues:
    """The first value of each property whose changes are ignored, by resource and property."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values = _read(path)
        self._lock = threading.Lock()

    def apply(self, urn: str, ignored: list[str], properties: struct_pb2.Struct) -> None:
        """Replace the properties whose changes are ignored by their first values. From any thread."""
        for name in ignored:
            if name in properties.fields:
                given = json_format.MessageToDict(properties.fields[name])
                json_format.ParseDict(self._first(f"{urn} {name}", given), properties.fields[name])

    def _first(self, key: str, given: Any) -> Any:
        with self._lock:
            if key not in self._values:
                self._values[key] = given
                write_json(self._path, self._values)
            return self._values[key]


def _read(path: Path) -> dict[str, Any]:
    """Only without a file there are none yet: with other secrets, the same tasks would get other ids."""
    value = read_json(path)
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    if path.exists():
        raise LaptopError(
            f"{path} cannot be read: it is damaged. It holds values that were made once, secrets among them.",
            "Put it back from a copy. `make run FRESH=1` deletes it with all state, tasks included.",
        )
    return {}
