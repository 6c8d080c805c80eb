"""What API Gateway does with a request and an answer, and the emulator does not."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import hdrs
from multidict import CIMultiDict

from local.lambda_worker import API_KEY_ID_HEADER

API_KEY_HEADER = "X-Api-Key"


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """Answers of `minimum_compression_bytes` or more are compressed; None compresses none.

    `api_keys` holds the ids of the keys that clients have to show, by value; empty when they need none.
    """

    minimum_compression_bytes: int | None = None
    api_keys: Mapping[str, str] = field(default_factory=dict[str, str])

    def identify(self, headers: CIMultiDict[str]) -> None:
        """Say whose API key it is, in a header that the function's worker turns into the event's identity."""
        headers.popall(API_KEY_ID_HEADER, None)
        key_id = self.api_keys.get(headers.get(API_KEY_HEADER, ""))
        if key_id:
            headers[API_KEY_ID_HEADER] = key_id

    def compress(self, asked: Mapping[str, str], headers: CIMultiDict[str], body: bytes) -> bytes:
        """The body as the client gets it, compressed if that is worth it and it asked for that."""
        least = self.minimum_compression_bytes
        if least is None or len(body) < max(least, 1) or hdrs.CONTENT_ENCODING in headers:
            return body
        accepted = (one.partition(";")[0].strip().lower() for one in asked.get(hdrs.ACCEPT_ENCODING, "").split(","))
        if "gzip" not in accepted:
            return body
        headers[hdrs.CONTENT_ENCODING] = "gzip"
        return gzip.compress(body, mtime=0)
