"""Idempotency keys: a client that got no answer sends its request again under the same key, and it counts once.

The task id is computed from caller and key, so the conditional put of the record is all the store that this needs:
whoever comes second meets the first one's record, and its `request_hash` says whether it was the same request.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from functions.tasks.errors import FieldError, Refused

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
MAX_KEY_CHARACTERS = 255
# White space around a header's value is not part of it.
KEY_PATTERN = f"^[!-~]([ -~]{{0,{MAX_KEY_CHARACTERS - 2}}}[!-~])?$"
_KEY = re.compile(KEY_PATTERN)
# Drawn once. Another one would make every key that is remembered new again.
_NAMESPACE = uuid.UUID("6fb51d79-dda9-41c6-8220-5ccefcfc67c9")


@dataclass(frozen=True, kw_only=True)
class IdempotencyKey:
    """A client's key, which is its caller's own: `caller` is the API key's id, None for whoever needs none."""

    caller: str | None
    text: str

    def task_id(self, number: int = 0) -> str:
        """The id of the request's task; in a batch, of its task `number`.

        The first task of a batch has the id that a single task would have: a key that is used for both kinds of
        request, or for two batches of any length, always meets this one record.
        """
        # As JSON, no caller and key can be put together to look like others.
        parts = [self.caller, self.text, number] if number else [self.caller, self.text]
        return str(uuid.uuid5(_NAMESPACE, json.dumps(parts)))


def idempotency_key(values: Sequence[str], caller: str | None) -> IdempotencyKey | None:
    """The key in the header's values, None without the header; `Refused` (400) when it is none."""
    if not values:
        return None
    if len(values) > 1:
        raise _invalid_key("is sent more than once")
    text = values[0].strip(" \t")  # what HTTP itself does not count as part of a value
    if not _KEY.fullmatch(text):
        raise _invalid_key(f"must be 1 to {MAX_KEY_CHARACTERS} printable ASCII characters")
    return IdempotencyKey(caller=caller, text=text)


def request_hash(payload: JsonValue) -> str:
    """SHA-256 of a request as it was understood: white space and the order of names do not matter."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def reused_key() -> Refused:
    """The refusal of a key that belongs to another request."""
    return Refused(
        422,
        "Idempotency key reused",
        f"This {KEY_HEADER} was sent before with another payload. Send a new key with a new request.",
        [FieldError(field=KEY_HEADER, message="was used for another request")],
    )


def _invalid_key(message: str) -> Refused:
    error = FieldError(field=KEY_HEADER, message=message)
    return Refused(400, "Invalid idempotency key", f"The header {KEY_HEADER} {message}.", [error])
