"""Idempotency keys as clients send them."""

import re
from collections.abc import Sequence

from functions.api.headers import KEY_HEADER
from functions.api.problems import Problem
from functions.tasks.errors import FieldError
from functions.tasks.intake.idempotency import IdempotencyKey
from functions.tasks.tenancy import Tenant

MAX_KEY_CHARACTERS = 255
# White space around a header's value is not part of it.
KEY_PATTERN = f"^[!-~]([ -~]{{0,{MAX_KEY_CHARACTERS - 2}}}[!-~])?$"
_KEY = re.compile(KEY_PATTERN)


def idempotency_key(values: Sequence[str], caller: Tenant, secret: bytes) -> IdempotencyKey:
    """The key in all values of the header; `Problem` (400) when it is not one key."""
    if len(values) > 1:
        raise _invalid("is sent more than once")
    text = values[0].strip(" \t")
    if not _KEY.fullmatch(text):
        raise _invalid(f"must be 1 to {MAX_KEY_CHARACTERS} printable ASCII characters")
    return IdempotencyKey(caller=caller, text=text, secret=secret)


def _invalid(message: str) -> Problem:
    error = FieldError(field=KEY_HEADER, message=message)
    return Problem(400, "Invalid idempotency key", f"The header {KEY_HEADER} {message}.", [error])
