"""Compresses long responses for clients that accept it.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gzip-compression-decompression.html
"""

from __future__ import annotations

import gzip
from dataclasses import replace

from local.services.http.messages import HttpResponse


def compressed(response: HttpResponse, accepted: str | None, least: int | None) -> HttpResponse:
    """The response for a client that sent `accepted` as Accept-Encoding.

    Bodies of at least `least` bytes are compressed, none if it is None.
    """
    if accepted is None or least is None or len(response.body) < max(least, 1):
        return response
    if "gzip" not in (one.partition(";")[0].strip().lower() for one in accepted.split(",")):
        return response
    if any(name.lower() == "content-encoding" for name, _ in response.headers):
        return response
    headers = [*response.headers, ("Content-Encoding", "gzip")]
    return replace(response, headers=headers, body=gzip.compress(response.body, mtime=0))
