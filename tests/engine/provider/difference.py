"""What changes between the inputs that a resource has and those that it is to have."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.engine.provider.replacements import FOR_EVERY_TYPE, FORCES

ADD, DELETE, UPDATE = "add", "delete", "update"


@dataclass(frozen=True)
class Difference:
    """The changed paths (`environment.variables.TENANCY`) with their kind, and the properties that force a
    replacement."""

    changes: Mapping[str, str]
    forces: frozenset[str]


def difference(of_type: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Difference:
    """Both sides as `wire.comparable` makes them. An unknown value counts as changed, as it does on AWS."""
    changes = dict(_changes(before, after, ""))
    forcing = FORCES[of_type] | FOR_EVERY_TYPE
    return Difference(changes, frozenset(top(path) for path in changes if top(path) in forcing))


def top(path: str) -> str:
    """The property that a path lies in."""
    return path.partition(".")[0].partition("[")[0]


def _changes(before: Any, after: Any, path: str) -> Iterator[tuple[str, str]]:
    if before == after:
        return
    if before is None or after is None:
        yield path, ADD if before is None else DELETE
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from _changes(before.get(name), after.get(name), f"{path}.{name}" if path else name)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _changes(old, new, f"{path}[{index}]")
    else:
        yield path, UPDATE
