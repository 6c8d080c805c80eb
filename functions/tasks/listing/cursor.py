"""The cursor: where a page ended, bound to its filters and to who asked. Opaque to clients, but not secret."""

import base64
import hashlib

from functions.tasks.model import Status
from functions.tasks.tenancy import View

_CHECK_CHARACTERS = 8


def encode_cursor(position: str, view: View, status: Status | None, ordering_key: str | None) -> str:
    """A position in the order of the view's tasks, as text for a URL, bound to view and filters."""
    text = _check(position, view, status, ordering_key) + position
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, view: View, status: Status | None, ordering_key: str | None) -> str:
    """The position; `ValueError` for anything that `encode_cursor` did not return for this view and these filters."""
    try:
        position = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()[_CHECK_CHARACTERS:]
    except ValueError:  # neither base64 nor UTF-8
        position = ""
    if encode_cursor(position, view, status, ordering_key) != cursor:
        raise ValueError("is not a cursor from an earlier response with these filters")
    return position


def _check(position: str, view: View, status: Status | None, ordering_key: str | None) -> str:
    """Detects cursors that were cut, changed, made up, or made for others. A checksum, not a signature."""
    text = f"{position} {status or ''} {ordering_key or ''}{_whose(view)}"  # none but the last contains a space
    return hashlib.sha256(text.encode()).hexdigest()[:_CHECK_CHARACTERS]


def _whose(view: View) -> str:
    if view.everything:
        return " *"
    return "" if view.tenant is None else f" {view.tenant}"
