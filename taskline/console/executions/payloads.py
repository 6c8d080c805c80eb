"""Payloads to read: indented JSON, cut where it is long."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from taskline.console.executions.model import Payload, Visit


@dataclass(frozen=True, kw_only=True)
class Part:
    """A payload as it is shown. `name` asks for the whole of it; `size` is in bytes, of all of it."""

    name: str
    title: str
    text: str
    size: int
    cut: bool
    truncated: bool


def parts_of(visit: Visit, most: int, whole: str = "") -> list[Part]:
    """All that the log has of a visit, each with at most so many characters, but all of the part named `whole`."""
    named: list[tuple[str, str, Payload | None]] = [
        ("input", "Input", visit.input),
        ("output", "Output", visit.output),
    ]
    named += [(f"variable-{name}", f"${name}", value) for name, value in visit.variables.items()]
    if visit.attempts:
        last = visit.attempts[-1]
        named += [("arguments", "Arguments", last.arguments), ("result", "Result of the call", last.result)]
    return [_part(name, title, one, most, whole) for name, title, one in named if one is not None]


def _part(name: str, title: str, payload: Payload, most: int, whole: str) -> Part:
    text = pretty(payload.text)
    cut = len(text) > most and whole != name
    return Part(
        name=name,
        title=title,
        text=text[:most] if cut else text,
        size=payload.size,
        cut=cut,
        truncated=payload.truncated,
    )


def pretty(text: str) -> str:
    """JSON, indented; anything else as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def readable(cause: str) -> str:
    """A cause. Lambda puts JSON into it, and a processor JSON into that: what happened, details, the trace."""
    told = _fields(cause)
    if "errorMessage" not in told:
        return pretty(cause)
    inner = _fields(str(told["errorMessage"]))
    message = inner.pop("message", told["errorMessage"])
    lines = [f"{inner.pop('type', told.get('errorType', 'Error'))}: {message}"]
    lines += [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in inner.items()]
    trace = told.get("stackTrace")
    if isinstance(trace, list) and trace:
        lines += ["", "".join(str(line) for line in cast(list[Any], trace)).rstrip()]
    return "\n".join(lines)


def _fields(text: str) -> dict[str, Any]:
    """The members of a JSON object; none of anything else."""
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return dict(cast(Mapping[str, Any], value)) if isinstance(value, dict) else {}
