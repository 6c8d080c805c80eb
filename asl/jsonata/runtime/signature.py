"""Function signatures such as `<s-nn?:s>`: validates arguments, and names the one that does not fit."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from asl.jsonata.runtime.errors import JsonataError
from asl.jsonata.runtime.values import UNDEFINED, FunctionValue, Value, is_list

_ELEMENT_NAMES: Final = {
    "a": "arrays",
    "b": "booleans",
    "f": "functions",
    "n": "numbers",
    "o": "objects",
    "s": "strings",
}
_SYMBOLS: Final[dict[type, str]] = {str: "s", int: "n", float: "n", bool: "b", dict: "o", type(None): "l"}
_CLASSES: Final = {"a": "[asnblfom]", "f": "f", "j": "[asnblom]", "x": "[asnblfom]"}


@dataclass(slots=True)
class _Parameter:
    kind: str
    pattern: str
    context: re.Pattern[str] | None = None
    element: str | None = None
    suffix: str = field(default="")


def symbol_of(value: Value) -> str:
    """The letter of a value's type in signatures; `m` is a missing value."""
    kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
    found = _SYMBOLS.get(kind)
    if found is not None:
        return found
    if is_list(value):
        return "a"
    return "f" if isinstance(value, FunctionValue) else "m"


class Signature:
    """A parsed signature."""

    __slots__ = ("_parameters", "_regex")

    def __init__(self, text: str) -> None:
        self._parameters = list(_parameters(text))
        self._regex = re.compile("^" + "".join(f"({p.pattern}{p.suffix})" for p in self._parameters) + "$")

    def validate(self, args: list[Value], context: Value) -> list[Value]:
        """The arguments, with the context filled in and single values wrapped; raises T0410, T0411 or T0412."""
        supplied = "".join(map(symbol_of, args))
        match = self._regex.match(supplied)
        if match is None:
            raise JsonataError("T0410", index=self._first_misfit(supplied) + 1)
        validated: list[Value] = []
        position = 0
        for parameter, matched in zip(self._parameters, match.groups(), strict=True):
            if not matched:
                if parameter.context is not None:
                    validated.append(_from_context(parameter.context, context, position))
                else:
                    validated.append(args[position] if position < len(args) else UNDEFINED)
                    position += 1
            for single in matched:
                value = args[position] if position < len(args) else UNDEFINED
                validated.append(_argument(parameter, single, matched, value, position))
                position += 1
        return validated

    def _first_misfit(self, supplied: str) -> int:
        good, pattern = 0, "^"
        for parameter in self._parameters:
            pattern += parameter.pattern + parameter.suffix
            match = re.match(pattern, supplied)
            if match is None:
                return good
            good = match.end()
        return good


def _from_context(pattern: re.Pattern[str], context: Value, position: int) -> Value:
    if pattern.search(symbol_of(context)):
        return context
    raise JsonataError("T0411", index=position + 1)


def _argument(parameter: _Parameter, single: str, matched: str, value: Value, position: int) -> Value:
    if parameter.kind != "a" or single == "m":
        return UNDEFINED if single == "m" else value
    if parameter.element is not None and not _fits(parameter.element, single, matched, value):
        name = _ELEMENT_NAMES.get(parameter.element, UNDEFINED)
        raise JsonataError("T0412", index=position + 1, type=name)
    return value if single == "a" else [value]


def _fits(element: str, single: str, matched: str, value: Value) -> bool:
    if single != "a":
        return matched == element
    return all(symbol_of(item) == element[0] for item in value)


def _parameters(text: str) -> list[_Parameter]:
    parameters: list[_Parameter] = []
    position = 1
    while position < len(text) and text[position] not in ":>":
        char = text[position]
        if char == "-":
            parameters[-1].context = re.compile(parameters[-1].pattern)
            parameters[-1].suffix += "?"
        elif char in "?+":
            parameters[-1].suffix += char
        elif char == "<":
            end = _closing(text, position, "<", ">")
            parameters[-1].element = text[position + 1 : end]
            position = end
        elif char == "(":
            end = _closing(text, position, "(", ")")
            parameters.append(_Parameter("(", f"[{text[position + 1 : end]}m]"))
            position = end
        else:
            parameters.append(_Parameter(char, _CLASSES.get(char, f"[{char}m]")))
        position += 1
    return parameters


def _closing(text: str, start: int, opening: str, closing: str) -> int:
    depth = 0
    for position in range(start, len(text)):
        depth += (text[position] == opening) - (text[position] == closing)
        if depth == 0:
            return position
    return len(text)
