"""What a viewer has chosen: zone and theme. Both are cookies, so that pages are right before any script runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from taskline.console.basis import words

THEMES = ("auto", "light", "dark")
TIMES = ("utc", "local")
ZONE_COOKIE, TIMES_COOKIE, THEME_COOKIE, KEYS_COOKIE = (
    "taskline_zone",
    "taskline_times",
    "taskline_theme",
    "taskline_keys",
)
_YEAR = 365 * 86_400


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """`local` is the browser's zone, None if it is not known: the script reports it. `shortcuts` are single keys."""

    theme: str = "auto"
    times: str = "utc"
    local: tzinfo | None = None
    shortcuts: bool = True

    @property
    def zone(self) -> tzinfo:
        """The zone in which times are written."""
        return self.local if self.times == "local" and self.local else UTC

    @property
    def zone_name(self) -> str:
        """The zone's name, for axes and headers."""
        return words.zone_name(datetime.now(self.zone))

    @property
    def local_name(self) -> str:
        """The name of the browser's zone; empty if it is not known."""
        return str(self.local) if self.local else ""


def viewer_of(request: Request) -> Viewer:
    """The choices in a request's cookies; what is not known counts as not chosen."""
    cookies = request.cookies
    theme, times = cookies.get(THEME_COOKIE, ""), cookies.get(TIMES_COOKIE, "")
    return Viewer(
        theme=theme if theme in THEMES else THEMES[0],
        times=times if times in TIMES else TIMES[0],
        local=_zone(cookies.get(ZONE_COOKIE, "")),
        shortcuts=cookies.get(KEYS_COOKIE, "on") != "off",
    )


def keep(response: Response, name: str, value: str) -> None:
    """Keep a choice for a year; scripts may read it, other sites never get it."""
    response.set_cookie(name, value, max_age=_YEAR, samesite="strict", path="/")


def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name.replace("%2F", "/")) if name else None
    except (ValueError, OSError, KeyError):  # unknown here, or not a name at all
        return None
