"""JSON as RFC 8259 and RFC 7493 define it: what two parsers could read differently is rejected."""

import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn, cast

MAX_DEPTH = 32
MAX_INTEGER_DIGITS = 1000
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_LEAVES = frozenset({str, int, float, bool, type(None)})
_MAYBE_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


class Exact(float):
    """A number that is not written as Python would write it: 1.10, 1E5, -0, 0.1234567890123456789."""

    text: str

    def __new__(cls, text: str) -> "Exact":
        """`text` is the number in JSON; the value is the nearest double."""
        number = super().__new__(cls, text)
        number.text = text
        return number


def loads(text: str, max_depth: int = MAX_DEPTH, *, exact: bool = False) -> Any:
    """Parse `text`, or raise ValueError with a message for the client.

    With `exact`, numbers that would be written differently are `Exact`, so that `dumps` writes each as it was read.

    Rejected besides malformed text: duplicate keys, NaN and infinities (also 1e999), lone surrogates, which UTF-8
    cannot encode, the character NUL, at which many libraries cut strings, and nesting deeper than `max_depth`, which
    later parsers might not survive.
    """
    try:
        value = (_EXACT if exact else _PLAIN).decode(text)
    except RecursionError:
        raise ValueError(f"is nested deeper than {max_depth} levels") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} at line {error.lineno} column {error.colno}") from None
    if text.count("{") + text.count("[") > max_depth and deeper_than(value, max_depth):
        raise ValueError(f"is nested deeper than {max_depth} levels")
    if text.isascii() and "\\u" not in text:
        return value
    if _MAYBE_SURROGATE.search(text):
        _refuse_surrogates(value)
    if "\\u0000" in text and _has_nul(value):
        raise ValueError("contains the character NUL (U+0000)")
    return value


def dumps(value: object) -> str:
    """Serialise compactly, in characters that SQS accepts (it rejects U+FFFE and U+FFFF even in JSON strings).

    ValueError for what JSON cannot represent: NaN, infinities, lone surrogates; TypeError for other types.
    """
    text = encode(value)
    if text.isascii():
        return text
    text.encode()  # UnicodeEncodeError, a ValueError, on a lone surrogate
    return text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


def encode(value: object) -> str:
    """Serialise compactly, without a look at the characters; ValueError for NaN and infinities."""
    text = compact(value)  # first: it refuses a circle, in which the search would not end
    return _encode_exactly(value) if _has_exact(value) else text


def compact(value: object) -> str:
    """The same for what has no number that a client sent."""
    return _ENCODER.encode(value)


def escaped_size(text: str) -> int:
    """The size in bytes of `text` as a string in another JSON document, where quotes and backslashes are escaped."""
    return len(compact(text).encode())


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        seen: set[str] = set()
        duplicate = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise ValueError(f"has the key {duplicate!r} twice in one object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"contains {name}, which is not JSON")


def _finite_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"contains the number {digits[:32]}, which is too large")
    return value


def _exact_float(digits: str) -> float:
    value = _finite_float(digits)
    return value if repr(value) == digits else Exact(digits)


def _exact_integer(digits: str) -> float:
    return Exact(digits) if digits == "-0" else _bounded_integer(digits)


def _has_exact(value: object) -> bool:
    """Most documents have none, and then the standard library's encoder is faster."""
    found: list[Any] = [value]
    for one in found:  # which grows meanwhile
        if type(one) in _LEAVES:
            continue
        if isinstance(one, dict):
            found += one.values()
        elif isinstance(one, (list, tuple)):
            found += one
        elif isinstance(one, Exact):
            return True
    return False


def _encode_exactly(value: object) -> str:
    """What the standard library's encoder cannot do: it writes every float in its own way."""
    if isinstance(value, Exact):
        return value.text
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return "{" + ",".join(f"{_ENCODER.encode(name)}:{_encode_exactly(one)}" for name, one in fields.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_encode_exactly, cast("Sequence[object]", value))) + "]"
    return _ENCODER.encode(value)


def _bounded_integer(digits: str) -> int:
    if len(digits) > MAX_INTEGER_DIGITS:
        raise ValueError(f"contains an integer of more than {MAX_INTEGER_DIGITS} digits")
    return int(digits)


def _refuse_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("contains an unpaired surrogate, which is not a character") from None


def _has_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return any(_has_nul(one) for pair in fields.items() for one in pair)
    return isinstance(value, list) and any(map(_has_nul, cast("list[object]", value)))


def deeper_than(value: object, limit: int) -> bool:
    """Whether objects and arrays are nested more than `limit` levels deep."""
    level = _containers([value])
    for _ in range(limit):
        level = _containers(child for parent in level for child in _children(parent))
        if not level:
            return False
    return True


def _containers(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if isinstance(value, (dict, list))]


def _children(container: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return container.values() if isinstance(container, dict) else container


_PLAIN = json.JSONDecoder(
    object_pairs_hook=_unique_keys,
    parse_constant=_refuse_constant,
    parse_float=_finite_float,
    parse_int=_bounded_integer,
)
_EXACT = json.JSONDecoder(
    object_pairs_hook=_unique_keys,
    parse_constant=_refuse_constant,
    parse_float=_exact_float,
    parse_int=_exact_integer,
)
