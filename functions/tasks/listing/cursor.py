"""The cursor: where a page ended, bound to its filters. Opaque to clients, but not secret."""

import base64
import hashlib

from functions.tasks.model import Status

_CHECK_CHARACTERS = 8


def encode_cursor(position: str, status: Status | None, ordering_key: str | None) -> str:
    """A position in the order of all tasks, as text for a URL, bound to the filters."""
    text = _check(position, status, ordering_key) + position
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, status: Status | None, ordering_key: str | None) -> str:
    """The position; `ValueError` for anything that `encode_cursor` did not return for these filters."""
    try:
        position = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()[_CHECK_CHARACTERS:]
    except ValueError:  # neither base64 nor UTF-8
        position = ""
    if encode_cursor(position, status, ordering_key) != cursor:
        raise ValueError("is not a cursor from an earlier response with these filters")
    return position


def _check(position: str, status: Status | None, ordering_key: str | None) -> str:
    """Detects cursors that were cut, changed, made up, or made for other filters. A checksum, not a signature."""
    text = f"{position} {status or ''} {ordering_key or ''}"  # none of them contains a space
    return hashlib.sha256(text.encode()).hexdigest()[:_CHECK_CHARACTERS]
