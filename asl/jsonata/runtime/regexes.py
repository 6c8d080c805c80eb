"""Regular expressions as values, and matching by them or by a matcher function."""

import re
from collections.abc import Iterator

from asl.jsonata.runtime.calls import apply
from asl.jsonata.runtime.errors import JsonataError
from asl.jsonata.runtime.frame import Frame
from asl.jsonata.runtime.values import UNDEFINED, FunctionValue, Value, is_object


class Regex(FunctionValue):
    """A regular expression literal, which is a function from a string to its first match."""

    __slots__ = ("pattern",)
    truth = False

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern
        self.arity = 2

    def invoke(self, args: list[Value], context: Value, env: Frame) -> Value:  # noqa: ARG002
        """The first match in the first argument."""
        match = self.pattern.search(args[0]) if args and isinstance(args[0], str) else None
        return UNDEFINED if match is None else found(match)


def found(match: re.Match[str]) -> dict[str, Value]:
    """A match in the shape that matcher functions return."""
    groups = [UNDEFINED if group is None else group for group in match.groups()]
    return {"match": match[0], "start": match.start(), "end": match.end(), "groups": groups}


def matches(matcher: FunctionValue, text: str, env: Frame) -> Iterator[dict[str, Value]]:
    """All matches in order; raises D1004 for a second empty match, which would never advance."""
    if isinstance(matcher, Regex):
        yield from _regex_matches(matcher.pattern, text)
        return
    current = apply(matcher, [text], None, env)
    while is_object(current):
        if not isinstance(current.get("start"), int | float) and not isinstance(current.get("groups"), list):
            raise JsonataError("T1010")
        yield current
        current = apply(current.get("next", UNDEFINED), [], None, env)


def _regex_matches(pattern: re.Pattern[str], text: str) -> Iterator[dict[str, Value]]:
    match, first = pattern.search(text), True
    while match is not None:
        if match[0] == "" and not first:
            raise JsonataError("D1004", value=pattern.pattern)
        yield found(match)
        first = False
        if match.end() >= len(text):
            return
        match = pattern.search(text, match.end())
