"""Paths: `$.a['b'][0]` from the input, `$$.Execution.Id` from the context object, `$name.x` from a variable."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

from asl.jsonata import UNDEFINED, Frame
from asl.jsonpath.errors import PathError, PathFailed

_ROOT: Final = re.compile(r"\$\$|\$([^\W\d]\w*)?")
_STEP: Final = re.compile(r"""\.(\*|[^.\[\]'"\s?@()$:,]+)|\[(?:'([^']*)'|"([^"]*)"|(-?\d+)|(\*))\]""")
_ALL: Final = object()
"""The step `[*]`."""


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path. `variable` is `None` for the input and empty for the context object."""

    text: str
    variable: str | None
    steps: tuple[Any, ...]

    @property
    def is_root(self) -> bool:
        """Whether the path is `$`, the whole input."""
        return self.variable is None and not self.steps

    def find(self, frame: Frame, document: Any = UNDEFINED) -> Any:
        """The value at the path, or `UNDEFINED`. `document` replaces the input."""
        found = list(self._walk(self._root(frame, document), self.steps))
        if _ALL in self.steps:
            return found
        return found[0] if found else UNDEFINED

    def value(self, frame: Frame, document: Any = UNDEFINED) -> Any:
        """The value at the path; raises `PathFailed` if there is none."""
        found = self.find(frame, document)
        if found is UNDEFINED:
            raise PathFailed(f"Invalid path '{self.text}': No results for the path.")
        return found

    def put(self, document: Any, value: Any) -> Any:
        """A copy of the document with the value at the path. Missing objects on the way are created."""
        return _put(document, self.steps, value, self.text)

    def _root(self, frame: Frame, document: Any) -> Any:
        states: Any = frame.lookup("states")
        if self.variable is None:
            return states["input"] if document is UNDEFINED else document
        return frame.lookup(self.variable) if self.variable else states["context"]

    def _walk(self, value: Any, steps: tuple[Any, ...]) -> Iterator[Any]:
        if value is UNDEFINED:
            return
        if not steps:
            yield value
        elif steps[0] is _ALL:
            for member in _members(value):
                yield from self._walk(member, steps[1:])
        else:
            yield from self._walk(_member(value, steps[0]), steps[1:])


def _members(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(cast(dict[str, Any], value).values())
    return cast(list[Any], value) if isinstance(value, list) else []


def _member(value: Any, step: Any) -> Any:
    if isinstance(step, str):
        return cast(dict[str, Any], value).get(step, UNDEFINED) if isinstance(value, dict) else UNDEFINED
    items = cast(list[Any], value) if isinstance(value, list) else []
    return items[step] if -len(items) <= step < len(items) else UNDEFINED


def _put(document: Any, steps: tuple[Any, ...], value: Any, text: str) -> Any:
    if not steps:
        return value
    step = steps[0]
    if isinstance(step, str) and isinstance(document, dict):
        members = cast(dict[str, Any], document)
        return {**members, step: _put(members.get(step, {}), steps[1:], value, text)}
    if isinstance(step, int) and isinstance(document, list) and 0 <= step < len(cast(list[Any], document)):
        items = list(cast(list[Any], document))
        items[step] = _put(items[step], steps[1:], value, text)
        return items
    raise PathFailed(f"Unable to apply ReferencePath {text} to the input.")


def compile_path(text: Any) -> Path:
    """Parse a path; raises `PathError`."""
    root = _ROOT.match(text) if isinstance(text, str) else None
    if root is None:
        raise PathError(f"{text!r} is not a path")
    steps: list[Any] = []
    position = root.end()
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            raise PathError(f"This runner does not support the path '{text}'", supported=False)
        steps.append(_step(step))
        position = step.end()
    return Path(text, "" if root[0] == "$$" else root[1], tuple(steps))


def _step(found: re.Match[str]) -> Any:
    name, single, double, index, star = found.groups()
    if star is not None or name == "*":
        return _ALL
    return int(index) if index is not None else next(part for part in (name, single, double) if part is not None)
