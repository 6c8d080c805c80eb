"""`ignore_changes` on the laptop: a property that is given once, and then kept, whatever the program says.

Pulumi has such values in its state, and so they survive everything that a stack survives. Here they are in a file of
the state directory, written before the value is used: the emulator's own state would not survive its death.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, cast

from google.protobuf import json_format, struct_pb2

from local.host.state_dir import read_json, write_json


class KeptValues:
    """The first value of each property whose changes are ignored, by resource and property."""

    def __init__(self, path: Path) -> None:
        self._path = path
        value = read_json(path)
        self._values = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
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
