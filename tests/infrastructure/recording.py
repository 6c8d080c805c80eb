"""The Pulumi program, evaluated under mocks that record every resource, and helpers to query the record."""

import gc
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pulumi

from local.program.config import load_config
from local.program.recording import (
    ACCOUNT,
    OUTPUTS,
    PARTITION,
    REGION,
    SECRETS,
    SUFFIX,
    Recording,
    RecordingMonitor,
    arn,
    contains_secret,
    live,
)
from local.program.recording import RecordedResource as Resource
from local.program.stack import evaluate

__all__ = ["ACCOUNT", "OUTPUTS", "PARTITION", "REGION", "SECRETS", "SUFFIX", "Recording", "RecordingMonitor"]
__all__ += ["Resource", "Stack", "arn", "comparable", "contains_secret", "live", "run"]


@dataclass
class Stack:
    """One evaluation of the program: `stack.one("aws:sqs/queue:Queue", "tasks-queue").inputs["fifoQueue"]`."""

    resources: list[Resource] = field(default_factory=list)
    exports: dict[str, Any] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def all(self, of_type: str) -> list[Resource]:
        """All resources of a type, by name. None is an error, because nothing would be asserted."""
        found = sorted((one for one in self.resources if one.type == of_type), key=lambda one: one.name)
        assert found, f"the program creates no {of_type}"
        return found

    def one(self, of_type: str, name: str) -> Resource:
        found = [one for one in self.all(of_type) if one.name == name]
        assert len(found) == 1, f"{of_type} {name!r}: {len(found)} instead of 1 of {self.all(of_type)}"
        return found[0]

    def inventory(self) -> Counter[tuple[str, str]]:
        return Counter((one.type, one.name) for one in self.resources)

    def plain(self) -> dict[tuple[str, str], Any]:
        """All resources as comparable values; an archive is the digest of its content."""
        return {
            (one.type, one.name): {
                "tags": one.tags,
                "inputs": comparable({k: v for k, v in one.inputs.items() if k not in one.ignored_changes}),
                "protect": one.protect,
                "parent": one.parent,
                "dependencies": sorted(one.dependencies),
            }
            for one in self.resources
        }


def comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: comparable(child) for name, child in value.items()}
    if isinstance(value, list):
        return [comparable(child) for child in value]
    if isinstance(value, pulumi.FileArchive):
        return hashlib.sha256(Path(value.path).read_bytes()).hexdigest()
    if isinstance(value, pulumi.output.Unknown):
        return "unknown"
    assert value is None or isinstance(value, str | int | float | bool), f"{value!r} cannot be compared"
    return value


def run(stage: str, layer: Path, preview: bool = False, into: Recording | None = None, **config: Any) -> Stack:
    """The program, evaluated for a stage with some settings changed; `into` records a failing program.

    Tests that only read a stage as it is shipped share one evaluation: `stages.evaluated`.
    """
    recording = into or Recording(preview)
    overrides = {f"taskline:{key}": value for key, value in ({"dependencyLayer": str(layer)} | config).items()}
    gc.disable()  # Pulumi's modules are a million objects, and looking through them takes a fourth of the time
    try:
        exports = evaluate(recording, load_config(stage, overrides), stage, preview=preview, monitor=RecordingMonitor)
    finally:
        gc.enable()
    _freeze_what_is_loaded()
    return Stack(recording.resources, exports, recording.calls)


@cache
def _freeze_what_is_loaded() -> None:
    gc.freeze()
