"""What there is to say about invoking a function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """How an invocation ended: its payload, in JSON; of a failed one, `{"errorMessage", "errorType", ...}`."""

    payload: bytes
    failed: bool = False


class InvocationRefused(Exception):
    """The function was not run. `code` is Lambda's own word: ResourceNotFoundException, TooManyRequestsException."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class Invoker(Protocol):
    """Runs functions by name, for any thread."""

    def invoke(self, function: str, payload: bytes) -> Invocation:
        """Run a function to its end. Raises `InvocationRefused`."""
        ...
