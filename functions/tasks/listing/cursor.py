"""The cursor: where a page ended, for the same filters only. Opaque to clients, and no secret."""

import base64
import hashlib

from functions.tasks.model import Status

_CHECK_CHARACTERS = 8


def encode_cursor(place: str, status: Status | None, ordering_key: str | None) -> str:
    """A place in the order of all tasks, as text for a URL, bound to the filters."""
    text = _check(place, status, ordering_key) + place
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(given: str, status: Status | None, ordering_key: str | None) -> str:
    """The place; `ValueError` for anything that `encode_cursor` did not make for these filters."""
    try:
        place = base64.urlsafe_b64decode(given.encode() + b"=" * (-len(given) % 4)).decode()[_CHECK_CHARACTERS:]
    except ValueError:  # neither base64 nor UTF-8
        place = ""
    if encode_cursor(place, status, ordering_key) != given:
        raise ValueError("is not a cursor from an earlier response with these filters")
    return place


def _check(place: str, status: Status | None, ordering_key: str | None) -> str:
    """Tells what was cut, changed, made up, or made for other filters. It guards nothing: it is no secret."""
    text = f"{place} {status or ''} {ordering_key or ''}"  # none of them has a space in it
    return hashlib.sha256(text.encode()).hexdigest()[:_CHECK_CHARACTERS]
