"""Idempotency keys: a client that got no response repeats its request with the same key, and it takes effect once.

The task id is computed from caller, key and a secret, so the conditional put of the record is all the storage this
needs: the second request finds the record of the first, whose `request_hash` shows whether it was the same request.
"""

import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass, field

from pydantic import JsonValue

from functions.tasks.tenancy import Tenant


@dataclass(frozen=True, kw_only=True)
class IdempotencyKey:
    """A client's key. Each caller has its own keys, also where tasks are shared.

    `secret` belongs to the stack. With another one, every known key would count as new.
    """

    caller: Tenant
    text: str
    secret: bytes = field(repr=False)

    def task_id(self, number: int = 0) -> str:
        """The id of the request's task; in a batch, of its task `number`.

        The first task of a batch has the id that a single task would have: a key that is used for both kinds of
        request, or for two batches of any length, always finds this one record. Without the secret no one can compute
        it, whoever knows caller and key.
        """
        return self._id(number) if number else self._id()

    def batch_id(self) -> str:
        """The id of the request's batch: a request that is repeated is the same batch."""
        return self._id("batch")

    def _id(self, *which: int | str) -> str:
        # As JSON, no two lists of caller, key and what it is for can look alike.
        digest = hmac.digest(self.secret, json.dumps([self.caller, self.text, *which]).encode(), "sha256")
        return _uuid8(int.from_bytes(digest[:16], "big"))


def _uuid8(bits: int) -> str:
    """RFC 9562's version for ids of one's own making: all bits are kept but those of version and variant."""
    return str(uuid.UUID(int=bits & ~(0xF << 76) & ~(0x3 << 62) | (0x8 << 76) | (0x2 << 62)))


def request_hash(payload: JsonValue) -> str:
    """SHA-256 of a parsed request: white space and the order of names do not matter."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
