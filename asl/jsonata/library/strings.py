"""String functions."""

import base64
import binascii
import re
from itertools import islice
from typing import Final
from urllib.parse import quote, unquote_plus

from asl.jsonata.library.define import native
from asl.jsonata.library.replacing import expand
from asl.jsonata.runtime.calls import Native, apply
from asl.jsonata.runtime.errors import EngineFailed, JsonataError
from asl.jsonata.runtime.frame import Frame, check_size
from asl.jsonata.runtime.regexes import matches
from asl.jsonata.runtime.truth import to_text
from asl.jsonata.runtime.values import UNDEFINED, Sequence, Value


def _string(value: Value = UNDEFINED, prettify: Value = UNDEFINED) -> Value:
    if value is UNDEFINED:
        return UNDEFINED
    if type(value) is Sequence and value.outer_wrapper:
        value = value[0]
    return to_text(value, 2 if prettify is True else 0)


def _substring(text: Value, start: Value = UNDEFINED, length: Value = UNDEFINED) -> Value:
    if text is UNDEFINED:
        return UNDEFINED
    first = 0 if start is UNDEFINED else int(start)
    if len(text) + first < 0:
        first = 0
    if length is UNDEFINED:
        return text[first:]
    if length <= 0:
        return ""
    if first < 0:
        first += len(text)
    return text[first : int(first + length)]


def _substring_before(text: Value, mark: Value = UNDEFINED) -> Value:
    return UNDEFINED if text is UNDEFINED else text.partition(mark)[0] if mark else _before_nothing(text, mark)


def _before_nothing(text: str, mark: Value) -> str:
    return text if mark is UNDEFINED else ""


def _substring_after(text: Value, mark: Value = UNDEFINED) -> Value:
    if text is UNDEFINED or mark is UNDEFINED:
        return text
    index = text.find(mark)
    return text if index < 0 else text[index + len(mark) :]


def _trim(text: Value) -> Value:
    if text is UNDEFINED:
        return UNDEFINED
    for char in "\t\n\r":
        text = text.replace(char, " ")
    return " ".join(part for part in text.split(" ") if part)


def _pad(text: Value, width: Value = UNDEFINED, char: Value = UNDEFINED) -> Value:
    if text is UNDEFINED or width is UNDEFINED:
        return text
    missing = abs(int(width)) - len(text)
    if missing <= 0:
        return text
    check_size(missing, 1)
    filler = char if isinstance(char, str) and char else " "
    padding = (filler * missing)[:missing]
    return text + padding if width > 0 else padding + text


def _contains(env: Frame, text: Value, token: Value = UNDEFINED) -> Value:
    if text is UNDEFINED:
        return UNDEFINED
    if isinstance(token, str):
        return token in text
    return next(matches(token, text, env), None) is not None


def _match(env: Frame, text: Value, pattern: Value = UNDEFINED, limit: Value = UNDEFINED) -> Value:
    if text is UNDEFINED:
        return UNDEFINED
    if limit is not UNDEFINED and limit < 0:
        raise JsonataError("D3040", value=limit)
    found = islice(matches(pattern, text, env), _count(limit))
    return Sequence({"match": m["match"], "index": m["start"], "groups": m["groups"]} for m in found)


def _count(limit: Value) -> int | None:
    """A limit as a whole number. AWS truncates fractions."""
    return None if limit is UNDEFINED else int(limit)


def _split(env: Frame, text: Value, separator: Value = UNDEFINED, limit: Value = UNDEFINED) -> Value:
    if text is UNDEFINED:
        return UNDEFINED
    if limit is not UNDEFINED and limit < 0:
        raise JsonataError("D3020", value=limit)
    if isinstance(separator, str):
        parts = list(text) if separator == "" else text.split(separator)
        return parts if limit is UNDEFINED else parts[: int(limit)]
    parts: list[Value] = []
    start = 0
    for match in matches(separator, text, env):
        if limit is not UNDEFINED and len(parts) >= limit:
            return parts
        parts.append(text[start : match["start"]])
        start = match["end"]
    if limit is UNDEFINED or len(parts) < limit:
        parts.append(text[start:])
    return parts


