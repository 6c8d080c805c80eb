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
    """A cause: Lambda puts JSON into it, and a processor JSON into that, which says more without its escapes."""
    try:
        told: Any = json.loads(cause)
    except (ValueError, RecursionError):
        return cause
    if not isinstance(told, dict):
        return cause
    fields = dict(cast(Mapping[str, Any], told))
    message = fields.get("errorMessage")
    if isinstance(message, str):
        try:
            fields["errorMessage"] = json.loads(message)
        except (ValueError, RecursionError):
            fields["errorMessage"] = message
    return json.dumps(fields, indent=2, ensure_ascii=False)
