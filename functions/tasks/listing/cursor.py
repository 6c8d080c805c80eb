"""The cursor: where a page ended, for the same filters only. Opaque to clients, and no secret."""

import base64
import hashlib
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from functions.tasks.model import Status

_CHECK_CHARACTERS = 8


class Cursor(BaseModel):
    """A place in the order of all tasks: `after` is that of the last task that was looked at."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: Annotated[str, Field(pattern=r"^[0-9TZ:.-]{24}#[!-~]{1,128}$")]
    status: Status | None = None
    ordering_key: str | None = None

    def encode(self) -> str:
        """As text for a URL."""
        text = self.model_dump_json(exclude_none=True)
        return base64.urlsafe_b64encode((_check(text) + text).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, given: str) -> "Cursor":
        """`ValueError` for anything that `encode` did not make."""
        try:
            padded = given + "=" * (-len(given) % 4)
            text = base64.b64decode(padded.encode(), altchars=b"-_", validate=True).decode()
            cursor = cls.model_validate_json(text[_CHECK_CHARACTERS:])
        except ValueError:  # not base64, not UTF-8, not JSON, or not such a model
            cursor = None
        if cursor is None or cursor.encode() != given:
            raise ValueError("is not a cursor that an earlier answer gave")
        return cursor


def _check(text: str) -> str:
    """Tells what was cut, changed or made up from a cursor. It guards nothing: a place is all that a cursor holds."""
    return hashlib.sha256(f"taskline cursor {text}".encode()).hexdigest()[:_CHECK_CHARACTERS]
