"""Payload templates: JSON in which keys that end in `.$` have paths as values."""

from collections.abc import Callable
from typing import cast

from asl.core.templates import Json, Template, compact
from asl.jsonata import UNDEFINED, Frame
from asl.jsonpath.errors import PathError, PathFailed
from asl.jsonpath.path import Path, compile_path

_Run = Callable[[Frame], Json]


def compile_payload(value: Json, field: str) -> Template:
    """Compile a payload template; raises `PathError`. `source` has the keys without their `.$`."""
    paths: list[Path] = []
    run = _compile(value, paths)
    source = value
    if isinstance(value, dict):
        source = {key.removesuffix(".$"): item for key, item in cast(dict[str, Json], value).items()}
    return Template(source, field, not paths, run, ())


def path_template(text: Json, field: str) -> Template:
    """Compile a field that is one path; raises `PathError`."""
    path = compile_path(text)
    return Template(text, field, False, path.value, ())


def _compile(value: Json, paths: list[Path]) -> _Run:
    if isinstance(value, dict):
        return _object([_member(key, item, paths) for key, item in cast(dict[str, Json], value).items()])
    if isinstance(value, list):
        return _array([_compile(item, paths) for item in cast(list[Json], value)])
    return lambda _frame: value


def _object(members: list[tuple[str, _Run]]) -> _Run:
    return lambda frame: {key: run(frame) for key, run in members}


def _array(items: list[_Run]) -> _Run:
    return lambda frame: [run(frame) for run in items]


def _member(key: str, value: Json, paths: list[Path]) -> tuple[str, _Run]:
    if not key.endswith(".$"):
        return key, _compile(value, paths)
    if isinstance(value, str) and value.startswith("States."):
        raise PathError("This runner does not support intrinsic functions", supported=False)
    path = compile_path(value)
    paths.append(path)
    return key[:-2], lambda frame: _found(path, key, frame)


def _found(path: Path, key: str, frame: Frame) -> Json:
    value = path.find(frame)
    if value is UNDEFINED:
        shown = compact(frame.lookup("states")["input"])
        raise PathFailed(
            f"The JSONPath '{path.text}' specified for the field '{key}' could not be found in the input '{shown}'"
        )
    return value
