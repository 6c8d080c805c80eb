"""Invocations of functions: what runs them, how they end, and why one is not run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """How an invocation ended: its payload, as JSON; that of a failed one is `{"errorMessage", "errorType", ...}`."""

    payload: bytes
    failed: bool = False


def failure(error_type: str, message: str) -> Invocation:
    """The failure of an invocation that the function itself cannot report."""
    return Invocation(payload=json.dumps({"errorType": error_type, "errorMessage": message}).encode(), failed=True)


class InvocationRefused(Exception):
    """The function was not run. `code` is Lambda's own: ResourceNotFoundException, TooManyRequestsException."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class Invoker(Protocol):
    """Runs functions by name, for any thread."""

    def invoke(self, function: str, payload: bytes) -> Invocation:
        """Run a function to its end. Raises `InvocationRefused`."""
        ...
