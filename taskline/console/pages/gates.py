"""Closed keys: the forms that close and open them."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from taskline.console.reading.api import Problem
from taskline.console.web.page import Sent, console_of, go_to

Document = dict[str, Any]


def close(sent: Sent) -> Response:
    """Close a key, with a reason."""
    key, reason = _given(sent)
    console_of(sent.request).api.close_key(key, sent.text("tenant"), reason)
    return go_to("/keys", f"The key {key} is closed: its tasks are parked.")


def open_key(sent: Sent) -> Response:
    """Open a key, with a reason, and skip the failed task that was shown with it."""
    key, reason = _given(sent)
    found = console_of(sent.request).api.open_key(key, sent.text("tenant"), reason, sent.text("head"))
    return go_to("/keys", _became(key, found))


def _became(key: str, found: Document) -> str:
    """What opening came to: parked tasks run first, and another task may have failed since the page was read."""
    if found["state"] == "open":
        return f"The key {key} is open: its tasks run."
    if found.get("cause") == "failed":
        return f"The key {key} is still closed: the task {found.get('head')} has failed. Look again."
    return f"The key {key} opens as soon as its parked tasks have run."


def _given(sent: Sent) -> tuple[str, str]:
    key, reason = sent.text("key"), sent.text("reason")
    if not key or not reason:
        raise Problem(400, "A key and a reason are needed", "Say why, for whoever looks next. Nothing was changed.")
    return key, reason