def _join(strings: Value, separator: Value = UNDEFINED) -> Value:
    if strings is UNDEFINED:
        return UNDEFINED
    text = ("" if separator is UNDEFINED else separator).join(strings)
    check_size(len(text), 1)
    return text


def _replace(
    env: Frame,
    text: Value,
    pattern: Value = UNDEFINED,
    replacement: Value = UNDEFINED,
    limit: Value = UNDEFINED,
) -> Value:
    if text is UNDEFINED:
        return UNDEFINED
    if pattern == "":
        raise JsonataError("D3010", value=pattern)
    if limit is not UNDEFINED and limit < 0:
        raise JsonataError("D3011", value=limit)
    count = _count(limit)
    if isinstance(pattern, str):
        return text.replace(pattern, to_text(replacement), -1 if count is None else count)
    out, position = "", 0
    for match in islice(matches(pattern, text, env), count):
        out += text[position : match["start"]]
        out += _replaced(env, replacement, match)
        position = match["start"] + len(match["match"])
    return out + text[position:]


def _replaced(env: Frame, replacement: Value, match: dict[str, Value]) -> str:
    value = expand(replacement, match) if isinstance(replacement, str) else apply(replacement, [match], None, env)
    if not isinstance(value, str):
        raise JsonataError("D3012", value=value)
    return value


def _base64_encode(text: Value) -> Value:
    if text is UNDEFINED:
        return UNDEFINED
    return base64.b64encode(text.encode()).decode()


def _base64_decode(text: Value) -> Value:
    if text is UNDEFINED:
        return UNDEFINED
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        raise EngineFailed from error


_URI = ";,/?:@&=+$#-_.!~*'()"
_COMPONENT = "-_.!~*'()"
_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _encoder(name: str, safe: str) -> Native:
    def encode(text: Value) -> Value:
        if text is UNDEFINED:
            return UNDEFINED
        try:
            return quote(text, safe=safe)
        except UnicodeEncodeError as error:
            raise JsonataError("D3140", value=text, function_name=name) from error

    return native(encode, "<s-:s>")


def _decoder(name: str, kept: str) -> Native:
    def decode(text: Value) -> Value:
        if text is UNDEFINED:
            return UNDEFINED
        if _BROKEN_ESCAPE.search(text):
            raise JsonataError("D3140", value=text, function_name=name)
        for char in kept:
            # Characters that the encoder never escapes stay escaped, so that decoding exactly reverses encoding.
            text = text.replace(f"%{ord(char):02X}", f"%25{ord(char):02X}")
        return unquote_plus(text, errors="replace")

    return native(decode, "<s-:s>")


def _lowercase(text: Value) -> Value:
    return text if text is UNDEFINED else text.lower()


def _uppercase(text: Value) -> Value:
    return text if text is UNDEFINED else text.upper()


def _length(text: Value) -> Value:
    return text if text is UNDEFINED else len(text)


FUNCTIONS: Final = {
    "string": native(_string, "<x-b?:s>"),
    "substring": native(_substring, "<s-nn?:s>", 3),
    "substringBefore": native(_substring_before, "<s-s:s>", 2),
    "substringAfter": native(_substring_after, "<s-s:s>", 2),
    "lowercase": native(_lowercase, "<s-:s>"),
    "uppercase": native(_uppercase, "<s-:s>"),
    "length": native(_length, "<s-:n>"),
    "trim": native(_trim, "<s-:s>"),
    "pad": native(_pad, "<s-ns?:s>", 3),
    "match": native(_match, "<s-f<s:o>n?:a<o>>", 3, scoped=True),
    "contains": native(_contains, "<s-(sf):b>", 2, scoped=True),
    "replace": native(_replace, "<s-(sf)(sf)n?:s>", 4, scoped=True),
    "split": native(_split, "<s-(sf)n?:a<s>>", 3, scoped=True),
    "join": native(_join, "<a<s>s?:s>", 2),
    "base64encode": native(_base64_encode, "<s-:s>"),
    "base64decode": native(_base64_decode, "<s-:s>"),
    "encodeUrlComponent": _encoder("encodeUrlComponent", _COMPONENT),
    "encodeUrl": _encoder("encodeUrl", _URI),
    "decodeUrlComponent": _decoder("decodeUrlComponent", ""),
    "decodeUrl": _decoder("decodeUrl", ";,/?:@&=+$#"),
}
