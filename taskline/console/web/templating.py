"""The templates and what they may call. Everything is escaped; the only markup is that of our own drawings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import jinja2
from jinja2.runtime import Context
from markupsafe import Markup

from taskline import statuses
from taskline.console.basis import words
from taskline.console.web.viewer import Viewer

FOLDER: Final = Path(__file__).parents[1]
STATIC: Final = FOLDER / "static"
SHOWN_BYTES: Final = 32 * 1024
NONE: Final = Markup("\u2013")
# Formatting escapes what is put in.
_TIME: Final = Markup('<time datetime="{}" title="{}">{}</time>')


@cache
def environment() -> jinja2.Environment:
    """The environment of all templates. What the API leaves out is empty."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: Mapping[str, Any] = {
        "when": _when,
        "exactly": _exactly,
        "age": _age,
        "duration": words.duration,
        "size": words.size,
        "count": words.count,
        "plural": words.plural,
        "short": words.short,
        "pretty": pretty,
        "capfirst": _capitalised,
    }
    made.filters.update(filters)
    functions: Mapping[str, Any] = {
        "static": static_url,
        "query": query,
        "between": words.between,
        "statuses": statuses,
    }
    made.globals.update(functions)
    return made


def prepare() -> None:
    """Compile all templates, so that the first page need not wait for it."""
    made = environment()
    for name in made.list_templates():
        made.get_template(name)


@cache
def static_url(name: str) -> str:
    """The address of a static file, which changes with its content: browsers may keep it."""
    return f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


def query(path: str, values: Mapping[str, Any] | None = None, **more: Any) -> str:
    """An address with these values; empty ones are left out."""
    merged = {**(values or {}), **more}
    text = urlencode({name: value for name, value in merged.items() if value not in (None, "", False)})
    return f"{path}?{text}" if text else path


def pretty(value: Any) -> str:
    """JSON to read."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def _capitalised(text: str) -> str:
    """With a capital at the start; the rest stays, names among it."""
    return text[:1].upper() + text[1:]


def _viewer(context: Context) -> Viewer:
    return context["viewer"]


@jinja2.pass_context
def _when(context: Context, text: str | None, exact: bool = False) -> Markup:
    """A time in the viewer's zone; the whole of it, with milliseconds, is in its title."""
    at = words.moment(text)
    if at is None:
        return NONE
    zone = _viewer(context).zone
    shown = words.clock(at, zone, now=datetime.now(UTC), exact=exact)
    return _TIME.format(at.isoformat(), words.full(at, zone), shown)


@jinja2.pass_context
def _exactly(context: Context, text: str | None) -> Markup:
    return _when(context, text, exact=True)


@jinja2.pass_context
def _age(context: Context, text: str | None) -> Markup:
    """How long ago a time was, with the time itself in its title."""
    at = words.moment(text)
    if at is None:
        return NONE
    ago = words.duration(max(0.0, (datetime.now(UTC) - at).total_seconds()))
    return _TIME.format(at.isoformat(), words.full(at, _viewer(context).zone), ago)
