"""Identifies the caller of a method with AWS_IAM authorization.

On the laptop that is always the emulator's root user, whose signature is not verified. Only the emulator knows the
secrets of other callers, so their signatures cannot be verified here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from local.emulator.clients import ROOT_KEY
from local.services.gateway.event import query_values
from local.services.http.gateway_errors import bad_signature, no_such_path
from local.services.http.messages import HttpRequest

ALGORITHM: Final = "AWS4-HMAC-SHA256"
CREDENTIAL: Final = re.compile(r"Credential=([^/,\s]+)/")


class Signatures:
    """Reads signatures for one account."""

    def __init__(self, account: str) -> None:
        self._root: Mapping[str, str] = {
            "accessKey": ROOT_KEY,
            "accountId": account,
            "caller": account,
            "user": account,
            "userArn": f"arn:aws:iam::{account}:root",
        }

    def identity(self, request: HttpRequest) -> Mapping[str, str]:
        """The caller's fields of `requestContext.identity`. Raises `GatewayError`."""
        if _access_key(request) == ROOT_KEY:
            return self._root
        raise bad_signature("The security token included in the request is invalid.", "UnrecognizedClientException")


def _access_key(request: HttpRequest) -> str:
    """The access key in the request's signature, in a header or in its query. Raises `GatewayError`."""
    header = request.headers.get("Authorization")
    if not header:
        return _presigned(request.query)
    found = CREDENTIAL.search(header) if header.startswith(ALGORITHM) else None
    if found is None:
        raise bad_signature("The Authorization header holds no AWS signature.", "IncompleteSignatureException")
    return found[1]


def _presigned(query: str) -> str:
    values = query_values(query)
    if ALGORITHM not in values.get("X-Amz-Algorithm", []):
        raise no_such_path()  # AWS's response to unsigned requests
    return values.get("X-Amz-Credential", [""])[0].partition("/")[0]
