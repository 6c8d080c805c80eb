"""Dates and times. Within one evaluation, `$now()` and `$millis()` do not advance."""

import math
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from jsonata.datetimeutils import DateTimeUtils  # pyright: ignore[reportMissingTypeStubs]
from jsonata.jexception import JException  # pyright: ignore[reportMissingTypeStubs]

from asl.jsonata.library.define import native
from asl.jsonata.runtime.errors import JsonataError, from_library
from asl.jsonata.runtime.frame import Frame
from asl.jsonata.runtime.values import UNDEFINED, Value

_LIBRARY: Any = DateTimeUtils
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ISO: Final = re.compile(
    r"^\d{4}(-[01]\d)*(-[0-3]\d)*(T[0-2]\d:[0-5]\d:[0-5]\d)*(\.\d+)?([+-][0-2]\d:?[0-5]\d|Z)?$", re.ASCII
)
_NAMED: Final = re.compile(r"\[\s*([^MFP\s\[])\s*[nN]")
_OFFSET: Final = re.compile(r"[+-]?\d{3,4}", re.ASCII)
_PARTS: Final = re.compile(
    r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?)?(?:(Z)|([+-])(\d\d):?(\d\d))?",
    re.ASCII,
)


def _from_millis(millis: Value, picture: Value = UNDEFINED, zone: Value = UNDEFINED) -> Value:
    if millis is UNDEFINED:
        return UNDEFINED
    if picture is UNDEFINED and zone is UNDEFINED:
        return iso_text(int(millis))
    if zone is not UNDEFINED and not _OFFSET.fullmatch(zone):
        zone = UNDEFINED  # such as `utc`
    try:
        return _LIBRARY.format_datetime(
            int(millis), None if picture is UNDEFINED else picture, None if zone is UNDEFINED else zone
        )
    except JException as error:
        raise from_library(error) from error
    except KeyError as error:
        raise JsonataError("D3132", value=error.args[0]) from error
    except RuntimeError as error:
        # The library's messages have no codes and do not name the component.
        named = _NAMED.search(str(picture)) if "'name' modifier" in str(error) else None
        raise (JsonataError("D3133", value=named[1]) if named else JsonataError("D3135")) from error


def iso_text(millis: int) -> str:
    """Milliseconds since the epoch as `2018-03-27T12:34:56.789Z`."""
    moment = _EPOCH + timedelta(milliseconds=millis)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z".rjust(24, "0")


def _to_millis(env: Frame, text: Value, picture: Value = UNDEFINED) -> Value:  # noqa: ARG001
    if text is UNDEFINED:
        return UNDEFINED
    if picture is UNDEFINED:
        if not _ISO.match(text):
            raise JsonataError("D3110", value=text)
        return _parse_iso(text)
    try:
        parsed = _LIBRARY.parse_datetime(text, picture)
    except JException as error:
        raise from_library(error) from error
    except (ValueError, RuntimeError) as error:
        raise JsonataError("D3136") from error
    return UNDEFINED if parsed is None else parsed


def _parse_iso(text: str) -> Value:
    match = _PARTS.fullmatch(text)
    if match is None:
        return math.nan
    year, month, day, hour, minute, second, fraction, _utc, sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    try:
        moment = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0),
            int((fraction or "0").ljust(3, "0")[:3]) * 1000, tzinfo=timezone(offset),
        )  # fmt: skip
    except ValueError:
        return math.nan
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _now(env: Frame, picture: Value = UNDEFINED, zone: Value = UNDEFINED) -> Value:
    return _from_millis(_millis(env), picture, zone)


def _millis(env: Frame) -> Value:
    return int(env.scratch.now * 1000)


FUNCTIONS: Final = {
    "fromMillis": native(_from_millis, "<n-s?s?:s>", 3),
    "toMillis": native(_to_millis, "<s-s?:n>", 2, scoped=True),
    "now": native(_now, "<s?s?:s>", 2, scoped=True),
    "millis": native(_millis, "<:n>", 0, scoped=True),
}
