"""References such as `$1` in the replacement strings of `$replace`."""

from asl.jsonata.runtime.values import UNDEFINED, Value


def expand(replacement: str, match: dict[str, Value]) -> str:
    """The replacement with `$$`, `$0` and references to groups expanded."""
    groups: list[Value] = match["groups"]
    out, position = "", 0
    while (dollar := replacement.find("$", position)) != -1:
        out += replacement[position:dollar]
        text, position = _reference(replacement, dollar + 1, match, groups)
        out += text
    return out + replacement[position:]


def _reference(replacement: str, position: int, match: dict[str, Value], groups: list[Value]) -> tuple[str, int]:
    char = replacement[position : position + 1]
    if char == "$":
        return "$", position + 1
    if char == "0":
        return str(match["match"]), position + 1
    number = _group_number(replacement, position, len(groups))
    if number is None:
        return "$", position
    value = groups[number - 1] if groups and number <= len(groups) else UNDEFINED
    return "" if value is UNDEFINED else str(value), position + len(str(number))


def _group_number(replacement: str, position: int, groups: int) -> int | None:
    """The longest number that is a group, or else the first digit.

    With nine groups, `$12` is group 1 followed by `2`.
    """
    width = len(str(groups)) if groups else 1
    number = _digits(replacement[position : position + width])
    if number is not None and width > 1 and number > groups:
        number = _digits(replacement[position : position + width - 1])
    return number


def _digits(text: str) -> int | None:
    digits = ""
    for char in text:
        if not ("0" <= char <= "9"):
            break
        digits += char
    return int(digits) if digits else None
