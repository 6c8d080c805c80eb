"""Parses an expression, with the parser of `jsonata-python` restricted to JSONata 2.0.6 and ECMAScript's regexes."""

import re
from typing import Any

from jsonata.jexception import JException  # pyright: ignore[reportMissingTypeStubs]
from jsonata.parser import Parser  # pyright: ignore[reportMissingTypeStubs]
from jsonata.regex_engine import RegexFlags  # pyright: ignore[reportMissingTypeStubs]

from asl.jsonata.compiler.tree import Node
from asl.jsonata.runtime.errors import JsonataError

_LATER_OPERATORS = ("??", "?:")
"""Operators of the library that JSONata 2.0.6 does not have."""


def parse(text: str) -> Node:
    """Parse one expression; raises `JsonataError` with a syntax code."""
    parser: Any = Parser()  # a new one, because parsers hold state
    for operator in _LATER_OPERATORS:
        # The symbol itself stays, because signatures such as `<n?:s>` use it.
        parser.symbol_table[operator].led = _refusal(operator)
    try:
        return parser.parse(text, _compile_regex)
    except JException as error:
        raise _syntax_error(error) from error
    except KeyError as error:  # a character that is an operator in other languages, such as `!`
        raise JsonataError("S0204", token=error.args[0]) from error
    except (IndexError, re.error) as error:
        raise JsonataError("S0207" if isinstance(error, IndexError) else "S0301") from error


def _refusal(operator: str) -> Any:
    def led(_left: Node) -> Node:
        raise JsonataError("S0211", token=operator[1])

    return led


def _syntax_error(error: JException) -> JsonataError:
    details: Any = error
    if details.error == "S0202":
        # The library has them the wrong way round.
        return JsonataError("S0202", value=details.current, token=details.expected)
    if details.error == "S0301" and details.current is not None:
        return JsonataError("S0103", token=details.current)
    return JsonataError(details.error, token=details.current, value=details.current)


def _compile_regex(pattern: str, flags: RegexFlags) -> re.Pattern[str]:
    # As on AWS, classes such as `\s` match ASCII only.
    options = re.ASCII | (re.IGNORECASE if flags.case_insensitive else 0)
    return re.compile(_to_python(pattern, flags.multiline), options | (re.MULTILINE if flags.multiline else 0))


def _to_python(pattern: str, multiline: bool) -> str:
    """Translates ECMAScript's syntax for named groups, and `$`, which is the very end."""
    pattern = re.sub(r"\(\?<(?![=!])", "(?P<", pattern)
    pattern = re.sub(r"\\k<(\w+)>", r"(?P=\1)", pattern)
    out: list[str] = []
    in_class = False
    index = 0
    while index < len(pattern):
        char = pattern[index]
        if char == "\\" and index + 1 < len(pattern):
            pair = pattern[index : index + 2]
            out.append("/" if pair == r"\/" else pair)
            index += 2
            continue
        in_class = (char == "[" and not in_class) or (in_class and char != "]")
        out.append(r"\Z" if char == "$" and not in_class and not multiline else char)
        index += 1
    return "".join(out)
