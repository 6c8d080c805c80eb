"""Idempotency keys: a client that got no response repeats its request with the same key, and it takes effect once.

The task id is computed from caller and key, so the conditional put of the record is all the storage this needs: the
second request finds the record of the first, whose `request_hash` shows whether it was the same request.
"""

import hashlib
import json
import uuid
from dataclasses import dataclass

from pydantic import JsonValue

# Random, drawn once. With another one, every known key would count as new.
_NAMESPACE = uuid.UUID("6fb51d79-dda9-41c6-8220-5ccefcfc67c9")


@dataclass(frozen=True, kw_only=True)
class IdempotencyKey:
    """A client's key. Each caller has its own keys: `caller` is the API key's id, None where none is required."""

    caller: str | None
    text: str

    def task_id(self, number: int = 0) -> str:
        """The id of the request's task; in a batch, of its task `number`.

        The first task of a batch has the id that a single task would have: a key that is used for both kinds of
        request, or for two batches of any length, always finds this one record.
        """
        # As JSON, no two pairs of caller and key can look alike.
        parts = [self.caller, self.text, number] if number else [self.caller, self.text]
        return str(uuid.uuid5(_NAMESPACE, json.dumps(parts)))


def request_hash(payload: JsonValue) -> str:
    """SHA-256 of a parsed request: white space and the order of names do not matter."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
