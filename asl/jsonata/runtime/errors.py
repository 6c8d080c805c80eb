"""The errors of an evaluation, in the words of Step Functions.

The texts are the reference implementation's, taken from the catalogue of `jsonata-python`. That catalogue has "Object"
for "function" and double quotes for single ones, which is reversed here.
"""

import re
from typing import Any, Final, cast

from jsonata.jexception import JException  # pyright: ignore[reportMissingTypeStubs]

from asl.jsonata.runtime.text import stringify
from asl.jsonata.runtime.values import UNDEFINED, Value

_CATALOGUE: Final = {
    code: text.replace("Object", "function").replace('"', "'") for code, text in JException.error_codes.items()
}
_RAW: Final = re.compile(r"\{\{\{(\w+)}}}")
_QUOTED: Final = re.compile(r"\{\{(\w+)}}")


class JsonataError(Exception):
    """An error with a code, such as T2001. `token` is the operator or function that the text names."""

    def __init__(self, code: str, **inserts: Value) -> None:
        super().__init__(code)
        self.code = code
        self.inserts = inserts
        self.token: Value = inserts.pop("token", UNDEFINED)

    @property
    def message(self) -> str:
        """The text without the code."""
        inserts: dict[str, Value] = {**self.inserts, "token": self.token}
        text = _RAW.sub(lambda found: str(inserts.get(found[1], UNDEFINED)), _CATALOGUE.get(self.code, self.code))
        return _QUOTED.sub(lambda found: stringify(inserts.get(found[1], UNDEFINED)), text)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class ResourceLimit(Exception):
    """An evaluation exceeded the depth, memory or time that Step Functions allows. There is no code."""

    @classmethod
    def depth(cls) -> "ResourceLimit":
        """More than a hundred nested evaluations."""
        return cls(
            "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive"
        )

    @classmethod
    def memory(cls) -> "ResourceLimit":
        """A value that is too large."""
        return cls("Expression evaluation memory limit exceeded: Check for excessive memory usage")

    @classmethod
    def time(cls) -> "ResourceLimit":
        """An evaluation that does not end."""
        return cls("Expression evaluation timeout: Check for infinite loop")


class EngineFailed(Exception):
    """An internal error of the engine of AWS, which reports only the id of the incident."""


def from_library(error: JException) -> JsonataError:
    """An error of `jsonata-python` as a `JsonataError`, with the value that its text shows."""
    current: Any = cast(Any, error).current
    return JsonataError(cast(Any, error).error, value=current, message=current)
